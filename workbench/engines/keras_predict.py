"""`model.predict`: the slow habit that people start from."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.detectors import Detector
from workbench.engines.engine import Candidates, Engine
from workbench.settings import Settings
from workbench.stages.heads import NUMPY_OPS

RESIZE_LEFT_OUT = "resize: model.predict runs the model alone"
NMS_LEFT_OUT = "nms: it runs after the model, as nms.method says"


@final
class KerasPredict(Engine):
    """`keras.Model.predict` on each batch, boxes decoded by NumPy."""

    covers = ("model", "box decoding")
    left_out = (RESIZE_LEFT_OUT, NMS_LEFT_OUT)

    def __init__(self, detector: Detector, settings: Settings) -> None:
        self._model = detector.keras_model()
        self._outputs = detector.output_names or ()
        self._head = detector.head
        self._size_hw = detector.input_spec.choose_size(settings.input.size_hw)
        self.input_spec = detector.input_spec
        self.batch = settings.runtime.batch
        self._predict_function: Any = None
        self._shapes: set[tuple[int, ...]] = set()

    @property
    def compilations(self) -> int:
        return len(self._shapes)  # predict traces once for each shape that it is fed

    def run(self, batch: NDArray[np.generic]) -> Candidates:
        self._shapes.add(batch.shape)
        # A model has one predict graph. Fed a second size, Keras opens its sides, and not every layer can be traced so (a bilinear
        # UpSampling2D cannot). So each engine brings its own.
        self._model.predict_function = self._predict_function
        named: dict[str, Any] = self._model.predict(batch, batch_size=self.batch, verbose=0)
        self._predict_function = self._model.predict_function
        boxes, scores = self._head.candidates([named[name] for name in self._outputs], self._size_hw, NUMPY_OPS)
        return Candidates(boxes, scores)

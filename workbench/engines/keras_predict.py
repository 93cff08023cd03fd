"""`model.predict`: the slow habit that people start from."""

from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections
from workbench.detectors import Calibration, Detector, named_outputs, runtime_complaint
from workbench.engines.engine import NMS_LEFT_OUT, Candidates, Engine, EngineCode, OutputReader
from workbench.settings import Settings

RESIZE_LEFT_OUT = "resize: model.predict runs the model alone"


@final
class KerasPredict(Engine):
    """`keras.Model.predict` on each batch, boxes decoded by NumPy."""

    covers = ("model", "box decoding")
    left_out = (RESIZE_LEFT_OUT, NMS_LEFT_OUT)

    def __init__(self, detector: Detector, settings: Settings, _: Calibration) -> None:
        self._model, self._refuse = detector.network.keras_model(), partial(detector.refuse, settings)
        self._outputs = detector.outputs(settings.nms)
        self._read = OutputReader(detector.meaning, settings.nms, detector.input_spec.choose_size(settings.input.size_hw))
        self.own_nms = self._read.own_nms
        self.input_spec = detector.input_spec
        self.batch = settings.runtime.batch
        self._predict_function: Any = None
        self._shapes: set[tuple[int, ...]] = set()

    @property
    def compilations(self) -> int:
        return len(self._shapes)  # predict traces once for each shape that it is fed

    def run(self, batch: NDArray[np.generic]) -> Candidates | list[Detections]:
        self._shapes.add(batch.shape)
        # A model has one predict graph. Fed a second size, Keras opens its sides, and not every layer can be traced so (a bilinear
        # UpSampling2D cannot). So each engine brings its own.
        self._model.predict_function = self._predict_function
        try:
            named = named_outputs(self._model, self._model.predict(batch, batch_size=self.batch, verbose=0))
        except Exception as error:  # whatever its layers raise
            raise self._refuse(runtime_complaint(str(error))) from error
        self._predict_function = self._model.predict_function
        return self._read([np.asarray(named[name], np.float32) for name in self._outputs])


KERAS = EngineCode(KerasPredict)

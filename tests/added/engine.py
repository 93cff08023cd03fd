"""An engine as somebody would add it: the network called as it is, and a row of the catalogue."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.catalogue import EngineRow, Package
from workbench.detections import Detections
from workbench.detectors import Calibration, Detector
from workbench.engines import Candidates, Engine, EngineCode
from workbench.engines.engine import OutputReader
from workbench.settings import Settings


@final
class Plain(Engine):
    """One call of the network for each batch."""

    covers = ("model", "box decoding")
    left_out = ("resize: it is no part of this engine", "nms: it runs after the model, as nms.method says")
    compilations = 0

    def __init__(self, detector: Detector, settings: Settings, _: Calibration) -> None:
        self._forward = detector.network.forward()
        self._outputs = detector.outputs(settings.nms)
        self._read = OutputReader(detector.meaning, settings.nms, detector.input_spec.choose_size(settings.input.size_hw))
        self.own_nms = self._read.own_nms
        self.input_spec = detector.input_spec
        self.batch = settings.runtime.batch

    def run(self, batch: NDArray[np.generic]) -> Candidates | list[Detections]:
        import tensorflow as tf

        named: Any = self._forward(tf.convert_to_tensor(batch))
        return self._read([np.asarray(named[name], np.float32) for name in self._outputs])


PLAIN = EngineCode(Plain)
ROW = EngineRow(
    name="plain",
    spoken="plain calls",
    runtime="Plain Runtime",
    code="tests.added.engine:PLAIN",
    packages=(Package("numpy", "numpy"),),
    slow_call="calling it plainly",
    colour="sky",
    symbol="bowtie",
)

"""Which engine a name means. A new engine is a module beside this one and a line here."""

from collections.abc import Callable

from workbench.detectors import Calibration, Detector
from workbench.engines.engine import Engine
from workbench.settings import Settings


def _keras(detector: Detector, settings: Settings, _: Calibration) -> Engine:
    from workbench.engines.keras_predict import KerasPredict

    return KerasPredict(detector, settings)


def _tensorflow(detector: Detector, settings: Settings, _: Calibration) -> Engine:
    from workbench.engines.tensorflow_program import TensorFlowProgram

    return TensorFlowProgram(detector, settings)


def _litert(detector: Detector, settings: Settings, calibration: Calibration) -> Engine:
    from workbench.engines.litert import LiteRt

    return LiteRt(detector, settings, calibration)


def _openvino(detector: Detector, settings: Settings, calibration: Calibration) -> Engine:
    from workbench.engines.litert import LiteRt
    from workbench.engines.openvino import open_executor

    return LiteRt(detector, settings, calibration, open_executor)


def _onnxruntime(detector: Detector, settings: Settings, calibration: Calibration) -> Engine:
    from workbench.engines.litert import LiteRt
    from workbench.engines.onnxruntime import open_executor

    return LiteRt(detector, settings, calibration, open_executor)


OPENERS: dict[str, Callable[[Detector, Settings, Calibration], Engine]] = {
    "keras": _keras,
    "eager": _tensorflow,
    "graph": _tensorflow,
    "xla": _tensorflow,
    "litert": _litert,
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
}


def open_engine(detector: Detector, settings: Settings, calibration: Calibration) -> Engine:
    """Make a detector ready to run under settings that `availability.check` has passed.

    Args:
        detector: What to run.
        settings: `input` and `runtime` say how; `nms` is fused under XLA where it compiles.
        calibration: Frames for the ranges of an integer model, called only where a conversion needs them.

    Raises:
        UnavailableError: The conversion or the runtime refused; says why.
    """
    return OPENERS[settings.runtime.engine](detector, settings, calibration)

"""LiteRT: the interpreter that runs `.tflite` models."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections
from workbench.detectors import Calibration, Detector, LiteRtModel
from workbench.detectors.native_output import native_stderr_captured
from workbench.detectors.tflite_network import dequantised, quantised
from workbench.engines.engine import Candidates, Engine, OutputReader
from workbench.settings import Settings
from workbench.stages.input_spec import CHANNELS, InputSpec

RESIZE_LEFT_OUT = "resize: a LiteRT model takes its input at its own size"
NMS_LEFT_OUT = "nms: it runs after the model, as nms.method says"


@final
class LiteRt(Engine):
    """The LiteRT interpreter with a set number of threads; boxes are decoded by NumPy.

    An integer model is fed pixels through a table that holds scaling and quantising at once, and its outputs are brought back to
    float32 by the scale and zero point that the file states.
    """

    covers = ("model", "box decoding")
    left_out = (RESIZE_LEFT_OUT, NMS_LEFT_OUT)

    def __init__(self, detector: Detector, settings: Settings, calibration: Calibration) -> None:
        from ai_edge_litert.interpreter import Interpreter

        runtime = settings.runtime
        self._size_hw = detector.input_spec.choose_size(settings.input.size_hw)
        self.batch = runtime.batch
        model = detector.litert_model(runtime.precision, self._size_hw, runtime.batch, calibration, settings.nms)
        with native_stderr_captured():
            self._interpreter = Interpreter(model_content=model.content, num_threads=runtime.threads)
            _allocate(self._interpreter, detector.input_spec, runtime.batch, self._size_hw)
        self._read = OutputReader(detector.meaning, settings.nms, self._size_hw)
        self.own_nms = self._read.own_nms
        self._input: Mapping[str, Any] = self._interpreter.get_input_details()[0]
        self._outputs = _outputs(self._interpreter, model, detector.outputs(settings.nms))
        self._table = _quantising_table(detector.input_spec, self._input)
        self.input_spec = detector.input_spec if self._table is None else replace(detector.input_spec, dtype="uint8")
        self.notes = model.notes
        self.model_bytes = len(model.content)
        self._converted = model.converted

    @property
    def compilations(self) -> int:
        return int(self._converted)

    def run(self, batch: NDArray[np.generic]) -> Candidates | list[Detections]:
        self._interpreter.set_tensor(self._input["index"], self._quantised(batch))
        self._interpreter.invoke()
        return self._read([dequantised(self._interpreter.get_tensor(details["index"]), details) for details in self._outputs])

    def _quantised(self, batch: NDArray[Any]) -> NDArray[Any]:
        import cv2

        if self._table is not None:  # OpenCV looks pixels up ten times faster than NumPy's indexing does
            return np.asarray(cv2.LUT(batch.reshape(batch.shape[0], -1), self._table)).reshape(batch.shape)
        return quantised(batch, self._input)


def _allocate(interpreter: Any, spec: InputSpec, batch: int, size_hw: tuple[int, int]) -> None:
    """Prepare the interpreter for one shape; a file that leaves its sides open is told them."""
    (details,) = interpreter.get_input_details()
    wanted = (batch, CHANNELS, *size_hw) if spec.layout == "NCHW" else (batch, *size_hw, CHANNELS)
    if tuple(details["shape"]) != wanted:
        interpreter.resize_tensor_input(details["index"], wanted)
    interpreter.allocate_tensors()


def _outputs(interpreter: Any, model: LiteRtModel, names: Sequence[str]) -> list[Mapping[str, Any]]:
    by_name = {details["name"]: details for details in interpreter.get_output_details()}
    wanted = [model.outputs[name] for name in names]
    if not set(wanted) <= by_name.keys():  # a converted file has the names in its signature
        by_name = interpreter.get_signature_runner().get_output_details()
    return [by_name[name] for name in wanted]


def _quantising_table(spec: InputSpec, details: Mapping[str, Any]) -> NDArray[Any] | None:
    """Return `(256,)` quantised values by pixel value; `None` where the model takes floats or scales each channel its own way."""
    scale, shift = spec.scale_and_shift()
    if not np.issubdtype(details["dtype"], np.integer) or spec.dtype == "uint8" or np.ptp(scale) or np.ptp(shift):
        return None
    return quantised(np.arange(256, dtype=np.float32) * scale[0] + shift[0], details)

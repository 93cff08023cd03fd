"""LiteRT: the interpreter that runs `.tflite` models."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.boxes import FloatArray
from workbench.detectors import Detector, LiteRtModel
from workbench.detectors.detector import Calibration
from workbench.detectors.native_output import native_stderr_captured
from workbench.engines.engine import Candidates, Engine
from workbench.settings import Settings
from workbench.stages.heads import NUMPY_OPS
from workbench.stages.input_spec import InputSpec

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
        model = detector.litert_model(runtime.precision, self._size_hw, runtime.batch, calibration)
        with native_stderr_captured():
            self._interpreter = Interpreter(model_content=model.content, num_threads=runtime.threads)
            self._interpreter.allocate_tensors()
        self._head = detector.head
        self._input: Mapping[str, Any] = self._interpreter.get_input_details()[0]
        self._outputs = _outputs(self._interpreter, model)
        self._table = _quantising_table(detector.input_spec, self._input)
        self.input_spec = detector.input_spec if self._table is None else replace(detector.input_spec, dtype="uint8")
        self.notes = model.notes
        self.model_bytes = len(model.content)
        self._converted = model.converted

    @property
    def compilations(self) -> int:
        return int(self._converted)

    def run(self, batch: NDArray[np.generic]) -> Candidates:
        self._interpreter.set_tensor(self._input["index"], self._quantised(batch))
        self._interpreter.invoke()
        raw = [_dequantised(self._interpreter.get_tensor(details["index"]), details) for details in self._outputs]
        boxes, scores = self._head.candidates(raw, self._size_hw, NUMPY_OPS)
        return Candidates(boxes, scores)

    def _quantised(self, batch: NDArray[Any]) -> NDArray[Any]:
        import cv2

        if self._table is not None:  # OpenCV looks pixels up ten times faster than NumPy's indexing does
            return np.asarray(cv2.LUT(batch.reshape(batch.shape[0], -1), self._table)).reshape(batch.shape)
        if batch.dtype == self._input["dtype"]:
            return batch
        return _quantise(batch, self._input)


def _outputs(interpreter: Any, model: LiteRtModel) -> list[Mapping[str, Any]]:
    if model.outputs is None:
        return list(interpreter.get_output_details())
    by_name = interpreter.get_signature_runner().get_output_details()
    return [by_name[name] for name in model.outputs]


def _quantising_table(spec: InputSpec, details: Mapping[str, Any]) -> NDArray[Any] | None:
    """Return `(256,)` quantised values by pixel value; `None` where the model takes floats or scales each channel its own way."""
    scale, shift = spec.scale_and_shift()
    if not np.issubdtype(details["dtype"], np.integer) or spec.dtype == "uint8" or np.ptp(scale) or np.ptp(shift):
        return None
    return _quantise(np.arange(256, dtype=np.float32) * scale[0] + shift[0], details)


def _quantise(values: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    scale, zero_point = details["quantization"]
    limits = np.iinfo(details["dtype"])
    return np.asarray(np.clip(np.round(values / scale) + zero_point, limits.min, limits.max), details["dtype"])


def _dequantised(values: NDArray[Any], details: Mapping[str, Any]) -> FloatArray:
    if not np.issubdtype(values.dtype, np.integer):
        return values
    scale, zero_point = details["quantization"]
    return (values.astype(np.float32) - np.float32(zero_point)) * np.float32(scale)

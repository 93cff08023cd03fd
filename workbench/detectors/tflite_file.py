"""LiteRT files (`.tflite`), run as they are."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from workbench.detectors.detector import Calibration, Detector, Forward, LiteRtModel
from workbench.detectors.model_bytes import read_model
from workbench.detectors.native_output import native_stderr_captured
from workbench.detectors.output_kinds import TensorShape, read_tensors, why_no_detector
from workbench.errors import ModelError, UnavailableError
from workbench.record import DetectorFacts
from workbench.settings import ENGINES, PRECISIONS, Settings

IDENTIFIER = b"TFL3"  # at byte 4 of every LiteRT flatbuffer (tensorflow/lite/schema/schema.fbs: file_identifier)
NO_TENSORFLOW = "a .tflite file holds no TensorFlow network; choose litert"


@final
class TfliteDetector(Detector):
    """A detector in a `.tflite` file: its size, batch and precision are fixed.

    Raises:
        ModelError: The file is missing, empty, no LiteRT model, needs operations that this machine lacks, or is no detector.
    """

    def __init__(self, path: Path, *, source: str) -> None:
        self._content = _read(path)
        inputs, outputs, elements = _inspect(self._content, path)
        reading = read_tensors(inputs, outputs)
        if reading is None:
            raise ModelError(f"{path} {why_no_detector(outputs)}; choose a detector")
        self.input_spec = reading.input_spec
        self.head = reading.head
        self.output_names = None
        self.precision = _precision(inputs, elements)
        self.facts = DetectorFacts(
            name=path.stem,
            source=source,
            kind=f"LiteRT, {reading.kind}",
            sha256=hashlib.sha256(self._content).hexdigest(),
            size_bytes=len(self._content),
            labels=reading.labels,
        )
        self.refusals: Mapping[str, Mapping[str, str]] = {
            "runtime.engine": {engine: NO_TENSORFLOW for engine in ENGINES if engine != "litert"},
            "runtime.precision": {
                precision: f"the file is stored as {self.precision}, and only the original model could be converted again"
                for precision in PRECISIONS
                if precision != self.precision
            },
            "nms.method": {"model": "this model holds no NMS of its own; choose any other method"},
        }

    def default_settings(self) -> Settings:
        values = {"runtime.engine": "litert", "runtime.precision": self.precision, "input.resize": "opencv", "nms.method": "opencv"}
        return Settings().with_values(values)

    def keras_model(self) -> Any:
        raise UnavailableError(f"{self.facts.name}: {NO_TENSORFLOW}")

    def forward(self) -> Forward:
        raise UnavailableError(f"{self.facts.name}: {NO_TENSORFLOW}")

    def litert_model(self, precision: str, size_hw: tuple[int, int], batch: int, calibration: Calibration) -> LiteRtModel:  # noqa: ARG002 - the seam's signature
        if reason := self.refusals["runtime.precision"].get(precision):
            raise UnavailableError(f"runtime.precision is {precision}: {reason}")
        return LiteRtModel(self._content, None, converted=False)


def _read(path: Path) -> bytes:
    content = read_model(path)
    if content[4:8] != IDENTIFIER:
        raise ModelError(f"{path} is no LiteRT model: its first bytes are not those of one; choose a .tflite file")
    return content


def _inspect(content: bytes, path: Path) -> tuple[list[TensorShape], list[TensorShape], Counter[str]]:
    """Load a model once and return its inputs, its outputs and its elements by type of number."""
    from ai_edge_litert.interpreter import Interpreter

    with native_stderr_captured():
        try:
            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelError(_load_failure(path, str(error))) from None
        inputs = [_shape(details) for details in interpreter.get_input_details()]
        outputs = [_shape(details) for details in interpreter.get_output_details()]
        elements: Counter[str] = Counter()
        for details in interpreter.get_tensor_details():
            elements[np.dtype(details["dtype"]).name] += int(np.prod(details["shape"]))
    return inputs, outputs, elements


def _shape(details: Mapping[str, Any]) -> TensorShape:
    return TensorShape(details["name"], tuple(int(side) for side in details["shape"]), np.dtype(details["dtype"]).name)


def _load_failure(path: Path, message: str) -> str:
    _, found, rest = message.partition("unresolved custom op: ")
    if not found:
        return f"{path} is damaged or of another version: LiteRT says {message.splitlines()[0]!r}; copy or convert the model again"
    operation = rest.splitlines()[0].rstrip(".")
    if operation == "edgetpu-custom-op":
        return f"{path} is compiled for the Edge TPU and runs nowhere else ({operation}); choose the model it was compiled from"
    return (
        f"{path} needs the custom operation {operation!r}, which LiteRT here lacks; convert the model with built-in operations only"
    )


def _precision(inputs: Sequence[TensorShape], elements: Mapping[str, int]) -> str:
    """Name what the file stores, by its input's type and the types of its tensors."""
    if inputs[0].dtype in {"int8", "uint8"}:
        return "int8"
    if elements.get("float16", 0):
        return "float16"
    return "dynamic-int8" if elements.get("int8", 0) else "float32"

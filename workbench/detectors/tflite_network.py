"""LiteRT files (`.tflite`), run as they are."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.catalogue import ENGINES
from workbench.detectors.conversion import first_line
from workbench.detectors.model_bytes import read_model
from workbench.detectors.native_output import native_stderr_captured
from workbench.detectors.network import Calibration, Conversion, LiteRtModel, Network, Tensors, TensorSpec
from workbench.detectors.tflite_metadata import read_metadata
from workbench.errors import ModelError, UnavailableError
from workbench.settings import MOST_THREADS, PRECISIONS
from workbench.stages import dequantised, quantised

IDENTIFIER = b"TFL3"  # at byte 4 of every LiteRT flatbuffer (tensorflow/lite/schema/schema.fbs: file_identifier)
NO_TENSORFLOW = "a .tflite file holds no TensorFlow network; choose litert"
POST_PROCESSING = b"TFLite_Detection_PostProcess"
DEQUANTIZE = 6  # a built-in operator (schema.fbs: BuiltinOperator)
POST_PROCESSED = ("boxes", "classes", "scores", "count")  # what it gives, in its order
# Threads share the scratch memory of that operation and split the classes wrongly (https://github.com/tensorflow/tensorflow/issues/56058).
LOSES_CLASSES = "on more than one thread LiteRT loses detections in this file's NMS, which goes class by class; choose 1"


@final
class TfliteNetwork(Network):
    """A `.tflite` file: its precision is fixed, and most often its size and batch too."""

    kind = "LiteRT"

    @cached_property
    def refusals(self) -> Mapping[str, Mapping[str, str]]:
        precision = self.tensors.precision if self.tensors else None
        one_thread = self.tensors is not None and self.tensors.one_thread
        return {
            "runtime.engine": {engine: NO_TENSORFLOW for engine, row in ENGINES.items() if not row.runs_tflite},
            "runtime.precision": {
                other: f"the file is stored as {precision}, and only the original could be converted again; choose {precision}"
                for other in PRECISIONS
                if precision and other != precision
            },
            "runtime.threads": dict.fromkeys(map(str, range(2, MOST_THREADS + 1)), LOSES_CLASSES) if one_thread else {},
        }

    def read(self) -> bytes:
        content = read_model(self.path)
        if content[4:8] != IDENTIFIER:
            raise ModelError(f"{self.path} is no LiteRT model: its first bytes are not those of one; choose a .tflite file")
        return content

    def inspect(self) -> Tensors:
        content, interpreter = self.read(), self._interpreter
        said = read_metadata(content)
        inputs = tuple(
            replace(_spec(details), usual_hw=said.size_hw, multiple_of=said.stride, scaling=said.scaling)
            for details in interpreter.get_input_details()
        )
        elements: Counter[str] = Counter()
        steps: dict[int, float | None] = {}
        for details in interpreter.get_tensor_details():
            elements[np.dtype(details["dtype"]).name] += int(np.prod(details["shape"]))
            steps[details["index"]] = float(details["quantization"][0]) or None
        for dequantising in _operators(content, DEQUANTIZE):
            steps[dequantising.Outputs(0)] = steps.get(dequantising.Inputs(0))
        called = _called(content)
        outputs = tuple(
            replace(_spec(one), step=steps.get(one["index"]), called=called.get(one["index"]))
            for one in interpreter.get_output_details()
        )
        return Tensors(inputs, outputs, _precision(inputs, elements), said.labels, _suppresses_by_class(content), said.task)

    @cached_property
    def _interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        with native_stderr_captured():
            try:
                interpreter = Interpreter(model_content=self.read(), num_threads=1)
                interpreter.allocate_tensors()
            except (RuntimeError, ValueError) as error:
                raise ModelError(_load_failure(self.path, str(error))) from None
        return interpreter

    def run(self, batch: NDArray[np.generic]) -> Mapping[str, NDArray[np.generic]]:
        interpreter = self._interpreter
        (details,) = interpreter.get_input_details()
        with native_stderr_captured():
            try:
                if tuple(details["shape"]) != batch.shape:
                    interpreter.resize_tensor_input(details["index"], batch.shape)
                    interpreter.allocate_tensors()
                interpreter.set_tensor(details["index"], quantised(batch, details))
                interpreter.invoke()
            except (RuntimeError, ValueError) as error:
                raise ModelError(f"{self.path} does not run on a frame of {list(batch.shape)}: {first_line(str(error))}") from None
        return {one["name"]: dequantised(interpreter.get_tensor(one["index"]), one) for one in interpreter.get_output_details()}

    def litert_model(self, conversion: Conversion, _: Calibration) -> LiteRtModel:
        if reason := self.refusals["runtime.precision"].get(conversion.precision):
            raise UnavailableError(f"runtime.precision is {conversion.precision}: {reason}")
        return LiteRtModel(self.read(), {name: name for name in conversion.outputs}, converted=False)


def _spec(details: Mapping[str, Any]) -> TensorSpec:
    signature = details.get("shape_signature", details["shape"])
    sides = signature if len(signature) == len(details["shape"]) else details["shape"]
    scale, zero_point = details["quantization"]
    return TensorSpec(
        details["name"],
        tuple(None if side < 0 else int(side) for side in sides),
        np.dtype(details["dtype"]).name,
        (float(scale), int(zero_point)) if scale else None,
    )


def _load_failure(path: Path, message: str) -> str:
    _, found, rest = message.partition("unresolved custom op: ")
    if not found:
        return f"{path} is damaged or of another version: LiteRT says {first_line(message)!r}; copy or convert the model again"
    operation = rest.splitlines()[0].rstrip(".")
    if operation == "edgetpu-custom-op":
        return f"{path} is compiled for the Edge TPU and runs nowhere else ({operation}); choose the model it was compiled from"
    return (
        f"{path} needs the custom operation {operation!r}, which LiteRT here lacks; convert the model with built-in operations only"
    )


def _precision(inputs: Sequence[TensorSpec], elements: Mapping[str, int]) -> str:
    """Name what the file stores, by its input's type and the types of its tensors."""
    if inputs and inputs[0].dtype in {"int8", "uint8"} and elements.get("int8", 0) + elements.get("uint8", 0) > elements["float32"]:
        return "int8"
    if elements.get("float16", 0):
        return "float16"
    return "dynamic-int8" if elements.get("int8", 0) else "float32"


def _suppresses_by_class(content: bytes) -> bool:
    """Whether the file ends in LiteRT's own NMS, told to go class by class (`use_regular_nms`); the interpreter has loaded it."""
    from flatbuffers import flexbuffers

    own_nms = next(_operators(content, POST_PROCESSING), None)
    return own_nms is not None and bool(flexbuffers.Loads(own_nms.CustomOptionsAsNumpy().tobytes()).get("use_regular_nms"))


def _called(content: bytes) -> dict[int, str]:
    """Return what tensors of the first graph are called, by number: as the signature has it, or as LiteRT's own NMS gives them."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    signatures = (one for one in map(model.SignatureDefs, range(model.SignatureDefsLength())) if one.SubgraphIndex() == 0)
    outputs = (one for signature in signatures for one in map(signature.Outputs, range(signature.OutputsLength())))
    called = {one.TensorIndex(): one.Name().decode(errors="replace") for one in outputs}
    for own_nms in _operators(content, POST_PROCESSING):
        called |= dict(zip(own_nms.OutputsAsNumpy().tolist(), POST_PROCESSED, strict=False))
    return called


def _operators(content: bytes, code: int | bytes) -> Iterator[Any]:
    """Go through the operators of the first graph, which is what runs, that are of a built-in or custom kind."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    for operation in map(graph.Operators, range(graph.OperatorsLength())):
        kind = model.OperatorCodes(operation.OpcodeIndex())
        if code in (kind.CustomCode(), kind.BuiltinCode() or kind.DeprecatedBuiltinCode()):
            yield operation

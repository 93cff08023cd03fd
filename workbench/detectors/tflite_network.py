"""LiteRT files (`.tflite`), run as they are."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.catalogue import ENGINES
from workbench.detectors.calibration import Calibration
from workbench.detectors.complaints import first_line
from workbench.detectors.conversion import convert
from workbench.detectors.model_bytes import read_model
from workbench.detectors.network import Conversion, LiteRtModel, Network, Tensors, TensorSpec
from workbench.detectors.tflite_metadata import read_metadata
from workbench.errors import ModelError, UnavailableError
from workbench.machine import native_stderr_captured
from workbench.quantising import Flatbuffer, file_facts, unpacked
from workbench.settings import MOST_THREADS, PRECISIONS
from workbench.stages import dequantised, quantised

IDENTIFIER = b"TFL3"  # at byte 4 of every LiteRT flatbuffer (tensorflow/lite/schema/schema.fbs: file_identifier)
NO_TENSORFLOW = "a .tflite file holds no TensorFlow network; choose litert"
FLOATS = ("float32", "float16")  # how files are stored that other precisions can be made of
MANY = 8  # transposes, from which on they cost what one may notice; one or two are at the input and the output of many files
OPEN = -1  # a side in a shape's signature
VERSION = "Didn't find op for builtin opcode '"
SELECTED = "Select TensorFlow op(s)"  # of a file that was converted with SELECT_TF_OPS
FLEX = re.compile(r"\(Flex(\w+)\)")
POST_PROCESSING = "TFLite_Detection_PostProcess"
# What it gives, in its order; by names of their own, for its boxes have one order and unit, and those called `boxes` any.
POST_PROCESSED = ("post_processed_boxes", "post_processed_classes", "post_processed_scores", "post_processed_count")
# Threads share the scratch memory of that operation and split the classes wrongly (https://github.com/tensorflow/tensorflow/issues/56058).
LOSES_CLASSES = "on more than one thread LiteRT loses detections in this file's NMS, which goes class by class; choose 1"


@final
class TfliteNetwork(Network):
    """A `.tflite` file: its size and batch are fixed most often, and its precision where it is stored in integers."""

    kind = "LiteRT"

    @cached_property
    def refusals(self) -> Mapping[str, Mapping[str, str]]:
        precision = self.tensors.precision if self.tensors else None
        one_thread = self.tensors is not None and self.tensors.one_thread
        return {
            "runtime.engine": {engine: NO_TENSORFLOW for engine, row in ENGINES.items() if not row.runs_tflite},
            "runtime.precision": {
                other: f"the file is stored as {precision}, and integers make no floats again; choose {precision}, or open the"
                " float original"
                for other in PRECISIONS
                if precision not in (None, *FLOATS) and other != precision
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
        said, file = read_metadata(content), Flatbuffer(content)
        inputs = tuple(
            replace(_spec(details), usual_hw=said.size_hw, multiple_of=said.stride, scaling=said.scaling)
            for details in interpreter.get_input_details()
        )
        steps = {one["index"]: float(one["quantization"][0]) or None for one in interpreter.get_tensor_details()}
        for dequantising in _operators(file, "DEQUANTIZE"):
            steps[dequantising.outputs[0]] = steps.get(dequantising.inputs[0])
        called = _called(file)
        outputs = tuple(
            replace(_spec(one), step=steps.get(one["index"]), called=called.get(one["index"]))
            for one in interpreter.get_output_details()
        )
        facts = file_facts(file, interpreter if _allocates(interpreter) else None)
        return Tensors(
            inputs,
            outputs,
            facts.precision,
            said.labels,
            one_thread=_suppresses_by_class(file),
            task=said.task,
            made_of=facts.lines,
            loses=str(facts.shared_scale) if facts.shared_scale and facts.shared_scale.cuts_off else None,
            transposes=facts.layout_transposes,
        )

    @cached_property
    def _interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        with native_stderr_captured():
            try:
                interpreter = Interpreter(model_content=self.read(), num_threads=1)
            except (RuntimeError, ValueError) as error:
                raise ModelError(f"{self.path} {_why_not_opened(str(error))}") from None
            (taken, *_) = interpreter.get_input_details()
            try:
                interpreter.allocate_tensors()
            except RuntimeError as error:
                why = _what_lacks(str(error))
                if why is None and OPEN not in taken["shape_signature"]:
                    why = f"cannot be run by LiteRT: {first_line(str(error))}; convert the model again"
                if why is not None:  # else `run` says the sides, which until then are 1: not every network can be of that size
                    raise ModelError(f"{self.path} {why}") from None
        return interpreter

    def run(self, batch: NDArray[np.generic]) -> Mapping[str, NDArray[np.generic]]:
        interpreter = self._interpreter
        (details,) = interpreter.get_input_details()
        with native_stderr_captured():
            try:
                if tuple(details["shape"]) != batch.shape:
                    interpreter.resize_tensor_input(details["index"], batch.shape)
                interpreter.allocate_tensors()  # again costs nothing, and after a refusal it has to be
                interpreter.set_tensor(details["index"], quantised(batch, details))
                interpreter.invoke()
            except (RuntimeError, ValueError) as error:
                raise self.does_not_run(batch.shape, first_line(str(error))) from None
        return {one["name"]: dequantised(interpreter.get_tensor(one["index"]), one) for one in interpreter.get_output_details()}

    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:
        if reason := self.refusals["runtime.precision"].get(conversion.precision):
            raise UnavailableError(f"runtime.precision is {conversion.precision}: {reason}")
        content, tensors = self.read(), self.tensors or self.inspect()
        turned = tensors.transposes >= MANY and tensors.precision in FLOATS and conversion.layout == "stored"
        notes = (f"{tensors.transposes} transposes between channels first and last",) if turned else ()
        if conversion.precision == tensors.precision and conversion.layout == conversion.plain.layout:
            loses = (tensors.loses,) if tensors.loses else ()
            return LiteRtModel(content, {name: name for name in conversion.outputs}, converted=False, notes=notes, warnings=loses)
        made = convert(conversion, self.sha256, lambda: unpacked(content), calibration)
        called = dict(zip(_output_names(content), _output_names(made.content), strict=True))
        return replace(made, outputs={name: called[name] for name in conversion.outputs}, notes=(*made.notes, *notes))


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


def _why_not_opened(message: str) -> str:
    if VERSION in message:
        operation = message.partition(VERSION)[2].partition("'")[0]
        return (
            f"needs the operation {operation} in a version that LiteRT here lacks; run `pip install -U ai-edge-litert`, or"
            " convert the model with an older converter"
        )
    return (
        _what_lacks(message)
        or f"is damaged or of another version: LiteRT says {first_line(message)!r}; copy or convert the model again"
    )


def _what_lacks(message: str) -> str | None:
    """Say what a file needs that LiteRT here lacks; `None` where it is something else that LiteRT complains of.

    >>> _what_lacks("Select TensorFlow op(s), included in … See …/ops_selectNode number 2 (FlexDet) failed to prepare.")
    'needs the TensorFlow operation Det, which LiteRT here lacks; convert the model with built-in operations only'
    """
    if SELECTED in message:
        names = ", ".join(dict.fromkeys(FLEX.findall(message))) or "(see its converter's flags)"
        return f"needs the TensorFlow operation {names}, which LiteRT here lacks; convert the model with built-in operations only"
    _, found, rest = message.partition("unresolved custom op: ")
    if not found:
        return None
    operation = rest.splitlines()[0].rstrip(".")
    if operation == "edgetpu-custom-op":
        return f"is compiled for the Edge TPU and runs nowhere else ({operation}); choose the model it was compiled from"
    return f"needs the custom operation {operation!r}, which LiteRT here lacks; convert the model with built-in operations only"


def _allocates(interpreter: Any) -> bool:
    """Whether it can be allocated as it is: a network of open sides not always, before somebody says them."""
    try:
        interpreter.allocate_tensors()
    except RuntimeError:
        return False
    return True


def _suppresses_by_class(file: Flatbuffer) -> bool:
    """Whether the file ends in LiteRT's own NMS, told to go class by class (`use_regular_nms`); the interpreter has loaded it."""
    from flatbuffers import flexbuffers

    own_nms = next(_operators(file, POST_PROCESSING), None)
    return own_nms is not None and bool(flexbuffers.Loads(own_nms.customOptions.tobytes()).get("use_regular_nms"))


def _output_names(content: bytes) -> tuple[str, ...]:
    """Return what the file calls its outputs, in its order, which what is made of it keeps."""
    file = Flatbuffer(content)
    return tuple(map(file.name, file.graph.outputs))


def _called(file: Flatbuffer) -> dict[int, str]:
    """Return what tensors of the first graph are called, by number: as the signature has it, or as LiteRT's own NMS gives them."""
    signatures = (one for one in file.model.signatureDefs or () if one.subgraphIndex == 0)
    outputs = (one for signature in signatures for one in signature.outputs or ())
    called = {one.tensorIndex: one.name.decode(errors="replace") for one in outputs}
    for own_nms in _operators(file, POST_PROCESSING):
        called |= dict(zip(own_nms.outputs, POST_PROCESSED, strict=False))
    return called


def _operators(file: Flatbuffer, kind: str) -> Iterator[Any]:
    """Go through the operators of the first graph, which is what runs, that are of a kind."""
    return (operator for operator in file.graph.operators if file.kind(operator) == kind)

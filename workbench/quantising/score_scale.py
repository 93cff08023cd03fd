"""Where a network in integers keeps scores and other numbers, boxes most often, under one scale: one of the two is lost in it."""

from dataclasses import dataclass
from typing import final

from workbench.errors import one_line
from workbench.quantising.flatbuffer import Flatbuffer

INTEGERS = frozenset({"INT8", "UINT8"})
BOUNDED = frozenset({"LOGISTIC", "SOFTMAX"})  # they give 0..1, as scores are
WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED"})  # they give numbers of any size
MOVING = frozenset(("DEQUANTIZE", "EXPAND_DIMS", "GATHER", "QUANTIZE", "RESHAPE", "SLICE", "SQUEEZE", "STRIDED_SLICE", "TRANSPOSE"))
COARSE = 0.05  # a step between scores above which thresholds of .3 and .5 are few steps apart
SCORES_STEP = 1 / 256  # in which integer kernels give 0..1; no range that comes from frames makes a step of just this
SAME = 1e-6


@final
@dataclass(frozen=True, slots=True)
class SharedScale:
    """Scores beside other numbers under a scale that is fit for one of the two.

    Attributes:
        name: Of the tensor that holds both; untrusted.
        step: Between the numbers that it can hold.
        cuts_off: Whether the scale is the scores' own, and cuts off the others at 0 and 1; else it is far too coarse for scores.
    """

    name: str
    step: float
    cuts_off: bool

    def __str__(self) -> str:
        what = "cuts off what is not within 0 and 1" if self.cuts_off else f"holds both in steps of {self.step:.2g}"
        return f"one scale for scores and other numbers, such as boxes: {one_line(self.name, 60)} {what}"


def shared_scale(file: Flatbuffer) -> SharedScale | None:
    """Find where scores and other numbers are brought together so; `None` where they are not."""
    bounded = _bounded(file)
    for operator in file.graph.operators:
        if file.kind(operator) != "CONCATENATION" or {index in bounded for index in operator.inputs} != {True, False}:
            continue
        index = operator.outputs[0]
        quantization = file.graph.tensors[index].quantization
        if file.type(index) not in INTEGERS or quantization is None or quantization.scale is None:
            continue
        step = float(quantization.scale[0])
        cuts_off = abs(step - SCORES_STEP) < SAME and any(_of_any_size(file, one) for one in operator.inputs)
        if cuts_off or step > COARSE:
            return SharedScale(file.name(index), step, cuts_off)
    return None


def _bounded(file: Flatbuffer) -> set[int]:
    """Return the tensors that hold 0..1, for what gives them does, or moves such, or multiplies such."""
    found = set[int]()
    for operator in file.graph.operators:
        kind, inputs = file.kind(operator), set(operator.inputs[:1] if file.kind(operator) in MOVING else operator.inputs)
        if kind in BOUNDED or (kind in MOVING | {"MUL", "CONCATENATION"} and inputs and inputs <= found):
            found |= set(operator.outputs)
    return found


def _of_any_size(file: Flatbuffer, index: int) -> bool:
    """Whether a tensor's numbers were the direct outcome of weights before they were moved to where they are."""
    for operator in reversed(file.graph.operators):  # they stand in the order in which they run
        if index in operator.outputs:
            if file.kind(operator) not in MOVING:
                return file.kind(operator) in WEIGHTED
            index = operator.inputs[0]
    return False

"""The same float network in the layout that its kernels want: `runtime.layout=nhwc`.

Networks that come by way of ONNX have channels first, and a transpose before and behind each convolution, whose kernels want them
last. Named patterns are taken out one after the other, each in a function of its own: transposes that meet their opposites, pads
before convolutions, and the slices of a Focus layer.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ModelError, UnavailableError, WorkbenchError, one_line
from workbench.quantising.convolutions import take_in_pads, take_in_slices
from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.running import outputs_on
from workbench.quantising.transposes import sink_transposes, transposed_elements

# What rules raise where an operator lacks the options, inputs or axes of its kind. LiteRT refuses such files when it loads them.
NOT_AS_ITS_KIND = (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError)
TOLERANCE = 1e-3  # between outputs before and after, in their own size where that is over 1: sums are made in another order


def nhwc(content: bytes) -> bytes:
    """Return the network without the transposes of channels first and without the slices of Focus layers.

    Raises:
        UnavailableError: There is nothing to rewrite, or it is not in float32; names the operator that stands in the way.
        ModelError: It is no LiteRT model, or damaged.
    """
    try:
        return _rewritten(content)
    except WorkbenchError:
        raise
    except NOT_AS_ITS_KIND as error:
        raise ModelError(f"an operator is not as those of its kind are ({error}): the file is damaged; copy it again") from error


def _rewritten(content: bytes) -> bytes:
    file, turned, needing = _with_fewer_transposes(content)
    take_in_pads(file)  # which alone gains nothing: XNNPACK does so while it plans, other kernels and the quantiser do not
    if not take_in_slices(file) and not turned:
        why = f"; {one_line(needing[0], 80)} wants the order that there is" if needing else ""
        raise UnavailableError(
            "runtime.layout is nhwc: there is nothing to rewrite: no transposes that cancel out, and no slices of a Focus layer"
            f" before a convolution{why}; choose stored"
        )
    file.drop_unused()
    return file.packed()


def _with_fewer_transposes(content: bytes) -> tuple[Flatbuffer, bool, tuple[str, ...]]:
    """Return the network, whether some of its transposes are gone, and what needs those that would be there then."""
    file = Flatbuffer(content)
    _check_float(file)
    before = transposed_elements(file)
    needing = sink_transposes(file)
    file.drop_unused()
    fewer = transposed_elements(file) < before
    return (file if fewer else Flatbuffer(content)), fewer, needing


def _check_float(file: Flatbuffer) -> None:
    for operator in file.graph.operators:
        for index in (*operator.inputs, *operator.outputs):
            if index >= 0 and _is_reduced(file, index):
                raise UnavailableError(
                    f"runtime.layout is nhwc: it is made of networks in float32, and {file.kind(operator)}"
                    f" {one_line(file.name(operator.outputs[0] if operator.outputs else index), 80)} is in"
                    f" {file.type(index).lower()}; choose stored, or the float32 original"
                )


def _is_reduced(file: Flatbuffer, index: int) -> bool:
    """Whether a tensor stands for numbers of more bits than it has; integers as such, as of pixels, do not."""
    quantization = file.graph.tensors[index].quantization
    return file.type(index) == "FLOAT16" or (
        quantization is not None and quantization.scale is not None and len(quantization.scale) > 0
    )


def largest_difference(before: bytes, after: bytes, batches: Sequence[NDArray[Any]]) -> float:
    """Run both networks on the same batches and return how far their outputs are apart at most; NaN where one gives NaN.

    It is in the outputs' own size where their largest number is over 1. The runtime is loaded in this process.
    """
    largest = 0.0
    for outputs, others in zip(*(outputs_on(content, batches) for content in (before, after)), strict=True):
        for one, other in zip(outputs, others, strict=True):
            apart, size = (float(np.max(np.abs(values), initial=0)) for values in (one - other, one))
            largest = float(np.maximum(largest, apart / max(1.0, size)))  # Python's own `max` would lose a NaN
    return largest

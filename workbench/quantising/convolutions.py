"""What stands before a convolution and can be part of it: a pad, or the slices of a Focus layer."""

from typing import Any

import numpy as np

from workbench.quantising.flatbuffer import Flatbuffer, Operator

PADDED = ("CONV_2D", "DEPTHWISE_CONV_2D")
HEIGHT, WIDTH, CHANNEL = 1, 2, 3  # axes of pictures, as convolutions have them
Pads = tuple[tuple[int, int], tuple[int, int]]  # before and after, of height and width
Slice = tuple[int, int, tuple[int, int]]  # of a picture: its number, the n of every n-th row and column, and the first of each


def take_in_pads(file: Flatbuffer) -> None:
    """Let convolutions pad by themselves where that comes to the same."""
    producers = _producers(file)
    for operator in file.graph.operators:
        options = operator.builtinOptions
        if file.kind(operator) not in PADDED or options.padding != file.schema.Padding.VALID:
            continue
        pads = _zero_pads(file, producers.get(operator.inputs[0]))
        source = producers[operator.inputs[0]].inputs[0] if pads else -1
        if pads is None or -1 in file.open_shape(source)[1:] or pads != _same_pads(file, operator, source):
            continue
        operator.inputs = [source, *operator.inputs[1:]]
        options.padding = file.schema.Padding.SAME


def _producers(file: Flatbuffer) -> dict[int, Operator]:
    return {index: operator for operator in file.graph.operators for index in operator.outputs}


def _zero_pads(file: Flatbuffer, operator: Operator | None) -> Pads | None:
    """Return what an operator pads height and width by; `None` where it does anything else."""
    if operator is None or file.kind(operator) != "PAD" or (pads := file.constant(operator.inputs[1])) is None:
        return None
    if pads.shape != (4, 2) or pads[0].any() or pads[CHANNEL].any():
        return None
    (top, bottom), (left, right) = pads[HEIGHT].tolist(), pads[WIDTH].tolist()
    return (top, bottom), (left, right)


def _strides(options: Any) -> tuple[int, int]:
    return options.strideH, options.strideW


def _same_pads(file: Flatbuffer, operator: Operator, source: int) -> Pads:
    """Return what a convolution on `source` pads where its padding is SAME (tensorflow/lite/kernels/padding.h)."""
    sides, options = file.shape(source)[HEIGHT : WIDTH + 1], operator.builtinOptions
    kernel = file.shape(operator.inputs[1])[HEIGHT : WIDTH + 1]
    spread = options.dilationHFactor, options.dilationWFactor
    top_bottom, left_right = (
        _same(side, (width - 1) * far + 1, stride)
        for side, width, far, stride in zip(sides, kernel, spread, _strides(options), strict=True)
    )
    return top_bottom, left_right


def _same(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the pads of SAME along one axis.

    >>> _same(416, 3, 1), _same(416, 3, 2), _same(415, 3, 2)
    ((1, 1), (0, 1), (1, 1))
    """
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def take_in_slices(file: Flatbuffer) -> int:
    """Make one convolution of a Focus layer and the convolution behind it; returns how many.

    It takes slices of every second row and column and puts their channels side by side; the convolution on these weighs the same
    pixels as one of doubled kernel and stride on the picture.
    """
    producers, done = _producers(file), 0
    for operator in list(file.graph.operators):
        if file.kind(operator) != "CONV_2D" or (weights := file.constant(operator.inputs[1])) is None:
            continue
        index = operator.inputs[0]
        pads = _zero_pads(file, producers.get(index))
        together = producers[index].inputs[0] if pads else index
        slices = _slices(file, producers, together)
        options = operator.builtinOptions
        if slices is None or weights.dtype != np.float32 or (options.dilationHFactor, options.dilationWFactor) != (1, 1):
            continue
        _widen(file, operator, slices, weights, pads)
        done += 1
    return done


def _slices(file: Flatbuffer, producers: dict[int, Operator], index: int) -> list[Slice] | None:
    """Read a concatenation of slices along the channels; `None` where a tensor is anything else."""
    operator = producers.get(index)
    if operator is None or file.kind(operator) != "CONCATENATION" or operator.builtinOptions.axis not in {-1, CHANNEL}:
        return None
    slices = [found for one in operator.inputs if (found := _slice(file, producers, one)) is not None]
    if len(slices) != len(operator.inputs) or len({(source, step) for source, step, _ in slices}) != 1:
        return None
    source, step, _ = slices[0]
    _, height, width, channels = file.open_shape(source)
    slice_shape = (height // step, width // step, channels)
    whole = min(height, width, channels) > 0 and height % step == width % step == 0
    if not whole or any(file.shape(one)[1:] != slice_shape for one in operator.inputs):
        return None
    return slices


def _slice(file: Flatbuffer, producers: dict[int, Operator], index: int) -> Slice | None:
    """Follow strided slices up to the picture that they are of; `None` where they are of anything else."""
    starts, steps = np.zeros(4, np.int64), np.ones(4, np.int64)
    while (operator := producers.get(index)) is not None and file.kind(operator) == "STRIDED_SLICE":
        begin, stride, options = file.constant(operator.inputs[1]), file.constant(operator.inputs[3]), operator.builtinOptions
        if begin is None or stride is None or begin.shape != (4,) or min(*begin, *stride) < 0:
            return None
        if options.shrinkAxisMask or options.newAxisMask or options.ellipsisMask:
            return None
        begin = np.where([options.beginMask >> axis & 1 for axis in range(4)], 0, begin)
        starts, steps = begin + starts * stride, steps * stride
        index = operator.inputs[0]
    step = int(steps[HEIGHT])
    if step < 2 or steps.tolist() != [1, step, step, 1] or starts[0] or starts[CHANNEL] or max(starts) >= step:
        return None
    return index, step, (int(starts[HEIGHT]), int(starts[WIDTH]))


def _widen(file: Flatbuffer, operator: Operator, slices: list[Slice], weights: Any, pads: Pads | None) -> None:
    """Let a convolution on slices weigh the picture's own pixels."""
    (source, step, _), options = slices[0], operator.builtinOptions
    count, height, width, _ = weights.shape
    channels = file.shape(source)[CHANNEL]
    wide = np.zeros((count, height * step, width * step, channels), np.float32)
    for number, (_, _, (row, column)) in enumerate(slices):
        wide[:, row::step, column::step] += weights[..., number * channels : (number + 1) * channels]
    if options.padding == file.schema.Padding.SAME:
        pads = _same_pads(file, operator, operator.inputs[0])
    (top, bottom), (left, right) = pads or ((0, 0), (0, 0))
    pads = (top * step, bottom * step), (left * step, right * step)
    kernel = file.add_constant(f"{file.name(operator.inputs[1])}_{len(file.graph.tensors)}", wide)
    operator.inputs = [source, kernel, *operator.inputs[2:]]
    options.strideH, options.strideW = (stride * step for stride in _strides(options))
    same = pads == _same_pads(file, operator, source)
    options.padding = file.schema.Padding.SAME if same else file.schema.Padding.VALID
    if not same and any(map(any, pads)):
        _pad_before(file, operator, pads)


def _pad_before(file: Flatbuffer, operator: Operator, pads: Pads) -> None:
    source, number = operator.inputs[0], len(file.graph.tensors)
    batch, height, width, channels = file.open_shape(source)
    padded = file.add_tensor(
        f"{file.name(source)}_{number}", source, (batch, height + sum(pads[0]), width + sum(pads[1]), channels)
    )
    by = file.add_constant(f"pads_{number}", np.array([(0, 0), *pads, (0, 0)], np.int32))
    file.graph.operators.insert(file.graph.operators.index(operator), file.operator("PAD", [source, by], [padded]))
    operator.inputs = [padded, *operator.inputs[1:]]

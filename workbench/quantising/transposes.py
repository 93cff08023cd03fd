"""Transposes are moved down a network until they meet their opposites and both are gone.

A tensor that is another one transposed is not made while operators can take that other one instead: those that treat every axis
alike take it as it is, others with their axes renamed. What needs the true order has the transpose before it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.quantising.flatbuffer import Flatbuffer, Operator

Order = tuple[int, ...]  # of axes: axis n of a tensor is axis order[n] of the one that it was made of
PICTURE_AXES = 4
TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)  # from channels first to channels last, and back
UNARY = ("ABS", "CAST", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC", "NEG")
MORE_UNARY = ("RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN", "SQRT", "SQUARE", "TANH")
BINARY = ("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "POW", "PRELU", "SQUARED_DIFFERENCE", "SUB")
REDUCING = ("MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM")


def sink_transposes(file: Flatbuffer) -> tuple[str, ...]:
    """Move the transposes of a network down, in place; returns what had to have some before it, as `KIND name`."""
    return _Sinking(file).run()


def transposed_elements(file: Flatbuffer) -> int:
    """Return how many numbers the transposes of a network move."""
    moved = (operator.outputs[0] for operator in file.graph.operators if file.kind(operator) == "TRANSPOSE")
    return sum(int(np.prod(file.shape(index))) for index in moved)


@final
class _Sinking:
    def __init__(self, file: Flatbuffer) -> None:
        self.file = file
        self.done: list[Operator] = []
        self.needing: list[str] = []
        self.forms: dict[int, tuple[int, Order]] = {}  # what a tensor is made of, and how; it may be there itself as well
        self._made = set[int]()  # of those, the ones that are there
        self._integers: dict[bytes, int] = {}
        self._reshapes: dict[int, Operator] = {}  # by what they give

    def run(self) -> tuple[str, ...]:
        for index in self.file.graph.inputs:
            self._turn_picture(index)
        for operator in self.file.graph.operators:
            rule = RULES.get(self.file.kind(operator))
            if rule is None or not rule(self, operator):
                self.keep(operator)
        for index in self.file.graph.outputs:
            self._give(index)
        self.file.graph.operators = self.done
        return tuple(self.needing)

    def _turn_picture(self, index: int) -> None:
        """Bring an input that has channels first to channels last at once, so that it sinks nowhere."""
        shape = self.file.shape(index)
        if len(shape) == PICTURE_AXES and shape[1] < min(shape[2:]):
            last = self.file.add_tensor(f"{self.file.name(index)}_nhwc", index, [self.file.open_shape(index)[n] for n in TO_LAST])
            self.done.append(self.file.operator("TRANSPOSE", [index, self.integers(TO_LAST)], [last]))
            self.forms[index] = last, TO_FIRST
            self._made.add(index)

    def form(self, index: int) -> tuple[int, Order]:
        """Return what a tensor is made of, which is there, and in which order."""
        return self.forms.get(index) or (index, tuple(range(len(self.file.shape(index)))))

    def keep(self, operator: Operator) -> None:
        """Take an operator as it is, with its true inputs before it."""
        before = len(self.done)
        operator.inputs = [self._true(index) for index in operator.inputs]
        if len(self.done) > before:
            self.needing.append(f"{self.file.kind(operator)} {self.file.name(operator.outputs[0]) if operator.outputs else ''}")
        if self.file.kind(operator) == "RESHAPE":
            self._reshapes[operator.outputs[0]] = operator
        self.done.append(operator)

    def _true(self, index: int) -> int:
        source, order = self.form(index) if index >= 0 else (index, ())
        if index in self._made:
            return index
        if _is_true(order):
            return source
        self.done.append(self.file.operator("TRANSPOSE", [source, self.integers(order)], [index]))
        self._made.add(index)
        tensors = self.file.graph.tensors
        if tensors[index].name == tensors[source].name:
            renamed = source if index in self.file.graph.outputs else index
            tensors[renamed].name += b"_transposed"
        return index

    def _give(self, index: int) -> None:
        """Have an output made under its own number and name."""
        true = self._true(index)
        if true == index:
            return
        if true in {*self.file.graph.inputs, *self.file.graph.outputs} or self.file.is_constant(true):
            self.done.append(self.file.operator("RESHAPE", [true, self.integers(self.file.open_shape(true))], [index]))
            return
        for operator in self.done:
            operator.inputs = [index if one == true else one for one in operator.inputs]
            operator.outputs = [index if one == true else one for one in operator.outputs]
        self.forms = {one: (index if source == true else source, order) for one, (source, order) in self.forms.items()}

    def integers(self, values: Sequence[int] | NDArray[Any]) -> int:
        """Return the number of a constant of these."""
        array = np.asarray(values, np.int32)
        key = array.tobytes() + str(array.shape).encode()
        if key not in self._integers:
            self._integers[key] = self.file.add_constant(f"layout_{len(self.file.graph.tensors)}", array)
        return self._integers[key]

    def common_order(self, inputs: Sequence[int]) -> Order | None:
        """Return the order that the largest of what an operator takes is in; `None` where it is the true one."""
        turned = [index for index in inputs if index in self.forms and not _is_true(self.forms[index][1])]
        largest = max(turned, key=lambda index: int(np.prod(self.file.shape(index))), default=None)
        return None if largest is None else self.forms[largest][1]

    def adapted(self, index: int, order: Order) -> int | None:
        """Return what a tensor is made of in an order; `None` where there is no such thing without moving numbers."""
        if (values := self.file.constant(index)) is not None:
            if values.size == 1 and values.ndim < len(order):
                return index
            if values.ndim > len(order):
                return None
            full = values.reshape((1,) * (len(order) - values.ndim) + values.shape)
            name = f"{self.file.name(index)}_{len(self.file.graph.tensors)}"
            return self.file.add_constant(name, np.transpose(full, _inverse(order)))
        shape = self.file.open_shape(index)
        if len(shape) != len(order):
            return None
        source, present = self.form(index)
        if present == order:
            return source
        axes, wanted = ([axis for axis in _inverse(one) if shape[axis] != 1] for one in (present, order))
        return self.reshaped(source, [shape[axis] for axis in _inverse(order)]) if axes == wanted and -1 not in shape else None

    def reshaped(self, source: int, shape: Sequence[int]) -> int:
        """Return a tensor's numbers, in their order, under another shape; what was reshaped before is reshaped once."""
        while source in self._reshapes:
            source = self._reshapes[source].inputs[0]
        if self.file.open_shape(source) == tuple(shape):
            return source
        index = self.file.add_tensor(f"{self.file.name(source)}_{len(self.file.graph.tensors)}", source, shape)
        self._reshapes[index] = self.file.operator("RESHAPE", [source, self.integers(shape)], [index])
        self.done.append(self._reshapes[index])
        return index

    def give_transposed(self, operator: Operator, inputs: Sequence[int], order: Order) -> bool:
        """Take an operator on what its inputs are made of: it gives what its outputs are made of."""
        operator.inputs, given = list(inputs), list(operator.outputs)
        for position, index in enumerate(given):
            shape = self.file.open_shape(index)
            twin = self.file.add_tensor(self.file.name(index), index, [shape[axis] for axis in _inverse(order)])
            self.forms[index] = twin, order
            operator.outputs[position] = twin
        self.done.append(operator)
        return True


def _is_true(order: Order) -> bool:
    return order == tuple(range(len(order)))


def _inverse(order: Order) -> Order:
    """Return the order that undoes one.

    >>> _inverse((0, 3, 1, 2))
    (0, 2, 3, 1)
    """
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def _renamed(order: Order, of_axes: Sequence[Any] | NDArray[Any]) -> list[Any]:
    """Return what is said of each axis, for the axes of what the tensor is made of."""
    return [of_axes[axis] for axis in _inverse(order)]


def _transpose(sinking: _Sinking, operator: Operator) -> bool:
    wanted = sinking.file.constant(operator.inputs[1])
    source, order = sinking.form(operator.inputs[0])
    if wanted is None or sorted(wanted.ravel()) != list(range(len(order))):
        return False
    sinking.forms[operator.outputs[0]] = source, tuple(order[axis] for axis in wanted.ravel())
    return True


def _axis_by_axis(sinking: _Sinking, operator: Operator) -> bool:
    order = sinking.common_order(operator.inputs)
    if order is None or len(sinking.file.shape(operator.outputs[0])) != len(order):
        return False
    inputs = [sinking.adapted(index, order) for index in operator.inputs]
    known = [index for index in inputs if index is not None]
    return len(known) == len(inputs) and sinking.give_transposed(operator, known, order)


def _concatenation(sinking: _Sinking, operator: Operator) -> bool:
    order = sinking.common_order(operator.inputs)
    if order is None or operator.builtinOptions is None or not _axis_by_axis(sinking, operator):
        return False
    operator.builtinOptions.axis = order[operator.builtinOptions.axis % len(order)]
    return True


def _pad(sinking: _Sinking, operator: Operator) -> bool:
    order, pads = sinking.common_order(operator.inputs[:1]), sinking.file.constant(operator.inputs[1])
    if order is None or pads is None or pads.shape != (len(order), 2):
        return False
    source, _ = sinking.form(operator.inputs[0])
    renamed = sinking.integers(np.array(_renamed(order, pads)))
    return sinking.give_transposed(operator, [source, renamed, *operator.inputs[2:]], order)


def _slice(sinking: _Sinking, operator: Operator) -> bool:
    """Of SLICE the begin and size, of STRIDED_SLICE the begin, end and strides, of each axis."""
    order, options = sinking.common_order(operator.inputs[:1]), operator.builtinOptions
    bounds = [sinking.file.constant(index) for index in operator.inputs[1:]]
    if order is None or any(one is None or one.shape != (len(order),) for one in bounds):
        return False
    if hasattr(options, "shrinkAxisMask"):
        if options.shrinkAxisMask or options.newAxisMask or options.ellipsisMask:
            return False
        options.beginMask, options.endMask = (_renamed_bits(order, mask) for mask in (options.beginMask, options.endMask))
    source, _ = sinking.form(operator.inputs[0])
    renamed = [sinking.integers(_renamed(order, one)) for one in bounds if one is not None]
    return sinking.give_transposed(operator, [source, *renamed], order)


def _renamed_bits(order: Order, mask: int) -> int:
    return sum(1 << position for position, axis in enumerate(_inverse(order)) if mask >> axis & 1)


def _split(sinking: _Sinking, operator: Operator) -> bool:
    """Of SPLIT the axis comes first, of SPLIT_V the sizes and the axis come behind."""
    inputs = list(operator.inputs)
    number, taken = (0, 1) if sinking.file.kind(operator) == "SPLIT" else (2, 0)
    order, axis = sinking.common_order([inputs[taken]]), sinking.file.constant(inputs[number])
    if order is None or axis is None:
        return False
    inputs[taken], _ = sinking.form(inputs[taken])
    inputs[number] = sinking.integers(np.full(axis.shape, order[int(axis.item()) % len(order)]))
    return sinking.give_transposed(operator, inputs, order)


def _along_the_last_axis(sinking: _Sinking, operator: Operator) -> bool:
    order = sinking.common_order(operator.inputs)
    return order is not None and order[-1] == len(order) - 1 and _axis_by_axis(sinking, operator)


def _reduce(sinking: _Sinking, operator: Operator) -> bool:
    order, axes = sinking.common_order(operator.inputs[:1]), sinking.file.constant(operator.inputs[1])
    if order is None or axes is None or operator.builtinOptions is None:
        return False
    source, _ = sinking.form(operator.inputs[0])
    gone = {int(axis) % len(order) for axis in axes.ravel()}
    kept = [place for axis, place in enumerate(order) if axis not in gone or operator.builtinOptions.keepDims]
    left = tuple(sorted(kept).index(place) for place in kept)
    return sinking.give_transposed(operator, [source, sinking.integers([order[axis] for axis in sorted(gone)])], left)


def _reshape(sinking: _Sinking, operator: Operator) -> bool:
    """Where each group of axes that is brought together, or split, lies together in what the tensor is made of too."""
    file, index, given = sinking.file, operator.inputs[0], operator.outputs[0]
    source, order = sinking.form(index)
    before, after = file.shape(index), file.shape(given)
    sides = file.open_shape(given)
    groups = _groups(before, after)
    if _is_true(order) or groups is None or sides.count(-1) > 1:
        return False
    lie = [axis for axis in _inverse(order) if before[axis] != 1]
    placed = []
    for taken, made in groups:
        start = lie.index(taken[0])
        if lie[start : start + len(taken)] != taken:
            return False
        placed.append((start, made))
    moved = [axis for _, made in sorted(placed) for axis in made]
    first = min(moved, default=len(after))
    axes = [*range(first), *moved, *(axis for axis in range(first, len(after)) if axis not in moved)]
    result = sinking.reshaped(source, [sides[axis] for axis in axes])
    sinking.forms[given] = result, tuple(axes.index(axis) for axis in range(len(after)))
    return True


def _groups(before: Sequence[int], after: Sequence[int]) -> list[tuple[list[int], list[int]]] | None:
    """Pair the smallest groups of neighbouring axes that hold the same numbers; axes of one number belong to none.

    >>> _groups((1, 85, 52, 52), (1, 85, 2704))
    [([1], [1]), ([2, 3], [2])]
    """
    taken, made = ([axis for axis, side in enumerate(shape) if side != 1] for shape in (before, after))
    if int(np.prod(before)) != int(np.prod(after)) or 0 in before:
        return None
    groups: list[tuple[list[int], list[int]]] = []
    while taken:
        left, right = [taken.pop(0)], [made.pop(0)]
        while (difference := int(np.prod([before[n] for n in left])) - int(np.prod([after[n] for n in right]))) != 0:
            (left if difference < 0 else right).append((taken if difference < 0 else made).pop(0))
        groups.append((left, right))
    return groups


RULES: Mapping[str, Callable[[_Sinking, Operator], bool]] = {
    "TRANSPOSE": _transpose,
    **dict.fromkeys((*UNARY, *MORE_UNARY, *BINARY), _axis_by_axis),
    "CONCATENATION": _concatenation,
    **dict.fromkeys(("PAD", "PADV2", "MIRROR_PAD"), _pad),
    **dict.fromkeys(("SLICE", "STRIDED_SLICE"), _slice),
    **dict.fromkeys(("SPLIT", "SPLIT_V"), _split),
    "SOFTMAX": _along_the_last_axis,
    **dict.fromkeys(REDUCING, _reduce),
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"), _reshape),
}

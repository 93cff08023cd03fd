"""What a `.tflite` file is made of: each operator's precision, which kernels run it and why, and how the whole is stored.

It goes by what operators take and give, not by the file's inputs and outputs: an integer network can have floats there.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, final

from workbench.errors import one_line
from workbench.quantising.flatbuffer import Flatbuffer, Operator
from workbench.quantising.score_scale import SharedScale, shared_scale
from workbench.quantising.transposes import TO_FIRST, TO_LAST

WEIGHT_AXES = 2  # of a convolution's or a matrix's weights, at least; biases and factors have fewer
WEIGHT_BITS = {"INT8": 8, "UINT8": 8, "INT4": 4, "INT2": 2}
COMPUTED = {"FLOAT32": "float32", "FLOAT16": "float16", "INT8": "int8", "UINT8": "int8", "INT16": "int16x8"}
NEAREST = {"dynamic-int4": "dynamic-int8", "int8x4": "int8"}  # the setting that computes so, of what none stores so
UNPACKING = frozenset({"DEQUANTIZE", "DENSIFY", "RESHAPE", "TRANSPOSE"})  # of constants they make no more than other constants
XNNPACK_TYPES = frozenset({"FLOAT32", "INT8", "UINT8"})
# What XNNPACK takes in some shapes, of what networks have most (tensorflow/lite/delegates/xnnpack/README.md). It is said to lack
# a kind that is not here, and that it took nowhere in the file.
SHAPED = """ADD AVERAGE_POOL_2D BATCH_MATMUL CONCATENATION CONV_2D DEPTH_TO_SPACE DEPTHWISE_CONV_2D DEQUANTIZE DIV FULLY_CONNECTED
HARD_SWISH LEAKY_RELU LOGISTIC MAX_POOL_2D MAXIMUM MEAN MINIMUM MUL PAD PRELU QUANTIZE RELU RELU6 RESHAPE RESIZE_BILINEAR SLICE
SOFTMAX SPACE_TO_DEPTH SPLIT STRIDED_SLICE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV"""
XNNPACK_KINDS = frozenset(SHAPED.split())
INT4, DYNAMIC, SHAPE = "int4 weights", "integer weights under float activations", "its shape, strides or number of inputs"
MOST_KINDS = 5  # that are named on one line


@final
@dataclass(frozen=True, slots=True)
class OperatorFacts:
    """An operator of the graph that runs.

    Attributes:
        number: Its place in the file, from 0.
        kind: Its type as the schema names it; a custom operator's own name, untrusted.
        name: Of the first tensor that it gives; untrusted.
        shape: Of that tensor.
        precision: What it stores and computes in: a setting's name, or `dynamic-int4`, `int8x4`, `int32` and the like.
        weights: How many it has.
        reference: Why it runs on reference kernels; `None` where XNNPACK runs it, or where that is not known.
    """

    number: int
    kind: str
    name: str
    shape: tuple[int, ...]
    precision: str
    weights: int
    reference: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a file is made of.

    Attributes:
        operators: In the order in which they run.
        placed: Whether it is known which of them run on reference kernels.
        precision: The setting that names how it is stored: what most of its weights are.
        islands: Groups of operators in floats between operators in integers, by number.
        layout_transposes: How many operators change between channels first and channels last.
        shared_scale: Where scores and other numbers, boxes most often, are in integers that are fit for one of the two.
    """

    operators: tuple[OperatorFacts, ...]
    placed: bool
    precision: str
    islands: tuple[tuple[int, ...], ...]
    layout_transposes: int
    shared_scale: SharedScale | None

    @property
    def lines(self) -> tuple[str, ...]:
        """Say it, in a few lines."""
        count, places, transposes = len(self.operators), len(self.islands), self.layout_transposes
        reference = [one for one in self.operators if one.reference]
        where = f", {count - len(reference)} of them in XNNPACK" if self.placed else ""
        found = [f"stored as {self.precision}: {self._shares}", f"{count} operator{'s' * (count != 1)}{where}"]
        for reason in dict.fromkeys(one.reference for one in reference):
            kinds = Counter(one.kind for one in reference if one.reference == reason).most_common()
            named = [f"{number} {one_line(kind, 40)}" for kind, number in kinds[:MOST_KINDS]]
            rest = sum(number for _, number in kinds[MOST_KINDS:])
            found.append(f"on reference kernels for {reason}: {', '.join(named)}{f' and {rest} more' if rest else ''}")
        if places:
            inside = sum(map(len, self.islands))
            found.append(f"{inside} operators in floats between integers, in {places} place{'s' * (places > 1)}")
        if transposes > 1:  # there is one where pictures come with channels first
            found.append(f"{transposes} transposes between channels first and last; runtime.layout=nhwc takes out those it can")
        return (*found, *([str(self.shared_scale)] if self.shared_scale else []))

    @property
    def _shares(self) -> str:
        counted = _counted(self.operators)
        if set(counted) <= {"float32"}:
            integers = sum(one.precision in {"int8", "int16x8"} for one in self.operators)
            return f"no weight is quantised, though {integers} operators work on integers" if integers else "nothing is quantised"
        if len(counted) == 1:
            return "all of its weights"
        shares = (f"{number / counted.total():.0%} {name}" for name, number in counted.most_common())
        return f"of its weights {', '.join(shares)}"


def _counted(operators: Iterable[OperatorFacts]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for one in operators:
        counted[one.precision] += one.weights
    return +counted


def stored_precision(content: bytes) -> str:
    """Name the setting of `runtime.precision` that a file is stored in: what most of its weights are.

    Raises:
        ModelError: It is no LiteRT model, or damaged.
    """
    return _stored(_Graph(Flatbuffer(content)).operators())


def _stored(operators: Iterable[OperatorFacts]) -> str:
    counted = _counted(operators)
    name = counted.most_common(1)[0][0] if counted else "float32"
    return NEAREST.get(name, name)


def file_facts(file: Flatbuffer, interpreter: Any = None) -> FileFacts:
    """Look at what a file is made of.

    Args:
        file: As it was read.
        interpreter: Of this file, with its tensors allocated: it knows which operators XNNPACK took. Without it nobody does.
    """
    graph = _Graph(file)
    delegated = None if interpreter is None else in_xnnpack(interpreter, file)
    operators = tuple(graph.operators(delegated))
    return FileFacts(
        operators=operators,
        placed=delegated is not None,
        precision=_stored(operators),
        islands=graph.islands(),
        layout_transposes=sum(layout_change(file, operator) is not None for operator in file.graph.operators),
        shared_scale=shared_scale(file),
    )


def layout_change(file: Flatbuffer, operator: Operator) -> tuple[int, ...] | None:
    """Return the permutation of a transpose between channels first and last; `None` of any other operator."""
    if file.kind(operator) != "TRANSPOSE" or (order := file.constant(operator.inputs[1])) is None:
        return None
    return found if (found := tuple(order.ravel().tolist())) in {TO_LAST, TO_FIRST} else None


def in_xnnpack(interpreter: Any, file: Flatbuffer) -> dict[int, int] | None:
    """Return the operators that XNNPACK took, by number, with that of its node: from what that gives back to what it takes.

    The interpreter does not say it, and its list of nodes is no public part of it: `None` where that is not as it was.
    """
    nodes, operators = interpreter._get_ops_details(), file.graph.operators
    if [one["op_name"] for one in nodes[: len(operators)]] != [file.kind(operator) for operator in operators]:
        return None
    producers = {index: number for number, operator in enumerate(operators) for index in operator.outputs}
    found = dict[int, int]()
    for place, node in enumerate(nodes[len(operators) :], len(operators)):
        taken, wanted = set(node["inputs"].tolist()), node["outputs"].tolist()
        while wanted:
            number = producers.get(wanted.pop())
            if number is not None and number not in found:
                found[number] = place
                wanted += [index for index in operators[number].inputs if index not in taken]
    return found


class _Graph:
    """The graph that runs, with what follows from its tensors."""

    def __init__(self, file: Flatbuffer) -> None:
        self.file = file
        self.kinds = [file.kind(operator) for operator in file.graph.operators]
        self.producers: dict[int, int] = {}
        self.stored = {index: file.type(index) for index in range(len(file.graph.tensors)) if file.is_constant(index)}
        for number, operator in enumerate(file.graph.operators):
            self.producers |= dict.fromkeys(operator.outputs, number)
            known = [index in self.stored for index in operator.inputs if index >= 0]
            if self.kinds[number] in UNPACKING and known and all(known):
                self.stored |= dict.fromkeys(operator.outputs, self.stored[operator.inputs[0]])

    def operators(self, delegated: Collection[int] | None = None) -> Iterator[OperatorFacts]:
        taken_kinds = {self.kinds[number] for number in delegated or ()}
        for number, operator in enumerate(self.file.graph.operators):
            given = operator.outputs[0] if operator.outputs else -1
            precision, weights = self._precision(operator)
            on_reference = delegated is not None and number not in delegated
            reason = self._reason(number, operator, taken_kinds) if on_reference else None
            name, shape = (self.file.name(given), self.file.shape(given)) if given >= 0 else ("", ())
            yield OperatorFacts(number, self.kinds[number], name, shape, precision, weights, reason)

    def _computed(self, operator: Operator) -> str:
        """Return the type that an operator computes in: of the first tensor that it takes and that is no constant."""
        taken = [index for index in operator.inputs if index >= 0 and index not in self.stored]
        index = next(iter((*taken, *operator.outputs)), -1)
        return self.file.type(index) if index >= 0 else "unknown"

    def _weights(self, operator: Operator) -> list[int]:
        return [
            index
            for index in operator.inputs
            if self.stored.get(index) in {*WEIGHT_BITS, "FLOAT32", "FLOAT16"} and len(self.file.shape(index)) >= WEIGHT_AXES
        ]

    def _precision(self, operator: Operator) -> tuple[str, int]:
        computed, weights = self._computed(operator), self._weights(operator)
        name = COMPUTED.get(computed, computed.lower())
        if not weights or all(index in self.stored for index in operator.outputs):
            return name, 0
        largest = max(weights, key=lambda index: prod(self.file.shape(index)))
        stored = self.stored[largest]
        bits, elements = WEIGHT_BITS.get(stored), sum(prod(self.file.shape(index)) for index in weights)
        if name == "float32" and stored == "FLOAT16":
            name = "float16"
        elif name == "float32" and bits:
            name = f"{'dynamic' if self.file.is_constant(largest) else 'weight'}-int{bits}"
        elif name == "int8" and bits == 4:
            name = "int8x4"
        return name, elements

    def _reason(self, number: int, operator: Operator, taken_kinds: Collection[str]) -> str:
        kind, computed, weights = self.kinds[number], self._computed(operator), self._weights(operator)
        if "INT4" in {self.stored.get(index) for index in (*weights, *operator.inputs[:1])}:
            return INT4
        if computed == "FLOAT32" and any(self.stored[index] in WEIGHT_BITS for index in weights if self.file.is_constant(index)):
            return DYNAMIC
        for one in (computed, *(self.file.type(index) for index in operator.outputs)):
            if one not in XNNPACK_TYPES:
                return f"its type, {one.lower()}"
        return SHAPE if kind in XNNPACK_KINDS or kind in taken_kinds else "its kind, which XNNPACK lacks"

    def islands(self) -> tuple[tuple[int, ...], ...]:
        """Return groups of operators in floats that take what was integers, and give what becomes integers."""
        groups: dict[int, set[int]] = {}
        entered, left = set[int](), set[int]()
        for number, operator in enumerate(self.file.graph.operators):
            inputs = [index for index in operator.inputs if index >= 0 and index not in self.stored]
            before = {self.producers[index] for index in inputs if index in self.producers}
            if self.kinds[number] == "QUANTIZE":
                left |= before
            elif self.kinds[number] != "DEQUANTIZE" and self._computed(operator) == "FLOAT32":
                entered |= {number for one in before if self.kinds[one] == "DEQUANTIZE"}
                group = {number}.union(*(groups[one] for one in before if one in groups))
                groups |= dict.fromkeys(group, group)
        whole = {id(group): group for group in groups.values()}.values()
        return tuple(tuple(sorted(group)) for group in whole if group & entered and group & left)

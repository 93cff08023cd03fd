"""What OpenVINO counts of each node of its own graph, into which it has fused the file's operators."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.engines import Opened, OpenVinoNetwork
from workbench.profile.profiler import Profiler, Turns, Watched
from workbench.quantising import Flatbuffer
from workbench.record import OperatorRow
from workbench.settings import Settings

WEIGHED = {"Convolution", "GroupConvolution"}
TURNED = {"Deconvolution"}
MATRIX = {"MatMul", "FullyConnected"}
SAME = (  # types of its own, before it compiles, and the file's
    ({"Convolution", "GroupConvolution"}, {"CONV_2D", "DEPTHWISE_CONV_2D"}),
    ({"ConvolutionBackpropData"}, {"TRANSPOSE_CONV"}),
    ({"MatMul"}, {"FULLY_CONNECTED", "BATCH_MATMUL"}),
    ({"MaxPool"}, {"MAX_POOL_2D"}),
    ({"AvgPool"}, {"AVERAGE_POOL_2D"}),
    ({"Interpolate"}, {"RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"}),
    ({"Concat"}, {"CONCATENATION"}),
    ({"Softmax", "SoftMax"}, {"SOFTMAX"}),
)
BITS = 8  # of integers that are multiplied as such
Operator = tuple[str, str, tuple[int, ...]]
REFERENCE = "ref"  # what the names of its kernels without vector instructions begin with


@final
class OpenVinoProfiler(Profiler):
    """A model compiled with its counters on."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._file, self._names = Flatbuffer(opened.content), dict[str, str]()
        self._network = OpenVinoNetwork(opened, settings, self._look, PERF_COUNT=True)
        self._runs: list[list[Any]] = []

    def _look(self, model: Any) -> None:
        nodes = [
            (node.get_type_name(), node.friendly_name, _sides(node.output(0))) for node in model.get_ordered_ops() if node.outputs()
        ]
        operators = self._file.graph.operators
        firsts = [(self._file.kind(operator), operator.outputs[0]) for operator in operators if operator.outputs]
        in_file = [(kind, self._file.name(index), self._file.shape(index)) for kind, index in firsts]
        self._names = names_in_file(nodes, in_file)

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        found = self._network.execute(values)
        self._runs.append(self._network.request.get_profiling_info())
        return found

    def watched(self, turns: Turns) -> Watched:
        nodes = {node.friendly_name: node for node in self._network.compiled.get_runtime_model().get_ordered_ops()}
        ran = [place for place, info in enumerate(self._runs[0]) if info.status == info.status.EXECUTED]
        rows = tuple(_row(self._runs[0][place], nodes, self._names) for place in ran)
        means = [[run[place].real_time.total_seconds() for place in ran] for run in self._runs]
        return Watched(rows, tuple(seconds_in(turn, means) for turn in turns))


def seconds_in(turn: range, means: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return what each node took in the mean of a turn.

    Args:
        turn: Its runs, by their numbers.
        means: After each run those of all runs until then: it counts nothing else, in whole microseconds.

    >>> seconds_in(range(2, 4), [[9.0], [5.0], [4.0], [3.5]])
    (2.0,)
    """
    before = np.multiply(means[turn.start - 1], turn.start) if turn.start else 0.0
    return tuple(np.maximum(0.0, (np.multiply(means[turn.stop - 1], turn.stop) - before) / len(turn)).tolist())


def names_in_file(nodes: Sequence[Operator], in_file: Sequence[Operator]) -> dict[str, str]:
    """Return the file's name for each node that is one of its operators for sure.

    OpenVINO forgets the names of tensors inside, but numbers what it reads in the file's order: where it has as many of a type as
    the file, of the same sizes one by one, they are those.

    Args:
        nodes: Type, name with its number at the end, and shape of each.
        in_file: Type, name and shape of each operator, in order.
    """
    found = dict[str, str]()
    for types, kinds in SAME:
        own = sorted((node for node in nodes if node[0] in types), key=lambda node: int(node[1].rpartition("_")[2] or 0))
        theirs = [operator for operator in in_file if operator[0] in kinds]
        if [prod(node[2]) for node in own] == [prod(operator[2]) for operator in theirs]:
            found |= {node[1]: operator[1] for node, operator in zip(own, theirs, strict=True)}
    return found


def _row(info: Any, nodes: Mapping[str, Any], names: Mapping[str, str]) -> OperatorRow:
    node, kernel, name = nodes.get(info.node_name), str(info.exec_type), names.get(info.node_name, info.node_name)
    reference = f"want of a vector kernel ({kernel})" if kernel.startswith(REFERENCE) else None
    if node is None:
        return OperatorRow(name=name, kind=info.node_type, kernel=kernel, reference=reference)
    return OperatorRow(
        name=name,
        kind=info.node_type,
        kernel=kernel,
        shape=_sides(node.output(0)),
        macs=_macs(info.node_type, node),
        integers=any(_bits(port) <= BITS for port in node.input_values()[:2]),
        bytes_moved=sum(_bytes(port) for port in (*node.input_values(), *node.outputs())),
        reference=reference,
    )


def _sides(port: Any) -> tuple[int, ...]:
    """Return the sides of a tensor; an open one, which is known only while it runs, counts as 1."""
    return tuple(side.get_length() if side.is_static else 1 for side in port.get_partial_shape())


def _bytes(port: Any) -> int:
    return -(-prod(_sides(port)) * _bits(port) // 8)


def _bits(port: Any) -> int:
    return int(port.get_element_type().bitwidth)


def _macs(kind: str, node: Any) -> int:
    taken = [_sides(port) for port in node.input_values()]
    given = _sides(node.output(0))
    if len(taken) < 2 or len(given) < 2:
        return 0
    if kind in WEIGHED:  # the weights of one output channel, for each element that is given; channels are the second axis
        return prod(given) * prod(taken[1]) // given[1]
    if kind in TURNED:
        return prod(taken[0]) * prod(taken[1]) // taken[0][1]
    return prod(taken[0]) * given[-1] if kind in MATRIX else 0

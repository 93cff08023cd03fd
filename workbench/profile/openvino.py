"""What OpenVINO counts of each node of its own graph, into which it has fused the file's operators."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, final

from numpy.typing import NDArray

from workbench.engines import Opened, OpenVinoNetwork
from workbench.profile.operators import OperatorRow
from workbench.profile.profiler import Profiler, Watched
from workbench.settings import Settings

WEIGHED = {"Convolution", "GroupConvolution"}
TURNED = {"Deconvolution"}
MATRIX = {"MatMul", "FullyConnected"}
REFERENCE = "ref"  # what the names of its kernels without vector instructions begin with


@final
class OpenVinoProfiler(Profiler):
    """A model compiled with its counters on."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._network = OpenVinoNetwork(opened, settings, PERF_COUNT=True)
        self._runs: list[list[Any]] = []

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        found = self._network.execute(values)
        self._runs.append(self._network.request.get_profiling_info())
        return found

    def watched(self) -> Watched:
        nodes = {node.friendly_name: node for node in self._network.compiled.get_runtime_model().get_ordered_ops()}
        ran = [place for place, info in enumerate(self._runs[0]) if info.status == info.status.EXECUTED]
        rows = tuple(_row(self._runs[0][place], nodes) for place in ran)
        return Watched(rows, tuple(tuple(run[place].real_time.total_seconds() for place in ran) for run in self._runs))


def _row(info: Any, nodes: Mapping[str, Any]) -> OperatorRow:
    node, kernel = nodes.get(info.node_name), str(info.exec_type)
    reference = f"its kernel is {kernel}" if kernel.startswith(REFERENCE) else None
    if node is None:
        return OperatorRow(name=info.node_name, kind=info.node_type, kernel=kernel, reference=reference)
    return OperatorRow(
        name=info.node_name,
        kind=info.node_type,
        kernel=kernel,
        shape=_sides(node.output(0)),
        macs=_macs(info.node_type, node),
        bytes_moved=sum(_bytes(port) for port in (*node.input_values(), *node.outputs())),
        reference=reference,
    )


def _sides(port: Any) -> tuple[int, ...]:
    """Return the sides of a tensor; an open one, which is known only while it runs, counts as 1."""
    return tuple(side.get_length() if side.is_static else 1 for side in port.get_partial_shape())


def _bytes(port: Any) -> int:
    return -(-prod(_sides(port)) * int(port.get_element_type().bitwidth) // 8)


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

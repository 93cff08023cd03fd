"""What ONNX Runtime writes of each node of its own graph into a trace, in Chrome's format."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, final

from numpy.typing import NDArray

from workbench.engines import OnnxRuntimeNetwork, Opened
from workbench.files import temporary_folder
from workbench.profile.profiler import Profiler, Turns, Watched
from workbench.profile.work import macs_of
from workbench.quantising import Flatbuffer
from workbench.record import OperatorRow
from workbench.settings import Settings

RUN, NODE = "model_run", "_kernel_time"  # the names of a run's event, and the ends of those of its nodes
MICROSECOND = 1e-6
NUMBERED = re.compile(r"__\d+(:\d+)?$")  # behind the name of an operator that tf2onnx has added something for
BLOCKED = "_nchwc"  # behind the name of a node that keeps its channels in blocks
WEIGHTS = {"Conv": 1, "FusedConv": 1, "QLinearConv": 3, "ConvInteger": 1, "NhwcFusedConv": 1}  # which input they are
MATRICES = {
    "MatMul": 1,
    "FusedMatMul": 1,
    "Gemm": 1,
    "FusedGemm": 1,
    "QLinearMatMul": 3,
    "MatMulInteger": 1,
    "DynamicQuantizeMatMul": 1,
}
BYTES = {
    **dict.fromkeys(("double", "int64", "uint64"), 8),
    **dict.fromkeys(("float", "int32", "uint32"), 4),
    **dict.fromkeys(("float16", "bfloat16", "int16", "uint16"), 2),
}


@final
class OnnxRuntimeProfiler(Profiler):
    """A session that traces."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        file = Flatbuffer(opened.content)
        self._macs = {file.name(index): macs_of(file, operator) for operator in file.graph.operators for index in operator.outputs}
        self._folder = temporary_folder()  # until it is read, or the process ends
        self._network = OnnxRuntimeNetwork(opened, settings, Path(self._folder.name) / "trace")

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        return self._network.execute(values)

    def watched(self, turns: Turns) -> Watched:
        import onnx

        events = json.loads(Path(self._network.session.end_profiling()).read_text(encoding="utf-8"))
        self._folder.cleanup()
        nodes = onnx.load_model_from_string(self._network.model.content).graph.node
        return watched_in(events, turns, lambda name: name_in_file(name, nodes, self._macs), self._macs)


def watched_in(
    events: Sequence[Mapping[str, Any]], turns: Turns, name_of: Callable[[str], str], in_file: Mapping[str, int]
) -> Watched:
    """Read a trace: nodes are written as they end, and a run after its last one.

    Args:
        events: Of the trace.
        turns: The runs that count.
        name_of: From a node's name to the file's for it.
        in_file: The products of the file's operators by those names: ONNX Runtime fills channels up to blocks, which is no work.
    """
    runs: list[list[Mapping[str, Any]]] = [[]]
    for event in events:
        if event["name"] == RUN:
            runs.append([])
        elif event["name"].endswith(NODE):
            runs[-1].append(event)
    runs = runs[1:-1]  # the first is the blank one with which the session was tried; behind the last nothing runs
    rows = tuple(_row(event, name_of, in_file) for event in runs[0])
    alike = (runs[number] for turn in turns for number in turn if len(runs[number]) == len(rows))
    return Watched(rows, tuple(tuple(event["dur"] * MICROSECOND for event in run) for run in alike))


def name_in_file(name: str, nodes: Iterable[Any], in_file: Collection[str]) -> str:
    """Return the file's tensor that a node comes after: tf2onnx and ONNX Runtime name what they add and fuse after it, or anew."""
    by_output = {output: node for node in nodes for output in node.output}
    by_name = {node.name: node for node in by_output.values()}
    own = name.removesuffix(BLOCKED)
    if (before := NUMBERED.sub("", own)) in in_file:
        return before
    node = by_output.get(own) or by_name.get(own)
    while node is not None:
        found: str | None = next((one for one in (*node.output, node.name) if one in in_file), None)
        if found is not None:
            return found
        if node.op_type in {*WEIGHTS, *MATRICES}:
            break  # what comes before it is another operator
        node = by_output.get(node.input[0]) if node.input else None
    return name


def _row(event: Mapping[str, Any], name_of: Callable[[str], str], in_file: Mapping[str, int]) -> OperatorRow:
    facts, name = event["args"], name_of(event["name"].removesuffix(NODE))
    taken, given = ([_tensor(one) for one in facts.get(name, ())] for name in ("input_type_shape", "output_type_shape"))
    shape = given[0][1] if given else ()
    macs = _macs(facts["op_name"], [sides for _, sides in taken], shape)
    return OperatorRow(
        name=name,
        kind=facts["op_name"],
        kernel=facts.get("provider", "").removesuffix("ExecutionProvider"),
        shape=shape,
        macs=macs and (in_file.get(name) or macs),
        integers=bool(taken) and taken[0][0] in {"int8", "uint8"},
        bytes_moved=sum(BYTES.get(kind, 1) * prod(sides) for kind, sides in (*taken, *given)),
    )


def _tensor(tree: Mapping[str, Sequence[int]]) -> tuple[str, tuple[int, ...]]:
    ((kind, sides),) = tree.items()
    return kind, tuple(sides)


def _macs(kind: str, taken: Sequence[tuple[int, ...]], given: tuple[int, ...]) -> int:
    place = WEIGHTS.get(kind, MATRICES.get(kind))
    if place is None or len(taken) <= place:
        return 0
    if kind in MATRICES:
        return prod(taken[0]) * given[-1]
    return prod(given) * prod(taken[place][1:])  # weights (outputs, inputs of a group, height, width)

"""What ONNX Runtime writes of each node of its own graph into a trace, in Chrome's format."""

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, final

from numpy.typing import NDArray

from workbench.engines import OnnxRuntimeNetwork, Opened
from workbench.files import temporary_folder
from workbench.profile.operators import OperatorRow
from workbench.profile.profiler import Profiler, Watched
from workbench.settings import Settings

RUN, NODE = "model_run", "_kernel_time"  # the names of a run's event, and the ends of those of its nodes
MICROSECOND = 1e-6
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
    "double": 8,
    "int64": 8,
    "uint64": 8,
    "float": 4,
    "int32": 4,
    "uint32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int16": 2,
    "uint16": 2,
}


@final
class OnnxRuntimeProfiler(Profiler):
    """A session that traces."""

    def __init__(self, opened: Opened, settings: Settings) -> None:
        self._folder = temporary_folder()  # until it is read, or the process ends
        self._network = OnnxRuntimeNetwork(opened, settings, Path(self._folder.name) / "trace")

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        return self._network.execute(values)

    def watched(self) -> Watched:
        events = json.loads(Path(self._network.session.end_profiling()).read_text(encoding="utf-8"))
        self._folder.cleanup()
        return watched_in(events)


def watched_in(events: Sequence[Mapping[str, Any]]) -> Watched:
    """Read a trace: nodes are written as they end, and a run after its last one."""
    runs: list[list[Mapping[str, Any]]] = [[]]
    for event in events:
        if event["name"] == RUN:
            runs.append([])
        elif event["name"].endswith(NODE):
            runs[-1].append(event)
    runs = runs[1:-1]  # the first is the blank one with which the session was tried; behind the last nothing runs
    rows = tuple(map(_row, runs[0]))
    alike = (run if len(run) == len(rows) else () for run in runs)
    return Watched(rows, tuple(tuple(event["dur"] * MICROSECOND for event in run) for run in alike))


def _row(event: Mapping[str, Any]) -> OperatorRow:
    facts = event["args"]
    taken, given = ([_tensor(one) for one in facts.get(name, ())] for name in ("input_type_shape", "output_type_shape"))
    shape = given[0][1] if given else ()
    return OperatorRow(
        name=event["name"].removesuffix(NODE),
        kind=facts["op_name"],
        kernel=facts.get("provider", "").removesuffix("ExecutionProvider"),
        shape=shape,
        macs=_macs(facts["op_name"], [sides for _, sides in taken], shape),
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

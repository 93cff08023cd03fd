"""What TensorFlow's own profiler sees of a graph, of XLA's program, or of operators that Python calls one by one."""

import time
from pathlib import Path
from typing import Any, final

from numpy.typing import NDArray

from workbench.engines import Engine
from workbench.files import temporary_folder
from workbench.profile.hlo import HOLDERS, instruction_rows
from workbench.profile.profiler import ProfiledRuns, Turns, Watched
from workbench.profile.tensorflow_graph import operation_row
from workbench.profile.xplane import Key, Trace, read_trace, shared_seconds
from workbench.record import OperatorRow

FUNCTION = "__inference_"  # what the types of functions begin with that Python calls
CALLS = frozenset(
    {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"}
)
CALLED = "calling TensorFlow, feeding and reading boxes"
PYTHON = "Python between the operators, feeding and reading boxes"


@final
class TracedRuns(ProfiledRuns):
    """An engine that TensorFlow executes, traced a run at a time: what one writes is read before the next one."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine, self._rows = engine, dict[Key, OperatorRow]()
        self._runs = list[dict[Key, float]]()

    def run(self, batch: NDArray[Any]) -> None:
        import tensorflow as tf

        profiler = tf.profiler.experimental
        with temporary_folder() as folder:
            profiler.start(folder)
            try:
                began = time.perf_counter()
                self._engine.run(batch)
                taken = time.perf_counter() - began
            finally:
                profiler.stop()
            (file,) = Path(folder).rglob("*.xplane.pb")
            trace = read_trace(file.read_bytes())
        self.around_seconds.append(taken - trace.inside_seconds)
        self._add(trace)

    def _add(self, trace: Trace) -> None:
        if not self._runs:
            self._rows = instruction_rows(trace.programs)
            self._holders = {key for key, row in self._rows.items() if row.kind in HOLDERS}
            self._operations = {one.name: one for one in self._engine.operations}
        ran = [one for one in trace.operators or trace.eager if one.kind not in CALLS and not one.kind.startswith(FUNCTION)]
        self.around = CALLED if trace.operators else PYTHON
        for one in ran:
            if one.key not in self._rows:
                name = one.key[0] if trace.operators else ""
                self._rows[one.key] = operation_row(name, one.kind, self._operations)
        self._runs.append(shared_seconds(ran, self._holders))

    def watched(self, turns: Turns) -> Watched:
        counted = [self._runs[number] for turn in turns for number in turn]
        keys = list(dict.fromkeys(key for run in counted for key in run))
        rows = tuple(self._rows[key] for key in keys)
        return Watched(rows, tuple(tuple(run.get(key, 0.0) for key in keys) for run in counted))

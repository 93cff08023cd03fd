"""How long a sweep will take: a guess before anything runs, and a better one with each task that is done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

from workbench.settings import FLATBUFFER_ENGINES
from workbench.sweep.task import Task

# Seconds on two cores of a server's processor, for detectors of a few megabytes: right to a factor of two elsewhere, and soon
# corrected by what the first tasks took.
PROCESS_SECONDS = 3.0  # for a fresh one to load what it needs, TensorFlow aside
TENSORFLOW_SECONDS = 6.0
OPENING_SECONDS: Mapping[str, float] = {"xla": 6.0, "graph": 3.0, "openvino": 1.0, "litert": 0.3}
MEASURING_SECONDS: Mapping[str, float] = {"xla": 14.0, "graph": 7.0, "openvino": 5.0, "litert": 5.0}
ROW_SECONDS = 0.06  # NMS screened, judged and written down
DIRECT_SECONDS = 10.0  # a row that is measured whole, with its comparison
CONVERSION_SECONDS = 9.0  # each, with its share of loading and exporting
HOST_METHODS = frozenset({"python", "numpy", "opencv", "model"})


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sweep has before it.

    Attributes:
        combinations: All that the grid holds.
        known: Of them, how many the history holds already, or cannot run.
        tasks: Processes that will be started.
        seconds: About how long they will take.
    """

    combinations: int
    known: int
    tasks: int
    seconds: float


def task_seconds(task: Task) -> float:
    """Guess how long a task takes."""
    if task.kind == "convert":
        return PROCESS_SECONDS + TENSORFLOW_SECONDS + CONVERSION_SECONDS * len(task.rows)
    rows = (*((task.lead,) if task.lead else ()), *task.rows)
    engines = {row.settings.runtime.engine for row in rows}
    needs_tensorflow = bool(engines - set(FLATBUFFER_ENGINES)) or any(row.settings.nms.method not in HOST_METHODS for row in rows)
    loading = PROCESS_SECONDS + TENSORFLOW_SECONDS * needs_tensorflow
    if task.kind == "direct":
        return loading + DIRECT_SECONDS * len(rows)
    engine = task.rows[0].settings.runtime.engine
    return loading + OPENING_SECONDS.get(engine, 3.0) + MEASURING_SECONDS.get(engine, 10.0) + ROW_SECONDS * len(rows)


@final
class Remaining:
    """The time that is left, guessed from what tasks so far took against what was guessed for them.

    Args:
        guessed_seconds: Of all tasks.
    """

    def __init__(self, guessed_seconds: float) -> None:
        self._guessed = guessed_seconds
        self._done_guessed = 0.0
        self._done_taken = 0.0

    def add(self, tasks: Iterable[Task]) -> None:
        """Take tasks in that have been found to be necessary meanwhile."""
        self._guessed += sum(map(task_seconds, tasks))

    def finish(self, task: Task, taken_seconds: float) -> None:
        """Learn from a task that is done."""
        self._done_guessed += task_seconds(task)
        self._done_taken += taken_seconds

    @property
    def seconds(self) -> float:
        """Of one worker's time."""
        pace = self._done_taken / self._done_guessed if self._done_guessed else 1.0
        return max(0.0, self._guessed - self._done_guessed) * pace

"""How long a sweep will take: a guess before anything runs, and a better one with each task that is done."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.sweep.task import Job, Task

# Seconds on two cores of a server's processor, for detectors of a few megabytes: right to a factor of two elsewhere, and soon
# corrected by what the first jobs took.
PROCESS_SECONDS = 3.0  # for a fresh one to load what it needs, TensorFlow aside
TENSORFLOW_SECONDS = 6.0
ROW_SECONDS = 0.06  # NMS timed, judged and written down
DIRECT_SECONDS = 10.0  # a row that is measured whole, with its comparison
CONVERSION_SECONDS = 9.0  # each, with its share of loading and exporting
MOST_GONE = 0.95  # of what was guessed for a job that still runs


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sweep has before it.

    Attributes:
        combinations: All that the grid holds.
        known: Of them, how many the history holds already.
        cannot_run: Of them, how many this detector or machine cannot take.
        tasks: Runs of an engine.
        seconds: About how long they will take.
    """

    combinations: int
    known: int
    cannot_run: int
    tasks: int
    seconds: float


def job_seconds(job: Job) -> float:
    """Guess how long a job takes."""
    loading = PROCESS_SECONDS + TENSORFLOW_SECONDS * any(map(_needs_tensorflow, job.tasks))
    return loading + sum(map(_measuring_seconds, job.tasks))


def _needs_tensorflow(task: Task) -> bool:
    settings = [row.settings for row in task.measured]
    return task.kind == "convert" or any(
        not ENGINES[one.runtime.engine].runs_tflite or NMS_METHODS[one.nms.method].place == "graph" for one in settings
    )


def _measuring_seconds(task: Task) -> float:
    rows = task.measured
    if task.kind == "convert":
        return CONVERSION_SECONDS * len(rows)
    if task.kind == "direct":
        return DIRECT_SECONDS * len(rows)
    engine = ENGINES[rows[0].settings.runtime.engine]
    return engine.opening_seconds + engine.measuring_seconds + ROW_SECONDS * len(rows)


@final
class Remaining:
    """The time that is left, guessed from what jobs so far took against what was guessed for them."""

    def __init__(self) -> None:
        self.later_seconds = 0.0
        """Guessed for what is not known yet, and will be added."""
        self._guessed = 0.0
        self._done_guessed = 0.0
        self._done_taken = 0.0

    def add(self, jobs: Iterable[Job]) -> None:
        """Take jobs in that have been found to be necessary meanwhile."""
        self._guessed += sum(map(job_seconds, jobs))

    def finish(self, job: Job, taken_seconds: float) -> None:
        """Learn from a job that is done."""
        self._done_guessed += job_seconds(job)
        self._done_taken += taken_seconds

    def seconds(self, running: Iterable[tuple[Job, float]] = ()) -> float:
        """Return it, of one worker's time, where each of the running jobs has been so for some seconds.

        A job that has run for longer than was guessed teaches as much as one that is done: otherwise the last of a few would stand
        at the same few seconds for minutes.
        """
        jobs = [(job_seconds(job), spent) for job, spent in running]
        pace = self._done_taken / self._done_guessed if self._done_guessed else 1.0
        late = [(guessed, spent) for guessed, spent in jobs if spent > guessed * pace]
        taken = self._done_taken + sum(spent for _, spent in late)
        guessed = self._done_guessed + sum(guessed for guessed, _ in late)
        pace = taken / guessed if guessed else 1.0
        gone = sum(min(spent, MOST_GONE * guessed * pace) for guessed, spent in jobs)
        return max(0.0, (self._guessed - self._done_guessed + self.later_seconds) * pace - gone)

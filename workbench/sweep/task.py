"""What a sweep sends to a worker, and what comes back: plain values, so that they cross processes and machines."""

from collections.abc import Collection
from typing import Literal, NamedTuple, Self

from workbench.opening import Sources
from workbench.record import DetectorFacts, MediaFacts, Record
from workbench.settings import Settings
from workbench.timing import Value


class RecordText(NamedTuple):
    """A record as the JSON text that its worker wrote: it is passed on as it is, and read once, where it is stored."""

    id: str
    text: str

    @classmethod
    def of(cls, record: Record) -> Self:
        return cls(record.id, record.to_json())


Kind = Literal["convert", "compose", "direct"]


class Row(Value):
    """One combination to measure."""

    id: str
    """Of the record that comes of it."""
    name: str
    command: str
    settings: Settings
    """As `availability.check` returned them."""


class Task(Value):
    """Rows that have something in common, so that one process measures them."""

    id: str
    """Of the one record that says why none of the rows could run."""
    kind: Kind
    """`compose`: one run of the engine whose outputs serve all rows. `direct`: each row whole, with the bench. `convert`:
    no records, only files for the engines in the cache of conversions."""
    name: str
    """For people who watch."""
    sources: Sources
    detector: DetectorFacts
    """As the sweep knows and calls it; a worker that has another one by that name must not answer for it."""
    media: MediaFacts
    """As the sweep knows and calls them."""
    rows: tuple[Row, ...]
    frames: int
    """To time where rows are measured whole."""
    lead: Row | None = None
    """Opened before the rows in each process, so that they are compared with it in interleaved blocks."""
    baseline: Record | None = None
    """What others agree with or not; its detections count, its times do not. Beside a lead it is the lead's own record."""

    @property
    def measured(self) -> tuple[Row, ...]:
        """All rows in their order, the lead first where it has no record yet."""
        return (*((self.lead,) if self.lead and self.baseline is None else ()), *self.rows)

    def without(self, known: Collection[str]) -> "Task | None":
        """Return what is left where these records are there; its own record says why none of its rows can run. `None`: nothing."""
        rows = tuple(row for row in self.rows if row.id not in known)
        return self.model_copy(update={"rows": rows}) if rows and self.id not in known else None


class Job(Value):
    """What one worker process does: a task, or several of kind `compose` that take turns, on the same detector and frames."""

    tasks: tuple[Task, ...]

    @property
    def name(self) -> str:
        """For people who watch."""
        more = f" and {len(self.tasks) - 1} more" if len(self.tasks) > 1 else ""
        return f"{self.tasks[0].name}{more}"

    @property
    def sources(self) -> Sources:
        return self.tasks[0].sources

    @property
    def measures(self) -> bool:
        """Whether anything is timed, so that nothing else may run beside it."""
        return self.tasks[0].kind != "convert"


def alone(task: Task) -> Job:
    """Return the job of one task."""
    return Job(tasks=(task,))

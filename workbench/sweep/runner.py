"""The sweep: from a grid to a history of what each combination costs and finds."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol, final

from workbench.detectors import Detector
from workbench.errors import SettingsError
from workbench.measuring import DEFAULT_FRAMES
from workbench.opening import Sources, check, wished
from workbench.record import Problem, Record, place
from workbench.settings import Settings
from workbench.sweep.child import row_problem
from workbench.sweep.dispatcher import Dispatcher, Progress
from workbench.sweep.estimate import Estimate, job_seconds
from workbench.sweep.executors import Executor, ThisMachine
from workbench.sweep.frontier import contenders
from workbench.sweep.grid import Grid, default_grid
from workbench.sweep.nms_timing import spread_positions
from workbench.sweep.plan import Plan, Subject, conversions, group_name, make_plan
from workbench.sweep.task import Job, Row, Task, alone

MOST_CONFIRMED = 12  # for each detector and machine: what may be the pick, and steps of the frontier
LEAST_CONFIRMED, CONFIRMED_SHARE = 4, 1 / 12  # of the combinations: where those are few, confirming would take most of the time
CONFIRMED_AT_ONCE = 6  # rows of one process, all in memory: after a crash these are what has to begin again
MOST_TOGETHER = 8  # tasks that take turns in one process, so that all of them see the same machine, and each more of it


class Store(Protocol):
    """Where records are kept; `workbench.history.History` is one."""

    def append_many(self, records: Iterable[Record]) -> int:
        """Store records, all or none of them; those that are there stay as they are."""
        ...

    def has(self, ids: Iterable[str]) -> Collection[str]:
        """Say which of these are there."""
        ...

    def records_by_id(self, ids: Iterable[str], *, pictures: bool = True) -> Sequence[Record]:
        """Return those of them that are there."""
        ...


@final
@dataclass(frozen=True, slots=True)
class _Work:
    """A plan, where it runs, and what it is compared with."""

    plan: Plan
    executor: Executor
    baseline: Row


@final
class Sweep:
    """All combinations of a grid, measured where records of them are missing. What is finished is in the store for good.

    Each distinct input and runtime runs once, its outputs kept, and every NMS is timed and judged on those: records with `composed`
    set, whose times are about 10 % off. What decides is then measured whole, in turns with the baseline: ordinary records.

    Args:
        sources: Detectors and frames, in words, since other processes open them again.
        store: What is known already, and where records go. Used by the thread that iterates only.
        grid: Values to combine; a default for each detector.
        frames: To time where a row is measured whole.
        baseline: What others are compared with: a preset or changes to the detector's default.
        executors: Where to measure; here by default.
        together: How many runs of an engine take turns in one process, at most. More see the same machine, and what an
            interruption leaves to be done again takes longer.
        confirm: What is measured whole at the end, as `check` returned it; by default what the screening shows to decide.
        detector: Of the one source, where it is open already.
        progress: Told how far it is.

    Raises:
        WorkbenchError: A detector or the media cannot be opened, or the grid or the baseline holds what cannot be.
    """

    def __init__(
        self,
        sources: Sequence[Sources],
        store: Store,
        *,
        grid: Grid | None = None,
        frames: int = DEFAULT_FRAMES,
        baseline: str = "",
        executors: Sequence[Executor] | None = None,
        together: int = MOST_TOGETHER,
        confirm: Sequence[Settings] | None = None,
        detector: Detector | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._store = store
        self._own_executors = executors is None
        self._executors: Sequence[Executor] = executors or (ThisMachine(),)
        self._together = together
        self._confirm = confirm
        self._dispatcher = Dispatcher(self._executors, self._new, progress)
        self._work = [work for one in sources for work in self._planned(one.in_words(), detector, grid, frames, baseline)]

    def _planned(self, sources: Sources, opened: Detector | None, grid: Grid | None, frames: int, baseline: str) -> Iterator[_Work]:
        detector, data = sources.open(opened)
        media = data.media.facts()
        if media.endless:
            raise SettingsError(f"{media.name} never ends, so no two settings see the same frames; choose pictures or a video")
        for executor in self._executors:
            subject = Subject(
                detector=detector,
                sources=sources,
                media=media,
                truth=data.truth_key,
                frames=frames,
                machine_id=executor.machine_id,
            )
            settings = check(detector, wished(detector, baseline))
            plan = make_plan(subject, default_grid(detector) if grid is None else grid)
            yield _Work(plan, executor, subject.row(settings, "direct", baseline or "baseline"))

    @property
    def ids(self) -> frozenset[str]:
        """Of all records that this sweep makes but for those that confirm, whether they are there already or not."""
        return frozenset(row for work in self._work for row in _ids(work))

    @property
    def confirmed_ids(self) -> frozenset[str]:
        """Of the records that were measured whole: the baselines, and what has been confirmed by now."""
        rows = (row for work in self._work for row in (work.baseline, *self._contenders(work)))
        return frozenset(row.id for row in rows)

    def estimate(self) -> Estimate:
        """Say how much there is to do, and guess how long it takes."""
        known = tasks_left = 0
        seconds = 0.0
        for work in self._work:
            tasks = self._open_tasks(work)
            tasks_left += len(tasks)
            known += sum(len(task.rows) for task in work.plan.tasks) - sum(len(task.rows) for task in tasks)
            seconds += self._group_seconds(work, tasks)
            seconds += (job_seconds(_baseline_job(work)) + _confirming_seconds(work, tasks)) / max(1, work.executor.slots)
        combinations, refused = (sum(getattr(work.plan, name) for work in self._work) for name in ("combinations", "cannot_run"))
        return Estimate(combinations, known, refused, tasks_left, seconds)

    def _group_seconds(self, work: _Work, tasks: Sequence[Task]) -> float:
        converting = [job_seconds(alone(task)) for task in conversions(work.plan.subject, tasks, work.executor.untimed_slots)]
        measuring = sum(map(job_seconds, self._jobs(work.executor, tasks)))
        return max(converting, default=0.0) + measuring / max(1, work.executor.slots)

    def cancel(self) -> None:
        """End it soon: from any thread. What is finished stays."""
        self._dispatcher.cancel()

    def run(self) -> Iterator[Record]:
        """Measure what is missing; gives each record once it is stored."""
        try:
            yield from self._refused()
            open_tasks = [(work, self._open_tasks(work)) for work in self._work]
            confirming = sum(_confirming_seconds(work, tasks) for work, tasks in open_tasks)
            groups = sum(self._group_seconds(work, tasks) for work, tasks in open_tasks)
            phases = (self._baselines, groups + confirming), (self._groups, confirming), (self._confirmations, 0.0)
            for jobs, later_seconds in phases:
                if not self._dispatcher.cancelled:
                    yield from self._dispatcher.run(jobs(), later_seconds)
        finally:
            if self._own_executors:
                for executor in self._executors:
                    executor.close()

    def _refused(self) -> Iterator[Record]:
        for work in self._work:
            plan = work.plan
            task = plan.subject.task("direct", "", [work.baseline])
            rows = [
                row_problem(task, row, Problem(kind="UnavailableError", message=reason), work.executor.environment)
                for row, reason in plan.refused
            ]
            yield from self._new(rows)

    def _baselines(self) -> Iterator[tuple[Executor, Job]]:
        for work in self._work:
            if not self._store.has([work.baseline.id]):
                yield work.executor, _baseline_job(work)

    def _groups(self) -> Iterator[tuple[Executor, Job]]:
        """Give what is to be converted, and then the detectors' jobs by turns."""
        open_tasks = [(work, self._open_tasks(work)) for work in self._work]
        for work, tasks in open_tasks:
            if not work.executor.several:  # each of several has a cache of its own: there the groups convert for themselves
                untimed = conversions(work.plan.subject, tasks, work.executor.untimed_slots)
                yield from ((work.executor, alone(task)) for task in untimed)
        for jobs in zip_longest(*(self._composing(work, tasks) for work, tasks in open_tasks)):
            yield from filter(None, jobs)

    def _composing(self, work: _Work, tasks: Sequence[Task]) -> Iterator[tuple[Executor, Job]]:
        baselines = {"compose": self._baseline_of(work, spread=True), "direct": self._baseline_of(work)}
        for job in self._jobs(work.executor, [task.model_copy(update={"baseline": baselines[task.kind]}) for task in tasks]):
            yield work.executor, job

    def _jobs(self, executor: Executor, tasks: Sequence[Task]) -> Iterator[Job]:
        """Put tasks together that may take turns: as many as leave several jobs for each of several workers."""
        alike: dict[object, list[Task]] = {}
        for task in tasks:
            # TensorFlow takes its threads once in a process; and whole frames have one of their own.
            alike.setdefault(task.rows[0].settings.runtime.threads if task.kind == "compose" else task.id, []).append(task)
        most = max(1, len(tasks) // (2 * max(1, executor.slots))) if executor.several else self._together
        for some in alike.values():
            count = math.ceil(len(some) / min(most, self._together))
            yield from (Job(tasks=tuple(some[len(some) * n // count : len(some) * (n + 1) // count])) for n in range(count))

    def _confirmations(self) -> Iterator[tuple[Executor, Job]]:
        for work in self._work:
            subject = work.plan.subject
            rows = self._contenders(work)
            known = self._store.has([row.id for row in rows])
            left = [row for row in rows if row.id not in known]
            baseline = self._baseline_of(work)
            threads = {row.settings.runtime.threads for row in left}
            for number in sorted(threads):
                same = [row for row in left if row.settings.runtime.threads == number]
                # TensorFlow takes its threads once in a process: the baseline comes along where it has as many.
                beside = number == work.baseline.settings.runtime.threads and baseline is not None
                for start in range(0, len(same), CONFIRMED_AT_ONCE):
                    task = subject.task("direct", "confirming", same[start : start + CONFIRMED_AT_ONCE])
                    changes: dict[str, object] = {"lead": work.baseline} if beside else {"baseline": baseline}
                    if beside and self._confirm is not None:  # whoever asks for a few has no time to measure it twice
                        changes["baseline"] = baseline
                    yield work.executor, alone(task.model_copy(update=changes))

    def _contenders(self, work: _Work) -> list[Row]:
        """Return what is worth measuring whole: what was asked for, else what the composed records show to decide."""
        if self._confirm is not None:
            return [work.plan.subject.row(settings, "direct") for settings in self._confirm]
        ids = [row.id for task in work.plan.tasks for row in task.rows]
        records = self._store.records_by_id(ids, pictures=False)
        best = contenders(records, place, lambda record: group_name(record.settings), _most_confirmed(work.plan))
        return [work.plan.subject.row(record.settings, "direct", record.name) for record in best if record.composed]

    def _open_tasks(self, work: _Work) -> list[Task]:
        known = self._store.has(_ids(work))
        return [left for task in work.plan.tasks if (left := task.without(known))]

    def _baseline_of(self, work: _Work, *, spread: bool = False) -> Record | None:
        """Return the baseline that others agree with or not, with nothing else that is large.

        With `spread`, only the frames count that composed records look at.
        """
        for record in self._store.records_by_id([work.baseline.id]):
            found, timed = record.detections, min(work.plan.subject.frames, record.media.frames)
            if spread and len(found) == timed:  # otherwise it is not known which frames they are
                found = tuple(found[position] for position in spread_positions(timed).tolist())
            if found:
                return record.model_copy(update={"pictures": (), "timeline": (), "timing": None, "detections": found})
        return None

    def _new(self, records: Sequence[Record]) -> list[Record]:
        """Store records, and return those that are new: a baseline is measured again beside each row that it is compared with."""
        known = self._store.has([record.id for record in records])
        new = [record for record in records if record.id not in known]
        self._dispatcher.stored += self._store.append_many(new)
        return new


def _baseline_job(work: _Work) -> Job:
    return alone(work.plan.subject.task("direct", "baseline", [work.baseline]))


def _confirming_seconds(work: _Work, tasks: Sequence[Task]) -> float:
    """Guess how long it takes to measure whole what may be picked: about half of the most that it can be."""
    return job_seconds(_baseline_job(work)) * _most_confirmed(work.plan) / 2 if tasks else 0.0


def _most_confirmed(plan: Plan) -> int:
    return min(MOST_CONFIRMED, max(LEAST_CONFIRMED, round(plan.combinations * CONFIRMED_SHARE)))


def _ids(work: _Work) -> list[str]:
    tasks = work.plan.tasks
    return [
        *(row.id for task in tasks for row in task.rows),
        *(task.id for task in tasks),
        *(row.id for row, _ in work.plan.refused),
    ]

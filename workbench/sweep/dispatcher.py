"""Jobs handed to executors, and what comes back of them."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import final

from workbench.errors import RecordError
from workbench.record import Problem, Record
from workbench.sweep.child import group_problem
from workbench.sweep.estimate import Remaining
from workbench.sweep.executors import Executor
from workbench.sweep.task import Job, alone

CANCEL_SECONDS = 0.5  # between two looks whether the sweep was cancelled
TELL_SECONDS = 5.0  # between two words on the time that is left: showing them takes time from what is measured
STOP_SECONDS = 30.0  # for jobs to give what they have finished once they are told to stop; each looks every second

Progress = Callable[["Standing"], None]
Keep = Callable[[Sequence[Record]], list[Record]]
"""Stores what came back of a job, and returns what of it is new."""


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """How far a sweep is.

    Attributes:
        what: What is going on.
        done: Tasks that are done.
        total: Tasks in all, as far as they are known.
        records: That this run has stored.
        seconds_left: About how long it will still take.
    """

    what: str
    done: int
    total: int
    records: int
    seconds_left: float


@final
@dataclass(frozen=True, slots=True)
class _Running:
    """A job that was submitted, and when."""

    executor: Executor
    job: Job
    began: float


@final
class Dispatcher:
    """Keeps executors busy. All but `cancel` is called by one thread.

    Args:
        executors: Who does the jobs.
        keep: Stores what they find.
        progress: Told how far it is.

    Attributes:
        cancelled: Whether the sweep was ended.
        stored: Records that were stored.
    """

    def __init__(self, executors: Sequence[Executor], keep: Keep, progress: Progress | None) -> None:
        self.cancelled = False
        self.stored = 0
        self._executors = executors
        self._keep = keep
        self._progress = progress or (lambda _: None)
        self._waiting = {executor: deque[Job]() for executor in executors}
        self._running: dict[Future[list[str]], _Running] = {}
        self._done = self._total = 0
        self._remaining = Remaining()

    def cancel(self) -> None:
        """End it soon: from any thread."""
        self.cancelled = True
        for executor in self._executors:
            executor.stop()

    def run(self, jobs: Iterable[tuple[Executor, Job]], later_seconds: float = 0.0) -> Iterator[Record]:
        """Do jobs in their order, as many at once as executors have room for, and give what they find once it is kept.

        Args:
            jobs: Each with who does it.
            later_seconds: A guess at what will be to do after them.
        """
        for executor, job in jobs:
            self._waiting[executor].append(job)
            self._total += len(job.tasks)
            self._remaining.add([job])
        self._remaining.later_seconds = later_seconds
        tell_at = 0.0
        try:
            while not self.cancelled and (self._running or any(self._waiting.values())):
                if self._submit() or time.monotonic() >= tell_at:
                    self._tell(self._running.values())
                    tell_at = time.monotonic() + TELL_SECONDS
                done, _ = wait(self._running, CANCEL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    if not self.cancelled:  # then a job may have failed for that alone
                        yield from self._finished(future)
            yield from self._stopped()
        except (KeyboardInterrupt, GeneratorExit):
            self.cancel()
            for _ in self._stopped():
                pass  # what the stopped jobs had finished is stored; nobody asks for it any more
            raise

    def _stopped(self) -> Iterator[Record]:
        """Give what jobs had finished when they were stopped; one that failed meanwhile has nothing to give."""
        done, _ = wait(self._running, STOP_SECONDS, return_when=ALL_COMPLETED)
        for future in done:
            if not future.cancelled() and future.exception() is None:
                yield from self._finished(future)

    def _submit(self) -> bool:
        """Give executors as many jobs as they have room for, and say whether there was one."""
        before = len(self._running)
        for executor, row in self._waiting.items():
            while row and _has_room(executor, row[0], [one.job for one in self._running.values() if one.executor is executor]):
                job = row.popleft()
                self._running[executor.submit(job)] = _Running(executor, job, time.monotonic())
        return len(self._running) > before

    def _finished(self, future: Future[list[str]]) -> Iterator[Record]:
        one = self._running.pop(future)
        try:
            texts = future.result()
        except Exception as error:  # whatever a worker raises, or the connection to it
            if one.executor.again_after(error):
                self._waiting[one.executor].appendleft(one.job)
                return
            if len(one.job.tasks) > 1:  # it was one of them
                self._waiting[one.executor].extend(map(alone, one.job.tasks))
                return
            records = [group_problem(one.job.tasks[0], problem_of_worker(error), one.executor.environment)]
        else:
            if not self.cancelled:
                self._submit()  # a worker takes longer to begin than this takes to keep what the last one found
            records = _read(texts, one)
        records = self._keep(records)
        self._done += len(one.job.tasks)
        self._remaining.finish(one.job, time.monotonic() - one.began)
        self._tell(self._running.values() or [one])
        yield from records

    def _tell(self, running: Collection[_Running]) -> None:
        slots = sum(max(1, executor.slots) for executor in self._executors)
        spent = [(one.job, time.monotonic() - one.began) for one in running]
        what = next((one.job.name for one in running), "")
        self._progress(Standing(what, self._done, self._total, self.stored, self._remaining.seconds(spent) / slots))


def _has_room(executor: Executor, job: Job, running: Collection[Job]) -> bool:
    timed = any(one.measures for one in (job, *running))
    return len(running) < max(1, executor.slots if timed else executor.untimed_slots)


def _read(texts: Sequence[str], one: _Running) -> list[Record]:
    """Read what came back of a job; where some of it is no record, its tasks that lack one are problems, and the others stay."""
    records: list[Record] = []
    unread: RecordError | None = None
    for text in texts:
        try:
            records.append(Record.from_json(text, one.job.name))
        except RecordError as error:
            unread = error
    if unread is not None:
        problem = Problem(kind="WorkerError", message=f"the worker wrote what is no record: {unread}")
        answered = {record.id for record in records}
        left = [task for each in one.job.tasks if (task := each.without(answered)) is not None]
        records += [group_problem(task, problem, one.executor.environment) for task in left]
    return records


def problem_of_worker(error: BaseException) -> Problem:
    """Return why nothing came back of a task."""
    said = " ".join(str(error).split())
    return Problem(kind="WorkerError", message=f"the worker did not answer: {type(error).__name__}: {said[:200]}")

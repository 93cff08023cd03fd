"""Jobs handed to sites, and what comes back of them."""

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import final

from workbench.record import Problem, Record
from workbench.sweep.child import group_problem
from workbench.sweep.estimate import Remaining
from workbench.sweep.sites import Site
from workbench.sweep.task import Job, alone

LOOK_SECONDS = 0.5  # between two looks whether somebody cancels
TELL_SECONDS = 5.0  # between two words on the time that is left: whoever shows them takes time from what is measured

Progress = Callable[["Standing"], None]
Keep = Callable[[Sequence[Record]], list[Record]]
"""Stores what came back of a job, and says what of it is news."""


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

    site: Site
    job: Job
    began: float


@final
class Dispatcher:
    """Keeps sites busy.

    Attributes:
        cancelled: Whether somebody ended it.
        stored: Records that whoever keeps them has stored.

    Args:
        sites: Where jobs run.
        progress: Told how far it is.
    """

    def __init__(self, sites: Sequence[Site], progress: Progress | None) -> None:
        self.cancelled = False
        self.stored = 0
        self._sites = sites
        self._progress = progress or (lambda _: None)
        self._done = self._total = 0
        self._remaining = Remaining(0.0)

    def cancel(self) -> None:
        """End it soon: from any thread."""
        self.cancelled = True
        for site in self._sites:
            site.stop()

    def run(self, jobs: Iterable[tuple[Site, Job]], keep: Keep) -> Iterator[Record]:
        """Do jobs in their order, as many at once as sites have room for, and give what they find once it is kept."""
        waiting = {site: deque[Job]() for site in self._sites}
        for site, job in jobs:
            waiting[site].append(job)
        queued = [job for row in waiting.values() for job in row]
        self._total += sum(len(job.tasks) for job in queued)
        self._remaining.add(queued)
        running: dict[Future[list[str]], _Running] = {}
        tell_at = 0.0
        try:
            while not self.cancelled and (running or any(waiting.values())):
                if self._submit(running, waiting) or time.monotonic() >= tell_at:
                    self._tell(running.values())
                    tell_at = time.monotonic() + TELL_SECONDS
                yield from self._finished(running, waiting, keep, LOOK_SECONDS)
        except (KeyboardInterrupt, GeneratorExit):
            self.cancel()
            for _ in self._finished(running, waiting, keep, None):
                pass  # what the stopped job had finished is stored; whoever listened has gone
            raise
        if self.cancelled:
            yield from self._finished(running, waiting, keep, None)

    def _submit(self, running: dict[Future[list[str]], _Running], waiting: Mapping[Site, deque[Job]]) -> bool:
        """Give sites as many jobs as they have room for, and say whether there was one."""
        before = len(running)
        for site, row in waiting.items():
            while row and _has_room(site, row[0], [one.job for one in running.values() if one.site is site]):
                job = row.popleft()
                running[site.submit(job)] = _Running(site, job, time.monotonic())
        return len(running) > before

    def _finished(
        self,
        running: dict[Future[list[str]], _Running],
        waiting: Mapping[Site, deque[Job]],
        keep: Keep,
        seconds: float | None,
    ) -> Iterator[Record]:
        done, _ = wait(running, seconds, return_when=FIRST_COMPLETED) if running else (set(), None)
        for future in done:
            one = running.pop(future)
            if future.cancelled():
                continue
            error = future.exception()
            if error is not None and not self.cancelled and one.site.may_try_again(error):
                running[one.site.submit(one.job)] = one
                continue
            if error is not None and not one.site.blames_job(error):
                raise error
            if error is not None and len(one.job.tasks) > 1:  # it was one of them
                waiting[one.site].extend(map(alone, one.job.tasks))
                continue
            if not self.cancelled:
                self._submit(running, waiting)  # a worker takes longer to begin than this takes to keep what the last one found
            if error is not None:
                records = [group_problem(one.job.tasks[0], problem_of_worker(error), one.site.environment)]
            else:
                records = [Record.from_json(text, one.job.name) for text in future.result()]
            records = keep(records)
            self._done += len(one.job.tasks)
            self._remaining.finish(one.job, time.monotonic() - one.began)
            self._tell(running.values() or [one])
            yield from records

    def _tell(self, running: Collection[_Running]) -> None:
        slots = sum(max(1, site.slots) for site in self._sites)
        spent = [(one.job, time.monotonic() - one.began) for one in running]
        what = next((one.job.name for one in running), "")
        self._progress(Standing(what, self._done, self._total, self.stored, self._remaining.seconds(spent) / slots))


def _has_room(site: Site, job: Job, running: Collection[Job]) -> bool:
    timed = any(one.measures for one in (job, *running))
    return len(running) < max(1, site.slots if timed else site.untimed_slots)


def problem_of_worker(error: BaseException) -> Problem:
    """Return why nothing came back of a task."""
    said = " ".join(str(error).split())
    return Problem(kind="WorkerError", message=f"the worker did not answer: {type(error).__name__}: {said[:200]}")

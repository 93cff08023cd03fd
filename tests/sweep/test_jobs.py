"""Runs of an engine are put together into jobs that take turns, the same beside all of them; one is split if nobody answers."""

import io
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from workbench.errors import RecordError, UnavailableError
from workbench.history import History
from workbench.machine import environment
from workbench.opening import Sources
from workbench.record import Problem
from workbench.sweep import Executor, Grid, Standing, Sweep
from workbench.sweep.child import ROUNDS, Lines, compose, row_problem
from workbench.sweep.task import Job

BASELINE = "litert,input.size_hw=192x320"
NOTHING = Problem(kind="Fine", message="nothing was measured")
SIZES = tuple({"input.size_hw": f"{side}x{side}"} for side in (64, 96, 128, 160, 192, 224, 256, 288, 320, 352))


GRID = Grid((SIZES, ({"runtime.engine": "litert"},), ({"nms.score": 0.1}, {"nms.score": 0.3})))


class FakeExecutor(Executor):
    """Does each job at once: all of its rows are fine, and all have a problem, since nothing is measured.

    Args:
        workers: How many there are; one is a machine of its own.
        answers: Whether anything comes back of a job.
    """

    def __init__(self, workers: int, answers: Callable[[Job], bool] = lambda _: True) -> None:
        self.environment = environment()
        self.several = workers > 1
        self.jobs: list[Job] = []
        self.workers = workers
        self._answers = answers

    @property
    def slots(self) -> int:
        return self.workers

    def submit(self, job: Job) -> "Future[list[str]]":
        self.jobs.append(job)
        future: Future[list[str]] = Future()
        if self._answers(job):
            future.set_result(records_of(job))
        else:
            future.set_exception(RuntimeError("the worker died"))
        return future

    def again_after(self, error: BaseException) -> bool:
        if isinstance(error, RuntimeError):
            return False
        raise UnavailableError("the scheduler answers no more") from error

    def stop(self) -> None: ...

    def close(self) -> None: ...

    def composed(self) -> list[int]:
        """Return how many tasks each job of kind `compose` has."""
        return [len(job.tasks) for job in self.jobs if job.tasks[0].kind == "compose"]


def records_of(job: Job) -> list[str]:
    rows = [(task, row) for task in job.tasks for row in task.rows if task.kind != "convert"]
    return [row_problem(task, row, NOTHING).to_json() for task, row in rows]


class StoppedExecutor(FakeExecutor):
    """Its jobs that compose give what they have finished only once they are stopped, and another one is cancelled then."""

    def __init__(self) -> None:
        super().__init__(3)
        self.begun: list[tuple[Job, Future[list[str]]]] = []

    def submit(self, job: Job) -> "Future[list[str]]":
        if job.tasks[0].kind != "compose":
            return super().submit(job)
        self.jobs.append(job)
        self.begun.append((job, Future()))
        return self.begun[-1][1]

    def stop(self) -> None:
        (_, lost), *others = self.begun
        if not lost.done():
            lost.cancel()
            lost.set_running_or_notify_cancel()
            for job, future in others:
                future.set_result(records_of(job)[:1])


class ConvertingExecutor(FakeExecutor):
    """Its conversions end two at a time; what is measured may not begin while one is on."""

    def __init__(self) -> None:
        super().__init__(1)
        self.converting: list[Future[list[str]]] = []

    @property
    def untimed_slots(self) -> int:
        return 2

    def submit(self, job: Job) -> "Future[list[str]]":
        future = super().submit(job)
        if job.measures:
            assert self.converting == []
            return future
        self.converting.append(Future())
        begun = self.converting[-1]
        if len(self.converting) == 2:
            for one in self.converting:
                one.set_result([])
            self.converting = []
        return begun


@pytest.fixture
def swept(sources: Sources, tmp_path: Path):
    """Sweep sizes with an executor."""

    def sweep(executor: FakeExecutor, grid: Grid | None = None, **more):
        with History(tmp_path / "history.sqlite") as history:
            grid = grid or GRID
            run = Sweep([sources], history, grid=grid, frames=4, baseline=BASELINE, executors=[executor], **more)
            estimate = run.estimate()
            records = list(run.run())
            stored = [record.id for record in history.records(pictures=False)]
            assert stored == list(dict.fromkeys(record.id for record in records)), "none lost, none there twice"
            assert list(Sweep([sources], history, grid=grid, frames=4, baseline=BASELINE, executors=[FakeExecutor(1)]).run()) == []
            return estimate, list(history.records(pictures=False))

    return sweep


def test_eight_runs_at_most_take_turns_in_one_process(swept) -> None:
    executor = FakeExecutor(1)
    estimate, records = swept(executor)

    assert estimate.tasks == 10
    assert executor.composed() == [5, 5]
    assert len(records) == 1 + 20


def test_as_many_as_one_likes(swept) -> None:
    executor = FakeExecutor(1)
    swept(executor, together=3)
    assert executor.composed() == [2, 3, 2, 3]


@pytest.mark.timeout(60)
def test_two_convert_side_by_side_and_nothing_is_measured_meanwhile(swept) -> None:
    executor = ConvertingExecutor()
    precisions = ({"runtime.precision": "float32"}, {"runtime.precision": "int8"})
    _, records = swept(executor, Grid((SIZES[:3], ({"runtime.engine": "litert"},), precisions)))

    assert [job.measures for job in executor.jobs] == [True, False, False, True]
    assert len(records) == 1 + 6


def test_several_workers_get_several_jobs_each(swept) -> None:
    executor = FakeExecutor(2)
    swept(executor)
    assert executor.composed() == [2] * 5


def test_other_threads_and_whole_frames_have_processes_of_their_own(swept) -> None:
    engines = ({"runtime.engine": "litert", "runtime.threads": 1}, {"runtime.engine": "litert", "runtime.threads": 2})
    feeds = ({"feed.mode": "loop"}, {"feed.mode": "threads"})
    executor = FakeExecutor(1)
    swept(executor, Grid((SIZES[:2], engines, feeds), sensible_only=False))

    assert sorted(executor.composed()) == [2, 2]
    assert {task.rows[0].settings.runtime.threads for job in executor.jobs for task in job.tasks[1:]} == {1, 2}
    whole = [job for job in executor.jobs[1:] if job.tasks[0].kind == "direct"]
    assert [len(job.tasks) for job in whole] == [1] * 4


def test_a_job_that_nobody_answers_for_is_split_and_costs_what_breaks_it(swept) -> None:
    def answers(job: Job) -> bool:
        return not any(task.rows[0].settings.input.size_hw == (96, 96) for task in job.tasks)

    standings: list[Standing] = []
    executor = FakeExecutor(1, answers)
    _, records = swept(executor, progress=standings.append)
    broken = [record for record in records if record.problem and record.problem.kind == "WorkerError"]

    assert executor.composed() == [5, 5, 1, 1, 1, 1, 1]
    assert [record.settings.input.size_hw for record in broken] == [(96, 96)]
    assert "the worker died" in str(broken[0].problem)
    assert len(records) == 1 + 18 + 1
    assert (standings[-1].done, standings[-1].total) == (12, 12)
    assert standings[-1].seconds_left == 0


def test_what_is_no_record_costs_its_task_and_not_the_sweep(swept) -> None:
    class Garbling(FakeExecutor):
        def submit(self, job: Job) -> "Future[list[str]]":
            future = super().submit(job)
            if job.tasks[0].kind != "compose":
                return future
            _, *others = records_of(job)
            garbled: Future[list[str]] = Future()
            garbled.set_result(['{"id": "of nobody"}', *others])
            return garbled

    executor = Garbling(1)
    _, records = swept(executor)
    broken = [record for record in records if record.problem and record.problem.kind == "WorkerError"]

    assert len(broken) == len(executor.composed()) == 2
    assert all("what is no record" in str(record.problem) for record in broken)
    assert len(records) == 1 + 18 + 2, "the other rows are kept"


def test_workers_that_are_all_gone_are_no_division_by_zero(swept) -> None:
    executor = FakeExecutor(2)
    executor.workers = 0
    _, records = swept(executor)
    assert len(records) == 1 + 20


def sweep_of(sources: Sources, history: History, executor: Executor, **more) -> Sweep:
    return Sweep([sources], history, grid=GRID, frames=4, baseline=BASELINE, executors=[executor], **more)


def test_after_a_cancel_all_that_is_finished_is_stored(sources: Sources, tmp_path: Path) -> None:
    executor = StoppedExecutor()

    def cancel_once_all_run(_: Standing) -> None:
        if len(executor.begun) == executor.workers:
            run.cancel()

    with History(tmp_path / "history.sqlite") as history:
        run = sweep_of(sources, history, executor, progress=cancel_once_all_run)
        records = list(run.run())

        assert {record.id for record in records[1:]} == {job.tasks[0].rows[0].id for job, _ in executor.begun[1:]}
        assert {row.id for row in history.summaries()} == {record.id for record in records}


def test_a_scheduler_that_is_lost_ends_the_sweep_with_one_line(sources: Sources, tmp_path: Path) -> None:
    class Lost(FakeExecutor):
        def submit(self, job: Job) -> "Future[list[str]]":
            future = super().submit(job)
            if job.tasks[0].kind == "compose":
                future = Future()
                future.cancel()
                future.set_running_or_notify_cancel()
            return future

    with History(tmp_path / "history.sqlite") as history, pytest.raises(UnavailableError, match="answers no more"):
        list(sweep_of(sources, history, Lost(1)).run())


class FakeGroup:
    """Screens nothing; `fails_at` and `impossible` say what goes wrong with it.

    Args:
        task: Its rows.
        fails_at: The slice of the loop at which the engine fails: -1 is the labelled frames, `None` none.
        impossible: Whether the times of its first row cannot be.
    """

    def __init__(self, task, fails_at=None, impossible=False) -> None:
        self.task, self.slices, self.fails_at, self.impossible = task, -1, fails_at, impossible
        self.screened = []

    def keep_outputs(self, _) -> None:
        self.time_slice()

    def time_slice(self) -> None:
        if self.slices == self.fails_at:
            raise RuntimeError("the device is gone")
        self.slices += 1

    def screen(self, row) -> None:
        self.screened.append(row)

    def record(self, row):
        assert self.slices == ROUNDS
        assert row in self.screened
        if self.impossible and row == self.task.rows[0]:
            raise RecordError("the times put together for it cannot be: infer takes 0 ms")
        return row_problem(self.task, row, Problem(kind="Fine", message="nothing was measured"))


@pytest.fixture
def job(swept) -> Job:
    """Two tasks of two rows that take turns."""
    executor = FakeExecutor(1)
    swept(executor, together=2)
    return next(job for job in executor.jobs if job.tasks[0].kind == "compose")


def composed(job: Job, **wrong) -> list[tuple[str, str]]:
    """Compose a job whose second task has something wrong with it; return each record's id and its problem's kind."""

    def make_group(_, __, task, ___):
        return FakeGroup(task, **(wrong if task == job.tasks[1] else {}))

    return [(record.id, record.problem.kind) for record in compose(job, None, None, Lines(io.StringIO()), make_group)]


@pytest.mark.parametrize("fails_at", [-1, 0, 3], ids=["labelled frames", "the first slice", "a later slice"])
def test_an_engine_that_fails_at_its_frames_costs_its_task_alone(job: Job, fails_at: int) -> None:
    sound, failing = job.tasks
    assert composed(job, fails_at=fails_at) == [(failing.id, "RuntimeError"), *((row.id, "Fine") for row in sound.rows)]


def test_times_that_cannot_be_are_a_problem_and_no_row(job: Job) -> None:
    sound, other = job.tasks
    assert composed(job, impossible=True) == [
        *((row.id, "Fine") for row in sound.rows),
        (other.rows[0].id, "RecordError"),
        (other.rows[1].id, "Fine"),
    ]

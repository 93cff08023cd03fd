"""Runs of an engine are put together into jobs that take turns, the same beside all of them; one is split if nobody answers."""

import io
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from workbench.history import History
from workbench.machine import NoiseCertificate, environment
from workbench.record import FrameDetections, Problem
from workbench.sweep import Grid, Material, Site, Standing, Sweep
from workbench.sweep.child import Lines, row_problem, work
from workbench.sweep.composing import TURNS
from workbench.sweep.task import Job
from workbench.timing import Timing

BASELINE = "litert,input.size_hw=192x320"
NOTHING = Problem(kind="Fine", message="nothing was measured")
FOUND = FrameDetections(frame="0", boxes_xyxy_px=(), scores=(), class_ids=())
SIZES = tuple({"input.size_hw": f"{side}x{side}"} for side in (64, 96, 128, 160, 192, 224, 256, 288, 320, 352))


class FakeSite(Site):
    """Does each job at once: all of its rows are fine, and all have a problem, since nothing is measured.

    Args:
        workers: How many there are; one is a machine of its own.
        answers: Whether somebody answers for a job.
        probes_ms: What the same work takes in each job that composes; then rows are composed, and take ten times that.
    """

    def __init__(self, workers: int, answers: Callable[[Job], bool] = lambda _: True, probes_ms: Sequence[float] = ()) -> None:
        self.environment = environment()
        self.several = workers > 1
        self.jobs: list[Job] = []
        self.workers = workers
        self._answers = answers
        self._timed = bool(probes_ms)
        self._probes_ms = iter(probes_ms)

    @property
    def slots(self) -> int:
        return self.workers

    def submit(self, job: Job) -> "Future[list[str]]":
        self.jobs.append(job)
        future: Future[list[str]] = Future()
        if self._answers(job):
            rows = [(task, row) for task in job.tasks for row in task.rows if task.kind != "convert"]
            records = [row_problem(task, row, NOTHING) for task, row in rows]
            if self._timed and job.tasks[0].kind == "direct":
                records = [one.model_copy(update={"problem": None, "detections": (FOUND,)}) for one in records]
            elif self._timed and job.tasks[0].kind == "compose":
                ms = next(self._probes_ms)
                noise = NoiseCertificate(verdict="quiet", reasons=(), probe_ms=ms)
                taken = Timing(compile_seconds=0, first_call_seconds=0, total_seconds=(ms / 100,), stage_seconds={})
                changes = {"problem": None, "composed": True, "noise": noise, "timing": taken}
                records = [one.model_copy(update=changes) for one in records]
            future.set_result([record.to_json() for record in records])
        else:
            future.set_exception(RuntimeError("the worker died"))
        return future

    def blames_job(self, error: BaseException) -> bool:
        return isinstance(error, RuntimeError)

    def stop(self) -> None: ...

    def close(self) -> None: ...

    def composed(self) -> list[int]:
        """Return how many tasks each job of kind `compose` has."""
        return [len(job.tasks) for job in self.jobs if job.tasks[0].kind == "compose"]


class ConvertingSite(FakeSite):
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
def swept(material: Material, tmp_path: Path):
    """Sweep sizes, and feeds at one of them, at a site."""

    def sweep(site: FakeSite, grid: Grid | None = None, **more):
        with History(tmp_path / "history.sqlite") as history:
            grid = grid or Grid((SIZES, ({"runtime.engine": "litert"},), ({"nms.score": 0.1}, {"nms.score": 0.3})))
            run = Sweep([material], history, grid=grid, frames=4, baseline=BASELINE, sites=[site], **more)
            estimate = run.estimate()
            records = list(run.run())
            stored = [record.id for record in history.records(pictures=False)]
            assert stored == list(dict.fromkeys(record.id for record in records)), "none lost, none there twice"
            assert list(Sweep([material], history, grid=grid, frames=4, baseline=BASELINE, sites=[FakeSite(1)]).run()) == []
            return estimate, list(history.records(pictures=False))

    return sweep


def test_eight_runs_at_most_take_turns_in_one_process(swept) -> None:
    site = FakeSite(1)
    estimate, records = swept(site)

    assert estimate.tasks == 10
    assert site.composed() == [5, 5]
    assert len(records) == 1 + 20


def test_as_many_as_one_likes(swept) -> None:
    site = FakeSite(1)
    swept(site, together=3)
    assert site.composed() == [2, 3, 2, 3]


@pytest.mark.timeout(60)
def test_two_convert_side_by_side_and_nothing_is_measured_meanwhile(swept) -> None:
    site = ConvertingSite()
    precisions = ({"runtime.precision": "float32"}, {"runtime.precision": "int8"})
    _, records = swept(site, Grid((SIZES[:3], ({"runtime.engine": "litert"},), precisions)))

    assert [job.measures for job in site.jobs] == [True, False, False, True]
    assert len(records) == 1 + 6


def test_several_workers_get_several_jobs_each(swept) -> None:
    site = FakeSite(2)
    swept(site)
    assert site.composed() == [2] * 5


def test_other_threads_and_whole_frames_have_processes_of_their_own(swept) -> None:
    engines = ({"runtime.engine": "litert", "runtime.threads": 1}, {"runtime.engine": "litert", "runtime.threads": 2})
    feeds = ({"feed.mode": "loop"}, {"feed.mode": "threads"})
    site = FakeSite(1)
    swept(site, Grid((SIZES[:2], engines, feeds), sensible_only=False))

    assert sorted(site.composed()) == [2, 2]
    assert {task.rows[0].settings.runtime.threads for job in site.jobs for task in job.tasks[1:]} == {1, 2}
    whole = [job for job in site.jobs[1:] if job.tasks[0].kind == "direct"]
    assert [len(job.tasks) for job in whole] == [1] * 4


def test_a_job_that_nobody_answers_for_is_split_and_costs_what_breaks_it(swept) -> None:
    def answers(job: Job) -> bool:
        return not any(task.rows[0].settings.input.size_hw == (96, 96) for task in job.tasks)

    standings: list[Standing] = []
    site = FakeSite(1, answers)
    _, records = swept(site, progress=standings.append)
    broken = [record for record in records if record.problem and record.problem.kind == "WorkerError"]

    assert site.composed() == [5, 5, 1, 1, 1, 1, 1]
    assert [record.settings.input.size_hw for record in broken] == [(96, 96)]
    assert "the worker died" in str(broken[0].problem)
    assert len(records) == 1 + 18 + 1
    assert (standings[-1].done, standings[-1].total) == (12, 12)
    assert standings[-1].seconds_left == 0


@pytest.mark.parametrize(
    ("probes_ms", "usual_ms"),
    [((1.0, 1.01, 1.02, 1.2, 1.5), 1.02), ((1.3, 1.4, 1.2, 1.0, 1.1), 1.2)],
)
def test_the_times_of_all_jobs_are_set_to_the_pace_of_the_middle_one(swept, probes_ms, usual_ms: float) -> None:
    site = FakeSite(1, probes_ms=probes_ms)
    _, records = swept(site, together=2)
    composed = [record for record in records if record.composed]

    assert site.composed() == [2] * 5
    assert len(composed) == 20
    assert {record.noise.probe_ms for record in composed} == set(probes_ms)
    assert [record.timing.median_ms for record in composed] == [pytest.approx(10 * usual_ms, rel=0.02)] * 20


def test_workers_that_are_all_gone_are_no_division_by_zero(swept) -> None:
    site = FakeSite(2)
    site.workers = 0
    _, records = swept(site)
    assert len(records) == 1 + 20


@pytest.mark.parametrize("looks_before_failing", [0, 3], ids=["labelled frames", "a look"])
def test_an_engine_that_fails_at_its_frames_costs_its_task_alone(swept, monkeypatch, looks_before_failing) -> None:
    site = FakeSite(1)
    swept(site, together=2)
    job = next(job for job in site.jobs if job.tasks[0].kind == "compose")
    sound, failing = job.tasks

    class FakeComposer:
        def __init__(self, _, __, task, ___) -> None:
            self.task, self.ended = task, 0
            self.turns = [task.rows, *[()] * (TURNS - 1)]

        def keep_stills(self, _) -> None:
            self.fail(0)

        def fail(self, looks: int) -> None:
            if self.task.id == failing.id and self.ended == looks == looks_before_failing:
                raise RuntimeError("the device is gone")

        def begin_turn(self) -> None: ...

        def screen(self, row) -> None: ...

        def end_turn(self) -> None:
            self.ended += 1
            self.fail(self.ended)

        probe_ms = 1.5

        def record(self, row, probe_ms):
            assert probe_ms == 1.5
            assert self.ended == TURNS
            return row_problem(self.task, row, Problem(kind="Fine", message="nothing was measured"))

    monkeypatch.setattr("workbench.sweep.composing.Composer", FakeComposer)
    out = io.StringIO()
    work(job, Lines(out))
    found = [json.loads(line)["record"] for line in out.getvalue().splitlines() if line.startswith('{"record"')]

    assert [(one["id"], one["problem"]["kind"]) for one in found] == [
        (failing.id, "RuntimeError"),
        *((row.id, "Fine") for row in sound.rows),
    ]

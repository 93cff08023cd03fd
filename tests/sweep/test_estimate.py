"""The time that is left: what comes later counts from the start, and what takes longer than guessed is learned from at once."""

import pytest

from tests.sweep.test_jobs import GRID, FakeExecutor
from workbench.history import History
from workbench.opening import Sources
from workbench.sweep import Standing, Sweep
from workbench.sweep.estimate import Remaining, job_seconds
from workbench.sweep.task import Job


@pytest.fixture(scope="module")
def jobs(tmp_path_factory) -> list[Job]:
    """Some jobs of a sweep."""
    executor = FakeExecutor(1)
    with History(tmp_path_factory.mktemp("estimated") / "h.sqlite") as history:
        list(Sweep([Sources(detector="inspector-mobile")], history, grid=GRID, baseline="litert", executors=[executor]).run())
    return executor.jobs


def test_it_begins_with_the_estimate_and_not_with_the_first_phase_alone(tmp_path) -> None:
    told: list[Standing] = []
    with History(tmp_path / "h.sqlite") as history:
        sources = [Sources(detector="inspector-mobile")]
        sweep = Sweep(sources, history, grid=GRID, baseline="litert", executors=[FakeExecutor(1)], progress=told.append)
        estimate = sweep.estimate()
        list(sweep.run())

    assert told[0].seconds_left == pytest.approx(estimate.seconds, rel=0.05)
    assert told[-1].seconds_left == 0


def test_a_job_that_takes_longer_than_was_guessed_makes_the_rest_longer_too(jobs: list[Job]) -> None:
    remaining = Remaining()
    remaining.add(jobs[:2])
    guessed = sum(map(job_seconds, jobs[:2]))

    early, late, later = (remaining.seconds([(jobs[0], share * job_seconds(jobs[0]))]) for share in (0.5, 2.0, 4.0))

    assert early < guessed
    assert late > 1.8 * job_seconds(jobs[1])
    assert later > late


def test_what_is_done_and_what_comes_later_count(jobs: list[Job]) -> None:
    remaining = Remaining()
    remaining.add(jobs[:2])
    remaining.later_seconds = 100.0
    remaining.finish(jobs[0], 2 * job_seconds(jobs[0]))

    assert remaining.seconds() == pytest.approx(2 * (job_seconds(jobs[1]) + 100.0))

"""The time that was asked for is kept: on a scripted clock, with steps that take what they take on the samples."""

from pathlib import Path

import pytest

from tests.scripted_machine import Machine
from tests.tuning.scripted_steps import PacedSteps
from workbench.choosing import Budget
from workbench.history import History
from workbench.tuning.time_asked import Costs, TimeAsked, Way, count_that_fits, screening_seconds, way_that_fits
from workbench.tuning.tuning import Tuning

START_SECONDS = 8.0
COSTS = Costs(frames=64, labelled=200, baseline_seconds=0.1)


def tuned(seconds: float, folder: Path, slower: float = 1.0) -> tuple[Tuning, PacedSteps, float]:
    """Tune for so long on a machine that takes `slower` times as long as the samples do; return what it took too."""
    machine = Machine(lambda _: slower)
    time = TimeAsked(seconds, machine)
    machine.work(START_SECONDS)
    steps = PacedSteps(machine, History(folder / "history.sqlite"), folder)
    tuning = Tuning(steps, Budget(), time, frames=150 if seconds >= 300 else 64)
    tuning.run()
    return tuning, steps, machine.now


@pytest.mark.parametrize("seconds", [120, 240, 300, 600, 1200])
@pytest.mark.parametrize("slower", [1.0, 1.3])
def test_the_time_is_kept_within_a_tenth_and_ends_with_a_folder(seconds: float, slower: float, tmp_path: Path) -> None:
    tuning, _, took = tuned(seconds, tmp_path, slower)

    assert took <= 1.1 * seconds
    assert tuning.report is not None
    assert tuning.chosen is not None
    if slower == 1.0:
        assert tuning.chosen is not tuning.baseline
        assert tuning.exported is not None


@pytest.mark.parametrize(
    ("seconds", "slower", "way"),
    [
        pytest.param(240, 1.0, Way(5.0, both_orders=False, judged=200), id="in four minutes one order"),
        pytest.param(1200, 1.0, Way(5.0, both_orders=True, judged=200), id="in twenty all of it"),
        pytest.param(600, 1.3, Way(2.0, both_orders=False, judged=0), id="after a repair what is left suffices for"),
    ],
)
def test_as_much_is_explained_as_fits(seconds: float, slower: float, way: Way, tmp_path: Path) -> None:
    tuning, steps, _ = tuned(seconds, tmp_path, slower)

    assert steps.way == way
    said = "what each setting brought is told in ms only, for want of time" in " ".join(tuning.notes)
    assert said == (way.judged < 200)


@pytest.mark.parametrize("seconds", [300, 600, 1200])
def test_what_is_left_over_is_for_looking_further(seconds: float, tmp_path: Path) -> None:
    """What a careful plan left out fits the time after all; only where nothing is left to be tried, time is left."""
    tuning, steps, took = tuned(seconds, tmp_path)

    assert took > 0.8 * seconds or steps.engines == PacedSteps.ENGINES
    assert not any("contender" in note for note in tuning.notes)


def test_in_two_minutes_nothing_is_explained_and_that_is_said(tmp_path: Path) -> None:
    tuning, steps, _ = tuned(120, tmp_path)

    assert steps.way is None
    assert "what each setting brought was left out for want of time; `workbench compare --explain` tells it" in tuning.notes


def test_in_twenty_minutes_integers_are_repaired(tmp_path: Path) -> None:
    tuning, _, _ = tuned(1200, tmp_path)

    assert tuning.chosen is not None
    assert tuning.chosen.settings.runtime.float_ops


def test_what_takes_longer_than_was_guessed_is_guessed_longer_from_then_on(tmp_path: Path) -> None:
    slow, _, took = tuned(600, tmp_path, slower=4.0)

    assert took <= 1.1 * 600
    assert slow.report is not None


def test_screening_leaves_time_for_what_comes_behind() -> None:
    planned = [screening_seconds(COSTS, seconds - 50, seconds) for seconds in (60, 240, 1200)]

    assert planned[0] == 0
    assert 0 < planned[1] < 0.4 * 240
    assert planned[2] == 0.4 * 1200


def test_where_not_even_one_setting_fits_none_is_counted() -> None:
    assert count_that_fits(COSTS, 0.01, 0.0) == 0


def test_without_labelled_frames_steps_are_only_timed() -> None:
    way = way_that_fits(COSTS._replace(labelled=0), 4, 0.01, 70)

    assert way == Way(5.0, both_orders=False, judged=0)

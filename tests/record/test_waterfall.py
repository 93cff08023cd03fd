"""Ratios of steps as milliseconds, and where two orders differ."""

import json
from typing import Any

import pytest

from tests.saved_records import record
from workbench.detections import ApChange, Interval
from workbench.errors import RecordError
from workbench.machine import NoiseCertificate
from workbench.record import Record, Row, SettingStep, Waterfall
from workbench.timing import Ratio

ENGINE, RESIZE = "runtime.engine: keras -> graph", "input.resize: pillow -> opencv"


def ratio(middle: float, off: float = 1.05) -> Ratio:
    return Ratio(median=middle, low=middle / off, high=middle * off)


def change(middle: float, off: float = 0.01) -> ApChange:
    return ApChange(change=middle, interval=Interval(low=middle - off, high=middle + off), images=200)


def step(words: str, middle: float, ap: float = 0.0, off: float = 1.05) -> SettingStep:
    return SettingStep(changes=(words,), ratio=ratio(middle, off), accuracy=change(ap))


def waterfall(*steps: SettingStep, reverse: tuple[SettingStep, ...] = ()) -> Waterfall:
    noise = NoiseCertificate(verdict="quiet", reasons=())
    return Waterfall(baseline="naive", baseline_id="n", baseline_ms=60.0, steps=steps, reverse=reverse, noise=noise)


def test_each_step_begins_where_the_one_before_ended() -> None:
    first, second = waterfall(step(ENGINE, 3.0), step(RESIZE, 2.0)).falls

    assert (first.before_ms, first.after_ms, second.after_ms) == pytest.approx((60.0, 20.0, 10.0))
    assert (first.change_ms, second.change_ms) == pytest.approx((-40.0, -10.0))


def test_the_first_step_s_interval_is_its_ratio_s() -> None:
    (only,) = waterfall(step(ENGINE, 3.0)).falls

    assert (only.saved_ms.low, only.saved_ms.high) == pytest.approx((60 * (1 - 1.05 / 3), 60 * (1 - 1 / 3.15)))


def test_later_steps_are_less_sure_for_where_they_begin_is_measured_too() -> None:
    sure = waterfall(step(ENGINE, 3.0, off=1.0), step(RESIZE, 2.0)).falls[1].saved_ms
    unsure = waterfall(step(ENGINE, 3.0, off=1.5), step(RESIZE, 2.0)).falls[1].saved_ms

    assert unsure.low < sure.low < 10 < sure.high < unsure.high


def test_a_slower_step_saves_less_than_nothing() -> None:
    (only,) = waterfall(step(ENGINE, 0.5)).falls

    assert only.change_ms == pytest.approx(60.0)
    assert only.saved_ms.high < 0


def test_all_steps_together_are_the_product_of_theirs() -> None:
    together = waterfall(step(ENGINE, 3.0), step(RESIZE, 2.0)).ratio

    assert together.median == pytest.approx(6.0)
    assert together.high == pytest.approx(6.0 * 1.05**2**0.5)


def rows(saved_in_reverse: float, ap_in_reverse: float) -> tuple[Row, ...]:
    """A step that saves 10 of 20 ms in the stated order, and so many of 60 in the other."""
    forward = step(ENGINE, 3.0, off=1.01), step(RESIZE, 2.0, off=1.01)
    reverse = step(RESIZE, 60 / (60 - saved_in_reverse), ap_in_reverse, off=1.01), step(ENGINE, 5.0, off=1.01)
    return waterfall(*forward, reverse=reverse).rows


@pytest.mark.parametrize(("saved", "differs"), [(10.0, False), (10.5, False), (14.0, True), (2.0, True)])
def test_times_differ_where_their_intervals_lie_apart(saved: float, differs: bool) -> None:
    _, resize = rows(saved, 0.0)

    assert resize.reverse is not None
    assert resize.reverse.step.changes == (RESIZE,)
    assert resize.times_differ is differs


@pytest.mark.parametrize(("ap", "differs"), [(0.0, False), (0.015, False), (-0.1, True)])
def test_accuracies_differ_where_their_intervals_lie_apart(ap: float, differs: bool) -> None:
    engine, resize = rows(10.0, ap)

    assert (engine.accuracies_differ, resize.accuracies_differ) == (False, differs)


def test_without_another_order_nothing_differs() -> None:
    (row,) = waterfall(step(ENGINE, 3.0)).rows

    assert (row.reverse, row.times_differ, row.accuracies_differ) == (None, False, False)


@pytest.mark.parametrize(
    ("place", "value"),
    [(("baseline_ms",), 0.0), (("steps",), []), (("steps", 0, "ratio", "low"), 0.0), (("steps", 0, "ratio", "median"), -2.0)],
    ids=str,
)
def test_a_file_with_figures_that_cannot_be_is_damaged(place: tuple[Any, ...], value: object) -> None:
    tree = json.loads(record(waterfall=waterfall(step(ENGINE, 3.0))).to_json())
    *within, last = place
    part = tree["waterfall"]
    for key in within:
        part = part[key]
    part[last] = value

    with pytest.raises(RecordError, match="is damaged at waterfall"):
        Record.from_tree(tree)


def test_a_record_keeps_its_waterfall_and_does_without() -> None:
    kept = waterfall(step(ENGINE, 3.0), reverse=(step(ENGINE, 3.0),))

    assert Record.from_json(record(waterfall=kept).to_json()).waterfall == kept
    assert record().waterfall is None

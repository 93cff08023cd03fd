import pytest

from tests.saved_records import record
from workbench.history import Summary, trends
from workbench.record import Problem


def rows(*changes):
    return [Summary.of(record(**one)) for one in changes]


def test_a_trend_holds_each_change_against_the_run_before():
    (trend,) = trends(rows({"seconds": 0.010, "ap": 0.5}, {"seconds": 0.012, "ap": 0.52}, {"seconds": 0.006, "ap": 0.52}))

    first, second, third = trend.runs
    assert (first.median_change, first.ap_change) == (None, None)
    assert second.median_change == pytest.approx(0.2)
    assert second.ap_change == pytest.approx(0.02)
    assert third.median_change == pytest.approx(-0.5)
    assert third.ap_change == 0.0
    assert trend.newest is third.summary


def test_different_machines_are_different_trends():
    found = trends(rows({"machine": "a"}, {"machine": "b"}, {"machine": "a"}, {"machine": "b"}))

    assert [[run.summary.machine_id for run in trend.runs] for trend in found] == [["a", "a"], ["b", "b"]]


@pytest.mark.parametrize(
    "other",
    [
        {"media": "other"},
        {"detector": "inspector-large"},
        {"nms.iou": 0.6},
        {"composed": True},
        {"seconds": None},
        {"problem": Problem(kind="ModelError", message="no")},
    ],
    ids=["other frames", "another detector", "other settings", "composed", "no times", "a problem"],
)
def test_a_trend_is_of_one_thing(other):
    assert trends(rows({}, other)) == ()


def test_the_trend_with_the_newest_run_comes_last():
    found = trends(rows({"nms.iou": 0.4}, {"nms.iou": 0.6}, {"nms.iou": 0.6}, {"nms.iou": 0.4}))

    assert [trend.newest.settings.nms.iou for trend in found] == [0.6, 0.4]


def test_an_ap_on_another_truth_is_no_change():
    (trend,) = trends(rows({"ap": 0.5}, {"ap": 0.6, "truth": "other.json"}))

    assert trend.runs[1].ap_change is None


def test_an_ap_on_a_truth_that_was_corrected_is_no_change_and_that_is_said():
    (trend,) = trends(rows({"ap": 0.5, "truth_key": "1"}, {"ap": 0.6, "truth_key": "2"}, {"ap": 0.7, "truth_key": "2"}))

    assert [run.ap_change for run in trend.runs] == [None, None, pytest.approx(0.1)]
    assert [run.same_truth for run in trend.runs] == [True, False, True]


def test_another_file_of_the_same_detector_is_said():
    before, after = record(), record()
    changed = after.model_copy(update={"detector": after.detector.model_copy(update={"sha256": "trained again"})})

    (trend,) = trends([Summary.of(before), Summary.of(changed)])

    assert [run.same_model for run in trend.runs] == [True, False]

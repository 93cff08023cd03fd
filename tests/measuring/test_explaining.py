"""What each setting brought: measured on a small detector, and refused where it cannot be."""

from dataclasses import replace

import pytest

from tests.conftest import data_of
from tests.saved_records import record
from workbench.datasets import Truth
from workbench.detectors import Calibration, Detector
from workbench.errors import RecordError, SettingsError
from workbench.measuring import Bench, explain
from workbench.media import Frame, Media
from workbench.opening import EvaluationData, variant
from workbench.record import Record, accuracy_against

BASE = "graph,input.size_hw=64x96,input.resize=graph,nms.method=python"
CHOSEN = "litert,input.size_hw=64x96,input.resize=opencv,nms.method=opencv,nms.score=0.9"
SMALLER = "input.size_hw=256x256"
SECONDS = 0.2  # what it says about time is not the subject here


def silent(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def pair(small: Detector, small_data: EvaluationData) -> tuple[Record, Record]:
    bench = Bench(small_data, 6, progress=silent, comparison_seconds=SECONDS)
    return bench.measure(variant(small, BASE, name="base")), bench.measure(variant(small, CHOSEN, name="chosen"))


@pytest.mark.slow
def test_settings_are_changed_one_at_a_time_both_ways(
    small: Detector, small_data: EvaluationData, pair: tuple[Record, Record]
) -> None:
    base, chosen = pair
    told: list[str] = []
    found = explain(small, small_data, base, chosen, progress=lambda what, *_: told.append(what), step_seconds=SECONDS)
    fall = found.waterfall

    assert fall is not None
    assert [one.changes for one in fall.steps] == [
        ("input.resize: graph -> opencv",),
        ("runtime.engine: graph -> litert",),
        ("nms.method: python -> opencv",),
        ("nms.score: 0.3 -> 0.9",),
    ]
    assert [one.changes for one in fall.reverse] == [one.changes for one in (*fall.steps[:1:-1], *fall.steps[:2])]
    for steps in (fall.steps, fall.reverse):
        changes = [one.accuracy.change for one in steps if one.accuracy]
        whole = accuracy_against(chosen, base)
        assert whole is not None
        assert len(changes) == 4
        assert sum(changes) == pytest.approx(whole.change)
        assert all(one.ratio.low <= one.ratio.median <= one.ratio.high for one in steps)
    assert (fall.baseline, fall.baseline_id, fall.baseline_ap) == ("base", base.id, base.accuracy and base.accuracy.ap)
    assert told[0].startswith("step 1 of 8: input.resize")
    assert found.model_copy(update={"waterfall": None}) == chosen


@pytest.mark.slow
def test_with_little_time_one_order_is_judged_on_some_frames_of_both_ends_too(
    small: Detector, small_data: EvaluationData, pair: tuple[Record, Record]
) -> None:
    for judged in (2, 0):
        found = explain(
            small, small_data, *pair, progress=silent, step_seconds=SECONDS, enough=lambda: True, judged=judged
        ).waterfall
        assert found is not None
        assert (len(found.steps), found.reverse) == (4, ())
        assert {one.accuracy and one.accuracy.images for one in found.steps} == {judged or None}


@pytest.mark.slow
@pytest.mark.timeout(600)  # eight comparisons, and six settings judged
def test_a_sample_s_way_from_a_graph_to_integers(
    mobile: Detector, still_media: Media, still_truth: Truth, stills: tuple[Frame, ...], calibration: Calibration
) -> None:
    data = data_of(still_media, stills, still_truth, calibration)
    bench = Bench(data, 6, progress=silent, comparison_seconds=SECONDS)
    texts = f"graph,{SMALLER},input.resize=pillow,nms.method=python", f"litert-int8,{SMALLER}"
    base, chosen = (bench.measure(variant(mobile, text)) for text in texts)
    fall = explain(mobile, data, base, chosen, progress=silent, step_seconds=SECONDS).waterfall

    assert fall is not None
    names = [[change.partition(":")[0] for change in one.changes] for one in (*fall.steps, *fall.reverse)]
    assert names[:4] == [["runtime.engine"], ["input.resize"], ["runtime.precision"], ["nms.method"]]
    assert names[4:] == [["nms.method"], ["input.resize"], ["runtime.engine"], ["runtime.precision"]]
    assert all(one.accuracy is not None and one.accuracy.interval is not None for one in (*fall.steps, *fall.reverse))


class StoppedError(Exception):
    pass


@pytest.mark.slow
def test_it_ends_where_nobody_waits_for_it(small: Detector, small_data: EvaluationData, pair: tuple[Record, Record]) -> None:
    def give_up(*_: object) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        explain(small, small_data, *pair, progress=give_up, step_seconds=SECONDS)


@pytest.mark.slow
def test_without_truth_steps_have_times_alone(small: Detector, small_data: EvaluationData) -> None:
    data = replace(small_data, truth=None, labelled=None, labelled_truth=None)
    bench = Bench(data, 6, progress=silent, comparison_seconds=SECONDS)
    texts = "input.size_hw=64x96,nms.method=python", "input.size_hw=64x96,nms.method=numpy"
    base, chosen = (bench.measure(variant(small, text)) for text in texts)
    fall = explain(small, data, base, chosen, progress=silent, step_seconds=SECONDS).waterfall

    assert fall is not None
    assert [one.accuracy for one in fall.steps] == [None]
    assert fall.reverse == ()


def test_records_that_nothing_can_be_explained_between_are_refused(small: Detector, small_data: EvaluationData) -> None:
    fitting = record(detector="small", media="clip")
    here = fitting.model_copy(update={"detector": small.facts, "media": small_data.media.facts()})
    cases = {
        "ran another detector": fitting,
        "ran on other frames": here.model_copy(update={"media": fitting.media}),
        "has no times to explain": here.model_copy(update={"timing": None}),
        "was judged by another truth than .* is now": here.model_copy(update={"accuracy": record(ap=0.5, truth="others").accuracy}),
    }

    for words, other in cases.items():
        with pytest.raises(RecordError, match=words):
            explain(small, small_data, here, other, progress=silent)
    with pytest.raises(SettingsError, match="are the same setting"):
        explain(small, small_data, here, here, progress=silent)

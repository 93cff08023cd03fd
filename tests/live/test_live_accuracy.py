"""The live figures are the bench's, and an NMS threshold costs it no inference."""

from collections.abc import Callable
from dataclasses import replace

from workbench.detectors import Detector
from workbench.live import LiveAccuracy
from workbench.measuring import Bench
from workbench.opening import Footage, variant
from workbench.pipeline import Pipeline

WORDS = "graph,input.size_hw=192x320"


def run_on(live: LiveAccuracy, pipeline: Pipeline) -> list[int]:
    return list(live.run(pipeline))


def test_it_finds_what_a_measurement_finds(mobile: Detector, footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    live = LiveAccuracy(footage)
    assert run_on(live, pipeline(WORDS)) == list(range(1, live.total + 1))

    measured = Bench(footage, frames=1).measure(variant(mobile, WORDS)).accuracy
    assert live.accuracy == measured
    assert measured is not None
    assert measured.ap is not None


def test_another_threshold_is_answered_from_what_was_kept(
    mobile: Detector, footage: Footage, pipeline: Callable[[str], Pipeline]
) -> None:
    live, first = LiveAccuracy(footage), pipeline(WORDS)
    run_on(live, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None

    assert run_on(live, other) == [], "no image is run again"

    assert live.accuracy == Bench(footage, frames=1).measure(variant(mobile, f"{WORDS},nms.score=0.02")).accuracy


def test_another_engine_is_run(footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    live = LiveAccuracy(footage)
    run_on(live, pipeline(WORDS))
    assert run_on(live, pipeline(f"{WORDS},input.resize=opencv")) != []


def test_an_nms_inside_the_program_is_run_again(footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    live, first = LiveAccuracy(footage), pipeline("xla,input.size_hw=64x96,nms.method=padded")
    run_on(live, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None
    assert run_on(live, other) != []


def test_without_truth_there_is_no_accuracy(footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    live = LiveAccuracy(replace(footage, labelled_truth=None))
    assert run_on(live, pipeline(WORDS)) == []
    assert live.accuracy is None
    assert live.total == 0

"""The live figures are the bench's, and an NMS threshold costs it no inference."""

from collections.abc import Callable
from dataclasses import replace

from workbench.detections import Accuracy
from workbench.detectors import Detector
from workbench.live import LiveAccuracy
from workbench.measuring import Bench
from workbench.opening import EvaluationData, variant
from workbench.pipeline import Pipeline

WORDS = "graph,input.size_hw=64x96"


FIGURES = {"ap", "ap50", "ap_small", "ap_medium", "ap_large", "images", "truth", "score_threshold", "judged_on"}


def figures(accuracy: Accuracy | None) -> dict[str, object]:
    """What does not depend on how often images are drawn, which is less while playing."""
    assert accuracy is not None
    return accuracy.model_dump(include=FIGURES)


def run_on(live: LiveAccuracy, pipeline: Pipeline) -> list[int]:
    return list(live.run(pipeline))


def test_it_finds_what_a_measurement_finds(
    small: Detector, small_data: EvaluationData, small_pipeline: Callable[[str], Pipeline]
) -> None:
    live = LiveAccuracy(small_data)
    assert run_on(live, small_pipeline(WORDS)) == list(range(1, live.total + 1))

    measured = Bench(small_data, frames=1).measure(variant(small, WORDS)).accuracy
    assert measured is not None
    assert figures(live.accuracy) == figures(measured)
    assert measured.ap is not None


def test_another_threshold_is_answered_from_what_was_kept(
    small: Detector, small_data: EvaluationData, small_pipeline: Callable[[str], Pipeline]
) -> None:
    live, first = LiveAccuracy(small_data), small_pipeline(WORDS)
    run_on(live, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None

    assert run_on(live, other) == [], "no image is run again"

    measured = Bench(small_data, frames=1).measure(variant(small, f"{WORDS},nms.score=0.02")).accuracy
    assert figures(live.accuracy) == figures(measured)


def test_another_engine_is_run(small_data: EvaluationData, small_pipeline: Callable[[str], Pipeline]) -> None:
    live = LiveAccuracy(small_data)
    run_on(live, small_pipeline(WORDS))
    assert run_on(live, small_pipeline(f"{WORDS},input.resize=opencv")) != []


def test_an_nms_inside_the_program_is_run_again(small_data: EvaluationData, small_pipeline: Callable[[str], Pipeline]) -> None:
    live, first = LiveAccuracy(small_data), small_pipeline("xla,input.size_hw=64x96,nms.method=padded")
    run_on(live, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None
    assert run_on(live, other) != []


def test_without_truth_there_is_no_accuracy(small_data: EvaluationData, small_pipeline: Callable[[str], Pipeline]) -> None:
    live = LiveAccuracy(replace(small_data, labelled_truth=None))
    assert run_on(live, small_pipeline(WORDS)) == []
    assert live.accuracy is None
    assert live.total == 0

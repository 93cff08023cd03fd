"""The judge's figures are the bench's, and an NMS threshold costs it no inference."""

from collections.abc import Callable
from dataclasses import replace

from workbench.bench import Bench
from workbench.catalog import Footage
from workbench.detectors import Detector
from workbench.judge import Judge
from workbench.pipeline import Pipeline
from workbench.variants import variant

WORDS = "graph,input.size_hw=64x96"


def judged(judge: Judge, pipeline: Pipeline) -> list[int]:
    return list(judge.run(pipeline))


def test_it_finds_what_a_measurement_finds(
    small: Detector, small_footage: Footage, small_pipeline: Callable[[str], Pipeline]
) -> None:
    judge = Judge(small_footage)
    assert judged(judge, small_pipeline(WORDS)) == list(range(1, judge.total + 1))

    measured = Bench(small_footage, frames=1).measure(variant(small, WORDS)).accuracy
    assert judge.accuracy == measured
    assert measured is not None
    assert measured.ap is not None


def test_another_threshold_is_answered_from_what_was_kept(
    small: Detector, small_footage: Footage, small_pipeline: Callable[[str], Pipeline]
) -> None:
    judge, first = Judge(small_footage), small_pipeline(WORDS)
    judged(judge, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None

    assert judged(judge, other) == [], "no image is run again"

    assert judge.accuracy == Bench(small_footage, frames=1).measure(variant(small, f"{WORDS},nms.score=0.02")).accuracy


def test_another_engine_is_run(small_footage: Footage, small_pipeline: Callable[[str], Pipeline]) -> None:
    judge = Judge(small_footage)
    judged(judge, small_pipeline(WORDS))
    assert judged(judge, small_pipeline(f"{WORDS},input.resize=opencv")) != []


def test_an_nms_inside_the_program_is_run_again(small_footage: Footage, small_pipeline: Callable[[str], Pipeline]) -> None:
    judge, first = Judge(small_footage), small_pipeline("xla,input.size_hw=64x96,nms.method=padded")
    judged(judge, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None
    assert judged(judge, other) != []


def test_without_truth_there_is_no_accuracy(small_footage: Footage, small_pipeline: Callable[[str], Pipeline]) -> None:
    judge = Judge(replace(small_footage, labelled_truth=None))
    assert judged(judge, small_pipeline(WORDS)) == []
    assert judge.accuracy is None
    assert judge.total == 0

"""The judge's figures are the bench's, and an NMS threshold costs it no inference."""

from collections.abc import Callable
from dataclasses import replace

from workbench.detectors import Detector
from workbench.live import Judge
from workbench.measuring import Bench
from workbench.opening import Footage, variant
from workbench.pipeline import Pipeline

WORDS = "graph,input.size_hw=192x320"


def judged(judge: Judge, pipeline: Pipeline) -> list[int]:
    return list(judge.run(pipeline))


def test_it_finds_what_a_measurement_finds(mobile: Detector, footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    judge = Judge(footage)
    assert judged(judge, pipeline(WORDS)) == list(range(1, judge.total + 1))

    measured = Bench(footage, frames=1).measure(variant(mobile, WORDS)).accuracy
    assert judge.accuracy == measured
    assert measured is not None
    assert measured.ap is not None


def test_another_threshold_is_answered_from_what_was_kept(
    mobile: Detector, footage: Footage, pipeline: Callable[[str], Pipeline]
) -> None:
    judge, first = Judge(footage), pipeline(WORDS)
    judged(judge, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None

    assert judged(judge, other) == [], "no image is run again"

    assert judge.accuracy == Bench(footage, frames=1).measure(variant(mobile, f"{WORDS},nms.score=0.02")).accuracy


def test_another_engine_is_run(footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    judge = Judge(footage)
    judged(judge, pipeline(WORDS))
    assert judged(judge, pipeline(f"{WORDS},input.resize=opencv")) != []


def test_an_nms_inside_the_program_is_run_again(footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    judge, first = Judge(footage), pipeline("xla,input.size_hw=64x96,nms.method=padded")
    judged(judge, first)
    other = first.with_nms(first.settings.nms.model_copy(update={"score": 0.02}))
    assert other is not None
    assert judged(judge, other) != []


def test_without_truth_there_is_no_accuracy(footage: Footage, pipeline: Callable[[str], Pipeline]) -> None:
    judge = Judge(replace(footage, labelled_truth=None))
    assert judged(judge, pipeline(WORDS)) == []
    assert judge.accuracy is None
    assert judge.total == 0

"""Other score thresholds: chosen as a scan of all of them chooses, and their gain stated on images that did not choose."""

import numpy as np
import pytest

from tests.detections.test_accuracy import found, truth
from workbench.detections import Accuracy, Detections, ImageTruth, average_precision
from workbench.detections.thresholds import FEWEST, PARTS, STEPS

OWN = 0.3
Images = tuple[list[Detections], list[ImageTruth]]


def images(count: int, hit: tuple[float, float], false: tuple[float, float], seed: int = 3) -> Images:
    """Return images of two known boxes, each found with a score between `hit`, and two false ones, between `false`."""
    random = np.random.default_rng(seed)
    detections, known = [], []
    for _ in range(count):
        boxes = [(50.0 + 200 * n, 50.0, 40.0, 40.0) for n in range(4)]
        scores = (*random.uniform(*hit, 2), *random.uniform(*false, 2))
        rows = [(*box, float(np.float32(score)), n % 2) for n, (box, score) in enumerate(zip(boxes, scores, strict=True))]
        detections.append(found(*sorted(rows, key=lambda row: -row[4])))
        known.append(truth(*((*box, n) for n, box in enumerate(boxes[:2]))))
    return detections, known


def judged(lower: list[Detections], known: list[ImageTruth], groups: np.ndarray | None = None) -> Accuracy:
    own = [one.where(one.scores > np.float32(OWN)) for one in lower]
    return average_precision(own, known, classes=2, truth_name="t", score_threshold=OWN, lower=lower, groups=groups)


def f1(detections: list[Detections], threshold: float, class_id: int) -> float:
    """Each image has one box of a class; the first two places are right, and no false box lies on a known one."""
    hits = sum(
        int((one.scores[(one.boxes_xyxy_px[:, 0] < 300) & (one.class_ids == class_id)] > threshold).sum()) for one in detections
    )
    boxes = sum(int((one.scores[one.class_ids == class_id] > threshold).sum()) for one in detections)
    return 2 * hits / (boxes + len(detections))


def test_scores_that_fell_below_the_threshold_ask_for_a_lower_one() -> None:
    detections, known = images(40, hit=(0.2, 0.5), false=(0.05, 0.16))

    gains = {one.class_id: one for one in judged(detections, known).score_gains}

    for class_id in (0, 1):
        tried = {float(step): f1(detections, step, class_id) for step in STEPS}
        best = [step for step, value in tried.items() if value == max(tried.values())]
        assert gains[class_id].score == pytest.approx(min(best, key=lambda step: abs(step - OWN)))
        assert gains[class_id].before == pytest.approx(f1(detections, np.float32(OWN), class_id), abs=1e-6)
    together = {float(step): np.mean([f1(detections, step, class_id) for class_id in (0, 1)]) for step in STEPS}
    assert together[min(together, key=lambda step: abs(step - gains[None].score))] == pytest.approx(max(together.values()))
    assert gains[None].after > 0.95 > gains[None].before
    assert gains[None].interval.low > 0.1


def test_the_gain_is_that_of_images_that_had_no_part_in_choosing() -> None:
    """Where scores tell nothing, some threshold always looks better on the images that chose it; nothing is sure on the others."""
    sure = 0
    for seed in range(20):
        detections, known = images(20, hit=(0.31, 0.9), false=(0.31, 0.9), seed=seed)
        sure += sum(one.interval.low > 0 for one in judged(detections, known).score_gains)

    assert sure <= 3


def test_of_thresholds_that_serve_alike_the_nearest_is_taken_and_that_of_now_is_no_gain() -> None:
    assert judged(*images(30, hit=(0.5, 0.9), false=(0.1, 0.2))).score_gains == ()

    raised = judged(*images(30, hit=(0.8, 0.9), false=(0.4, 0.5))).score_gains
    assert {one.score for one in raised} == {0.5}


@pytest.mark.parametrize("count", [FEWEST - 1, FEWEST])
def test_of_fewer_images_than_parts_can_judge_nothing_is_said(count: int) -> None:
    assert bool(judged(*images(count, hit=(0.2, 0.29), false=(0.05, 0.1))).score_gains) == (count == FEWEST)


def test_images_that_are_alike_are_never_on_both_sides() -> None:
    detections, known = images(PARTS * 8, hit=(0.2, 0.29), false=(0.05, 0.1))
    groups = np.repeat(np.arange(FEWEST - 1), 5)[: len(known)]

    assert judged(detections, known, groups).score_gains == ()

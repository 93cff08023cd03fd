"""What is said of each class equals what the field's own tools say, and the best threshold what trying all of them gives."""

import numpy as np
import pytest

from tests.detections.test_accuracy import found, truth
from tests.detections.test_resampling import CLASSES, crowded_images
from workbench.detections import Accuracy, Detections, ImageTruth, average_precision
from workbench.detections.class_accuracy import CURVE_POINTS

Images = tuple[list[Detections], list[ImageTruth]]


def judged(detections: list[Detections], known: list[ImageTruth]) -> Accuracy:
    return average_precision(detections, known, classes=CLASSES, truth_name="t", score_threshold=0.1)


@pytest.fixture
def images() -> Images:
    return crowded_images(1, 12)


def test_each_class_has_the_references_figures(images: Images) -> None:
    from faster_coco_eval import COCO, COCOeval_faster

    from workbench.detections.accuracy import _result_rows, _truth_annotations

    detections, known = images
    annotations = _truth_annotations(detections, known, CLASSES)
    pictures = [{"id": n + 1} for n in range(len(known))]
    everything = COCO({"images": pictures, "categories": [{"id": n} for n in range(CLASSES)], "annotations": annotations})
    evaluation = COCOeval_faster(everything, everything.loadRes(_result_rows(detections)), "bbox")
    evaluation.run()
    precision, recall = evaluation.eval["precision"][:, :, :, 0, 2], evaluation.eval["recall"][:, :, 0, 2]

    for one in judged(detections, known).classes:
        assert one.ap == pytest.approx(precision[:, :, one.class_id].mean(), abs=1e-6)
        assert one.ap50 == pytest.approx(precision[0, :, one.class_id].mean(), abs=1e-6)
        assert one.recall == pytest.approx(recall[0, one.class_id], abs=1e-6)
        assert one.ap_interval is not None
        assert one.ap_interval.low <= one.ap <= one.ap_interval.high


def test_the_best_threshold_is_what_trying_all_of_them_gives(images: Images) -> None:
    detections, known = images

    for one in judged(detections, known).classes:
        scores = np.unique(np.concatenate([each.scores[each.class_ids == one.class_id] for each in detections]))
        tried = {}
        for score in scores:
            kept = [each.where(each.scores >= score) for each in detections]
            (same,) = (row for row in judged(kept, known).classes if row.class_id == one.class_id)
            precision = same.precision or 0.0
            tried[float(score)] = 2 * precision * same.recall / (precision + same.recall) if precision + same.recall else 0.0
        assert one.best is not None
        assert one.best.f1 == pytest.approx(max(tried.values()), abs=1e-5)
        assert tried[min(tried, key=lambda score: abs(score - one.best.score))] == pytest.approx(max(tried.values()), abs=1e-5)


def test_what_is_taken_for_what_is_supervisions_matrix() -> None:
    first, second = (10, 10, 40, 40, 0), (200, 100, 60, 50, 1)
    seen = found((10, 10, 40, 40, 0.9, 1), (200, 100, 60, 50, 0.8, 1), (400, 300, 30, 30, 0.7, 2))

    counted = judged([seen, Detections.empty()], [truth(first, second), truth(second, (300, 10, 20, 20, 7))]).confusions

    assert {(one.truth, one.found): one.count for one in counted} == {(0, 1): 1, (1, 1): 1, (None, 2): 1, (1, None): 1}


def test_a_curve_is_thinned_and_ends_at_the_settings_score() -> None:
    random = np.random.default_rng(7)
    rows = [(*random.uniform(0, 900, 2), 30, 30, 0) for _ in range(300)]
    many = [found(*sorted(((*row[:4], random.random(), 0) for row in rows[n::3]), key=lambda row: -row[4])) for n in range(3)]

    (one,) = judged(many, [truth(*rows[n::3]) for n in range(3)]).classes

    assert len(one.curve) <= CURVE_POINTS
    assert (one.curve[-1].precision, one.curve[-1].recall) == (one.precision, one.recall) == (1.0, 1.0)
    assert [point.score for point in one.curve] == sorted((point.score for point in one.curve), reverse=True)


def test_a_class_of_which_nothing_is_found_has_no_precision() -> None:
    (one,) = judged([Detections.empty()], [truth((10, 10, 40, 40, 0))]).classes

    assert (one.known, one.ap, one.precision, one.recall, one.best, one.curve) == (1, 0.0, None, 0.0, None, ())


def test_a_curve_goes_below_the_settings_score_and_the_figures_at_it_stay(images: Images) -> None:
    lower, known = images
    own = [each.where(each.scores > 0.5) for each in lower]

    alone = average_precision(own, known, classes=CLASSES, truth_name="t", score_threshold=0.5)
    whole = average_precision(own, known, classes=CLASSES, truth_name="t", score_threshold=0.5, lower=lower)

    for one, other in zip(alone.classes, whole.classes, strict=True):
        assert (one.ap, one.recall, one.precision) == (other.ap, other.recall, other.precision)
        assert one.curve[-1].score > 0.5 > other.curve[-1].score
    assert alone.confusions == whole.confusions

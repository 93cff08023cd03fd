import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.detections import (
    Accuracy,
    Detections,
    ImageTruth,
    agreement,
    average_precision,
    break_reasons,
    compare_ap,
    match,
    uncounted,
    with_reasons,
)
from workbench.detections.accuracy import COUNTED


def found(*rows):
    """Detections of `(x, y, width, height, score, class)` rows."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    boxes = np.hstack([table[:, :2], table[:, :2] + table[:, 2:4]]).astype(np.float32)
    return Detections(boxes, table[:, 4].astype(np.float32), table[:, 5].astype(np.int64))


def truth(*rows, crowd=(), areas=None):
    """The truth of `(x, y, width, height, class)` rows; `crowd` names rows."""
    table = np.array(rows, np.float64).reshape(-1, 5)
    boxes = np.hstack([table[:, :2], table[:, :2] + table[:, 2:4]]).astype(np.float32)
    sizes = table[:, 2] * table[:, 3] if areas is None else np.array(areas, np.float64)
    marked = np.isin(np.arange(len(table)), crowd)
    return ImageTruth(boxes, table[:, 4].astype(np.int64), marked, sizes.astype(np.float32))


def precision(detections, known, classes=3):
    return average_precision(detections, known, classes=classes, truth_name="truth.json", score_threshold=0.3)


SMALL, MEDIUM, LARGE = (10, 10, 20, 20, 0), (50, 40, 60, 50, 1), (200, 100, 300, 150, 2)


def seen(*rows, score=0.9):
    return found(*[(*row[:4], score, row[4]) for row in rows])


def test_finding_everything_is_one():
    perfect = precision([seen(SMALL, MEDIUM, LARGE)], [truth(SMALL, MEDIUM, LARGE)])
    figures = (perfect.ap, perfect.ap50, perfect.ap_small, perfect.ap_medium, perfect.ap_large)
    assert figures == pytest.approx((1.0,) * 5)
    assert (perfect.images, perfect.truth, perfect.score_threshold) == (1, "truth.json", 0.3)


def test_finding_nothing_at_all_is_zero():
    nothing = precision([Detections.empty()], [truth(SMALL)])
    assert (nothing.ap, nothing.ap50, nothing.ap_small) == (0.0, 0.0, 0.0)


def test_a_size_without_truth_has_no_figure():
    only_small = precision([seen(SMALL)], [truth(SMALL)])
    assert (only_small.ap_medium, only_small.ap_large) == (None, None)


@pytest.mark.parametrize(
    "known", [truth(), truth(SMALL, crowd=[0]), truth((10, 10, 20, 20, 7))], ids=["empty", "only a crowd", "unknown class"]
)
def test_without_truth_there_is_no_figure(known):
    assert precision([seen(SMALL)], [known]).ap is None


def test_no_images_have_no_figure():
    assert precision([], []).ap is None


def test_sizes_are_those_of_the_objects_in_original_pixels():
    # The box is medium; the object in it, by its outline, is small.
    outlined = precision([seen(MEDIUM)], [truth(MEDIUM, areas=[900.0])])
    assert (outlined.ap_small, outlined.ap_medium) == (1.0, None)


def test_a_detection_in_a_crowd_counts_neither_way():
    crowded = truth(SMALL, (300, 10, 200, 200, 0), crowd=[1])
    inside = found((10, 10, 20, 20, 0.5, 0), (320, 30, 40, 40, 0.9, 0))
    assert precision([inside], [crowded]).ap == pytest.approx(1.0)


def test_a_false_alarm_above_costs_half():
    one_wrong = found((10, 10, 20, 20, 0.5, 0), (300, 300, 20, 20, 0.9, 0))
    assert precision([one_wrong], [truth(SMALL)]).ap50 == pytest.approx(0.5)


def test_a_loose_box_counts_at_half_overlap_only():
    # 30 of 50 columns are shared: IoU .6, so three of the ten thresholds .50 ... .95.
    loose = precision([found((10, 0, 40, 40, 0.9, 0))], [truth((0, 0, 40, 40, 0))])
    assert loose.ap50 == pytest.approx(1.0)
    assert loose.ap == pytest.approx(0.3)


def test_equal_scores_do_not_crash_and_keep_the_given_order():
    right_first = found((10, 10, 20, 20, 0.5, 0), (300, 300, 20, 20, 0.5, 0))
    assert precision([right_first], [truth(SMALL)]).ap50 == pytest.approx(1.0)


def test_the_published_reference_gives_the_same_figures():
    reference = pytest.importorskip("pycocotools.cocoeval", reason="pycocotools is not a dependency, only a second opinion")
    from pycocotools.coco import COCO

    draw = np.random.default_rng(5)
    known, detections = [], []
    for _ in range(6):
        rows = [(*draw.uniform(0, 500, 2), *draw.uniform(5, 150, 2), draw.integers(0, 3)) for _ in range(8)]
        known.append(truth(*rows, crowd=[0]))
        moved = [(*(np.array(row[:4]) + draw.normal(0, 4, 4)), round(draw.random(), 1), draw.choice([row[4], 0])) for row in rows]
        detections.append(found(*sorted(moved, key=lambda row: -row[4])))
    mine = precision(detections, known)
    rows = [
        {
            "image_id": n,
            "category_id": int(c),
            "bbox": [*map(float, box[:2]), *map(float, box[2:] - box[:2])],
            "area": float(a),
            "iscrowd": int(k),
        }
        for n, one in enumerate(known)
        for box, c, a, k in zip(one.boxes_xyxy_px, one.class_ids, one.areas_px, one.iscrowd, strict=True)
    ]
    base = COCO()
    base.dataset = {
        "info": {},
        "images": [{"id": n} for n in range(6)],
        "categories": [{"id": n} for n in range(3)],
        "annotations": [row | {"id": n + 1} for n, row in enumerate(rows)],
    }
    base.createIndex()
    results = [
        {"image_id": n, "category_id": int(c), "bbox": [*map(float, box[:2]), *map(float, box[2:] - box[:2])], "score": float(s)}
        for n, one in enumerate(detections)
        for box, s, c in zip(one.boxes_xyxy_px, one.scores, one.class_ids, strict=True)
    ]
    evaluation = reference.COCOeval(base, base.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    ap, ap50, _, small, medium, large = evaluation.stats[:6]
    assert (mine.ap, mine.ap50, mine.ap_small, mine.ap_medium, mine.ap_large) == pytest.approx((ap, ap50, small, medium, large))


def test_nothing_is_printed(capfd):
    precision([seen(SMALL)], [truth(SMALL)])
    assert capfd.readouterr() == ("", "")


def test_one_truth_for_each_image_is_asked_for():
    with pytest.raises(ValueError, match="shorter"):
        precision([seen(SMALL), seen(SMALL)], [truth(SMALL)])


@pytest.mark.parametrize(
    ("classes", "said"),
    [([0] * (COUNTED + 1), 1), ([0] * COUNTED, 0), ([0] * COUNTED + [1] * COUNTED, 0), ([], 0)],
    ids=["one too many", "just all", "two classes", "none"],
)
def test_detections_that_precision_does_not_count_are_told(classes, said):
    count = len(classes)
    crowd = Detections(np.zeros((count, 4), np.float32), np.ones(count, np.float32), np.array(classes, np.int64))
    assert len(uncounted([crowd, Detections.empty()])) == said


def boxes_of(count, **changes):
    """`count` boxes far apart, each the same but for the changes."""
    side = changes.get("side", 40)
    return found(*[(100 * n + changes.get("shift", 0), 0, side, side, changes.get("score", 0.9), n % 3) for n in range(count)])


def test_the_same_detections_agree_wholly():
    same = agreement([boxes_of(12)], [boxes_of(12)], baseline_name="naive")
    assert (same.matched, same.lost, same.new, same.class_flips, same.frames) == (12, 0, 0, 0, 1)
    assert (same.ratio, same.mean_iou, same.score_drift) == pytest.approx((1.0, 1.0, 0.0))
    assert not same.broken


def test_finding_nothing_twice_is_agreement():
    empty = agreement([Detections.empty()], [Detections.empty()], baseline_name="naive")
    assert (empty.ratio, empty.mean_iou, empty.score_drift, empty.broken) == (1.0, None, None, False)


def test_lost_and_new_boxes_are_counted_apart():
    result = agreement([found(SMALL_BOX, FAR_BOX)], [found(SMALL_BOX, OTHER_BOX, THIRD_BOX)], baseline_name="naive")
    assert (result.matched, result.lost, result.new) == (1, 2, 1)
    assert result.ratio == pytest.approx(2 / 5)


SMALL_BOX, FAR_BOX, OTHER_BOX, THIRD_BOX = (
    (0, 0, 20, 20, 0.9, 0),
    (500, 0, 20, 20, 0.9, 0),
    (100, 0, 9, 9, 0.9, 0),
    (200, 0, 9, 9, 0.9, 0),
)


def test_a_changed_class_is_a_flip_and_no_agreement():
    flipped = agreement([found((0, 0, 20, 20, 0.9, 1))], [found((0, 0, 20, 20, 0.9, 0))], baseline_name="naive")
    assert (flipped.matched, flipped.class_flips, flipped.ratio) == (1, 1, 0.0)


def test_score_drift_is_what_was_found_minus_the_baseline():
    drifted = agreement([boxes_of(3, score=0.7)], [boxes_of(3, score=0.9)], baseline_name="naive")
    assert drifted.score_drift == pytest.approx(-0.2)


def test_two_classes_on_one_object_are_no_flips():
    both = found((0, 0, 40, 40, 0.9, 0), (0, 0, 40, 40, 0.8, 1))
    swapped = found((0, 0, 40, 40, 0.9, 1), (0, 0, 40, 40, 0.8, 0))
    assert agreement([both], [swapped], baseline_name="naive").class_flips == 0


def test_each_box_is_in_one_pair_and_the_best_overlap_wins():
    pairs = match(found((0, 0, 40, 40, 0.5, 0)), found((5, 0, 40, 40, 0.9, 0), (1, 0, 40, 40, 0.8, 0)))
    assert [(row, column) for row, column, _ in pairs] == [(0, 1)]


COORDINATE = st.integers(0, 60)
BOXES = st.lists(
    st.tuples(COORDINATE, COORDINATE, st.integers(1, 60), st.integers(1, 60), st.just(0.5), st.integers(0, 2)), max_size=8
)


@given(BOXES, BOXES)
def test_every_box_is_matched_lost_or_new(ours, theirs):
    one, other = found(*ours), found(*theirs)
    result = agreement([one], [other], baseline_name="naive")
    assert (result.matched + result.new, result.matched + result.lost) == (len(one), len(other))
    assert 0.0 <= result.ratio <= 1.0


@given(BOXES, BOXES)
def test_agreement_is_the_same_from_either_side(ours, theirs):
    there = agreement([found(*ours)], [found(*theirs)], baseline_name="a")
    back = agreement([found(*theirs)], [found(*ours)], baseline_name="b")
    assert (there.lost, there.new) == (back.new, back.lost) or there.matched != back.matched  # ties may pair differently


@pytest.mark.parametrize(
    ("detections", "reason"),
    [
        (Detections.empty(), "all 12 detections of naive are lost"),
        (boxes_of(12, side=6), "only 0 of the 12 .* 12 boxes are new"),
        (boxes_of(4), "8 lost"),
        (found(*[(100 * n, 0, 40, 40, 0.9, (n + 1) % 3) for n in range(12)]), "12 changed class"),
        (boxes_of(60), "48 boxes are new"),
        (boxes_of(12, shift=10), r"by only 0\.60 \(IoU\)"),
    ],
    ids=[
        "nothing found",
        "boxes collapsed, classes right",
        "two thirds lost",
        "classes mixed up",
        "a flood of new boxes",
        "boxes beside the objects",
    ],
)
def test_a_broken_setting_is_flagged_with_the_reason(detections, reason):
    result = agreement([detections], [boxes_of(12)], baseline_name="naive")
    assert result.broken
    assert any(re.search(reason, said) for said in result.reasons)


@pytest.mark.parametrize(
    "detections",
    [boxes_of(12, shift=2), boxes_of(12, score=0.5), boxes_of(10), boxes_of(15)],
    ids=["boxes moved by two pixels", "scores drifted", "two lost", "three new"],
)
def test_a_little_drift_is_not_broken(detections):
    assert not agreement([detections], [boxes_of(12)], baseline_name="naive").broken


def test_a_handful_of_boxes_decides_nothing():
    assert not agreement([Detections.empty()], [boxes_of(3)], baseline_name="naive").broken


def accuracy(ap, ap50=0.9, name="truth.json"):
    return Accuracy(ap=ap, ap50=ap50, ap_small=None, ap_medium=None, ap_large=None, images=50, truth=name, score_threshold=0.3)


def disagreeing():
    return agreement([boxes_of(4)], [boxes_of(12)], baseline_name="naive")


def test_truth_decides_where_it_is_known():
    assert break_reasons(accuracy(0.55), accuracy(0.56), disagreeing()) == ()
    assert not with_reasons(disagreeing(), accuracy(0.55), accuracy(0.56)).broken


@pytest.mark.parametrize(
    ("after", "before"), [(accuracy(0.1), accuracy(0.56)), (accuracy(0.3, 0.4), accuracy(0.56, 0.9))], ids=["AP", "AP50"]
)
def test_half_the_precision_gone_is_broken(after, before):
    agreed = agreement([boxes_of(12)], [boxes_of(12)], baseline_name="naive")
    result = with_reasons(agreed, after, before)
    assert result.broken
    assert "falls from" in result.reasons[0]


@pytest.mark.parametrize(
    ("after", "before"),
    [
        (None, accuracy(0.5)),
        (accuracy(0.5), None),
        (accuracy(0.5), accuracy(0.0)),
        (accuracy(0.5), accuracy(0.5, name="other.json")),
    ],
    ids=["no AP", "no AP of the baseline", "a baseline that finds nothing", "another truth"],
)
def test_agreement_stands_in_where_truth_cannot_decide(after, before):
    assert "lost" in break_reasons(after, before, disagreeing())[0]


def test_with_nothing_known_nothing_is_broken():
    assert break_reasons(None, None, None) == ()


SAME_TRUTH = {
    "one content": (("a.json", "1"), ("a.json", "1"), True),
    "one content by two names": (("a.json", "1"), ("b.json", "1"), True),
    "two contents by one name": (("instances.json", "1"), ("instances.json", "2"), False),
    "one name of an earlier version": (("a.json", None), ("a.json", "2"), True),
    "two names of an earlier version": (("a.json", None), ("b.json", "2"), False),
}


@pytest.mark.parametrize(("one", "other", "same"), SAME_TRUTH.values(), ids=SAME_TRUTH)
def test_ap_is_compared_where_the_content_of_the_truth_is_the_same(one, other, same):
    def judged(names, ap):
        return precision([seen(SMALL)], [truth(SMALL)]).model_copy(update={"truth": names[0], "truth_key": names[1], "ap": ap})

    worse, better = judged(one, 0.1), judged(other, 0.9)
    assert (compare_ap(worse, better) is not None) is same
    assert bool(break_reasons(worse, better, None)) is same

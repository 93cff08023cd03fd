import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalogue import NMS_METHODS
from workbench.detections import Detections
from workbench.detections.boxes import pairwise_iou
from workbench.errors import SettingsError
from workbench.settings import Nms
from workbench.stages import HOST_NMS, above_own, only_above, suppress

METHODS = pytest.mark.parametrize("method", [method for method in HOST_NMS if NMS_METHODS[method].hard])
PER_CLASS = pytest.mark.parametrize("per_class", [True, False], ids=["per class", "all classes"])
CLASSES = 3
SCORES = st.one_of(st.sampled_from([0.0, 0.3, 0.5, 0.5, 0.9, np.nan, np.inf]), st.floats(0, 1, width=32))  # many ties
# Whole numbers: every intersection and union is exact, so that methods can only differ in their rules. Some have no area.
BOXES = st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 12), st.integers(0, 12))
SCENES = st.lists(st.tuples(BOXES, st.lists(SCORES, min_size=CLASSES, max_size=CLASSES)), max_size=12)
THRESHOLDS = st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0])


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def scores(*rows):
    return np.array(rows, np.float32)


def arrays(scene):
    corners = [(x, y, x + width, y + height) for (x, y, width, height), _ in scene]
    return boxes(*corners), np.array([row for _, row in scene], np.float32).reshape(-1, CLASSES)


def assert_same(found, expected):
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.boxes_xyxy_px, expected.boxes_xyxy_px)
    np.testing.assert_array_equal(found.class_ids, expected.class_ids)


@METHODS
def test_of_boxes_that_overlap_the_best_one_stays(method):
    found = suppress(boxes([0, 0, 10, 20], [1, 0, 11, 20], [50, 0, 60, 20]), scores([0.8], [0.9], [0.7]), Nms(method=method))

    np.testing.assert_array_equal(found.boxes_xyxy_px, [[1, 0, 11, 20], [50, 0, 60, 20]])
    assert (found.boxes_xyxy_px.dtype, found.scores.dtype, found.class_ids.dtype) == (np.float32, np.float32, np.int64)


@METHODS
def test_a_box_that_is_gone_takes_no_other_with_it(method):
    row = boxes([0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10])  # neighbours overlap by 6 of 14

    found = suppress(row, scores([0.9], [0.8], [0.7]), Nms(method=method, iou=0.4))

    np.testing.assert_array_equal(found.boxes_xyxy_px, row[[0, 2]])


@METHODS
@pytest.mark.parametrize(("iou", "count"), [(0.5, 2), (0.499, 1)], ids=["equal stays", "greater goes"])
def test_an_overlap_must_be_greater_than_the_limit(method, iou, count):
    assert len(suppress(boxes([0, 0, 2, 10], [0, 0, 1, 10]), scores([0.9], [0.8]), Nms(method=method, iou=iou))) == count


@METHODS
@PER_CLASS
@pytest.mark.parametrize("limit", [0.3, 0.5, 0.7])
def test_a_score_must_be_greater_than_the_limit(method, per_class, limit):
    just_above = np.nextafter(np.float32(limit), np.float32(1))
    table = scores([limit], [just_above])

    found = suppress(boxes([0, 0, 1, 1], [5, 5, 6, 6]), table, Nms(method=method, per_class=per_class, score=limit))

    np.testing.assert_array_equal(found.scores, [just_above])


@METHODS
def test_classes_suppress_each_other_only_when_asked(method):
    row, table = boxes([0, 0, 10, 10], [0, 0, 10, 9]), scores([0.9, 0.1], [0.2, 0.8])

    assert suppress(row, table, Nms(method=method)).class_ids.tolist() == [0, 1]
    assert suppress(row, table, Nms(method=method, per_class=False)).class_ids.tolist() == [0]


@METHODS
def test_a_box_counts_for_each_class_above_the_limit(method):
    row, table = boxes([0, 0, 10, 10]), scores([0.5, 0.9])

    assert suppress(row, table, Nms(method=method)).class_ids.tolist() == [1, 0]
    assert suppress(row, table, Nms(method=method, per_class=False)).class_ids.tolist() == [1]


@METHODS
@PER_CLASS
def test_of_equal_scores_the_first_comes_first(method, per_class):
    row = boxes([40, 0, 50, 9], [0, 0, 10, 9], [20, 0, 30, 9], [1, 0, 11, 9])

    found = suppress(row, scores([0.5], [0.5], [0.5], [0.5]), Nms(method=method, per_class=per_class))

    np.testing.assert_array_equal(found.boxes_xyxy_px, row[:3])


@METHODS
@PER_CLASS
def test_of_equal_classes_the_first_is_best(method, per_class):
    found = suppress(boxes([0, 0, 10, 9]), scores([0.1, 0.5, 0.5]), Nms(method=method, per_class=per_class))

    assert found.class_ids.tolist() == ([1, 2] if per_class else [1])


@METHODS
@PER_CLASS
@pytest.mark.parametrize(
    ("row", "table"),
    [
        pytest.param(boxes(), np.zeros((0, 2), np.float32), id="no boxes"),
        pytest.param(boxes([0, 0, 9, 9]), scores([0.1, 0.2]), id="none above the limit"),
        pytest.param(boxes([0, 0, 9, 9]), scores([np.nan, np.inf]), id="scores that are not finite"),
        pytest.param(boxes([0, 0, np.nan, 9]), scores([0.9, 0.1]), id="a corner that is not a number"),
        pytest.param(boxes([-np.inf, 0, np.inf, 9]), scores([0.9, 0.1]), id="infinite corners"),
        pytest.param(boxes([5, 5, 5, 9]), scores([0.9, 0.1]), id="no area"),
        pytest.param(boxes([9, 9, 0, 0]), scores([0.9, 0.1]), id="inside out"),
    ],
)
def test_nothing_to_find_is_nothing_found(method, per_class, row, table):
    found = suppress(row, table, Nms(method=method, per_class=per_class))

    assert len(found) == 0
    assert found.boxes_xyxy_px.shape == (0, 4)


@METHODS
def test_a_score_that_is_not_a_number_leaves_the_others(method):
    row, table = boxes([0, 0, 9, 9]), scores([np.nan, 0.6, np.inf])

    assert suppress(row, table, Nms(method=method, per_class=False)).class_ids.tolist() == [1]


@METHODS
def test_only_the_best_candidates_go_in(method):
    row = boxes([0, 0, 10, 9], [1, 0, 11, 9], [40, 0, 50, 9])

    found = suppress(row, scores([0.9], [0.8], [0.7]), Nms(method=method, top_k=2))

    np.testing.assert_array_equal(found.boxes_xyxy_px, row[:1])


@METHODS
def test_no_more_are_kept_than_allowed(method):
    row = boxes([0, 0, 10, 9], [1, 0, 11, 9], [40, 0, 50, 9], [80, 0, 90, 9])

    found = suppress(row, scores([0.9], [0.8], [0.7], [0.6]), Nms(method=method, max_detections=2))

    np.testing.assert_array_equal(found.boxes_xyxy_px, row[[0, 2]])


def test_opencv_keeps_classes_apart_left_of_the_picture():
    # OpenCV's own NMSBoxesBatched lets the second suppress the first: it moves class 1 by the largest coordinate, 11
    row = boxes([0, 0, 10, 10], [-11, -11, -1, -1])

    assert len(suppress(row, scores([0.9, 0], [0, 0.8]), Nms(method="opencv"))) == 2


@pytest.mark.parametrize("method", ["python", "opencv"])
@PER_CLASS
@given(scene=SCENES, iou=THRESHOLDS, limits=st.sampled_from([(1, 1), (5, 3), (100, 3), (5, 100), (100, 100)]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_every_method_keeps_what_numpy_keeps(method, per_class, scene, iou, limits):
    values = {"per_class": per_class, "iou": iou, "top_k": limits[0], "max_detections": limits[1]}

    assert_same(suppress(*arrays(scene), Nms(method=method, **values)), suppress(*arrays(scene), Nms(method="numpy", **values)))


@given(scene=SCENES, iou=THRESHOLDS)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_kept_is_sorted_and_overlaps_no_more_than_allowed(scene, iou):
    found = suppress(*arrays(scene), Nms(method="numpy", iou=iou))

    overlaps = pairwise_iou(found.boxes_xyxy_px, found.boxes_xyxy_px)
    rivals = (found.class_ids[:, None] == found.class_ids) & ~np.eye(len(found), dtype=bool)
    assert (overlaps[rivals] <= np.float32(iou)).all()
    assert (np.diff(found.scores) <= 0).all()


@PER_CLASS
@given(scene=SCENES, limits=st.sampled_from([(1, 1), (5, 3), (100, 3), (5, 100), (100, 100)]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_without_suppression_all_stay_that_no_overlap_removes(per_class, scene, limits):
    values = {"per_class": per_class, "top_k": limits[0], "max_detections": limits[1]}

    found = suppress(*arrays(scene), Nms(method="none", iou=0.0, **values))

    assert_same(found, suppress(*arrays(scene), Nms(method="numpy", iou=1.0, **values)))  # no overlap is greater


@METHODS
@given(scene=SCENES, iou=THRESHOLDS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_where_classes_have_thresholds_each_is_thinned_out_as_if_it_were_alone(method, scene, iou):
    thresholds = np.array([0.5, 0.2, 0.3], np.float32)  # the third class has no label
    box_rows, table = arrays(scene)

    rule = Nms(method=method, score=0.2, iou=iou)
    found = above_own(suppress(box_rows, only_above(table, thresholds), rule), thresholds)

    for class_id, threshold in enumerate(thresholds.tolist()):
        alone = np.where(np.arange(CLASSES) == class_id, table, -1).astype(np.float32)
        assert_same(
            found.where(found.class_ids == class_id), suppress(box_rows, alone, rule.model_copy(update={"score": threshold}))
        )


@METHODS
def test_a_box_below_its_own_class_threshold_suppresses_no_other(method):
    thresholds = np.array([0.9, 0.1, 0.1, 0.1], np.float32)
    table = scores([0.8, 0, 0], [0, 0.3, 0])

    found = suppress(
        boxes((0, 0, 9, 9), (0, 0, 9, 9)), only_above(table, thresholds), Nms(method=method, score=0.1, per_class=False)
    )

    assert found.class_ids.tolist() == [1]


def test_what_soft_nms_lowered_below_its_class_threshold_goes():
    found = Detections(boxes((0, 0, 9, 9), (0, 0, 9, 9)), np.array([0.4, 0.3], np.float32), np.array([0, 7]))

    assert above_own(found, np.array([0.5, 0.2], np.float32)).class_ids.tolist() == [7]


def test_a_method_of_the_graph_is_refused_on_the_host():
    with pytest.raises(SettingsError, match=r"nms.method is 'tensorflow'; choose one of python, numpy, opencv"):
        suppress(*arrays([]), Nms(method="tensorflow"))

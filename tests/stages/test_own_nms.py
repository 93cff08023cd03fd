import numpy as np
import pytest

from workbench.stages import DetectionRows, DetectionTensors

SIZE_HW = (100, 200)
BOXES = np.array([[[0.1, 0.2, 0.5, 0.6], [0, 0, 1, 1], [0.5, 0.5, 0.7, 0.9]]], np.float32)
SCORES = np.array([[0.3, 0.9, 0.5]], np.float32)
CLASSES = np.array([[1, 2, 3]], np.float32)


def test_detections_come_best_first_in_pixels_of_the_input():
    (found,) = DetectionTensors().detections([BOXES, SCORES, CLASSES], SIZE_HW)

    assert found.class_ids.tolist() == [2, 3, 1]
    np.testing.assert_allclose(found.scores, [0.9, 0.5, 0.3])
    np.testing.assert_allclose(found.boxes_xyxy_px, [[0, 0, 200, 100], [100, 50, 180, 70], [40, 10, 120, 50]], rtol=1e-6)


@pytest.mark.parametrize("count", [np.array([2.0]), np.array([[2]]), np.array([2], np.int32)], ids=["(1,)", "(1, 1)", "integer"])
def test_the_count_ends_them(count):
    (found,) = DetectionTensors().detections([BOXES, SCORES, CLASSES, count], SIZE_HW)

    assert found.class_ids.tolist() == [2, 1]


@pytest.mark.parametrize("count", [0.0, -1.0, 1e9, np.nan, np.inf])
def test_a_wild_count_crashes_nothing(count):
    (found,) = DetectionTensors().detections([BOXES, SCORES, CLASSES, np.array([count], np.float32)], SIZE_HW)

    assert len(found) <= 3


def test_classes_are_counted_from_the_first_label_and_what_is_before_it_is_none():
    (found,) = DetectionTensors(first_class=2).detections([BOXES, SCORES, CLASSES], SIZE_HW)

    assert found.class_ids.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (0, [0.5, 0.5, 0.5, 0.9]),
        (0, [0.5, 0.5, 0.4, 0.9]),
        (0, [np.nan, 0, 1, 1]),
        (0, [-np.inf, 0, 1, 1]),
        (1, 0),
        (1, np.nan),
        (2, np.nan),
        (2, -1),
    ],
    ids=["no area", "turned", "nan box", "infinite box", "no score", "nan score", "nan class", "class -1"],
)
def test_what_fills_up_a_fixed_number_of_rows_is_left_out(part, value):
    raw = [BOXES.copy(), SCORES.copy(), CLASSES.copy()]
    raw[part][0, 1] = value

    (found,) = DetectionTensors().detections(raw, SIZE_HW)

    assert found.class_ids.tolist() == [3, 1]


def test_each_image_of_a_batch_has_its_own():
    raw = [np.concatenate([one, one]) for one in (BOXES, SCORES, CLASSES)]

    first, second = DetectionTensors().detections([*raw, np.array([1, 0])], SIZE_HW)

    assert (first.class_ids.tolist(), len(second)) == ([1], 0)


def test_rows_hold_box_score_and_class():
    rows = np.array([[[10, 20, 30, 40, 0.5, 7], [0, 0, 0, 0, 0, 0]]], np.float32)

    (found,) = DetectionRows().detections([rows], SIZE_HW)

    assert found.class_ids.tolist() == [7]
    np.testing.assert_allclose(found.boxes_xyxy_px, [[10, 20, 30, 40]])


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        (("class", "score", "box"), [7, 0.5, 10, 20, 30, 40]),
        (("image", "box", "class", "score"), [0, 10, 20, 30, 40, 7, 0.5]),
        (("image", "class", "score", "box"), [0, 7, 0.5, 10, 20, 30, 40]),
        (("box", "score", "class"), [10, 20, 30, 40, 0.5, 7, 3.1, 4.1]),
    ],
    ids=["box last", "image first", "image first, box last", "more behind"],
)
def test_a_row_is_read_by_its_columns(columns, row):
    (found,) = DetectionRows(columns=columns).detections([np.array([[row]], np.float32)], SIZE_HW)

    assert (found.scores.tolist(), found.class_ids.tolist()) == ([0.5], [7])
    np.testing.assert_allclose(found.boxes_xyxy_px, [[10, 20, 30, 40]])


def test_detections_without_a_batch_axis_are_of_one_image():
    (tensors,) = DetectionTensors().detections([BOXES[0], SCORES[0], CLASSES[0], np.float32(2)], SIZE_HW)
    (rows,) = DetectionRows().detections([np.array([[10, 20, 30, 40, 0.5, 7]], np.float32)], SIZE_HW)

    assert (tensors.class_ids.tolist(), rows.class_ids.tolist()) == ([2, 1], [7])


def test_a_box_that_is_listed_under_two_classes_is_two_detections():
    (found,) = DetectionTensors().detections([BOXES[:, [1, 1]], SCORES[:, [1, 2]], CLASSES[:, [1, 2]]], SIZE_HW)

    assert found.class_ids.tolist() == [2, 3]

import numpy as np
import pytest

from workbench.detections import Detections


def three():
    boxes = np.arange(12, dtype=np.float32).reshape(3, 4)
    return Detections(boxes, np.array([0.9, 0.5, 0.5], np.float32), np.array([2, 0, 1]))


@pytest.mark.parametrize(
    ("boxes", "scores", "classes"),
    [((2, 4), (3,), (3,)), ((3, 4), (3,), (2,)), ((3, 5), (3,), (3,)), ((12,), (3,), (3,)), ((3, 4), (3, 1), (3,))],
    ids=["boxes", "classes", "five numbers", "flat", "scores in a column"],
)
def test_shapes_that_do_not_belong_together_are_refused(boxes, scores, classes):
    with pytest.raises(ValueError, match="got shapes"):
        Detections(np.zeros(boxes, np.float32), np.zeros(scores, np.float32), np.zeros(classes, np.int64))


def test_no_detections_are_detections():
    assert len(Detections.empty()) == 0
    assert Detections.empty().boxes_xyxy_px.shape == (0, 4)
    assert len(Detections.empty().where(np.zeros(0, bool))) == 0


@pytest.mark.parametrize("keep", [np.array([True, False, True]), np.array([0, 2])], ids=["mask", "index"])
def test_rows_stay_together(keep):
    kept = three().where(keep)
    assert kept.class_ids.tolist() == [2, 1]
    assert kept.boxes_xyxy_px[:, 0].tolist() == [0.0, 8.0]
    assert kept.scores == pytest.approx([0.9, 0.5])


def test_choosing_rows_leaves_the_original_whole():
    whole = three()
    whole.where(np.array([0]))
    assert len(whole) == 3

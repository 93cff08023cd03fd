import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.detections import areas_px
from workbench.detections.boxes import pairwise_iou


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def test_no_boxes_have_no_areas():
    assert areas_px(boxes()).shape == (0,)


@pytest.mark.parametrize(
    ("box", "area"),
    [((10, 20, 30, 50), 600), ((5, 5, 5, 9), 0), ((9, 9, 5, 5), 0), ((9, 5, 5, 9), 0)],
    ids=["plain", "no width", "inside out", "inside out in one axis"],
)
def test_an_area_is_width_times_height(box, area):
    assert areas_px(boxes(box)).tolist() == [area]


@pytest.mark.parametrize(
    ("first", "second", "iou"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 10, 10), (20, 20, 30, 30), 0.0),
        ((0, 0, 20, 10), (10, 0, 30, 10), 1 / 3),
        ((0, 0, 10, 40), (0, 10, 10, 30), 0.5),
        ((3, 3, 3, 3), (3, 3, 3, 3), 0.0),
    ],
    ids=["same", "touching", "apart", "beside", "inside", "two points"],
)
def test_overlap_over_union(first, second, iou):
    assert pairwise_iou(boxes(first), boxes(second)) == pytest.approx(np.array([[iou]]))


@pytest.mark.parametrize(("ours", "theirs"), [(0, 3), (3, 0), (0, 0)])
def test_overlap_with_no_boxes_is_an_empty_table(ours, theirs):
    assert pairwise_iou(np.zeros((ours, 4), np.float32), np.zeros((theirs, 4), np.float32)).shape == (ours, theirs)


BOX = st.tuples(*[st.integers(0, 500)] * 2, *[st.integers(1, 500)] * 2).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


@given(st.lists(BOX, max_size=5), st.lists(BOX, max_size=5))
def test_overlap_is_a_share_and_the_same_from_either_side(ours, theirs):
    there, back = pairwise_iou(boxes(*ours), boxes(*theirs)), pairwise_iou(boxes(*theirs), boxes(*ours))
    assert there == pytest.approx(back.T)
    assert np.all((there >= 0) & (there <= 1))


@given(st.lists(BOX, min_size=1, max_size=5))
def test_a_box_overlaps_itself_wholly(ours):
    assert np.diag(pairwise_iou(boxes(*ours), boxes(*ours))) == pytest.approx(np.ones(len(ours)))

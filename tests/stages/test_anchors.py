import numpy as np
import pytest

from workbench.stages import AnchorGrid


def test_all_anchors_of_a_cell_come_before_the_next_cell_and_rows_from_the_top():
    grid = AnchorGrid(cells_hw=(2, 2), boxes_wh=((0.1, 0.2), (0.5, 0.5)))

    found = grid.anchors_cxcywh_px((100, 200))

    centres = [(50, 25), (150, 25), (50, 75), (150, 75)]
    np.testing.assert_allclose(found, [[*centre, *sides] for centre in centres for sides in ((20, 20), (100, 50))])
    assert found.dtype == np.float32


def test_a_stride_follows_the_size_and_its_last_cell_reaches_over_the_edge():
    grid = AnchorGrid(stride_px=64, boxes_wh=((10, 20),), units="pixels")

    assert len(grid.anchors_cxcywh_px((64, 128))) == 2
    np.testing.assert_allclose(grid.anchors_cxcywh_px((65, 96)), [[x, y, 10, 20] for y in (32, 96) for x in (32, 96)])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"boxes_wh": ((1, 1),)}, "either cells or a stride"),
        ({"boxes_wh": ((1, 1),), "cells_hw": (1, 1), "stride_px": 8}, "either cells or a stride"),
        ({"boxes_wh": (), "stride_px": 8}, "at least one box"),
    ],
    ids=["neither", "both", "no box"],
)
def test_a_grid_that_cannot_be_is_refused(values, reason):
    with pytest.raises(ValueError, match=reason):
        AnchorGrid(**values)

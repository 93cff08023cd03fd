"""Anchors: where an SSD's boxes start from, level after level."""

from dataclasses import dataclass
from typing import final

import numpy as np

from workbench.detections import FloatArray


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorGrid:
    """The anchors of one feature map: the same few in the middle of every cell, rows of cells from the top.

    Attributes:
        cells_hw: Rows and columns of the feature map, where the input's size is fixed.
        stride_px: Pixels of the input a cell, where it is not; a last cell may reach over the edge.
        boxes_wh: Width and height of the anchors of a cell, in their order.
        normalised: Whether these are in 0..1 of the input's sides, rather than in pixels of it.
    """

    boxes_wh: tuple[tuple[float, float], ...]
    cells_hw: tuple[int, int] | None = None
    stride_px: int | None = None
    normalised: bool = True

    def __post_init__(self) -> None:
        if (self.cells_hw is None) == (self.stride_px is None):
            raise ValueError("a level of anchors has either cells or a stride")
        if not self.boxes_wh:
            raise ValueError("a level of anchors needs at least one box")

    def anchors_cxcywh_px(self, size_hw: tuple[int, int]) -> FloatArray:
        """List them for one size of the input, `(cells * boxes, 4)`."""
        height, width = size_hw
        if self.stride_px is not None:
            rows, columns = -(-height // self.stride_px), -(-width // self.stride_px)
            step_y = step_x = float(self.stride_px)
        else:
            assert self.cells_hw is not None, "one of the two is there"
            rows, columns = self.cells_hw
            step_y, step_x = height / rows, width / columns
        y, x = np.mgrid[:rows, :columns].reshape(2, -1)
        centers = np.stack([(x + 0.5) * step_x, (y + 0.5) * step_y], axis=1)
        sides = np.array(self.boxes_wh) * ((width, height) if self.normalised else (1, 1))
        pairs = np.concatenate([np.repeat(centers, len(sides), axis=0), np.tile(sides, (len(centers), 1))], axis=1)
        return pairs.astype(np.float32)


@final
@dataclass(frozen=True, slots=True)
class AnchorGrids:
    """All levels, in the order of the network's outputs. Called with the input's size, as `SsdHead` wants it.

    >>> AnchorGrids((AnchorGrid(cells_hw=(1, 2), boxes_wh=((0.5, 0.5),)),))((100, 200))
    array([[ 50.,  50., 100.,  50.],
           [150.,  50., 100.,  50.]], dtype=float32)
    """

    levels: tuple[AnchorGrid, ...]

    def __call__(self, size_hw: tuple[int, int]) -> FloatArray:
        return np.concatenate([level.anchors_cxcywh_px(size_hw) for level in self.levels])

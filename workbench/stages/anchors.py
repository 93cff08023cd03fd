"""Anchors: where boxes start from, level after level."""

from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from workbench.detections import FloatArray

AnchorUnits = Literal["normalised", "shorter-side", "pixels", "cells"]
CellStep = Literal["stride", "even", "whole"]
CellOrigin = Literal["middle", "corner", "middle-if-divisible"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorGrid:
    """The anchors of one feature map: the same few in every cell, rows of cells from the top.

    Attributes:
        cells_hw: Rows and columns of the feature map, where the input's size is fixed.
        stride_px: Pixels of the input a cell, where it is not; a last cell may reach over the edge.
        boxes_wh: Width and height of the anchors of a cell, in their order.
        units: What these are fractions of (the input's sides, or the shorter of them both); or pixels; or cells.
        step: How far cells with a stride lie apart: by it; `even`: so that all lie inside; `whole`: so, but whole pixels.
        origin: Where the first anchor's centre lies in its cell; `middle-if-divisible`: in the corner where the input's side is no
            multiple of the stride.
        clipped: Whether anchors are cut off at the input's edges.
    """

    boxes_wh: tuple[tuple[float, float], ...]
    cells_hw: tuple[int, int] | None = None
    stride_px: int | None = None
    units: AnchorUnits = "normalised"
    step: CellStep = "stride"
    origin: CellOrigin = "middle"
    clipped: bool = False

    def __post_init__(self) -> None:
        if (self.cells_hw is None) == (self.stride_px is None):
            raise ValueError("a level of anchors has either cells or a stride")
        if not self.boxes_wh:
            raise ValueError("a level of anchors needs at least one box")

    def anchors_cxcywh_px(self, size_hw: tuple[int, int]) -> FloatArray:
        """List them for one size of the input, `(cells * boxes, 4)`."""
        height, width = size_hw
        (rows, step_y, first_y), (columns, step_x, first_x) = (self._cells(axis, side) for axis, side in enumerate(size_hw))
        y, x = np.mgrid[:rows, :columns].reshape(2, -1)
        centers = np.stack([x * step_x + first_x, y * step_y + first_y], axis=1)
        shorter = min(size_hw)
        units = {"normalised": (width, height), "shorter-side": (shorter, shorter), "pixels": (1, 1), "cells": (step_x, step_y)}
        sides = np.array(self.boxes_wh) * units[self.units]
        anchors = np.concatenate([np.repeat(centers, len(sides), axis=0), np.tile(sides, (len(centers), 1))], axis=1)
        if self.clipped:
            low, high = (np.clip(anchors[:, :2] + half * anchors[:, 2:], 0, (width, height)) for half in (-0.5, 0.5))
            anchors = np.concatenate([(low + high) / 2, high - low], axis=1)
        return anchors.astype(np.float32)

    def _cells(self, axis: int, side: int) -> tuple[int, float, float]:
        """Return how many cells lie along an axis of that many pixels, their distance, and where the first centre is."""
        if self.stride_px is None:
            assert self.cells_hw is not None, "one of the two is there"
            count = self.cells_hw[axis]
            step = side / count
        else:
            count = -(-side // self.stride_px)
            step = {"stride": float(self.stride_px), "even": side / count, "whole": float(side // count)}[self.step]
        corner = self.origin == "corner" or (self.origin != "middle" and self.stride_px is not None and side % self.stride_px > 0)
        return count, step, 0 if corner else step / 2


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

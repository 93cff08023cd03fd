"""Heads that start from anchors or from the cells of grids, whose outputs may come one for each level.

A level's output is a map `(n, H, W, A * K)`, or with anchors on an axis of their own `(n, H, W, A, K)`, or rows
`(n, H * W * A, K)`; all levels may also lie in one output of rows. Planar ones have channels first: `(n, A * K, H, W)`,
`(n, A, H, W, K)`, `(n, K, rows)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, final

import numpy as np

from workbench.detections import FloatArray
from workbench.errors import ModelError
from workbench.stages.heads import (
    NUMPY_OPS,
    SIZES_KEPT,
    Activation,
    Array,
    ArrayOps,
    Background,
    Head,
    bounded_exp,
    box_corners,
    check_count,
    class_scores,
    grid_columns,
    one_batch,
)

Anchors = Callable[[tuple[int, int]], FloatArray]
OffsetOrder = Literal["xy", "yx"]
OffsetSizes = Literal["exponential", "linear"]
YoloSizes = Literal["exponential", "square"]
DistanceUnits = Literal["cells", "pixels"]

BOX = 4
CHANNELS_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1), 5: (0, 2, 3, 1, 4)}  # by the number of axes of what is planar
ROWS, MAP = 3, 4  # axes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SsdHead(Head):
    """Offsets from anchors, as in SSD (Liu et al. 2016, https://arxiv.org/abs/1512.02325, section 2.2), RetinaNet and EfficientDet.

    `raw` is offsets `(n, A, 4)`, `(dx, dy, log w, log h)` in units of the anchor's sides, divided by the variances; and scores
    `(n, A, C)`. Or all maps of offsets, level after level, and then as many of scores. What follows the four numbers of a box, such
    as key points, is left out.

    TensorFlow's order is `(dy, dx, log h, log w)`
    (https://github.com/tensorflow/models, research/object_detection/box_coders/faster_rcnn_box_coder.py). MediaPipe's sizes are
    linear: `w` in units of the anchor's width (https://github.com/google-ai-edge/mediapipe,
    mediapipe/calculators/tensor/tensors_to_detections_calculator.cc).

    Attributes:
        anchors_cxcywh_px: From `size_hw` to `(A, 4)` of centre and sides in pixels of the input; asked once a size.
        center_variance: What dx and dy are multiplied by.
        size_variance: What log w and log h, or linear sizes, are multiplied by.
        order: Whether x or y comes first.
        sizes: Whether sizes are logarithms.
        planar: Whether channels come first.
        background: Where the score of "nothing here" is, which is left out; `None` where there is none.
        activation: What the scores still have to pass.
    """

    anchors_cxcywh_px: Anchors
    center_variance: float = 0.1
    size_variance: float = 0.2
    order: OffsetOrder = "xy"
    sizes: OffsetSizes = "exponential"
    planar: bool = False
    background: Background | None = None
    activation: Activation = "none"

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        maps = _maps(raw, self.planar, ops)
        levels = len(maps) // 2
        anchors_a_cell = [one.shape[-1] // BOX for one in maps[:levels]]
        offsets = _joined([_rows(one, BOX, ops) for one in maps[:levels]], ops)
        scores = _joined(
            [_rows(one, one.shape[-1] // count, ops) for one, count in zip(maps[levels:], anchors_a_cell, strict=True)], ops
        )
        center_x, center_y, width, height = _columns(self.anchors_cxcywh_px, size_hw)
        check_count(offsets, len(width), size_hw)
        check_count(scores, len(width), size_hw)
        dx, dy, wide, high = (offsets[..., n] for n in ((0, 1, 2, 3) if self.order == "xy" else (1, 0, 3, 2)))
        x = dx * (width * np.float32(self.center_variance)) + center_x
        y = dy * (height * np.float32(self.center_variance)) + center_y
        half_width = self._size(wide, ops) * (width * np.float32(0.5))
        half_height = self._size(high, ops) * (height * np.float32(0.5))
        return box_corners(x, y, half_width, half_height, ops), class_scores(scores, self.activation, self.background, ops)

    def _size(self, raw: Array, ops: ArrayOps) -> Array:
        scaled = raw * np.float32(self.size_variance)
        return bounded_exp(scaled, ops) if self.sizes == "exponential" else scaled


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class YoloMapsHead(Head):
    """Raw maps of YOLOv3 and v4 (Redmon and Farhadi 2018, https://arxiv.org/abs/1804.02767, section 2.1), and of YOLOv5 and v7.

    `raw` is one output a level, or one with the rows of all, of `5 + C` numbers a candidate: centre and size, the score of being an
    object, the class scores. The centre is `(s * sigmoid(t) - (s - 1) / 2 + cell) * stride`, of which YOLOv3 has s = 1, v4 1.05 to
    1.2 (`scale_x_y`: Bochkovskiy et al. 2020, https://arxiv.org/abs/2004.10934, section 3.3), v5 and v7 2. The size is
    `exp(t) * anchor`; or `(2 * sigmoid(t)) ** 2 * anchor` (https://github.com/ultralytics/yolov5, models/yolo.py, Detect).

    Attributes:
        anchors_wh_px: Width and height of each level's anchors.
        strides: Pixels a cell of each level.
        sizes: Which of the two formulas.
        scale_xy: s, for each level or one for all.
        planar: Whether channels come first, or the axis of anchors.
        activation: What class scores still have to pass. With `none` the network has passed centre and objectness through the
            sigmoid too, and square sizes.
    """

    anchors_wh_px: tuple[tuple[tuple[float, float], ...], ...]
    strides: tuple[int, ...] = (8, 16, 32)
    sizes: YoloSizes = "exponential"
    scale_xy: tuple[float, ...] = (1.0,)
    planar: bool = False
    activation: Activation = "sigmoid"

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        maps = _maps(raw, self.planar, ops)
        levels = zip(maps, self.anchors_wh_px, strict=False)  # one output may have the rows of all
        rows = _joined([_rows(one, one.shape[-1] // len(boxes), ops) for one, boxes in levels], ops)
        left, top, stride, width, height, scale = _yolo_columns(self, size_hw)
        check_count(rows, len(stride), size_hw)

        def passed(part: Array) -> Array:
            return part if self.activation == "none" else ops.sigmoid(part)

        def sides(part: Array) -> Array:
            return (passed(part) * 2) ** 2 if self.sizes == "square" else bounded_exp(part, ops)

        x, y = ((passed(rows[..., n]) * scale - (scale - 1) / 2) * stride + edge for n, edge in ((0, left), (1, top)))
        half_width, half_height = (sides(rows[..., n]) * (side * np.float32(0.5)) for n, side in ((2, width), (3, height)))
        scores = passed(rows[..., 4:5]) * class_scores(rows[..., 5:], self.activation, None, ops)
        return box_corners(x, y, half_width, half_height, ops), scores


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DistancesHead(Head):
    """Distances from a point of each cell to the four sides of its box, plain or as distributions over whole numbers of cells.

    Plain ones are FCOS's (Tian et al. 2019, https://arxiv.org/abs/1904.01355, section 3.1), distributions those of Generalized
    Focal Loss (Li et al. 2020, https://arxiv.org/abs/2006.04388, section 3.2): a distance is the mean of 0, 1, … under the softmax
    of its bins. NanoDet-Plus has 8, points in the cells' corners, and class scores first (https://github.com/RangiLyu/nanodet,
    nanodet/model/head/nanodet_plus_head.py); YOLOv8 and 11 have 16 and points in the middles
    (https://github.com/ultralytics/ultralytics, ultralytics/utils/tal.py).

    `raw` is one output a level, or one with the rows of all, of `4 * bins + C` numbers a cell: left, top, right, bottom and the
    class scores; or, where these are `separate`, all outputs of distances and then as many of scores.

    Attributes:
        strides: Pixels a cell of each level.
        bins: Numbers for each distance; one is the distance itself.
        separate: Whether distances and class scores come in outputs of their own.
        scores_first: Whether class scores come before the distances, where they come in one output.
        point: Where the point lies in its cell: 0.5 is the middle, 0 the corner.
        units: What distances are in.
        planar: Whether channels come first.
        activation: What the scores still have to pass.
    """

    strides: tuple[int, ...] = (8, 16, 32)
    bins: int = 16
    separate: bool = False
    scores_first: bool = False
    point: float = 0.5
    units: DistanceUnits = "cells"
    planar: bool = False
    activation: Activation = "sigmoid"

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        maps = _maps(raw, self.planar, ops)
        parts = [_rows(one, one.shape[-1], ops) for one in maps]
        if self.separate:
            distances, scores = (_joined(half, ops) for half in (parts[: len(parts) // 2], parts[len(parts) // 2 :]))
        else:
            rows, sides = _joined(parts, ops), BOX * self.bins
            classes = rows.shape[-1] - sides
            first = rows[..., :classes], rows[..., classes:]
            scores, distances = first if self.scores_first else (rows[..., sides:], rows[..., :sides])
        left, top, stride = grid_columns(self.strides, size_hw)
        check_count(distances, len(stride), size_hw)
        check_count(scores, len(stride), size_hw)
        unit = stride if self.units == "cells" else np.float32(1)
        x, y = left + stride * np.float32(self.point), top + stride * np.float32(self.point)
        sides_ltrb = self._means(distances, ops)
        to_left, to_top, to_right, to_bottom = (sides_ltrb[..., n] * unit for n in range(BOX))
        boxes = ops.stack_last([x - to_left, y - to_top, x + to_right, y + to_bottom])
        return boxes, class_scores(scores, self.activation, None, ops)

    def _means(self, distances: Array, ops: ArrayOps) -> Array:
        if self.bins == 1:
            return distances
        chances = ops.softmax(ops.rows(distances, self.bins))
        return ops.rows(chances @ np.arange(self.bins, dtype=np.float32)[:, None], BOX)


def _maps(raw: Sequence[Array], planar: bool, ops: ArrayOps) -> list[Array]:
    """Bring channels to the end, and rows of one picture into a batch."""
    raw = one_batch(raw)
    odd = next((one for one in raw if len(one.shape) not in CHANNELS_LAST), None)
    if odd is not None:
        raise ModelError(f"an output of the shape {list(odd.shape)} is no map and no rows; correct the card's tensors")
    return [ops.transpose(one, CHANNELS_LAST[len(one.shape)]) if planar else one for one in raw]


def _rows(output: Array, columns: int, ops: ArrayOps) -> Array:
    """Turn a level's output into rows; columns are those of a map whose channels hold several candidates."""
    axes = len(output.shape)
    if axes == ROWS:
        return output
    if axes == MAP and (columns < 1 or output.shape[-1] % columns):
        raise ModelError(f"an output has {output.shape[-1]} channels, which its anchors do not share evenly; correct the card")
    return ops.rows(output, columns if axes == MAP else output.shape[-1])


def _joined(parts: Sequence[Array], ops: ArrayOps) -> Array:
    return parts[0] if len(parts) == 1 else ops.join_rows(parts)


@lru_cache(maxsize=SIZES_KEPT)
def _columns(anchors: Anchors, size_hw: tuple[int, int]) -> tuple[FloatArray, ...]:
    return tuple(np.ascontiguousarray(column, np.float32) for column in anchors(size_hw).T)


@lru_cache(maxsize=SIZES_KEPT)
def _yolo_columns(head: YoloMapsHead, size_hw: tuple[int, int]) -> tuple[FloatArray, ...]:
    """Return `grid_columns` with width and height of each anchor and the centres' scale, anchor after anchor in each cell."""
    levels = []
    scales = head.scale_xy * (1 if len(head.scale_xy) > 1 else len(head.strides))
    for stride, boxes, scale in zip(head.strides, head.anchors_wh_px, scales, strict=True):
        cells = np.repeat(grid_columns((stride,), size_hw), len(boxes), axis=1)
        sides = np.tile(np.array(boxes, np.float32).T, cells.shape[1] // len(boxes))
        levels.append(np.concatenate([cells, sides, np.full((1, cells.shape[1]), scale)]))
    return tuple(np.ascontiguousarray(column, np.float32) for column in np.concatenate(levels, axis=1))

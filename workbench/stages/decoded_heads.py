"""Heads of networks that decode their boxes themselves, but do not thin them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from workbench.stages.heads import (
    NUMPY_OPS,
    Activation,
    Array,
    ArrayOps,
    Background,
    BoxOrder,
    Head,
    class_scores,
    corners_px,
    one_batch,
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BoxesHead(Head):
    """Boxes that the network has decoded itself, but not yet thinned out.

    `raw` is boxes `(n, A, 4)` and scores `(n, A, C)`.

    Attributes:
        order: What the four numbers of a box are.
        normalised: Whether they are in 0..1 of the input's sides, rather than in pixels of it.
        background: Where the score of "nothing here" is, which is left out; `None` where there is none.
        activation: What the scores still have to pass.
    """

    order: BoxOrder = "xyxy"
    normalised: bool = True
    background: Background | None = None
    activation: Activation = "none"

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        boxes, scores = one_batch(raw)
        columns = tuple(boxes[..., n] for n in range(4))
        corners = corners_px(columns, self.order, self.normalised, size_hw, ops)
        return corners, class_scores(scores, self.activation, self.background, ops)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowsHead(Head):
    """One row a candidate: a decoded box, perhaps its score of being an object, and the class scores.

    So export YOLOv5 (https://github.com/ultralytics/yolov5: `(n, A, 5 + C)` with objectness) and YOLOv8 and 11
    (https://github.com/ultralytics/ultralytics: `(n, 4 + C, A)` without). `raw` is that one output. With objectness a candidate's
    score is objectness times class score.

    Attributes:
        transposed: Whether candidates run along the last axis.
        objectness: Whether the number after the box is the score of being an object.
        order: What the four numbers of a box are.
        normalised: Whether they are in 0..1 of the input's sides, rather than in pixels of it.
        activation: What objectness and class scores still have to pass.
        extra_columns: Columns behind the class scores that are left out: coefficients of a mask, keypoints.
        rotated: Whether the last column is the angle, in radians, by which the box is turned about its centre, which needs
            `cxcywh`; the box around that is taken.
    """

    transposed: bool = False
    objectness: bool = False
    order: BoxOrder = "cxcywh"
    normalised: bool = False
    activation: Activation = "none"
    extra_columns: int = 0
    rotated: bool = False

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        (output,) = one_batch(raw)
        rows = ops.transpose(output, (0, 2, 1)) if self.transposed else output
        columns = [rows[..., n] for n in range(4)]
        if self.rotated:
            columns[2:] = _around(columns[2], columns[3], rows[..., -1], size_hw if self.normalised else (1, 1), ops)
        corners = corners_px(columns, self.order, self.normalised, size_hw, ops)
        end = -(self.extra_columns + self.rotated) or None
        scores = class_scores(rows[..., 5 if self.objectness else 4 : end], self.activation, None, ops)
        if not self.objectness:
            return corners, scores
        return corners, class_scores(rows[..., 4:5], self.activation, None, ops) * scores


def _around(width: Array, height: Array, angle: Array, unit_hw: tuple[int, int], ops: ArrayOps) -> tuple[Array, Array]:
    """Return width and height of the upright boxes around turned ones, `unit_hw` being the pixels of one unit."""
    cosine, sine = abs(ops.cos(angle)), abs(ops.sin(angle))
    aspect = np.float32(unit_hw[0] / unit_hw[1])
    return width * cosine + height * sine * aspect, width * sine / aspect + height * cosine


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DetrHead(Head):
    """One box an object and no more, as DETR's queries give (Carion et al. 2020, https://arxiv.org/abs/2005.12872).

    `raw` is boxes `(n, Q, 4)` and scores `(n, Q, C)`: DETR's own pass a softmax whose last is "no object"; those of Deformable
    DETR, RT-DETR, RF-DETR and D-FINE pass a sigmoid, and there is no such score.

    Attributes:
        order: What the four numbers of a box are.
        normalised: Whether they are in 0..1 of the input's sides, rather than in pixels of it.
        background: Where the score of "no object" is, which is left out; `None` where there is none.
        activation: What the scores still have to pass.
    """

    distinct: ClassVar[bool] = True

    order: BoxOrder = "cxcywh"
    normalised: bool = True
    background: Background | None = "last"
    activation: Activation = "softmax"

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        head = BoxesHead(order=self.order, normalised=self.normalised, background=self.background, activation=self.activation)
        return head.candidates(raw, size_hw, ops)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClassIdsHead(Head):
    """Decoded boxes, each with the score and the number of its best class.

    `raw` is boxes `(n, A, 4)`, scores `(n, A)` and numbers of classes `(n, A)`.

    Attributes:
        order: What the four numbers of a box are.
        normalised: Whether they are in 0..1 of the input's sides, rather than in pixels of it.
        first_class: The number of the first label.
        class_count: How many labels there are.
    """

    order: BoxOrder = "xyxy"
    normalised: bool = False
    first_class: int = 0
    class_count: int

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        boxes, scores, class_ids = one_batch(raw)
        corners = corners_px(tuple(boxes[..., n] for n in range(4)), self.order, self.normalised, size_hw, ops)
        numbers = np.arange(self.first_class, self.first_class + self.class_count, dtype=np.float32)
        others = ops.minimum(abs(class_ids[..., None] - numbers), 1.0)  # 0 at a candidate's own class, 1 at all others
        return corners, scores[..., None] * (1 - others)

"""How a network's raw outputs become candidate boxes and scores: each formula once, for NumPy and for TensorFlow.

One coordinate at a time, `(n, A)`, rather than `(n, A, 2)`: NumPy's inner loop is then long, which is three times faster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, final

import numpy as np

from workbench.detections import FloatArray
from workbench.errors import ModelError

Array = Any  # a NumPy array or a TensorFlow tensor; both slice, add and multiply alike
BoxOrder = Literal["xyxy", "yxyx", "cxcywh"]
Activation = Literal["none", "sigmoid", "softmax"]

LOG_SIZE_LIMIT = 10.0  # exp of it is 22,000 anchors wide: no box reaches it, and a broken (int8) network cannot overflow float32
LARGEST_EXPONENT = 80.0  # e to the power of it still is a float32
SIZES_KEPT = 64  # tables of anchors kept in memory, one for each input size; each takes some 100 kB


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayOps:
    """The few operations that NumPy and TensorFlow spell differently.

    Attributes:
        exp: e to the power of each element.
        minimum: Each element, or the limit where that is smaller.
        stack_last: Joins arrays of one shape along a new last axis.
        swap_last_axes: Turns `(n, a, b)` into `(n, b, a)`.
        sigmoid: 1 / (1 + exp(-x)) of each element.
        softmax: The softmax over the last axis.
        transpose: Puts the axes into another order.
        rows: Turns `(n, …)` into `(n, rows, columns)`, of so many columns.
        join_rows: Joins `(n, a, columns)` and `(n, b, columns)` along their rows.
    """

    exp: Callable[[Array], Array]
    minimum: Callable[[Array, float], Array]
    stack_last: Callable[[Sequence[Array]], Array]
    swap_last_axes: Callable[[Array], Array]
    sigmoid: Callable[[Array], Array]
    softmax: Callable[[Array], Array]
    transpose: Callable[[Array, Sequence[int]], Array]
    rows: Callable[[Array, int], Array]
    join_rows: Callable[[Sequence[Array]], Array]


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


NUMPY_OPS = ArrayOps(
    exp=np.exp,
    minimum=lambda x, limit: np.minimum(x, np.float32(limit)),
    stack_last=lambda parts: np.stack(parts, axis=-1),
    swap_last_axes=lambda x: np.swapaxes(x, -1, -2),
    sigmoid=lambda x: 1 / (1 + np.exp(np.minimum(-x, np.float32(LARGEST_EXPONENT)))),
    softmax=_softmax,
    transpose=np.transpose,
    rows=lambda x, columns: x.reshape(len(x), -1, columns),
    join_rows=lambda parts: np.concatenate(parts, axis=1),
)


class Head(ABC):
    """Turns what a network puts out into candidates for NMS."""

    @abstractmethod
    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        """Decode the outputs of one batch.

        Args:
            raw: The network's outputs, float32, in the order that the head names.
            size_hw: Height and width of the network's input.
            ops: What to compute with; `workbench.graph.tensor_ops` gives it inside a graph.

        Returns:
            `boxes_xyxy` `(n, A, 4)` in pixels of the network's input, and `scores` `(n, A, C)`.

        Raises:
            ModelError: The outputs do not fit this head at this size.
        """


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class YoloxHead(Head):
    """Offsets from grid cells and a score of being an object, as in YOLOX (Ge et al. 2021, https://arxiv.org/abs/2107.08430).

    `raw` is one output `(n, A, 5 + C)`: the centre in cells from the cell's corner, log w and log h in cells, the objectness and
    the class scores, both after the sigmoid. A candidate's score is objectness times class score.

    Attributes:
        strides: Pixels a cell of each level, in the order of the output.
    """

    strides: tuple[int, ...] = (8, 16, 32)

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        (output,) = raw
        left, top, stride = grid_columns(self.strides, size_hw)
        check_count(output, len(stride), size_hw)
        x = output[..., 0] * stride + left
        y = output[..., 1] * stride + top
        half_width = bounded_exp(output[..., 2], ops) * (stride * np.float32(0.5))
        half_height = bounded_exp(output[..., 3], ops) * (stride * np.float32(0.5))
        return box_corners(x, y, half_width, half_height, ops), output[..., 4:5] * output[..., 5:]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BoxesHead(Head):
    """Boxes that the network has decoded itself, but not yet thinned out.

    `raw` is boxes `(n, A, 4)` and scores `(n, A, C)`.

    Attributes:
        order: What the four numbers of a box are.
        normalised: Whether they are in 0..1 of the input's sides, rather than in pixels of it.
        background: Whether the first score is that of "nothing here"; it is left out.
        activation: What the scores still have to pass.
    """

    order: BoxOrder = "xyxy"
    normalised: bool = True
    background: bool = False
    activation: Activation = "none"

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        boxes, scores = raw
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
    """

    transposed: bool = False
    objectness: bool = False
    order: BoxOrder = "cxcywh"
    normalised: bool = False
    activation: Activation = "none"

    def candidates(self, raw: Sequence[Array], size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS) -> tuple[Array, Array]:
        (output,) = raw
        rows = ops.swap_last_axes(output) if self.transposed else output
        corners = corners_px(tuple(rows[..., n] for n in range(4)), self.order, self.normalised, size_hw, ops)
        scores = class_scores(rows[..., 5 if self.objectness else 4 :], self.activation, False, ops)
        if not self.objectness:
            return corners, scores
        return corners, class_scores(rows[..., 4:5], self.activation, False, ops) * scores


def corners_px(
    columns: Sequence[Array], order: BoxOrder, normalised: bool, size_hw: tuple[int, int], ops: ArrayOps = NUMPY_OPS
) -> Array:
    """Turn the four numbers of boxes, one array each, into `(…, 4)` corners `xyxy` in pixels of the network's input.

    >>> corners_px([np.float32(0.5)] * 4, "cxcywh", True, (100, 200)).tolist()
    [50.0, 25.0, 150.0, 75.0]
    """
    height, width = (np.float32(side if normalised else 1) for side in size_hw)
    first, second, third, fourth = columns
    if order == "cxcywh":
        half = np.float32(0.5)
        return box_corners(first * width, second * height, third * (width * half), fourth * (height * half), ops)
    if order == "yxyx":
        first, second, third, fourth = second, first, fourth, third
    return ops.stack_last([first * width, second * height, third * width, fourth * height])


def class_scores(scores: Array, activation: Activation, background: bool, ops: ArrayOps) -> Array:
    """Bring raw scores to 0..1, and leave out that of the background."""
    if activation == "softmax":
        scores = ops.softmax(scores)
    elif activation == "sigmoid":
        scores = ops.sigmoid(scores)
    return scores[..., 1:] if background else scores


def bounded_exp(log_size: Array, ops: ArrayOps) -> Array:
    """Return e to the power of what networks put out as the logarithm of a size, which does not overflow."""
    return ops.exp(ops.minimum(log_size, LOG_SIZE_LIMIT))


def box_corners(x: Array, y: Array, half_width: Array, half_height: Array, ops: ArrayOps) -> Array:
    """Return boxes `(…, 4)` as `xyxy` around centres."""
    return ops.stack_last([x - half_width, y - half_height, x + half_width, y + half_height])


def check_count(output: Array, expected: int, size_hw: tuple[int, int]) -> None:
    """Refuse rows `(n, A, …)` of another number than the head decodes.

    Raises:
        ModelError: Says both numbers.
    """
    if output.shape[1] not in (expected, None):  # None: a graph that leaves it open
        height, width = size_hw
        raise ModelError(f"the network puts out {output.shape[1]} boxes at {height}x{width}, its head expects {expected}")


@lru_cache(maxsize=SIZES_KEPT)
def grid_columns(strides: tuple[int, ...], size_hw: tuple[int, int]) -> tuple[FloatArray, ...]:
    """Return left edge, top edge and side of each cell in pixels, level after level, each row by row; a last one may reach over."""
    levels = []
    for stride in strides:
        top, left = np.mgrid[: -(-size_hw[0] // stride), : -(-size_hw[1] // stride)].reshape(2, -1) * stride
        levels.append(np.stack([left, top, np.full_like(top, stride)]))
    return tuple(np.ascontiguousarray(column, np.float32) for column in np.concatenate(levels, axis=1))

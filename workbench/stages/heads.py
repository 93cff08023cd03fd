"""How a network's raw outputs become candidate boxes and scores: each formula once, for NumPy and for TensorFlow.

One coordinate at a time, `(n, A)`, rather than `(n, A, 2)`: NumPy's inner loop is then long, which is three times faster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal, final

import numpy as np

from workbench.detections import FloatArray
from workbench.errors import ModelError

Array = Any  # a NumPy array or a TensorFlow tensor; both slice, add and multiply alike
BoxOrder = Literal["xyxy", "yxyx", "cxcywh"]
Activation = Literal["none", "sigmoid", "softmax"]
Background = Literal["first", "last"]  # where the score of "nothing here" stands among those of the classes

LOG_SIZE_LIMIT = 10.0  # exp of it is 22,000 anchors wide: no box reaches it, and a broken (int8) network cannot overflow float32
BOXES_RANK = 3  # image, candidate, coordinate
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
        cos: The cosine of each element.
        sin: The sine of each element.
        sigmoid: 1 / (1 + exp(-x)) of each element.
        softmax: The softmax over the last axis.
        transpose: Puts the axes into another order.
        rows: Turns `(n, …)` into `(n, rows, columns)`, of so many columns.
        join_rows: Joins `(n, a, columns)` and `(n, b, columns)` along their rows.
    """

    exp: Callable[[Array], Array]
    minimum: Callable[[Array, float], Array]
    stack_last: Callable[[Sequence[Array]], Array]
    cos: Callable[[Array], Array]
    sin: Callable[[Array], Array]
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
    cos=np.cos,
    sin=np.sin,
    sigmoid=lambda x: 1 / (1 + np.exp(np.minimum(-x, np.float32(LARGEST_EXPONENT)))),
    softmax=_softmax,
    transpose=np.transpose,
    rows=lambda x, columns: x.reshape(len(x), -1, columns),
    join_rows=lambda parts: np.concatenate(parts, axis=1),
)


class Head(ABC):
    """Turns what a network puts out into candidates for NMS.

    Attributes:
        distinct: Whether each object has one candidate, so that no NMS is wanted.
    """

    distinct: ClassVar[bool] = False

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


def one_batch(raw: Sequence[Array]) -> Sequence[Array]:
    """Give outputs a batch axis where they have none, as those of a network that takes one picture at a time (torchvision's).

    Args:
        raw: The first are boxes, or rows that hold them: three axes with the batch.
    """
    return [one[None] for one in raw] if raw[0].ndim == BOXES_RANK - 1 else raw


def class_scores(scores: Array, activation: Activation, background: Background | None, ops: ArrayOps) -> Array:
    """Take scores through what the network left out, and leave out the background's."""
    if activation == "softmax":
        scores = ops.softmax(scores)
    elif activation == "sigmoid":
        scores = ops.sigmoid(scores)
    return {None: scores, "first": scores[..., 1:], "last": scores[..., :-1]}[background]


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

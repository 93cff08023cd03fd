"""Boxes and what is computed from them alone. `xyxy_px`: `(xmin, ymin, xmax, ymax)` in pixels, the maxima exclusive."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
UInt8Array = NDArray[np.uint8]


def areas_px(boxes: FloatArray) -> FloatArray:
    """Return the `(n,)` areas of xyxy boxes in square pixels; a box turned inside out has area 0."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def pairwise_iou(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the `(n, m)` intersection over union of xyxy boxes; 0 where both areas are 0.

    >>> pairwise_iou(np.array([[0, 0, 2, 2]], np.float32), np.array([[1, 0, 3, 2]], np.float32)).round(3)
    array([[0.333]], dtype=float32)
    """
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(high - low, 0)
    overlap = sides[..., 0] * sides[..., 1]
    union = areas_px(first)[:, None] + areas_px(second)[None, :] - overlap
    return np.asarray(np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0), np.float32)

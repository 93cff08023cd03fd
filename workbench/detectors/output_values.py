"""What the numbers of a raw output show on a real frame: units, order, background, and whether boxes are decoded."""

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.output_cards import Units
from workbench.stages import Activation, BoxOrder

STRIDES = (8, 16, 32)
PIXELS_FROM = 2.0  # normalised coordinates reach a little over 1; pixels reach far over 2
INSIDE = 0.05  # of a side that sound boxes may reach over the edge
MOSTLY = 0.95  # of candidates that must agree: far-off ones are nonsense in every detector
OWN_CELLS = 2.5  # cells that a decoded box's centre is from its own cell, at most, in the median


def units_of(boxes: FloatArray) -> Units:
    """Tell pixels from fractions by how far coordinates reach; far-off candidates do not decide."""
    finite = np.abs(boxes[np.isfinite(boxes)])
    return "pixels" if finite.size and float(np.quantile(finite, MOSTLY)) > PIXELS_FROM else "normalised"


def mostly_finite(values: FloatArray) -> bool:
    """Whether an output holds numbers at all; damaged networks, and those fed far too wide a range, give few."""
    return float(np.isfinite(values).mean()) >= MOSTLY


def are_scores(values: FloatArray) -> bool:
    """Whether numbers can be scores."""
    return bool(np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1.001)


def are_classes(values: FloatArray) -> bool:
    """Whether numbers can be numbers of classes."""
    return bool(np.isfinite(values).all() and (values == np.round(values)).all() and values.min() >= -1)


def descends(values: FloatArray) -> bool:
    """Whether each row goes from the best to the least."""
    return bool((np.diff(values, axis=-1) <= 1e-6).all())


def activation_of(scores: FloatArray) -> Activation:
    """Return what scores still have to pass."""
    return "none" if are_scores(scores) else "sigmoid"


def has_background(scores: FloatArray, activation: Activation) -> bool:
    """Whether the first score is of nothing: scores then add up to 1, most of it there."""
    if activation != "none" or scores.shape[-1] < 2:
        return False
    sums = scores.sum(axis=-1)
    return bool(np.abs(np.median(sums) - 1) < 0.01 and scores[..., 0].mean() > 0.5)


def are_corners(boxes: FloatArray) -> bool:
    """Whether boxes can be two corners each."""
    return bool(((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])).mean() >= MOSTLY)


def are_boxes(boxes: FloatArray, size_hw: tuple[int, int]) -> BoxOrder | None:
    """Tell the order of decoded boxes, or that they are none.

    Detectors list candidates row by row, so what changes from one to the next is x; which of two coordinates changes more tells
    `xyxy` from `yxyx`.
    """
    side = 1.0 if units_of(boxes) == "normalised" else float(max(size_hw))
    if are_corners(boxes):
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        if np.mean((centres >= -INSIDE * side) & (centres <= (1 + INSIDE) * side)) < MOSTLY:
            return None
        steps = np.median(np.abs(np.diff(centres, axis=0)), axis=0), np.mean(np.abs(np.diff(centres, axis=0)), axis=0)
        first, second = max(steps, key=lambda step: float(step.sum()))
        return "xyxy" if first >= second else "yxyx"
    sizes, middles = boxes[:, 2:], boxes[:, :2]
    sound = (sizes > 0).all(axis=1) & (middles >= -INSIDE * side).all(axis=1) & (middles <= (1 + INSIDE) * side).all(axis=1)
    reach = float(np.ptp(np.quantile(middles, [0.05, 0.95], axis=0), axis=0).min())
    return "cxcywh" if sound.mean() >= MOSTLY and reach > side / 2 else None


def inside(boxes: FloatArray, order: BoxOrder, size_hw: tuple[int, int]) -> bool:
    """Whether decoded boxes lie in a picture."""
    limits = np.array(size_hw[::-1], np.float32)
    centres = np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2 if order == "xyxy" else boxes[:, :2], np.float32)
    sized = np.ones(len(boxes), bool) if order == "xyxy" else (boxes[:, 2:] >= 0).all(axis=1)
    inside = (centres >= -INSIDE * limits).all(axis=1) & (centres <= (1 + INSIDE) * limits).all(axis=1)
    return bool((sized & inside).mean() >= MOSTLY)


def grid(size_hw: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Return the centres of all cells `(A, 2)` and their strides `(A,)`, in pixels."""
    centres, strides = [], []
    for stride in STRIDES:
        y, x = np.mgrid[: size_hw[0] // stride, : size_hw[1] // stride].reshape(2, -1)
        centres.append(np.stack([x + 0.5, y + 0.5], axis=1) * stride)
        strides.append(np.full(len(x), stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def near_own_cell(boxes: FloatArray, centres: FloatArray, strides: FloatArray) -> bool:
    """Whether boxes lie where their cells are: whether they are decoded."""
    as_centre, as_corners = boxes[:, :2], (boxes[:, :2] + boxes[:, 2:]) / 2
    away = (np.abs(one - centres).max(axis=1) / strides for one in (as_centre, as_corners))
    return min(float(np.median(one)) for one in away) <= OWN_CELLS


def numbered_labels(classes: FloatArray) -> tuple[str, ...]:
    """Name the classes of detections, whose number nothing tells."""
    highest = int(np.nan_to_num(classes).max(initial=0))
    return ("object",) if highest <= 0 else tuple(f"class {number}" for number in range(max(highest + 1, 90)))

"""What the numbers of a raw output show on a real frame: units, order, background, and whether boxes are decoded."""

from collections.abc import Sequence

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.output_cards import Units
from workbench.stages import Activation, Background, BoxOrder

STRIDES = (8, 16, 32)
CLASS_LOGIT = -2.0  # a class that most candidates score more than 0.12, after the sigmoid, is none
BACKGROUND_MARGIN = 2.0  # of logits, in the median candidate: the background then has over seven times the best class's share
MOST_OF_IT = 0.5
CLEAR_STEP = 1.5  # times that one coordinate changes more than the other from candidate to candidate, to tell them apart
PIXELS_FROM = 2.0  # normalised coordinates reach a little over 1; pixels reach far over 2
INSIDE = 0.05  # of a side that sound boxes may reach over the edge
MOSTLY = 0.95  # of candidates that must agree: far-off ones are nonsense in every detector
SCORE_SLACK = 0.01  # quantised scores reach a little over 1
SCALE_SCORES = "bring them to 0..1 in the model, or by a function that decodes (see docs/detectors.md)"
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
    return bool(np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1 + SCORE_SLACK)


def are_classes(values: FloatArray) -> bool:
    """Whether numbers can be numbers of classes."""
    return bool(np.isfinite(values).all() and (values == np.round(values)).all() and values.min() >= -1)


def hold_classes(scores: FloatArray) -> bool:
    """Whether a column of what should be scores `(n, C)` has whole numbers alone, as those of classes; all 0 is a class unseen."""
    return bool(((scores == np.round(scores)).all(axis=0) & scores.any(axis=0)).any())


def are_coordinates(boxes: FloatArray) -> bool:
    """Whether columns can be those of boxes `(n, 4)`: none is the same in all, or has whole numbers where others have none."""
    whole = (boxes == np.round(boxes)).all(axis=0)
    return bool(np.ptp(boxes, axis=0).all() and (whole.all() or not whole.any()))


def descends(values: FloatArray) -> bool:
    """Whether each row goes from the best to the least."""
    return bool((np.diff(values, axis=-1) <= 1e-6).all())


def activation_of(*scores: FloatArray) -> Activation | None:
    """Return what scores still have to pass; those that are no numbers tell nothing.

    `None` where they are neither scores nor logits, of which many are negative: percents, coordinates, numbers of classes.
    """
    numbers = np.concatenate([one[np.isfinite(one)] for one in scores])
    return "none" if are_scores(numbers) else "sigmoid" if (numbers >= 0).mean() < MOSTLY else None


def no_scores(scores: FloatArray) -> str:
    """Say of numbers why they are neither scores nor logits."""
    finite = scores[np.isfinite(scores)]
    return f"from {finite.min():.3g} to {finite.max():.3g}: scores are in 0..1, and of logits many are negative"


def scoring_of(scores: FloatArray) -> tuple[Activation | None, Background | None]:
    """Return what class scores `(n, A, C)` still have to pass, and where that of the background is.

    The background has most of what a softmax shares out, in most candidates: nothing else has a score that is high everywhere.
    """
    activation = activation_of(scores)
    ends: tuple[tuple[Background, int], ...] = (("first", 0), ("last", -1))
    if scores.shape[-1] < 2 or activation is None:
        return activation, None
    if activation == "none":
        shared = abs(float(np.median(scores.sum(axis=-1))) - 1) < 0.01
        return activation, next((name for name, column in ends if shared and scores[..., column].mean() > MOST_OF_IT), None)
    for name, column in ends:
        own, others = scores[..., column], np.delete(scores, column, axis=-1).max(axis=-1)
        if np.median(own) > CLASS_LOGIT and np.median(own - others) > BACKGROUND_MARGIN:
            return "softmax", name
    return activation, None


def are_corners(boxes: FloatArray) -> bool:
    """Whether boxes can be two corners each."""
    return bool(((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])).mean() >= MOSTLY)


def box_orders(boxes: FloatArray, size_hw: tuple[int, int]) -> tuple[BoxOrder, ...]:
    """Give the orders that decoded boxes may have, the likelier first; none where these are no boxes."""
    side = 1.0 if units_of(boxes) == "normalised" else float(max(size_hw))
    if are_corners(boxes):
        return corner_orders(boxes, size_hw)
    sizes, middles = boxes[:, 2:], boxes[:, :2]
    sound = (sizes > 0).all(axis=1) & (middles >= -INSIDE * side).all(axis=1) & (middles <= (1 + INSIDE) * side).all(axis=1)
    reach = float(np.ptp(np.quantile(middles, [0.05, 0.95], axis=0), axis=0).min())
    return ("cxcywh",) if sound.mean() >= MOSTLY and reach > side / 2 else ()


def corner_orders(boxes: FloatArray, size_hw: tuple[int, int]) -> tuple[BoxOrder, ...]:
    """Give the orders that boxes of two corners may have, the likelier first; none where they lie outside the picture.

    Detectors list candidates row by row, so what changes from one to the next is x; which of two coordinates changes more tells
    `xyxy` from `yxyx`.
    """
    height, width = (1, 1) if units_of(boxes) == "normalised" else size_hw
    frame_hw: dict[BoxOrder, tuple[int, int]] = {"xyxy": (height, width), "yxyx": (width, height)}
    moved = np.abs(np.diff((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0))
    steps = [np.median(moved, axis=0), np.mean(moved, axis=0)] if len(moved) else [np.ones(2), np.ones(2)]
    first, second = max(steps, key=lambda step: float(step.sum()))
    likely: tuple[BoxOrder, ...] = ("xyxy", "yxyx") if first >= second else ("yxyx", "xyxy")
    clear = max(first, second) > CLEAR_STEP * min(first, second)
    return tuple(order for order in likely if inside(boxes, "xyxy", frame_hw[order]))[: 1 if clear else 2]


def orders_after_nms(
    boxes: FloatArray, scores: FloatArray, size_hw: tuple[int, int], usual: Sequence[BoxOrder]
) -> tuple[BoxOrder, ...]:
    """Give those of the usual orders in which boxes lie in the picture; none where the surest are not two corners each.

    After an NMS the order of rows tells nothing. What has hardly a score may be no box.
    """
    height, width = (1, 1) if units_of(boxes) == "normalised" else size_hw
    if not are_corners(boxes[scores > scores.max() / 2]):
        return ()
    return tuple(order for order in usual if inside(boxes, "xyxy", (width, height) if order == "yxyx" else (height, width)))


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

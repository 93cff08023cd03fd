"""Non-maximum suppression on the host: of candidates that overlap, the best one stays.

One rule for all methods (`workbench.graph.nms` says where TensorFlow's differ):

1. With `per_class`, each pair of a box and a class is a candidate; otherwise each box with its best class (the first of equals).
2. Candidates whose score is finite and **greater than** `score` stay, best first; of equal scores the lower index
   (box, then class) comes first. The first `top_k` stay.
3. Boxes without area, or with a coordinate that is not finite, go.
4. Greedily from the best: a candidate goes when its intersection over union with one that was kept is **greater than** `iou`.
   With `per_class` only those of its own class count. `max_detections` end it.

Where classes have thresholds of their own, `only_above` comes first, and `score` is the least of them; behind methods that lower
scores, such as soft NMS, `above_own` comes last.

`none` leaves the fourth step out: for detectors that give each object one box (DETR and its kin).
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections, FloatArray, areas_px

NO_SCORE = np.float32(-1)  # below any threshold
# What overlaps a better box has its score multiplied by exp(-iou² / (2 * sigma)); the paper's choice (Bodla et al. 2017,
# https://arxiv.org/abs/1704.04503).
SOFT_SIGMA = 0.5


class NmsRule(Protocol):
    """The numbers that an NMS goes by. The settings' group `nms` is one; exported programs have no settings and bring their own."""

    @property
    def score(self) -> float: ...
    @property
    def iou(self) -> float: ...
    @property
    def max_detections(self) -> int: ...
    @property
    def per_class(self) -> bool: ...
    @property
    def top_k(self) -> int: ...


def only_above(scores: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Return scores `(..., C)` with `NO_SCORE` in the place of those that do not exceed their class's threshold.

    Args:
        scores: Of boxes by class.
        thresholds: `(labels + 1,)`, of each class, and of those that have no label.
    """
    return np.where(scores > thresholds[of_label(np.arange(scores.shape[-1]), len(thresholds))], scores, NO_SCORE)


def of_label(class_ids: int | NDArray[np.int64], count: int) -> Any:
    """Return where in so many thresholds that of a class is, or those of several."""
    return np.minimum(class_ids, count - 1)


def above_own(found: Detections, thresholds: FloatArray) -> Detections:
    """Return the detections that score more than their class's threshold, which `only_above` explains."""
    return found.where(found.scores > thresholds[of_label(found.class_ids, len(thresholds))])


def select(boxes_xyxy: FloatArray, scores: FloatArray, settings: NmsRule) -> Detections:
    """Return the candidates that go into NMS, best first: steps 1 to 3 of the rule."""
    if not settings.per_class:
        scores = _only_best_class(scores)
    flat = scores.reshape(-1)
    above = np.flatnonzero((flat > np.float32(settings.score)) & (flat < np.inf))  # NaN fails the first
    picked = above[np.argsort(-flat[above], kind="stable")[: settings.top_k]]
    rows, class_ids = np.divmod(picked, scores.shape[1])
    boxes = boxes_xyxy[rows]
    sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    return Detections(boxes[sound], flat[picked][sound], class_ids[sound].astype(np.int64, copy=False))


def _only_best_class(scores: FloatArray) -> FloatArray:
    finite = np.where(np.isfinite(scores), scores, NO_SCORE)
    kept = np.full_like(finite, NO_SCORE)
    rows = np.arange(len(finite))
    best = finite.argmax(axis=1)
    kept[rows, best] = finite[rows, best]
    return kept


def by_python(boxes_xyxy: FloatArray, scores: FloatArray, settings: NmsRule) -> Detections:
    """The hand-written loop that people start from, over plain Python numbers."""
    candidates = []
    threshold = float(np.float32(settings.score))  # scores are float32: 0.3 as a score is not greater than 0.3 as a threshold
    for box, class_scores in zip(boxes_xyxy.tolist(), scores.tolist(), strict=True):
        best = None if settings.per_class else max((s for s in class_scores if math.isfinite(s)), default=None)
        for class_id, score in enumerate(class_scores):
            if not threshold < score < math.inf:
                continue
            if settings.per_class or score == best:
                candidates.append((score, class_id, box))
                if not settings.per_class:
                    break
    candidates.sort(key=lambda candidate: -candidate[0])
    kept: list[tuple[float, int, list[float]]] = []
    for candidate in candidates[: settings.top_k]:
        if len(kept) == settings.max_detections:
            break
        _, class_id, box = candidate
        if not _has_area(box):
            continue
        rivals = (other for _, other_class, other in kept if other_class == class_id or not settings.per_class)
        if all(_iou(box, other) <= settings.iou for other in rivals):
            kept.append(candidate)
    if not kept:
        return Detections.empty()
    kept_scores, class_ids, boxes = zip(*kept, strict=True)
    return Detections(np.array(boxes, np.float32), np.array(kept_scores, np.float32), np.array(class_ids, np.int64))


def _has_area(box: list[float]) -> bool:
    return all(math.isfinite(side) for side in box) and box[2] > box[0] and box[3] > box[1]


def _iou(first: list[float], second: list[float]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    overlap = width * height
    return overlap / (_area(first) + _area(second) - overlap)


def _area(box: list[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def by_numpy(boxes_xyxy: FloatArray, scores: FloatArray, settings: NmsRule) -> Detections:
    """One vectorised comparison for each box kept."""
    candidates = select(boxes_xyxy, scores, settings)
    left, top, right, bottom = np.ascontiguousarray(candidates.boxes_xyxy_px.T)
    areas = areas_px(candidates.boxes_xyxy_px)
    class_ids = candidates.class_ids
    kept: list[int] = []
    rest = np.arange(len(candidates))
    while rest.size and len(kept) < settings.max_detections:
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        widths = np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest])
        heights = np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest])
        overlaps = np.maximum(widths, 0) * np.maximum(heights, 0)
        gone = overlaps / (areas[best] + areas[rest] - overlaps) > np.float32(settings.iou)
        if settings.per_class:
            gone &= class_ids[rest] == class_ids[best]
        rest = rest[~gone]
    return candidates.where(np.array(kept, np.int64))


def by_opencv(boxes_xyxy: FloatArray, scores: FloatArray, settings: NmsRule) -> Detections:
    """`cv2.dnn.NMSBoxes`, which works in float64; with `per_class` `NMSBoxesBatched`, which moves the classes apart.

    Both convert the boxes one by one, so thinning them out first is what makes this fast.
    """
    candidates = select(boxes_xyxy, scores, settings)
    if not len(candidates):
        return candidates
    import cv2

    dnn: Any = cv2.dnn  # its types ask for lists; arrays are converted faster
    corners = candidates.boxes_xyxy_px.astype(np.float64)
    # OpenCV moves class c by c times the largest coordinate: negative ones would reach into the class before.
    corners -= corners.min()
    boxes_xywh = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    common = {"score_threshold": 0.0, "nms_threshold": settings.iou}  # the score has been seen to
    if settings.per_class:
        kept = dnn.NMSBoxesBatched(boxes_xywh, candidates.scores, candidates.class_ids.astype(np.int32), **common)
    else:
        kept = dnn.NMSBoxes(boxes_xywh, candidates.scores, **common)
    return candidates.where(np.asarray(kept, np.int64).reshape(-1)[: settings.max_detections])


def by_score(boxes_xyxy: FloatArray, scores: FloatArray, settings: NmsRule) -> Detections:
    """No suppression: the best `max_detections` candidates, however they overlap."""
    candidates = select(boxes_xyxy, scores, settings)
    return candidates.where(np.arange(min(len(candidates), settings.max_detections)))


def soften(boxes_xyxy: FloatArray, scores: FloatArray, rule: NmsRule) -> Detections:
    """Soft suppression: what overlaps a better box scores less, and nothing is removed for it; `rule.iou` plays no part.

    The workbench itself runs TensorFlow's (`soft` in `workbench.graph.nms`); an exported program without TensorFlow runs this one.
    """
    candidates = select(boxes_xyxy, scores, rule)
    boxes, class_ids, left = candidates.boxes_xyxy_px, candidates.class_ids, candidates.scores.copy()
    areas = areas_px(boxes)
    kept: list[int] = []
    kept_scores: list[float] = []
    while len(kept) < rule.max_detections and left.max(initial=NO_SCORE) > rule.score:
        best = int(left.argmax())
        kept.append(best)
        kept_scores.append(float(left[best]))
        sides = np.minimum(boxes[best, 2:], boxes[:, 2:]) - np.maximum(boxes[best, :2], boxes[:, :2])
        common = np.maximum(sides[:, 0], 0) * np.maximum(sides[:, 1], 0)
        overlaps = common / (areas[best] + areas - common)
        if rule.per_class:
            overlaps[class_ids != class_ids[best]] = 0
        left *= np.exp(-(overlaps**2) / (2 * SOFT_SIGMA))
        left[best] = NO_SCORE
    found = candidates.where(np.array(kept, np.int64))
    return Detections(found.boxes_xyxy_px, np.array(kept_scores, np.float32), found.class_ids)

"""Which detections match known boxes, as COCO's evaluation pairs them: kept once, so that images can be drawn again and again.

The rules are pycocotools' `COCOeval.evaluateImg` (https://github.com/cocodataset/cocoapi): each class by itself, best score first,
the best 100 of an image, crowds and boxes of other sizes count neither way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray
from workbench.detections.detections import Detections
from workbench.detections.image_truth import ImageTruth

COUNTED = 100  # detections of one class in one image that COCO's average precision counts, best first
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
SIZES = ("all", "small", "medium", "large")
AREAS_PX = np.array([(0, 1e10), (0, 32**2), (32**2, 96**2), (96**2, 1e10)])  # of the objects, both ends belong to them
NEARLY_ONE = 1 - 1e-10  # an IoU of 1 passes any threshold


@final
@dataclass(frozen=True, slots=True, eq=False)
class ClassMatches:
    """One class in all images; N detections, best score first, S sizes, T thresholds of IoU.

    Attributes:
        class_id: Its number.
        images: `(N,)`, the number of each detection's image.
        scores: `(N,)`.
        matched: `(N, S, T)`, whether a known box of that size is found at that IoU.
        ignored: `(N, S, T)`, whether the detection counts neither way.
        known: `(images, S)`, how many known boxes there are to find.
    """

    class_id: int
    images: NDArray[np.int64]
    scores: FloatArray
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    known: NDArray[np.int64]


def match_classes(found: Sequence[Detections], truth: Sequence[ImageTruth], classes: int) -> tuple[ClassMatches, ...]:
    """Match what was found in each image with what is known of it, for each class that the truth holds any box of.

    Raises:
        ValueError: Not one truth for each image.
    """
    pairs = list(zip(found, truth, strict=True))
    present = {int(number) for _, known in pairs for number in np.unique(known.class_ids[~known.iscrowd]) if number < classes}
    return tuple(_match_class(pairs, number) for number in sorted(present))


def _match_class(pairs: Sequence[tuple[Detections, ImageTruth]], number: int) -> ClassMatches:
    known = np.zeros((len(pairs), len(SIZES)), np.int64)
    parts = []
    for image, (one, truth) in enumerate(pairs):
        rows = np.flatnonzero(one.class_ids == number)
        rows = rows[np.argsort(-one.scores[rows], kind="stable")][:COUNTED]
        of_class = truth.class_ids == number
        crowd, areas = truth.iscrowd[of_class], truth.areas_px[of_class]
        other = crowd[None] | (areas[None] < AREAS_PX[:, :1]) | (areas[None] > AREAS_PX[:, 1:])
        known[image] = (~other).sum(axis=1)
        boxes = one.boxes_xyxy_px[rows].astype(np.float64)
        matched, ignored = _match_image(boxes, truth.boxes_xyxy_px[of_class].astype(np.float64), crowd, other)
        parts.append((np.full(len(rows), image), one.scores[rows], matched, ignored))
    images, scores, matched, ignored = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(-scores, kind="stable")
    return ClassMatches(number, images[order], scores[order], matched[order], ignored[order], known)


def _match_image(
    boxes: NDArray[np.float64], truth: NDArray[np.float64], crowd: NDArray[np.bool_], other: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Match one image's boxes, best first; `other` `(S, G)` marks what of the truth counts neither way for a size."""
    shape = len(boxes), len(SIZES), len(IOU_THRESHOLDS)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    outside = (areas[:, None] < AREAS_PX[:, 0]) | (areas[:, None] > AREAS_PX[:, 1])
    matched, ignored = np.zeros(shape, bool), np.repeat(outside[..., None], shape[2], axis=2)
    shares = overlaps(boxes, areas, truth, crowd)
    taken = np.zeros((*shape[1:], len(truth)), bool)
    for row in np.flatnonzero(shares.max(axis=1, initial=0) >= IOU_THRESHOLDS[0]):
        for free, neither in _choices(shares[row], taken, crowd, other):
            fits = free.any(axis=-1)
            # Of equals the last one, as COCO's loop leaves it.
            best = len(truth) - 1 - np.where(free, shares[row], -1)[..., ::-1].argmax(axis=-1)
            size, threshold = np.nonzero(fits)
            taken[size, threshold, best[fits]] = True
            matched[row][fits] = not neither
            ignored[row][fits] = neither
    return matched, ignored


def _choices(
    overlaps: NDArray[np.float64], taken: NDArray[np.bool_], crowd: NDArray[np.bool_], other: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.bool_], bool]]:
    """Give what one box may match `(S, T, G)`: of what counts, and then, where none of that is left, of what counts neither way."""
    near = overlaps >= np.minimum(IOU_THRESHOLDS, NEARLY_ONE)[:, None]
    free = near & (~taken | crowd)
    counting = free & ~other[:, None]
    yield counting, False
    yield free & other[:, None] & ~counting.any(axis=-1, keepdims=True), True


def overlaps(
    boxes: NDArray[np.float64], areas: NDArray[np.float64], truth: NDArray[np.float64], crowd: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """IoU `(n, G)`; with a crowd the share of the box that lies in it."""
    sides = np.minimum(boxes[:, None, 2:], truth[None, :, 2:]) - np.maximum(boxes[:, None, :2], truth[None, :, :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    together = np.where(crowd, areas[:, None], areas[:, None] + (truth[:, 2:] - truth[:, :2]).prod(axis=-1) - shared)
    return np.asarray(np.divide(shared, together, out=np.zeros_like(shared), where=together > 0))

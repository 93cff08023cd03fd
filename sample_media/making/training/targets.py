"""Which anchor answers for which box.

Like FCOS (Tian et al. 2019, https://arxiv.org/abs/1904.01355, sections 3.2 and centre sampling of its follow-up): a box goes to the
levels that suit its longer side, and there to the cells near its centre. At least one cell of a suiting level always answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.samples import ANCHOR_STRIDES, SAMPLE_ANCHORS

BACKGROUND = -1
IGNORED = -2
LEVEL_RANGE = (0.8, 2.4)  # longer side of a level's boxes, in anchor sides; levels are 2 apart, so they overlap by a factor of 1.5
CENTER_RADIUS = 1.5  # cells around the centre that answer at most, in strides
NEAREST_RADIUS = 0.75  # and at least: every box has one to four cells, however small


@dataclass(frozen=True, slots=True)
class Targets:
    """What each anchor should say.

    Attributes:
        class_ids: `(A,)` int32, `BACKGROUND` or `IGNORED` where no box is assigned.
        boxes_xyxy_px: `(A, 4)` float32, zeros where no box is assigned.
    """

    class_ids: NDArray[np.int32]
    boxes_xyxy_px: NDArray[np.float32]


def assign(boxes_xyxy_px: NDArray[np.float32], class_ids: NDArray[np.int64], size_hw: tuple[int, int]) -> Targets:
    """Assign boxes to anchors; where several want one, the smallest gets it.

    Args:
        boxes_xyxy_px: `(n, 4)`.
        class_ids: `(n,)`; negative for boxes whose surroundings should teach nothing.
        size_hw: The picture's, multiples of 32.
    """
    anchors = SAMPLE_ANCHORS(size_hw)
    targets = Targets(np.full(len(anchors), BACKGROUND, np.int32), np.zeros((len(anchors), 4), np.float32))
    sides = boxes_xyxy_px[:, 2:] - boxes_xyxy_px[:, :2]
    order = np.argsort(-np.prod(sides, axis=1), kind="stable")
    ignored_first = sorted(order, key=lambda n: class_ids[n] >= 0)
    for n in ignored_first:
        box = boxes_xyxy_px[n]
        if class_ids[n] < 0:
            targets.class_ids[_touching(anchors, box)] = IGNORED
        else:
            answers = _answering(anchors, box)
            targets.class_ids[answers] = class_ids[n]
            targets.boxes_xyxy_px[answers] = box
    return targets


def _half_stride(anchors: NDArray[np.float32]) -> NDArray[np.float32]:
    return anchors[:, 2:] * np.float32(0.5 / ANCHOR_STRIDES)


def _touching(anchors: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which anchors' cells touch the box, `(A,)`."""
    center, half = anchors[:, :2], _half_stride(anchors)
    return np.asarray(np.all((center >= box[:2] - half) & (center <= box[2:] + half), axis=1))


def _answering(anchors: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which anchors are on a level that suits the box and near its centre, `(A,)`."""
    side = box[2:] - box[:2]
    anchor_side = anchors[:, 2]
    relative = side.max() / anchor_side
    low, high = LEVEL_RANGE
    suits = ((relative >= low) | (anchor_side == anchor_side.min())) & ((relative < high) | (anchor_side == anchor_side.max()))
    half = _half_stride(anchors)
    reach = np.clip(side / 2, 2 * NEAREST_RADIUS * half, 2 * CENTER_RADIUS * half)
    distance = np.abs(anchors[:, :2] - (box[:2] + box[2:]) / 2)
    return np.asarray(suits & np.all(distance <= reach, axis=1))

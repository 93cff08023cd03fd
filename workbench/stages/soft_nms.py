"""Soft non-maximum suppression on the host: what overlaps a better box scores less, nothing is removed for it.

The workbench itself runs TensorFlow's (`soft` in `workbench.graph.nms`); an exported program without TensorFlow runs this one.
"""

from __future__ import annotations

import numpy as np

from workbench.detections import Detections, FloatArray, areas_px
from workbench.stages.nms import NO_SCORE, NmsRule, select

# What overlaps a better box has its score multiplied by exp(-iou² / (2 * sigma)); the paper's choice (Bodla et al. 2017,
# https://arxiv.org/abs/1704.04503).
SOFT_SIGMA = 0.5


def soften(boxes_xyxy: FloatArray, scores: FloatArray, rule: NmsRule) -> Detections:
    """Lower the scores of the candidates of one image by their overlaps with better ones; those above `rule.score` stay.

    Args:
        boxes_xyxy: `(A, 4)` float32.
        scores: `(A, C)` float32.
        rule: Its `iou` plays no part.
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

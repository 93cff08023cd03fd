"""Training losses: quality focal loss for scores, generalised IoU for boxes."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from sample_media.making.training.targets import IGNORED
from workbench.samples import SAMPLE_HEAD

BOX_WEIGHT = 2.0  # as in FCOS' successors (GFL, ATSS): both parts come out about equally large
EPSILON = 1e-6  # keeps divisions by empty areas finite


class Losses(NamedTuple):
    """Scalars: what is minimised, and its two parts."""

    total: Any
    score: Any
    box: Any


def decode(offsets: Any, anchors: Any) -> Any:
    """Turn `(n, A, 4)` offsets into `(n, A, 4)` boxes `xyxy`, in the anchors' pixels (SSD, section 2.2)."""
    center = anchors[:, :2] + offsets[..., :2] * SAMPLE_HEAD.center_variance * anchors[:, 2:]
    half = anchors[:, 2:] * tf.exp(offsets[..., 2:] * SAMPLE_HEAD.size_variance) / 2
    return tf.concat([center - half, center + half], axis=-1)


def iou_and_generalised(a: Any, b: Any) -> tuple[Any, Any]:
    """Compute IoU and generalised IoU of boxes `(..., 4)` xyxy (Rezatofighi et al. 2019, https://arxiv.org/abs/1902.09630)."""

    def area(low: Any, high: Any) -> Any:
        return tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)

    shared = area(tf.maximum(a[..., :2], b[..., :2]), tf.minimum(a[..., 2:], b[..., 2:]))
    union = area(a[..., :2], a[..., 2:]) + area(b[..., :2], b[..., 2:]) - shared
    hull = area(tf.minimum(a[..., :2], b[..., :2]), tf.maximum(a[..., 2:], b[..., 2:]))
    iou = shared / (union + EPSILON)
    return iou, iou - (hull - union) / (hull + EPSILON)


def detection_losses(offsets: Any, logits: Any, anchors: Any, class_ids: Any, boxes_xyxy_px: Any) -> Losses:
    """Compute the losses of a batch, each a mean over assigned anchors.

    The score of an assigned anchor should be the IoU that its box reaches (generalised focal loss, Li et al. 2020,
    https://arxiv.org/abs/2006.04388, equation 4 with beta 2), so that scores rank boxes by how well they fit.

    Args:
        offsets: `(n, A, 4)` as the network gives them.
        logits: `(n, A, classes)` before the sigmoid.
        anchors: `(A, 4)` cxcywh.
        class_ids: `(n, A)` int32 as `targets.assign` gives them.
        boxes_xyxy_px: `(n, A, 4)`, likewise.
    """
    assigned = tf.cast(class_ids >= 0, tf.float32)
    count = tf.maximum(tf.reduce_sum(assigned), 1.0)
    iou, generalised = iou_and_generalised(decode(offsets, anchors), boxes_xyxy_px)
    box = tf.reduce_sum((1 - generalised) * assigned) / count
    quality = tf.stop_gradient(tf.clip_by_value(iou, 0.0, 1.0))
    wanted = tf.one_hot(class_ids, logits.shape[-1]) * quality[..., None]
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits)
    focal = tf.square(wanted - tf.sigmoid(logits)) * entropy
    counted = tf.cast(class_ids != IGNORED, tf.float32)
    score = tf.reduce_sum(focal * counted[..., None]) / count
    return Losses(score + BOX_WEIGHT * box, score, box)

"""The candidates that go into a graph's NMS: steps 1 to 3 of the rule in `workbench.stages.nms`."""

from __future__ import annotations

from typing import Any, NamedTuple

Tensor = Any

NO_SCORE = -1.0  # below any threshold


class Candidates(NamedTuple):
    """What goes into NMS, best first: `(n, K, 4)`, `(n, K)`, `(n, K)`; a score of `NO_SCORE` marks a row to ignore."""

    boxes_xyxy: Tensor
    scores: Tensor
    class_ids: Tensor

    def with_rows(self, count: int) -> Candidates:
        """Return the same with some rows to ignore at the end."""
        import tensorflow as tf

        rows = [[0, 0], [0, count]]
        return Candidates(
            tf.pad(self.boxes_xyxy, [*rows, [0, 0]]),
            tf.pad(self.scores, rows, constant_values=NO_SCORE),
            tf.pad(self.class_ids, rows),
        )


def select(boxes_xyxy: Tensor, scores: Tensor, top_k: int, *, per_class: bool) -> Candidates:
    """Choose `min(top_k, candidates)` of each image, best first; of equals the lower index (box, then class) comes first."""
    import tensorflow as tf

    finite = tf.where(tf.math.is_finite(scores), scores, NO_SCORE)
    best = tf.reduce_max(finite, axis=-1)
    box_count, class_count = scores.shape[1:]
    if not per_class:
        picked_scores, rows = tf.math.top_k(best, min(top_k, box_count))
        class_ids = tf.argmax(tf.gather(finite, rows, batch_dims=1), axis=-1, output_type=tf.int32)
        return _sound(Candidates(tf.gather(boxes_xyxy, rows, batch_dims=1), picked_scores, class_ids))
    if box_count > top_k:
        # The best pairs of box and class lie in as many boxes, those that are best by their best class; sorting these alone is
        # cheaper than sorting all pairs. Back in their own order, lest equal scores of other classes change places.
        rows = tf.sort(tf.math.top_k(best, top_k).indices, axis=-1)
        finite, boxes_xyxy = (tf.gather(part, rows, batch_dims=1) for part in (finite, boxes_xyxy))
    pairs = tf.reshape(finite, [-1, finite.shape[1] * class_count])
    picked_scores, picked = tf.math.top_k(pairs, min(top_k, pairs.shape[-1]))
    rows, class_ids = picked // class_count, picked % class_count
    return _sound(Candidates(tf.gather(boxes_xyxy, rows, batch_dims=1), picked_scores, class_ids))


def select_above(boxes_xyxy: Tensor, scores: Tensor, score: Tensor, top_k: int, *, per_class: bool) -> Candidates:
    """Choose those of one image (a batch of one) that score more, as `select` does.

    A last row to ignore keeps the result from being empty.
    """
    import tensorflow as tf

    finite = tf.where(tf.math.is_finite(scores[0]), scores[0], NO_SCORE)
    if per_class:
        row_and_class = tf.where(finite > score)
        rows, class_ids = row_and_class[:, 0], row_and_class[:, 1]
        above = tf.gather_nd(finite, row_and_class)
    else:
        best = tf.reduce_max(finite, axis=-1)
        rows = tf.where(best > score)[:, 0]
        class_ids = tf.argmax(tf.gather(finite, rows), axis=-1)
        above = tf.gather(best, rows)
    picked_scores, order = tf.math.top_k(above, tf.minimum(top_k, tf.size(above)))
    boxes = tf.gather(boxes_xyxy[0], tf.gather(rows, order))
    class_ids = tf.cast(tf.gather(class_ids, order), tf.int32)
    return _sound(Candidates(boxes[None], picked_scores[None], class_ids[None])).with_rows(1)


def _sound(candidates: Candidates) -> Candidates:
    """Mark boxes without area, or with a coordinate that is not finite."""
    import tensorflow as tf

    boxes, scores, class_ids = candidates
    sound = tf.reduce_all(tf.math.is_finite(boxes), axis=-1) & tf.reduce_all(boxes[..., 2:] > boxes[..., :2], axis=-1)
    return Candidates(tf.where(sound[..., None], boxes, 0.0), tf.where(sound, scores, NO_SCORE), class_ids)

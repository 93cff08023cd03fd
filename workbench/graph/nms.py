"""Non-maximum suppression as TensorFlow operations, with the rule of `workbench.stages.nms` and these differences.

- Intersections over union are float32, and classes are kept apart by moving the boxes of class c by c times the width of the scene
  (all but `combined`). Both round: a pair whose overlap is within about 1e-4 of `iou` may fall on the other side.
- For that move, coordinates beyond `COORDINATE_LIMIT` are drawn in to it, so that one wild box cannot spoil the rest.

| method | operation | otherwise |
|---|---|---|
| `tensorflow` | `tf.image.non_max_suppression`, in its form with padded output (`NonMaxSuppressionV4`) | |
| `padded` | `tf.image.non_max_suppression_padded` | removes at `>=`, so it gets the next number above `iou` |
| `combined` | `tf.image.combined_non_max_suppression` | takes equal scores in no set order: of equals another may stay |
| `soft` | `tf.image.non_max_suppression_with_scores` | removes nothing, lowers scores (`SOFT_SIGMA`) |

The operations never see an empty set: under XLA they crash the process or fail on one
(https://github.com/tensorflow/tensorflow/issues/117245).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, final

import numpy as np

from workbench.catalogue import MethodsOf
from workbench.detections import Detections, FloatArray
from workbench.errors import SettingsError
from workbench.graph.candidates import NO_SCORE, Candidates, Tensor, select, select_above
from workbench.settings import Nms
from workbench.stages import SOFT_SIGMA

COORDINATE_LIMIT = 16384.0  # twice the longest side that settings allow
GRAPHS_KEPT = 32  # compiled graphs kept in memory; each stands for one choice of everything but the two thresholds
UNROLL_LIMIT = 16  # images whose NMS is written out side by side in the graph, where TensorFlow can run them at once
KINDS = ("float32", "float32", "int32", "int32")  # of the fields of `Suppressed`
SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


class Suppressed(NamedTuple):
    """What is left, best first: `(n, M, 4)`, `(n, M)`, int32 `(n, M)`, int32 `(n,)`. Rows from `count` on are zeros."""

    boxes_xyxy: Tensor
    scores: Tensor
    class_ids: Tensor
    count: Tensor


class Rule(NamedTuple):
    """The numbers of one NMS; `score` and `iou` are scalar tensors, so that moving a slider traces nothing anew."""

    score: Tensor
    iou: Tensor
    max_detections: int
    per_class: bool


@final
@dataclass(frozen=True, slots=True)
class GraphNms:
    """One method of the table.

    Attributes:
        thin_out: From candidates and a rule to what is left.
        xla_refusal: Why XLA cannot compile it on a CPU; `None` where it can.
    """

    thin_out: Callable[[Candidates, Rule], Suppressed]
    xla_refusal: str | None = None

    def __call__(self, boxes_xyxy: Tensor, scores: Tensor, score: Tensor, iou: Tensor, nms: Nms, *, static: bool) -> Suppressed:
        """Thin out the candidates of a batch; usable in any `tf.function`.

        Args:
            boxes_xyxy: `(n, A, 4)` float32. At least one box; `A` may be open unless `static`.
            scores: `(n, A, C)` float32, `C` known.
            score: Scalar; only greater scores stay.
            iou: Scalar; a candidate that overlaps a better one by more goes.
            nms: The rest of the numbers; the result has `max_detections` rows.
            static: Whether all shapes must be known before running, as XLA demands: all scores are then sorted. Otherwise only
                those above `score` are, which is several times faster where few are.
        """
        rule = Rule(score, iou, nms.max_detections, nms.per_class)
        if static:
            return self.thin_out(select(boxes_xyxy, scores, nms.top_k, per_class=nms.per_class), rule)

        def single(boxes: Tensor, image_scores: Tensor) -> tuple[Tensor, ...]:
            candidates = select_above(boxes[None], image_scores[None], score, nms.top_k, per_class=nms.per_class)
            return tuple(part[0] for part in self.thin_out(candidates, rule))

        return Suppressed(*_each_image(single, boxes_xyxy, scores, KINDS))


def _apart(candidates: Candidates, *, per_class: bool) -> Tensor:
    """Return boxes moved so that classes do not overlap, every coordinate being at least 1."""
    import tensorflow as tf

    boxes = tf.clip_by_value(candidates.boxes_xyxy, -COORDINATE_LIMIT, COORDINATE_LIMIT)
    # Whole numbers: a move by them loses the fewest bits. 1: `padded` takes a box at or below zero for one that is gone.
    boxes = boxes - tf.floor(tf.reduce_min(boxes, axis=[1, 2], keepdims=True)) + 1.0
    if not per_class:
        return boxes
    span = tf.math.ceil(tf.reduce_max(boxes, axis=[1, 2], keepdims=True)) + 1.0
    return boxes + tf.cast(candidates.class_ids, tf.float32)[..., None] * span


def _gathered(candidates: Candidates, indices: Tensor, count: Tensor, scores: Tensor | None = None) -> Suppressed:
    """Take the rows that an operation chose, zeros from `count` on."""
    import tensorflow as tf

    boxes, all_scores, class_ids = (tf.gather(part, indices, batch_dims=1) for part in candidates)
    valid = tf.range(indices.shape[1])[None] < count[:, None]
    scores = all_scores if scores is None else scores
    return Suppressed(
        tf.where(valid[..., None], boxes, 0.0),
        tf.where(valid, scores, 0.0),
        tf.where(valid, class_ids, 0),
        tf.cast(count, tf.int32),
    )


def _each_image(
    single: Callable[[Tensor, Tensor], tuple[Tensor, ...]], boxes: Tensor, scores: Tensor, kinds: tuple[str, ...]
) -> Any:
    """Run an operation that takes one image on each of a batch."""
    import tensorflow as tf

    images = boxes.shape[0]
    if images is not None and images <= UNROLL_LIMIT:
        return tuple(tf.stack(parts) for parts in zip(*(single(boxes[n], scores[n]) for n in range(images)), strict=True))
    return tf.map_fn(lambda one: single(*one), (boxes, scores), fn_output_signature=tuple(tf.as_dtype(kind) for kind in kinds))


def _tensorflow(candidates: Candidates, rule: Rule) -> Suppressed:
    import tensorflow as tf

    def single(boxes: Tensor, scores: Tensor) -> tuple[Tensor, ...]:
        indices, count = tf.raw_ops.NonMaxSuppressionV4(
            boxes=boxes,
            scores=scores,
            max_output_size=rule.max_detections,
            iou_threshold=rule.iou,
            score_threshold=rule.score,
            pad_to_max_output_size=True,
        )
        return tf.ensure_shape(indices, [rule.max_detections]), count

    missing = max(0, rule.max_detections - (candidates.scores.shape[1] or rule.max_detections))
    if missing:  # XLA wants no fewer boxes than it may put out
        candidates = candidates.with_rows(missing)
    boxes = _apart(candidates, per_class=rule.per_class)
    indices, count = _each_image(single, boxes, candidates.scores, ("int32", "int32"))
    return _gathered(candidates, tf.ensure_shape(indices, [None, rule.max_detections]), count)


def _padded(candidates: Candidates, rule: Rule) -> Suppressed:
    import tensorflow as tf

    indices, count = tf.image.non_max_suppression_padded(
        _apart(candidates, per_class=rule.per_class),
        candidates.scores,
        rule.max_detections,
        # Zero has no next number that a CPU told to flush the smallest to zero keeps apart from it.
        iou_threshold=tf.maximum(tf.math.nextafter(tf.cast(rule.iou, tf.float32), 2.0), SMALLEST_NORMAL),
        score_threshold=rule.score,
        pad_to_max_output_size=True,
        sorted_input=True,
        canonicalized_coordinates=True,
    )
    return _gathered(candidates, tf.ensure_shape(indices, [None, rule.max_detections]), count)


def _combined(candidates: Candidates, rule: Rule) -> Suppressed:
    """`max_detections` is both the operation's limit for a class and its limit in total, so the total is what binds.

    It suppresses within a class only and does not say which candidates it kept. So without `per_class` all candidates are of one
    class, and their own is looked up again by box and score. (Two candidates equal in both survive together at an `iou` of 1 only;
    then both get the class of the first.)
    """
    import tensorflow as tf

    if rule.per_class:
        columns = tf.range(tf.reduce_max(candidates.class_ids) + 1)
        scores = tf.where(candidates.class_ids[..., None] == columns, candidates.scores[..., None], NO_SCORE)
    else:
        scores = candidates.scores[..., None]
    boxes, kept_scores, class_ids, count = tf.image.combined_non_max_suppression(
        candidates.boxes_xyxy[:, :, None],
        scores,
        rule.max_detections,
        rule.max_detections,
        iou_threshold=rule.iou,
        score_threshold=rule.score,
        pad_per_class=False,
        clip_boxes=False,
    )
    class_ids = tf.cast(class_ids, tf.int32)
    if not rule.per_class:
        same = tf.reduce_all(boxes[:, :, None] == candidates.boxes_xyxy[:, None], axis=-1)
        same &= kept_scores[:, :, None] == candidates.scores[:, None]
        class_ids = tf.gather(candidates.class_ids, tf.argmax(tf.cast(same, tf.int8), axis=-1), batch_dims=1)
        class_ids = tf.where(tf.range(rule.max_detections)[None] < count[:, None], class_ids, 0)
    return Suppressed(boxes, kept_scores, class_ids, count)


def _soft(candidates: Candidates, rule: Rule) -> Suppressed:
    import tensorflow as tf

    def single(boxes: Tensor, scores: Tensor) -> tuple[Tensor, ...]:
        indices, new_scores, count = tf.raw_ops.NonMaxSuppressionV5(
            boxes=boxes,
            scores=scores,
            max_output_size=rule.max_detections,
            iou_threshold=rule.iou,
            score_threshold=rule.score,
            soft_nms_sigma=SOFT_SIGMA,
            pad_to_max_output_size=True,
        )
        return tf.ensure_shape(indices, [rule.max_detections]), tf.ensure_shape(new_scores, [rule.max_detections]), count

    boxes = _apart(candidates, per_class=rule.per_class)
    indices, new_scores, count = _each_image(single, boxes, candidates.scores, ("int32", "float32", "int32"))
    return _gathered(candidates, tf.ensure_shape(indices, [None, rule.max_detections]), count, new_scores)


TENSORFLOW = GraphNms(_tensorflow)
COMBINED = GraphNms(_combined, "XLA has no CombinedNonMaxSuppression on a CPU")
PADDED = GraphNms(_padded)
SOFT = GraphNms(_soft, "XLA has no NonMaxSuppressionV5 (soft) on a CPU")
GRAPH_NMS: Mapping[str, GraphNms] = MethodsOf("graph")


@final
class GraphSuppressor:
    """An NMS of `GRAPH_NMS` with its settings, called from the host. Those that differ in `score` and `iou` only share one graph.

    Raises:
        SettingsError: The method is not one of the graph's.
    """

    def __init__(self, settings: Nms) -> None:
        import tensorflow as tf

        if settings.method not in GRAPH_NMS:
            raise SettingsError(f"nms.method is {settings.method!r}; choose one of {', '.join(GRAPH_NMS)}")
        self._thresholds = tf.constant(float(settings.score), tf.float32), tf.constant(settings.iou, tf.float32)
        self._without_thresholds = settings.model_copy(update={"score": 0.0, "iou": 0.0})

    def __call__(self, boxes_xyxy: FloatArray, scores: FloatArray) -> Detections:
        import tensorflow as tf

        if not scores.size:  # the graph always has a candidate
            return Detections.empty()
        graph = _graph(self._without_thresholds, scores.shape[1])
        kept = graph(tf.constant(boxes_xyxy[None]), tf.constant(scores[None]), *self._thresholds)
        boxes, kept_scores, class_ids, count = (part.numpy()[0] for part in kept)
        return Detections(boxes[:count], kept_scores[:count], class_ids[:count].astype(np.int64))

    def compilations(self, class_count: int) -> int:
        """Count how often the graph for that many classes has been traced."""
        return int(_graph(self._without_thresholds, class_count).experimental_get_tracing_count())


@lru_cache(maxsize=GRAPHS_KEPT)
def _graph(nms: Nms, class_count: int) -> Any:
    import tensorflow as tf

    scalar = tf.TensorSpec([], tf.float32)

    def run(boxes: Any, scores: Any, score: Any, iou: Any) -> Any:
        return tuple(GRAPH_NMS[nms.method](boxes, scores, score, iou, nms, static=False))

    shapes = [tf.TensorSpec([1, None, 4]), tf.TensorSpec([1, None, class_count]), scalar, scalar]
    return tf.function(run, input_signature=shapes, autograph=False)

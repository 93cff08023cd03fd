"""A graph's NMS, called from the host."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, final

import numpy as np

from workbench.detections import Detections, FloatArray
from workbench.errors import SettingsError
from workbench.graph.nms import GRAPH_NMS
from workbench.settings import Nms

GRAPHS_KEPT = 32  # compiled graphs kept in memory; each stands for one choice of everything but the two thresholds


@final
class GraphSuppressor:
    """An NMS of `GRAPH_NMS` with its settings. Those that differ in `score` and `iou` only share one graph.

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

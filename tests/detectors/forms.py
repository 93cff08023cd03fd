"""The forms in which the world's networks put out decoded boxes: from candidates to outputs, as TensorFlow operations.

What goes in are the boxes `(1, A, 4)` of a detector in pixels of its input, xyxy, and their scores `(1, A, C)`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

Outputs = Mapping[str, Any]
Form = Callable[[Any, Any, tuple[int, int]], Outputs]

IOU, SCORE, MOST = 0.5, 0.05, 100  # of the NMS inside
SWAPPED = (1, 0, 3, 2)  # x for y
KEYPOINTS = 17
MASKS = 32
NEARLY_NOTHING = 1e-6


def sides(size_hw: tuple[int, int]) -> Any:
    return np.array(size_hw[::-1] * 2, np.float32)


def centred(boxes: Any) -> Any:
    return tf.concat([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], -1)


def yxyx(boxes: Any) -> Any:
    return tf.gather(boxes, SWAPPED, axis=-1)


def best_alone(scores: Any) -> Any:
    """Leave each candidate the score of its best class."""
    return tf.where(scores == tf.reduce_max(scores, -1, keepdims=True), scores, 0.0)


def suppressed(boxes: Any, scores: Any) -> tuple[Any, Any, Any, Any]:
    found = tf.image.combined_non_max_suppression(
        boxes[:, :, None], scores, MOST, MOST, iou_threshold=IOU, score_threshold=SCORE, clip_boxes=False
    )
    return found.nmsed_boxes, found.nmsed_scores, found.nmsed_classes, found.valid_detections


def logits(probabilities: Any) -> Any:
    kept = tf.clip_by_value(probabilities, NEARLY_NOTHING, 1 - NEARLY_NOTHING)
    return tf.math.log(kept) - tf.math.log(1 - kept)


def _rows(boxes: Any, scores: Any, *more: Any) -> Any:
    return tf.concat([boxes, scores, *more], -1)


def _columns(boxes: Any, scores: Any, *more: Any) -> Any:
    return tf.transpose(_rows(boxes, scores, *more), (0, 2, 1))


def segment(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> Outputs:
    """Ultralytics' YOLO segment: coefficients of masks behind the scores, and the masks they weigh."""
    coefficients = tf.sin(boxes[..., :1] * np.arange(1, MASKS + 1, dtype=np.float32))
    prototypes = tf.ones((1, size_hw[0] // 4, size_hw[1] // 4, MASKS))
    return {"output0": _columns(centred(boxes), scores, coefficients), "output1": prototypes}


def pose(boxes: Any, scores: Any, _: tuple[int, int]) -> Outputs:
    """Ultralytics' YOLO pose: x, y and visibility of each keypoint behind the scores."""
    box = centred(boxes)
    spread = np.linspace(-0.4, 0.4, KEYPOINTS, dtype=np.float32)
    x, y = (box[..., axis, None] + spread * box[..., axis + 2, None] for axis in (0, 1))
    points = tf.stack([x, y, tf.fill(tf.shape(x), 0.5)], -1)
    return {"output0": _columns(box, scores, tf.reshape(points, (1, -1, 3 * KEYPOINTS)))}


def turned(boxes: Any, scores: Any, _: tuple[int, int]) -> Outputs:
    """Ultralytics' YOLO obb: what is found is turned by a right angle, so that the upright box around it is known."""
    box = centred(boxes)
    found = tf.reduce_max(scores, -1, keepdims=True) > SCORE
    on_its_side = tf.gather(box, (0, 1, 3, 2), axis=-1)
    return {"output0": _columns(tf.where(found, on_its_side, box), scores, tf.where(found, np.pi / 2, -0.7))}


def queries(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> tuple[Any, Any]:
    """One box an object in fractions of the input, and its scores; nothing scores where there is none, in no order."""
    kept, best, classes, _ = suppressed(boxes, scores)
    drawn = np.random.default_rng(0)
    order = drawn.permutation(MOST)
    anywhere = np.concatenate([drawn.uniform(0.3, 0.7, (1, MOST, 2)), drawn.uniform(0.1, 0.5, (1, MOST, 2))], -1).astype(np.float32)
    placed = tf.where(best[..., None] > 0, centred(kept) / sides(size_hw), anywhere)
    own = tf.one_hot(tf.cast(classes, tf.int32), scores.shape[-1]) * best[..., None]
    return tf.gather(placed, order, axis=1), tf.gather(own, order, axis=1)


def with_background(scores: Any, place: str) -> Any:
    """Add what is left to 1, first or last."""
    alone = best_alone(scores)
    rest = 1 - tf.reduce_sum(alone, -1, keepdims=True)
    return tf.concat([rest, alone] if place == "first" else [alone, rest], -1)


def softmax_logits(scores: Any, place: str) -> Any:
    return tf.math.log(tf.maximum(with_background(scores, place), NEARLY_NOTHING)) + 3.0


def detr(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> Outputs:
    placed, own = queries(boxes, scores, size_hw)
    return {"pred_logits": softmax_logits(own, "last"), "pred_boxes": placed}


def nameless_detr(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> Outputs:
    placed, own = queries(boxes, scores, size_hw)
    return {"output_0": placed, "output_1": softmax_logits(own, "last")}


def sigmoid_detr(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> Outputs:
    """RT-DETR, RF-DETR and D-FINE."""
    placed, own = queries(boxes, scores, size_hw)
    return {"dets": placed, "labels": logits(own)}


def detr_rows(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> Outputs:
    """Ultralytics' RT-DETR: one output of boxes in fractions and scores after the sigmoid."""
    return {"output0": _rows(*queries(boxes, scores, size_hw))}


def d_fine(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> Outputs:
    """KerasHub's D-FINE, which puts out what its losses want too, of each of its decoder's layers."""
    placed, own = queries(boxes, scores, size_hw)
    layers = [tf.repeat(one[:, None], 3, axis=1) for one in (placed, logits(own))]
    return {
        "logits": logits(own),
        "pred_boxes": placed,
        "intermediate_logits": layers[1],
        "intermediate_reference_points": layers[0],
        "intermediate_predicted_corners": tf.zeros((1, 3, MOST, 4 * 33)),
        "initial_reference_points": layers[0],
        "enc_topk_logits": logits(own),
        "enc_topk_bboxes": placed,
    }


def kerascv(boxes: Any, scores: Any, _: tuple[int, int], classes_name: str = "classes") -> Outputs:
    kept, best, classes, count = suppressed(boxes, scores)
    there = tf.range(MOST)[None] < count[:, None]
    return {
        "boxes": tf.where(there[..., None], kept, -1.0),
        "confidence": tf.where(there, best, -1.0),
        classes_name: tf.where(there, tf.cast(classes, tf.int32), -1),
        "num_detections": count,
    }


def kerashub(boxes: Any, scores: Any, size_hw: tuple[int, int]) -> Outputs:
    return kerascv(boxes, scores, size_hw, "labels")


def torchvision(boxes: Any, scores: Any, _: tuple[int, int]) -> Outputs:
    """No batch axis, as many rows as were found, labels from 1."""
    kept, best, classes, count = suppressed(boxes, scores)
    found = tf.range(count[0])
    labels = tf.cast(tf.gather(classes[0], found), tf.int64) + 1
    return {"boxes": tf.gather(kept[0], found), "labels": labels, "scores": tf.gather(best[0], found)}


def class_ids(boxes: Any, scores: Any, _: tuple[int, int]) -> Outputs:
    return {"boxes": boxes, "scores": tf.reduce_max(scores, -1), "class_idx": tf.cast(tf.argmax(scores, -1), tf.int32)}


def varying_rows(boxes: Any, scores: Any, _: tuple[int, int]) -> Outputs:
    """As many candidates as score anything."""
    above = tf.where(tf.reduce_max(scores[0], -1) > NEARLY_NOTHING)[:, 0]
    return {"boxes": tf.gather(boxes, above, axis=1), "scores": tf.gather(scores, above, axis=1)}


def detection_rows(boxes: Any, scores: Any, *columns: str, lowest: int = 0) -> Outputs:
    """Rows after an NMS, of these columns."""
    corners, best, classes, _ = suppressed(boxes, scores)
    numbers = {"score": best, "class": classes + lowest, "image": tf.zeros_like(best)}
    parts = {"xyxy": corners, "yxyx": yxyx(corners), **{name: one[..., None] for name, one in numbers.items()}}
    return {"output": tf.concat([parts[name] for name in columns], -1)}


FORMS: dict[str, Form] = {
    "rows, xyxy in pixels": lambda boxes, scores, _: {"output": _rows(boxes, scores)},
    "rows, xyxy in fractions": lambda boxes, scores, size_hw: {"output": _rows(boxes / sides(size_hw), scores)},
    "rows, yxyx in pixels": lambda boxes, scores, _: {"output": _rows(yxyx(boxes), scores)},
    "rows, yxyx in fractions": lambda boxes, scores, size_hw: {"output": _rows(yxyx(boxes / sides(size_hw)), scores)},
    "rows of one picture": lambda boxes, scores, _: {"output": _rows(centred(boxes), scores)[0]},
    "YOLO segment": segment,
    "YOLO pose": pose,
    "YOLO obb": turned,
    "DETR": detr,
    "DETR without names": nameless_detr,
    "RT-DETR, RF-DETR, D-FINE": sigmoid_detr,
    "RT-DETR, one output": detr_rows,
    "KerasHub D-FINE": d_fine,
    "KerasCV": kerascv,
    "KerasHub": kerashub,
    "torchvision": torchvision,
    "YOLOv7 with NMS": lambda boxes, scores, _: detection_rows(boxes, scores, "image", "xyxy", "class", "score"),
    "PaddleDetection": lambda boxes, scores, _: detection_rows(boxes, scores, "class", "score", "xyxy"),
    "automl": lambda boxes, scores, _: detection_rows(boxes, scores, "image", "yxyx", "score", "class", lowest=1),
    "boxes, scores, class ids": class_ids,
    "boxes and scores, yxyx": lambda boxes, scores, size_hw: {"b": yxyx(boxes / sides(size_hw)), "s": scores},
    "boxes and logits": lambda boxes, scores, _: {"b": boxes, "s": logits(scores)},
    "background first": lambda boxes, scores, _: {"b": boxes, "s": with_background(scores, "first")},
    "background last": lambda boxes, scores, _: {"b": boxes, "s": with_background(scores, "last")},
    "logits, background first": lambda boxes, scores, _: {"b": boxes, "s": softmax_logits(scores, "first")},
    "logits, background last": lambda boxes, scores, _: {"b": boxes, "s": softmax_logits(scores, "last")},
    "boxes and scores of one picture": lambda boxes, scores, _: {"b": boxes[0], "s": scores[0]},
    "rows that vary": varying_rows,
}

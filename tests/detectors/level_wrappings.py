"""Candidates of a detector with one anchor a cell, put out as maps, distances and offsets: each with its card.

What goes in are the boxes `(1, A, 4)` of the sample in pixels of its input, xyxy, and their scores `(1, A, C)`, cell after cell of
the levels at strides 8, 16, 32 and 64. Where a family has more anchors or levels than that, nothing is found by the others.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tests.detectors.forms import SWAPPED, Outputs, centred, logits, sides, yxyx
from tests.detectors.level_forms import (
    Anchor,
    efficientdet_anchors,
    keras_cv_anchors,
    keras_hub_anchors,
    multiscale_anchors,
    shapes_of,
    ssd_anchors,
)
from tests.detectors.wrappings import FIXED, SIZE_HW, Wrappings

STRIDES = (8, 16, 32, 64)
ABSENT = -14.0  # a logit
SMALLEST = 1e-4  # of a logarithm's or a root's argument

Levels = list[Any]
Listing = Callable[[tuple[int, int]], Iterator[Anchor]]
"""Lists a family's anchors for an input's height and width."""


class LevelForm(NamedTuple):
    """How candidates are put out, and the card that reads them.

    Attributes:
        outputs: From boxes and scores.
        candidates: The card's candidates but for `tensors`, which are the outputs' names in their order.
        recognised: Whether the first look reads it so without a card.
    """

    outputs: Callable[[Any, Any], Outputs]
    candidates: Mapping[str, Any]
    recognised: bool = False


def cells(stride: int) -> tuple[int, int]:
    return -(-SIZE_HW[0] // stride), -(-SIZE_HW[1] // stride)


def maps(rows: Any) -> Levels:
    """Split rows into maps."""
    counts = [cells(stride)[0] * cells(stride)[1] for stride in STRIDES]
    return [
        tf.reshape(part, (1, *cells(stride), rows.shape[-1]))
        for part, stride in zip(tf.split(rows, counts, axis=1), STRIDES, strict=True)
    ]


def places(inside: float) -> tuple[Any, Any]:
    """Return points of the cells `(1, A, 2)`, so far from their corners, and strides `(1, A, 1)`."""
    points, strides = [], []
    for stride in STRIDES:
        y, x = np.mgrid[: cells(stride)[0], : cells(stride)[1]].reshape(2, -1)
        points.append((np.stack([x, y], -1) + inside) * stride)
        strides.append(np.full((len(x), 1), stride))
    return np.concatenate(points)[None].astype(np.float32), np.concatenate(strides)[None].astype(np.float32)


def planar(levels: Levels) -> Levels:
    return [tf.transpose(one, (0, 3, 1, 2)) for one in levels]


def named(prefix: str, levels: Levels) -> dict[str, Any]:
    return {f"{prefix}{number}": one for number, one in enumerate(levels)}


def yolo(boxes: Any, scores: Any, *, square: bool, scale: float) -> Outputs:
    """From anchors three strides wide; a centre that the formula does not reach lies at its edge."""
    corner, strides = places(0.0)
    box = centred(boxes)
    inside = ((box[..., :2] - corner) / strides + (scale - 1) / 2) / scale
    ratio = tf.maximum(box[..., 2:] / (3 * strides), SMALLEST)
    size = logits(tf.sqrt(ratio) / 2) if square else tf.math.log(ratio)
    best = tf.reduce_max(scores, -1, keepdims=True)
    rows = tf.concat([logits(inside), size, logits(best), logits(scores / tf.maximum(best, SMALLEST))], -1)
    return named("out", maps(rows))


def distances(boxes: Any, scores: Any, *, bins: int, inside: float) -> tuple[Levels, Levels]:
    """Distances in cells as distributions over the two nearest whole numbers, and logits of scores."""
    point, strides = places(inside)
    ltrb = tf.concat([point - boxes[..., :2], boxes[..., 2:] - point], -1) / strides
    if bins > 1:
        near = 1 - tf.abs(tf.clip_by_value(ltrb, 0, bins - 1)[..., None] - np.arange(bins, dtype=np.float32))
        ltrb = tf.reshape(tf.math.log(tf.maximum(near, 1e-8)), (1, boxes.shape[1], 4 * bins))
    return maps(ltrb), maps(logits(scores))


def yolov8(boxes: Any, scores: Any) -> Outputs:
    box, classes = distances(boxes, scores, bins=16, inside=0.5)
    return named("out", planar([tf.concat(pair, -1) for pair in zip(box, classes, strict=True)]))


def nanodet(boxes: Any, scores: Any) -> Outputs:
    box, classes = distances(boxes, scores, bins=8, inside=0.0)
    rows = [
        tf.reshape(tf.concat([tf.sigmoid(b), a], -1), (1, -1, scores.shape[-1] + 32)) for a, b in zip(box, classes, strict=True)
    ]
    return {"out": tf.concat(rows, 1)}


def fcos(boxes: Any, scores: Any) -> Outputs:
    box, classes = distances(boxes, scores, bins=1, inside=0.5)
    return {**named("box", [tf.nn.relu(one) for one in box]), **named("cls", classes)}


def yolox(boxes: Any, scores: Any) -> Outputs:
    corner, strides = places(0.0)
    box = centred(boxes)
    best = tf.reduce_max(scores, -1, keepdims=True)
    place = [(box[..., :2] - corner) / strides, tf.math.log(tf.maximum(box[..., 2:] / strides, SMALLEST))]
    return {"output": tf.concat([*place, best, scores / tf.maximum(best, SMALLEST)], -1)}


def from_anchors(boxes: Any, scores: Any, listing: Listing, place: int) -> tuple[Levels, Levels]:
    """Offsets from one anchor of each cell and logits; nothing is found by the others, nor on coarser levels than ours."""
    listed = list(listing(SIZE_HW))
    cells_of = sorted((one.level, one.row, one.column, one.box) for one in listed if one.place == place)
    anchors = np.array([box for level, *_, box in cells_of if level < len(STRIDES)], np.float32)[None]
    box, side = centred(boxes), anchors[..., 2:]
    offsets = tf.concat([(box[..., :2] - anchors[..., :2]) / side, tf.math.log(tf.maximum(box[..., 2:] / side, SMALLEST))], -1)
    shapes = shapes_of(listed)

    def spread(rows: Any, absent: float) -> Levels:
        columns = rows.shape[-1]
        padded = [
            tf.pad(one, [[0, 0]] * 3 + [[place * columns, (count - 1 - place) * columns]], constant_values=absent)
            for one, (_, _, count) in zip(maps(rows), shapes, strict=False)
        ]
        return [*padded, *(tf.fill((1, *cells, count * columns), absent) for *cells, count in shapes[len(STRIDES) :])]

    return spread(offsets, 0.0), spread(logits(scores), ABSENT)


def efficientdet(boxes: Any, scores: Any, *, scale: float) -> Outputs:
    offsets, classes = from_anchors(boxes, scores, partial(efficientdet_anchors, scale=scale), place=0)
    turned = [tf.gather(one, [n + k for n in range(0, one.shape[-1], 4) for k in SWAPPED], axis=-1) for one in offsets]
    return {**named("box", turned), **named("class", classes)}


def rows_of_anchors(
    boxes: Any,
    scores: Any,
    *,
    listing: Listing,
    place: int,
    called: tuple[str, str],
    variances: tuple[float, float] = (1.0, 1.0),
    order: str = "yx",
    background: bool = False,
) -> Outputs:
    """All levels' offsets in one output, and their logits in another."""
    if background:
        scores = tf.concat([1 - tf.reduce_max(scores, -1, keepdims=True), scores], -1)
    offsets, classes = (
        tf.concat([tf.reshape(one, (1, -1, columns)) for one in levels], 1)
        for levels, columns in zip(from_anchors(boxes, scores, listing, place), (4, scores.shape[-1]), strict=True)
    )
    scaled = offsets / np.repeat(np.float32(variances), 2)
    return {called[0]: yxyx(scaled) if order == "yx" else scaled, called[1]: classes}


def squares(size_hw: tuple[int, int]) -> Iterator[Anchor]:
    """One anchor a cell, three strides wide."""
    for level, stride in enumerate(STRIDES):
        for row, column in np.ndindex(-(-size_hw[0] // stride), -(-size_hw[1] // stride)):
            yield Anchor(((column + 0.5) * stride, (row + 0.5) * stride, 3 * stride, 3 * stride), level, row, column, 0)


def mediapipe(boxes: Any, scores: Any) -> Outputs:
    """Pixels of an input of 128, as if the sides were that long, and key points of zeros."""
    point, _ = places(0.5)
    box = centred(boxes)
    raw = tf.concat([(box[..., :2] - point), box[..., 2:]], -1) / sides(SIZE_HW) * 128
    return {"regressors": tf.concat([raw, tf.zeros((1, boxes.shape[1], 12))], -1), "classificators": logits(scores)}


SQUARES = [[[3 * stride, 3 * stride]] for stride in STRIDES]
YOLO = {"kind": "yolo-maps", "strides": STRIDES, "anchors": SQUARES}
WHOLE = {"kind": "ssd", "center_variance": 1.0, "size_variance": 1.0, "activation": "sigmoid"}
API: dict[str, Any] = {"called": ("raw_boxes", "raw_scores"), "variances": (0.1, 0.2), "background": True}
SIGMOID_API = {"kind": "ssd", "order": "yx", "background": "first", "activation": "sigmoid"}
LEVEL_FORMS: dict[str, LevelForm] = {
    "YOLOX": LevelForm(yolox, {"kind": "yolox", "strides": STRIDES}),
    "YOLOv4 maps": LevelForm(partial(yolo, square=False, scale=2.0), {**YOLO, "scale_xy": 2.0}),
    "YOLOv5 maps": LevelForm(partial(yolo, square=True, scale=2.0), {**YOLO, "sizes": "square", "scale_xy": 2.0}),
    "YOLOv8 maps": LevelForm(yolov8, {"kind": "distances", "strides": STRIDES, "planar": True}, recognised=True),
    "NanoDet": LevelForm(
        nanodet,
        {"kind": "distances", "strides": STRIDES, "bins": 8, "point": 0.0, "scores_first": True, "activation": "none"},
        recognised=True,
    ),
    "FCOS": LevelForm(fcos, {"kind": "distances", "strides": STRIDES, "bins": 1, "separate": True}, recognised=True),
    "EfficientDet": LevelForm(
        partial(efficientdet, scale=4.0),
        {**WHOLE, "order": "yx", "anchor_generator": {"kind": "efficientdet"}},
        recognised=True,
    ),
    "EfficientDet-Lite": LevelForm(
        partial(efficientdet, scale=3.0),
        {**WHOLE, "order": "yx", "anchor_generator": {"kind": "efficientdet", "anchor_scale": 3.0}},
    ),
    "KerasHub RetinaNet": LevelForm(
        partial(
            rows_of_anchors,
            listing=keras_hub_anchors,
            place=3,  # the first size at the ratio of 1
            called=("bbox_regression", "cls_logits"),
            order="xy",
        ),
        {**WHOLE, "anchor_generator": {"kind": "keras-hub"}},
        recognised=True,
    ),
    "KerasCV RetinaNet": LevelForm(
        partial(
            rows_of_anchors,
            listing=keras_cv_anchors,
            place=1,  # the first size at the ratio of 1
            called=("box", "classification"),
            variances=(0.1, 0.2),
        ),
        {"kind": "ssd", "order": "yx", "activation": "sigmoid", "anchor_generator": {"kind": "keras-cv"}},
        recognised=True,
    ),
    "SSD with a pyramid": LevelForm(
        partial(rows_of_anchors, listing=multiscale_anchors, place=0, **API),
        {**SIGMOID_API, "anchor_generator": {"kind": "multiscale"}},
        recognised=True,
    ),
    "SSD MobileNet": LevelForm(
        partial(rows_of_anchors, listing=partial(ssd_anchors, strides=STRIDES), place=0, **API),
        {**SIGMOID_API, "anchor_generator": {"kind": "ssd", "strides": STRIDES}},
    ),
    "SSD, TensorFlow's order": LevelForm(
        partial(rows_of_anchors, listing=squares, place=0, **API),
        {
            **SIGMOID_API,
            "anchors": [{"stride": stride, "boxes": [[3 * stride, 3 * stride]], "units": "pixels"} for stride in STRIDES],
        },
    ),
    "MediaPipe": LevelForm(
        mediapipe,
        {
            "kind": "ssd",
            "sizes": "linear",
            "center_variance": 1 / 128,
            "size_variance": 1 / 128,
            "activation": "sigmoid",
            "anchor_generator": {
                "kind": "ssd",
                "strides": STRIDES,
                "ratios": [1.0],
                "interpolated_ratio": 0.0,
                "reduced_lowest": False,
                "fixed_size": True,
            },
        },
    ),
}


def write(make: Wrappings, name: str) -> Path:
    """Write one of `LEVEL_FORMS` as a SavedModel."""

    def serve(image: Any) -> Outputs:
        return LEVEL_FORMS[name].outputs(*make._candidates(image))

    return make._saved(f"level form {list(LEVEL_FORMS).index(name)}", serve, tf.TensorSpec(FIXED, tf.float32))


def level_candidates(name: str, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card's candidates for a file with outputs of these names."""
    order = ("box", "raw_boxes", "regressors", "bbox", "out")  # before the scores
    tensors = sorted(outputs, key=lambda one: (not one.startswith(order), one))
    return {**LEVEL_FORMS[name].candidates, "tensors": tensors}

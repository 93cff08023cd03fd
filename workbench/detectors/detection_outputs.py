"""Outputs after the network's own NMS, recognised by their names, or by shapes and values."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.output_cards import BoxesCard, DetectionsCard
from workbench.detectors.output_reading import BOX, MOST_DETECTIONS, ORDER_WORDS, OutputReading, Outputs, called
from workbench.detectors.output_values import (
    activation_of,
    are_classes,
    are_scores,
    descends,
    numbered_labels,
    orders_after_nms,
    units_of,
)
from workbench.errors import one_line
from workbench.stages import BOX_SCORE_CLASS, BoxOrder, Column, DetectionRows

XYXY_FIRST: tuple[BoxOrder, ...] = ("xyxy", "yxyx")
YXYX_FIRST: tuple[BoxOrder, ...] = ("yxyx", "xyxy")
PADDING = -1.0  # what KerasCV and KerasHub fill rows up with


def object_detection_api(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """TensorFlow's Object Detection API: outputs named `detection_boxes` and so on."""
    names = {key: name for name in outputs for key in API_NAMES if name.rpartition("/")[2].partition(":")[0] == key}
    if not {"detection_boxes", "detection_scores", "detection_classes"} <= names.keys():
        return
    classes = outputs[names["detection_classes"]]
    if not _are_own_scores(outputs[names["detection_scores"]]):
        return
    tensors = tuple(names[key] for key in API_NAMES[:4] if key in names)
    boxes = outputs[names["detection_boxes"]]
    first_class = int(are_classes(classes) and classes.min() >= 1)
    detections = DetectionsCard(tensors=tensors, order="yxyx", units=units_of(boxes), first_class=first_class)
    raw = _raw_candidates(outputs, names)
    sure = ("the outputs have the names of TensorFlow's Object Detection API",)
    guessed = (f"the first label has number {first_class}",)
    labels = () if raw else numbered_labels(classes - first_class)
    yield OutputReading(
        candidates=raw, detections=detections, fit="letterbox", values="0..255", sure=sure, guessed=guessed, labels=labels
    )


def _are_own_scores(values: FloatArray) -> bool:
    """Whether numbers can be scores after an NMS, which may fill up."""
    return are_scores(np.where(values == PADDING, np.float32(0), values))


NAMES: dict[str, set[str]] = {
    "boxes": {"boxes"},
    "scores": {"scores", "confidence", "confidences"},
    "classes": {"classes", "labels", "class_ids"},
    "count": {"count", "num_detections", "num_dets", "valid_detections"},
}


def named_detections(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Boxes, scores and classes by their names, as torchvision (without a batch axis), KerasCV and KerasHub give them."""
    names = called(outputs, NAMES)
    if not {"boxes", "scores", "classes"} <= names.keys():
        return
    boxes, scores, classes = (outputs[names[part]] for part in ("boxes", "scores", "classes"))
    if boxes.shape[-1:] != (BOX,) or not boxes.shape[:-1] == scores.shape == classes.shape or boxes.shape[-2] > MOST_DETECTIONS:
        return
    if scores.size and not (are_classes(classes) and _are_own_scores(scores)):
        return
    found, numbers = boxes[scores > 0], classes[scores > 0]
    bare = boxes.ndim == 2
    first_class = int(bare and bool(len(numbers) == 0 or numbers.min() >= 1))
    units = units_of(found) if found.size else "pixels"
    tensors = tuple(names[part] for part in NAMES if part in names)
    sure = ("the outputs are called boxes, scores and classes" + (", and are of one picture" if bare else ""),)
    usual = XYXY_FIRST if units == "pixels" else YXYX_FIRST
    for order in orders_after_nms(found, scores[scores > 0], size_hw, usual) if found.size else usual[:1]:
        card = DetectionsCard(tensors=tensors, order=order, units=units, first_class=first_class)
        boxes_are, labelled = f"boxes are {ORDER_WORDS[order]}, in {units}", f"the first label has number {first_class}"
        labels = numbered_labels(numbers - first_class)
        if found.size:
            yield OutputReading(detections=card, sure=sure, guessed=(boxes_are, labelled), labels=labels)
        else:
            yield OutputReading(detections=card, sure=sure, guessed=(labelled,), labels=labels, open=(boxes_are,))


API_NAMES = (
    "detection_boxes",
    "detection_scores",
    "detection_classes",
    "num_detections",
    "raw_detection_boxes",
    "raw_detection_scores",
)


def _raw_candidates(outputs: Outputs, names: Mapping[str, str]) -> BoxesCard | None:
    if not {"raw_detection_boxes", "raw_detection_scores"} <= names.keys():
        return None
    boxes, scores = outputs[names["raw_detection_boxes"]], outputs[names["raw_detection_scores"]]
    if boxes.ndim != 3 or boxes.shape[-1] != BOX or scores.ndim != 3 or boxes.shape[:2] != scores.shape[:2]:
        return None
    # The converter puts a column for the background before the classes; the best candidate tells whether it is there.
    best = outputs[names["detection_classes"]][0, 0]
    row = int(scores[0, :, 1:].max(axis=1).argmax()) if scores.shape[-1] > 1 else 0
    background = scores.shape[-1] > 1 and int(scores[0, row, 1:].argmax()) + 1 == int(best)
    tensors = names["raw_detection_boxes"], names["raw_detection_scores"]
    activation = activation_of(scores[..., background:])
    if activation is None:
        return None
    return BoxesCard(
        tensors=tensors,
        order="yxyx",
        units=units_of(boxes),
        background="first" if background else None,
        activation=activation,
    )


def post_processed(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """LiteRT's post-processing: boxes `(1, K, 4)`, classes and scores `(1, K)`, count `(1,)`, in any order."""
    boxes = [name for name, one in outputs.items() if one.ndim == 3 and one.shape[-1] == BOX and one.shape[1] <= MOST_DETECTIONS]
    flat = [name for name, one in outputs.items() if one.ndim == 2 and boxes and one.shape[1] == outputs[boxes[0]].shape[1]]
    count = [name for name, one in outputs.items() if one.size == len(one) and name not in flat]
    if len(boxes) != 1 or len(flat) != 2 or len(outputs) - len(boxes) - len(flat) - len(count):
        return
    ways = [
        (one, other)
        for one, other in (flat[::-1], flat)  # LiteRT's own order first: boxes, classes, scores, count
        if are_scores(outputs[one]) and are_classes(outputs[other]) and (count or descends(outputs[one]))
    ]
    if not ways:
        return
    named = [way for way in ways if _is_called(way[0], SCORES, CLASSES) or _is_called(way[1], CLASSES, SCORES)]
    scores, classes = (named or ways)[0]
    shown = outputs[scores] > 0
    found = outputs[boxes[0]][shown]
    for order in orders_after_nms(found, outputs[scores][shown], size_hw, YXYX_FIRST) if len(found) else YXYX_FIRST[:1]:
        detections = DetectionsCard(tensors=(boxes[0], scores, classes, *count), order=order, units=units_of(found))
        usual = ", as LiteRT's post-processing gives them" if order == "yxyx" else ""
        yield OutputReading(
            detections=detections,
            values="-1..1",
            sure=("boxes, scores, classes and their count come out: the network does its own NMS",),
            guessed=(f"boxes are {ORDER_WORDS[order]}{usual}", "the first label has number 0"),
            labels=numbered_labels(outputs[classes]),
            open=(
                *((f"scores are {one_line(scores, 60)}, classes {one_line(classes, 60)}",) if len(named or ways) > 1 else ()),
                *(() if len(found) else (f"boxes are in {detections.units}",)),
            ),
        )


SCORES, CLASSES = ("score", "conf", "prob"), ("class", "label", "categor")  # parts of what programs call such outputs


def _is_called(name: str, words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether the last part of a name has one of some words in it, and none of others: `class_scores` tells nothing."""
    last = name.lower().rpartition("/")[2]
    return any(word in last for word in words) and not any(word in last for word in others)


ROWS: Mapping[tuple[Column, ...], tuple[tuple[BoxOrder, ...], int]] = {
    BOX_SCORE_CLASS: (XYXY_FIRST, 0),  # YOLOv10, YOLO26, YOLOv8 exported with its NMS
    ("class", "score", "box"): (XYXY_FIRST, 0),  # PaddleDetection
    ("image", "box", "class", "score"): (XYXY_FIRST, 0),  # YOLOv7 exported end to end
    ("image", "box", "score", "class"): (YXYX_FIRST, 1),  # EfficientDet of google/automl
}
"""What stands in a row in the world, the orders of its box, the likelier first, and the number of the first class."""


def end_to_end(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """One output of rows `(1, K, 6)` or `(1, K, 7)`, or without the first axis; rows that fill up have no score, or -1.

    Where none has a score, nothing is told of boxes, and the usual columns are taken.
    """
    ((name, output),) = outputs.items() if len(outputs) == 1 else ((None, np.zeros(0, np.float32)),)
    if name is None or output.ndim not in (2, 3) or output.shape[-2] > MOST_DETECTIONS:
        return
    fitting = {columns: parts for columns in ROWS if (parts := _row_parts(output, columns)) is not None}
    found = {columns: parts for columns, parts in fitting.items() if len(parts.scores)}
    nothing = dict(list(fitting.items())[: output.ndim == 3])
    for columns, (boxes, scores, classes) in (found or nothing).items():
        usual, lowest = ROWS[columns]
        first_class = int(classes.min(initial=lowest) >= 1)
        row = f"{', '.join(columns[:-1])} and {columns[-1]}"
        for order in orders_after_nms(boxes, scores, size_hw, usual) if found else usual[:1]:
            detections = DetectionsCard(
                tensors=(name,),
                order=order,
                units=units_of(boxes) if found else "pixels",
                first_class=first_class,
                columns=None if columns == BOX_SCORE_CLASS else columns,
            )
            yield OutputReading(
                detections=detections,
                fit="letterbox",
                sure=(f"the output has rows of {row if found else output.shape[-1]}: the network does its own NMS",),
                guessed=(f"boxes are {ORDER_WORDS[order]}", f"the first label has number {first_class}"),
                labels=numbered_labels(classes - first_class),
                open=() if found else (f"a row is {row}", f"boxes are in {detections.units}"),
            )


class _RowParts(NamedTuple):
    """What stands in the rows that have a score."""

    boxes: FloatArray
    scores: FloatArray
    classes: FloatArray


def _row_parts(output: FloatArray, columns: tuple[Column, ...]) -> _RowParts | None:
    """Read rows by their columns; `None` where these cannot be theirs."""
    if len(columns) + BOX - 1 != output.shape[-1]:
        return None
    boxes, scores, classes = DetectionRows(columns=columns).parts([output])
    if not (_are_own_scores(scores) and are_classes(classes)):
        return None
    if columns[0] == "image" and not (are_classes(output[..., 0]) and output[..., 0].max() < len(boxes)):
        return None
    shown = scores > 0
    return _RowParts(boxes[shown], scores[shown], classes[shown])

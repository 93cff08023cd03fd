"""Outputs after the network's own NMS, recognised by their names, or by shapes and values."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from workbench.detectors.output_cards import BoxesCard, DetectionsCard
from workbench.detectors.output_reading import BOX, MOST_DETECTIONS, ORDER_WORDS, OutputReading, Outputs, called
from workbench.detectors.output_values import (
    activation_of,
    are_classes,
    are_corners,
    are_scores,
    descends,
    numbered_labels,
    units_of,
)
from workbench.errors import one_line
from workbench.stages import BoxOrder

PADDING = -1.0  # what KerasCV and KerasHub fill rows up with
HIGHEST_SCORE = 1.001
BOX_SCORE_CLASS = 6


def object_detection_api(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """TensorFlow's Object Detection API: outputs named `detection_boxes` and so on."""
    names = {key: name for name in outputs for key in API_NAMES if name.rpartition("/")[2].partition(":")[0] == key}
    if not {"detection_boxes", "detection_scores", "detection_classes"} <= names.keys():
        return
    classes = outputs[names["detection_classes"]]
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


NAMES: dict[str, set[str]] = {
    "boxes": {"boxes"},
    "scores": {"scores", "confidence", "confidences"},
    "classes": {"classes", "labels", "class_ids"},
    "count": {"count", "num_detections", "num_dets", "valid_detections"},
}


def named_detections(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """Boxes, scores and classes by their names, as torchvision (without a batch axis), KerasCV and KerasHub give them."""
    names = called(outputs, NAMES)
    if not {"boxes", "scores", "classes"} <= names.keys():
        return
    boxes, scores, classes = (outputs[names[part]] for part in ("boxes", "scores", "classes"))
    if boxes.shape[-1:] != (BOX,) or not boxes.shape[:-1] == scores.shape == classes.shape or boxes.shape[-2] > MOST_DETECTIONS:
        return
    if scores.size and not (are_classes(classes) and scores.min() >= PADDING and scores.max() <= HIGHEST_SCORE):
        return
    found, numbers = boxes[scores > 0], classes[scores > 0]
    if found.size and not are_corners(found):
        return
    bare = boxes.ndim == 2
    first_class = int(bare and bool(len(numbers) == 0 or numbers.min() >= 1))
    units = units_of(found) if found.size else "pixels"
    tensors = tuple(names[part] for part in NAMES if part in names)
    sure = ("the outputs are called boxes, scores and classes" + (", and are of one picture" if bare else ""),)
    orders: tuple[BoxOrder, ...] = ("xyxy",) if units == "pixels" else ("yxyx", "xyxy")
    for order in orders:
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


def post_processed(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
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
    found = outputs[boxes[0]][outputs[scores] > 0]
    detections = DetectionsCard(tensors=(boxes[0], scores, classes, *count), order="yxyx", units=units_of(found))
    yield OutputReading(
        detections=detections,
        values="-1..1",
        sure=("boxes, scores, classes and their count come out: the network does its own NMS",),
        guessed=("boxes are ymin, xmin, ymax, xmax, as LiteRT's post-processing gives them", "the first label has number 0"),
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


def end_to_end(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """One output `(1, K, 6)` of box, score and class; rows that fill up have no score, or -1, and tell nothing of boxes."""
    ((name, output),) = outputs.items() if len(outputs) == 1 else ((None, np.zeros(0, np.float32)),)
    if name is None or output.ndim != 3 or output.shape[-1] != BOX_SCORE_CLASS or output.shape[1] > MOST_DETECTIONS:
        return
    classes = output[..., 5]
    scores = np.where(output[..., 4] == -1, 0, output[..., 4])
    found = output[scores > 0][:, :BOX]
    if not (are_scores(scores) and are_classes(classes) and (descends(scores) or are_corners(found))):
        return
    detections = DetectionsCard(tensors=(name,), order="xyxy", units=units_of(found) if len(found) else "pixels")
    yield OutputReading(
        detections=detections,
        fit="letterbox",
        sure=("the output has rows of box, score and class: the network does its own NMS",),
        guessed=("boxes are xmin, ymin, xmax, ymax",),
        labels=numbered_labels(classes),
        open=() if len(found) else (f"boxes are in {detections.units}",),
    )

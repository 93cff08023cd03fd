"""Kinds of raw output, recognised from names, shapes and values on a real frame.

A new kind is a file with its card, its head, and what recognises it; and a line in the table at the end. The table is a dict: a
program that brings a kind of its own adds it there, in each process that is to know it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.level_cards import DistancesCard, SsdCard, YoloMapsCard
from workbench.detectors.output_cards import BoxesCard, CandidatesCard, DetectionsCard, RowsCard, YoloxCard
from workbench.detectors.output_values import (
    STRIDES,
    activation_of,
    are_boxes,
    are_classes,
    are_corners,
    are_scores,
    descends,
    grid,
    has_background,
    inside,
    mostly_finite,
    near_own_cell,
    numbered_labels,
    units_of,
)
from workbench.stages import Align, BoxOrder, Colour, Fit

Outputs = Mapping[str, FloatArray]

ANCHORS_A_CELL = 3  # of YOLOv5
CONDITIONAL_SCORE = 0.1  # of the best class, in the median candidate, which is background; without objectness it is near 0.001
BOX = 4
BOX_SCORE_CLASS = 6
MOST_DETECTIONS = 1000  # rows of an output after NMS; candidates before it are more


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputReading:
    """One thing that outputs may mean.

    Attributes:
        candidates: Outputs that want an NMS.
        detections: Outputs that have had one.
        fit: How such detectors are usually fed.
        align: Where a letterboxed frame usually lies.
        colour: The usual order of colours.
        values: The usual range of pixel values.
        sure: What names, shapes or values show.
        guessed: What is merely usual.
        labels: Class names that follow.
    """

    candidates: CandidatesCard | None = None
    detections: DetectionsCard | None = None
    fit: Fit = "stretch"
    align: Align = "centre"
    colour: Colour = "RGB"
    values: str = "0..1"
    sure: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    labels: tuple[str, ...] = field(default=())


def readings(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Give what the outputs may mean, the likeliest first; all of one kind, the first in the table that recognises them.

    Args:
        outputs: Raw, by name, of a batch whose images are equal.
        size_hw: Height and width of the input that they come from.
    """
    filled = {name: one for name, one in outputs.items() if one.ndim and one.size}
    if not all(mostly_finite(one) for one in filled.values()):
        return
    for kind in OUTPUT_KINDS.values():
        recognised = tuple(kind.recognise(filled, size_hw)) if kind.recognise else ()
        if recognised:
            yield from recognised
            return


# Detections after the network's own NMS


def _object_detection_api(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
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
    return BoxesCard(
        tensors=tensors,
        order="yxyx",
        units=units_of(boxes),
        background=background,
        activation=activation_of(scores[..., background:]),
    )


def _post_processed(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """LiteRT's post-processing: boxes `(1, K, 4)`, classes and scores `(1, K)`, count `(1,)`, told apart by their values."""
    boxes = [name for name, one in outputs.items() if one.ndim == 3 and one.shape[-1] == BOX and one.shape[1] <= MOST_DETECTIONS]
    flat = [name for name, one in outputs.items() if one.ndim == 2 and boxes and one.shape[1] == outputs[boxes[0]].shape[1]]
    count = [name for name, one in outputs.items() if one.size == len(one) and name not in flat]
    if len(boxes) != 1 or len(flat) != 2 or len(outputs) - len(boxes) - len(flat) - len(count):
        return
    scores = [name for name in flat if are_scores(outputs[name]) and descends(outputs[name])]
    if len(scores) == 2 and are_classes(outputs[scores[0]]) != are_classes(outputs[scores[1]]):
        scores = [name for name in scores if not are_classes(outputs[name])]
    if len(scores) == 2:  # nothing was found: LiteRT's own order is boxes, classes, scores, count
        scores = flat[1:]
    if len(scores) != 1:
        return
    classes = next(name for name in flat if name != scores[0])
    units = units_of(outputs[boxes[0]][outputs[scores[0]] > 0])
    detections = DetectionsCard(tensors=(boxes[0], scores[0], classes, *count), order="yxyx", units=units)
    sure = ("boxes, scores, classes and their count come out: the network does its own NMS",)
    labels = numbered_labels(outputs[classes])
    guessed = ("boxes are ymin, xmin, ymax, xmax, as LiteRT's post-processing gives them", "the first label has number 0")
    yield OutputReading(detections=detections, values="-1..1", sure=sure, guessed=guessed, labels=labels)


def _end_to_end(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
    """One output `(1, K, 6)` of box, score and class; rows that fill up have no score, and tell nothing of boxes."""
    ((name, output),) = outputs.items() if len(outputs) == 1 else ((None, np.zeros(0, np.float32)),)
    if name is None or output.ndim != 3 or output.shape[-1] != BOX_SCORE_CLASS or output.shape[1] > MOST_DETECTIONS:
        return
    scores, classes = output[..., 4], output[..., 5]
    found = output[scores > 0][:, :BOX]
    if not (are_scores(scores) and are_classes(classes) and (descends(scores) or are_corners(found))):
        return
    detections = DetectionsCard(tensors=(name,), order="xyxy", units=units_of(found))
    sure = ("the output has rows of box, score and class: the network does its own NMS",)
    guessed = ("boxes are xmin, ymin, xmax, ymax",)
    yield OutputReading(detections=detections, fit="letterbox", sure=sure, guessed=guessed, labels=numbered_labels(classes))


# Candidates that want an NMS


def _rows(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """One output with a row a candidate: YOLOX's raw grids, or decoded boxes as YOLOv5, YOLOv8 and YOLO11 export."""
    ((name, output),) = outputs.items() if len(outputs) == 1 else ((None, np.zeros(0, np.float32)),)
    if name is None or output.ndim != 3 or min(output.shape[1:]) <= BOX:
        return
    transposed = output.shape[1] < output.shape[2]
    rows = np.swapaxes(output, 1, 2)[0] if transposed else output[0]
    centres, strides = grid(size_hw)
    one_a_cell, three_a_cell = len(rows) == len(centres), len(rows) == ANCHORS_A_CELL * len(centres)
    units = units_of(rows[:, :4])
    boxes = rows[:, :4] * (np.tile(size_hw[::-1], 2) if units == "normalised" else 1)
    if one_a_cell and not transposed and not near_own_cell(boxes, centres, strides):
        if rows.shape[1] > 5:
            yield _yolox(name)
        return
    order: BoxOrder = "xyxy" if are_corners(boxes) and not (boxes[:, 2:] <= 0).any() else "cxcywh"
    if not inside(boxes, order, size_hw):
        return
    for objectness in _objectness(rows, three_a_cell=three_a_cell):
        if rows.shape[1] <= (5 if objectness else 4):
            continue
        kind = "YOLOv5" if objectness else "YOLOv8 and YOLO11"
        sure = (f"{len(rows)} rows of decoded boxes in {units}", *((f"three a cell, as {kind} has",) if three_a_cell else ()))
        guessed = (
            f"{'' if objectness else 'no '}score of being an object before the class scores, as in {kind}",
            "frames are letterboxed in the middle on grey 114, as Ultralytics does",
        )
        card = RowsCard(
            tensors=(name,),
            transposed=transposed,
            objectness=objectness,
            order=order,
            units=units,
            activation=activation_of(rows[:, 4:]),
        )
        yield OutputReading(candidates=card, fit="letterbox", sure=sure, guessed=guessed)


def _yolox(name: str) -> OutputReading:
    return OutputReading(
        candidates=YoloxCard(tensors=(name,), strides=STRIDES),
        fit="letterbox",
        align="top-left",
        colour="BGR",
        values="0..255",
        sure=("a row for each cell of the grids at strides 8, 16 and 32, whose boxes are not decoded: YOLOX",),
        guessed=("frames are fed as YOLOX's authors train: BGR, 0..255, letterboxed at the top left on grey 114",),
    )


def _objectness(rows: FloatArray, *, three_a_cell: bool) -> tuple[bool, ...]:
    """Say whether the number after the box is the score of being an object; both where nothing proves it, the likelier first.

    With it, class scores are given that there is an object, and stay high where there is none; without it they are near zero there.
    """
    if three_a_cell:
        return (True,)
    likely = rows.shape[1] > 5 and float(np.median(rows[:, 5:].max(axis=1))) > CONDITIONAL_SCORE
    return likely, not likely


def _boxes_and_scores(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Decoded boxes `(1, A, 4)` and scores `(1, A, C)`."""
    shaped = {name: one for name, one in outputs.items() if one.ndim == 3}
    for name, boxes in shaped.items():
        partners = [other for other, one in shaped.items() if other != name and one.shape[:2] == boxes.shape[:2]]
        if boxes.shape[-1] != BOX or len(partners) != 1 or len(outputs) > 2:
            continue
        scores = shaped[partners[0]]
        if scores.shape[-1] == BOX and are_boxes(scores[0], size_hw) is not None and not are_boxes(boxes[0], size_hw):
            continue
        order = are_boxes(boxes[0], size_hw)
        if order is None:
            continue
        activation = activation_of(scores)
        background = has_background(scores, activation)
        card = BoxesCard(
            tensors=(name, partners[0]), order=order, units=units_of(boxes), background=background, activation=activation
        )
        sure = (f"{boxes.shape[1]} decoded boxes in {units_of(boxes)}, and scores for each",)
        what = {"xyxy": "xmin, ymin, xmax, ymax", "yxyx": "ymin, xmin, ymax, xmax", "cxcywh": "centre and size"}[order]
        guessed = (f"boxes are {what}", *(("the first score is of the background",) if background else ()))
        yield OutputReading(candidates=card, values="-1..1", sure=sure, guessed=guessed)


@dataclass(frozen=True, slots=True)
class OutputKind:
    """A line of the table.

    Attributes:
        recognise: Gives what outputs may mean, from the arrays by name and the input's size; `None` where nothing shows it.
        card: How a detector card writes down candidates of this kind, by the name in the table; `None` for detections, which all
            have one card.
    """

    recognise: Callable[[Outputs, tuple[int, int]], Iterator[OutputReading]] | None = None
    card: type[CandidatesCard] | None = None


OUTPUT_KINDS: dict[str, OutputKind] = {
    "Object Detection API": OutputKind(_object_detection_api),
    "LiteRT post-processing": OutputKind(_post_processed),
    "end to end": OutputKind(_end_to_end),
    "rows": OutputKind(_rows, RowsCard),  # it recognises YOLOX too, whose rows differ in their values alone
    "yolox": OutputKind(card=YoloxCard),
    "boxes": OutputKind(_boxes_and_scores, BoxesCard),
    "ssd": OutputKind(card=SsdCard),  # its anchors stand in no output
    "yolo-maps": OutputKind(card=YoloMapsCard),
    "distances": OutputKind(card=DistancesCard),
}


def candidates_card(value: object) -> object:
    """Read the candidates' part of a card by its `kind`; anything but a table passes through.

    Raises:
        ValueError: There is no such kind; says which there are.
    """
    if not isinstance(value, Mapping):
        return value
    cards = {name: row.card for name, row in OUTPUT_KINDS.items() if row.card is not None}
    if value.get("kind") not in cards:
        raise ValueError(f"kind is {value.get('kind')!r}; choose one of {', '.join(cards)}")
    return cards[str(value["kind"])].model_validate(value)

"""Kinds of raw output, recognised from names, shapes and values on a real frame.

A new kind is a file with its card, its head, and what recognises it; and a line in the table at the end. The table is a dict: a
program that brings a kind of its own adds it there, in each process that is to know it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.detectors.anchored_outputs import anchored
from workbench.detectors.decoded_outputs import boxes_and_scores, class_ids, queries
from workbench.detectors.detection_outputs import named_detections, object_detection_api
from workbench.detectors.grid_outputs import grids
from workbench.detectors.level_cards import DistancesCard, SsdCard, YoloMapsCard
from workbench.detectors.output_cards import (
    BoxesCard,
    CandidatesCard,
    ClassIdsCard,
    DetectionsCard,
    DetrCard,
    RowsCard,
    YoloxCard,
)
from workbench.detectors.output_reading import BOX, MOST_DETECTIONS, OutputReading, Outputs
from workbench.detectors.output_values import (
    are_classes,
    are_corners,
    are_scores,
    descends,
    mostly_finite,
    numbered_labels,
    units_of,
)
from workbench.detectors.row_outputs import rows
from workbench.errors import one_line

BOX_SCORE_CLASS = 6


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
        recognised = tuple(kind.recognise(outputs if kind.by_name else filled, size_hw)) if kind.recognise else ()
        if recognised:
            yield from recognised
            return


def _post_processed(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
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


def _end_to_end(outputs: Outputs, _: tuple[int, int]) -> Iterator[OutputReading]:
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


@dataclass(frozen=True, slots=True)
class OutputKind:
    """A line of the table.

    Attributes:
        recognise: Gives what outputs may mean, from the arrays by name and the input's size; `None` where nothing shows it.
        card: How a detector card writes down candidates of this kind, by the name in the table; `None` for detections, which all
            have one card.
        by_name: Whether it goes by names, and so is shown outputs too in which nothing is: those of a network that gives as many
            rows as it finds.
    """

    recognise: Callable[[Outputs, tuple[int, int]], Iterator[OutputReading]] | None = None
    card: type[CandidatesCard] | None = None
    by_name: bool = False


OUTPUT_KINDS: dict[str, OutputKind] = {
    "Object Detection API": OutputKind(object_detection_api),
    "named detections": OutputKind(named_detections, by_name=True),
    "class-ids": OutputKind(class_ids, ClassIdsCard),
    "LiteRT post-processing": OutputKind(_post_processed),
    "end to end": OutputKind(_end_to_end),
    "distances": OutputKind(grids, DistancesCard),  # it recognises YOLO's maps too, whose values alone differ
    "yolo-maps": OutputKind(card=YoloMapsCard),
    "ssd": OutputKind(anchored, SsdCard),  # where a family's anchors are as many: they stand in no output
    "rows": OutputKind(rows, RowsCard),  # it recognises YOLOX too, whose rows differ in their values alone
    "yolox": OutputKind(card=YoloxCard),
    "detr": OutputKind(queries, DetrCard),
    "boxes": OutputKind(boxes_and_scores, BoxesCard),
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

"""Kinds of raw output, recognised from names, shapes and values on a real frame.

A new kind is a file with its card, its head, and what recognises it; and a line in the table at the end. The table is a dict: a
program that brings a kind of its own adds it there, in each process that is to know it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from workbench.detectors.anchored_outputs import anchored
from workbench.detectors.decoded_outputs import boxes_and_scores, class_ids, queries
from workbench.detectors.detection_outputs import end_to_end, named_detections, object_detection_api, post_processed
from workbench.detectors.grid_outputs import grids
from workbench.detectors.level_cards import DistancesCard, SsdCard, YoloMapsCard
from workbench.detectors.output_cards import BoxesCard, CandidatesCard, ClassIdsCard, DetrCard, RowsCard, YoloxCard
from workbench.detectors.output_reading import OutputReading, Outputs
from workbench.detectors.output_values import mostly_finite
from workbench.detectors.row_outputs import rows


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
    "LiteRT post-processing": OutputKind(post_processed),
    "end to end": OutputKind(end_to_end),
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

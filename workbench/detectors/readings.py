"""From raw outputs to detector cards: what the tensors may mean under one way of feeding, and what is found then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from workbench.detections import Detections, FloatArray
from workbench.detectors.card import Card
from workbench.detectors.input_card import InputCard
from workbench.detectors.labels import COCO80, guessed_labels, labels_of
from workbench.detectors.network import Tensors
from workbench.detectors.output_kinds import readings
from workbench.detectors.output_reading import OutputReading, Outputs
from workbench.record import Guess
from workbench.settings import Nms, SizeHW
from workbench.stages import suppress

SHOWN_NOWHERE = "no frame shows a detection that would tell, and no name does"
READING_NMS = Nms(method="numpy", score=0.25, iou=0.5, max_detections=20, top_k=400)  # what a frame is looked at with


@dataclass(frozen=True, slots=True)
class Run:
    """One frame through the network, fed in one way.

    Attributes:
        fed: How: the frame is stretched to the input.
        outputs: Raw, by name, float32.
    """

    fed: InputCard
    outputs: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A card that fits what a model did.

    Attributes:
        card: The card.
        sure: What names, shapes or values show.
        guesses: What is not sure in it, and why it is taken.
        run: Number of the trial's run that was fed so.
    """

    card: Card
    sure: tuple[str, ...]
    guesses: tuple[Guess, ...]
    run: int


def readings_of(tensors: Tensors, outputs: Outputs, size_hw: SizeHW) -> Iterator[OutputReading]:
    """Give what outputs may mean, the likeliest first: `readings`, which sees them under the names that tell the most."""
    called = {one.name: one.called or one.name for one in tensors.outputs}
    named = {other: name for name, other in called.items()}
    if len(named) < len(called):  # two are called the same
        called = named = {name: name for name in called}
    for reading in readings({called.get(name, name): one for name, one in outputs.items()}, size_hw):
        parts = {
            part: card.model_copy(update={"tensors": tuple(named.get(one, one) for one in card.tensors)})
            for part in ("candidates", "detections")
            if (card := getattr(reading, part)) is not None
        }
        yield replace(reading, **parts)


def card_of(tensors: Tensors, fed: InputCard, reading: OutputReading, guesses: Sequence[Guess] = ()) -> Card:
    """Write one reading down as a card."""
    return Card(
        labels=() if tensors.labels else reading.labels,
        guessed=(*(one.words() for one in guesses), *_guessed_labels(tensors, reading)),
        input=fed.model_copy(update={"fit": reading.fit, "align": reading.align}),
        candidates=reading.candidates,
        detections=reading.detections,
    )


def habits(card: Card, reading: OutputReading) -> tuple[Guess, ...]:
    """Name what no evidence tells, and is taken as such detectors usually have it."""
    usual = "as such detectors usually want it; no frame tells"
    fit = "stretched to the input"
    if card.input.fit == "letterbox":
        fit = f"letterboxed {'in the middle' if card.input.align == 'centre' else 'at the top left'} on grey {card.input.pad:.0f}"
    line = f'[input] fit = "{card.input.fit}", align = "{card.input.align}", pad = {card.input.pad:.0f}'
    part = "[candidates]" if card.candidates else "[detections]"
    shown = Guess(about="frames", taken=fit, certainty="usual", why=usual, card_line=line)
    meant = [
        Guess(about="outputs", taken=one, certainty="usual", why="; ".join(reading.sure), card_line=f"{part} of the card")
        for one in reading.guessed
    ]
    meant += [
        Guess(about="outputs", taken=one, certainty="open", why=SHOWN_NOWHERE, card_line=f"{part} of the card")
        for one in reading.open
    ]
    if card.input.size is None:
        return (shown, *meant)
    height, width = card.input.size
    size = Guess(
        about="input size",
        taken=f"{height}x{width} unless input.size_hw says otherwise",
        certainty="usual",
        why="the file leaves it open",
        card_line=f"[input] size = [{height}, {width}]",
    )
    return (shown, *meant, size)


def _guessed_labels(tensors: Tensors, reading: OutputReading) -> tuple[str, ...]:
    count = reading.candidates.classes({one.name: one for one in tensors.outputs}) if reading.candidates else None
    if tensors.labels and labels_of(dict(enumerate(tensors.labels)), count) is None:
        return (f"the file names {len(tensors.labels)} classes and scores {count}: its names are not used",)
    if tensors.labels:
        return ("class names are those inside the file",)
    if count is None:
        return ("class names are unknown: write them as labels",)
    known = guessed_labels(count)
    return (f"the {count} classes are {'COCO’s' if known[0] == COCO80[0] else 'unnamed: write them as labels'}",)


def found_under(
    card: Card,
    tensors: Tensors,
    outputs: Mapping[str, FloatArray],
    size_hw: SizeHW,
    folder: Path | None = None,
    *,
    decodes: bool = False,
) -> Detections:
    """Return what is found in a frame under a card, in pixels of the input; see `Card.meaning`.

    Raises:
        ModelError: The card does not fit the outputs.
    """
    meaning = card.meaning(tensors, folder, decodes=decodes)
    raw = [outputs[name] for name in (meaning.head_outputs if meaning.head else meaning.own_outputs)]
    if meaning.head is None:
        assert meaning.own_nms is not None, "a meaning has one of the two"
        found = meaning.own_nms.detections(raw, size_hw)[0]
        found = found.where(found.scores > READING_NMS.score)
    else:
        boxes, scores = meaning.head.candidates(raw, size_hw)
        nms = READING_NMS.model_copy(update={"method": "none"}) if meaning.head.distinct else READING_NMS
        found = suppress(np.asarray(boxes[0], np.float32), np.asarray(scores[0], np.float32), nms)
    return found.where(_plausible(found, size_hw))


def _plausible(found: Detections, size_hw: SizeHW) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Mark boxes whose middle is inside the picture and that are not larger than it."""
    boxes = found.boxes_xyxy_px
    height, width = size_hw
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    limits = np.array([width, height], np.float32)
    inside = (centres >= 0).all(axis=1) & (centres <= limits).all(axis=1) & (sides <= 1.2 * limits).all(axis=1)
    return np.asarray(inside & (found.scores <= 1.001), np.bool_)

"""From a trial to detector cards: what the tensors may mean, and which way of feeding finds the most on a real frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workbench.detections import Detections
from workbench.detectors.card import PIXEL_TYPE, Card, InputCard
from workbench.detectors.coco_labels import COCO80
from workbench.detectors.labels import guessed_labels
from workbench.detectors.network import TensorSpec
from workbench.detectors.output_kinds import OutputReading, readings
from workbench.detectors.trial import Run, Trial, default_size, stated_scaling
from workbench.errors import ModelError
from workbench.settings import Nms
from workbench.stages.nms import suppress

LOOK = Nms(method="numpy", score=0.25, iou=0.5, max_detections=20, top_k=400)  # what a frame is looked at with
CLEARLY = 1.3  # times the evidence for the usual way of feeding that another needs
LEAST_EVIDENCE = 0.5  # of summed scores that it needs as well: less is noise


@dataclass(frozen=True, slots=True)
class Proposal:
    """A card that fits what a model did with one frame.

    Attributes:
        card: The card; its `guessed` says what is not sure.
        sure: What names, shapes or values show.
        found: What was found under it in the frame stretched to the input, in pixels of the input.
        evidence: Sum of the scores of that.
    """

    card: Card
    sure: tuple[str, ...]
    found: Detections
    evidence: float


def propose(trial: Trial) -> tuple[Proposal, ...]:
    """Return plausible cards, the best first; none where the outputs are not understood."""
    usual = trial.runs[0]
    found: list[Proposal] = []
    for reading in readings(usual.outputs, trial.size_hw):
        proposals = [_proposal(trial, run, reading) for run in trial.runs]
        sound = [one for one in proposals if one is not None]
        found += sorted(sound, key=lambda one: -_rank(one, reading))
    # The first reading leads, unless another finds clearly more; the ways of feeding stay in their order within it.
    return tuple(_first_led(found))


def _first_led(proposals: list[Proposal]) -> Iterator[Proposal]:
    if not proposals:
        return
    best = max(proposals, key=lambda one: one.evidence)
    leads = proposals[0]
    if best.evidence > LEAST_EVIDENCE and best.evidence > CLEARLY * leads.evidence and _other_outputs(best, leads):
        leads = best
    yield leads
    yield from (one for one in proposals if one is not leads)


def _other_outputs(one: Proposal, other: Proposal) -> bool:
    return (one.card.candidates, one.card.detections) != (other.card.candidates, other.card.detections)


def _rank(proposal: Proposal, reading: OutputReading) -> float:
    """Weigh the evidence for a way of feeding: the usual one counts more, so that noise changes nothing."""
    values, colour = proposal.card.input.values, proposal.card.input.colour
    weight = (CLEARLY if values in (None, reading.values) else 1.0) * (CLEARLY if colour == reading.colour else 1.0)
    return weight * (proposal.evidence + LEAST_EVIDENCE)


def _proposal(trial: Trial, run: Run, reading: OutputReading) -> Proposal | None:
    taken = trial.tensors.inputs[0]
    card = Card(
        labels=_labels(trial, reading),
        guessed=(*reading.guessed, *_guessed_feeding(taken, run), *_guessed_labels(trial, reading)),
        input=_input_card(taken, run, reading),
        candidates=reading.candidates,
        detections=reading.detections,
    )
    try:
        found = look_at(card, trial, run)
    except (ModelError, ValueError, IndexError):  # the reading does not fit after all
        return None
    return Proposal(card, reading.sure, found, float(found.scores.sum()))


def _guessed_labels(trial: Trial, reading: OutputReading) -> tuple[str, ...]:
    if trial.tensors.labels:
        return ("class names are those inside the file",)
    count = reading.candidates.classes({one.name: one for one in trial.tensors.outputs}) if reading.candidates else None
    if count is None:
        return ("class names are unknown: write them as labels",)
    known = guessed_labels(count)
    return (f"the {count} classes are {'COCO’s' if known[0] == COCO80[0] else 'unnamed: write them as labels'}",)


def _labels(trial: Trial, reading: OutputReading) -> tuple[str, ...]:
    return () if trial.tensors.labels or reading.candidates is not None else reading.labels


def _input_card(taken: TensorSpec, run: Run, reading: OutputReading) -> InputCard:
    common = InputCard(colour=run.colour, fit=reading.fit, align=reading.align, size=default_size(taken))
    if taken.dtype == PIXEL_TYPE:
        return common
    if taken.quantization is not None:
        offset, factor = stated_scaling(taken)
        return common.model_copy(update={"offset": offset, "factor": factor})
    return common.model_copy(update={"values": run.values})


def _guessed_feeding(taken: TensorSpec, run: Run) -> tuple[str, ...]:
    free = ("frames are brought to 320x320 unless input.size_hw says otherwise",) if None in taken.shape[1:] else ()
    if taken.dtype == PIXEL_TYPE or taken.quantization is not None:
        return (f"colours are {run.colour}", *free)
    return (f"colours are {run.colour}, pixel values {run.values}", *free)


def look_at(card: Card, trial: Trial, run: Run) -> Detections:
    """Return what is found in the trial's frame under a card, in pixels of the input.

    Raises:
        ModelError: The card does not fit the outputs.
    """
    meaning = card.meaning(trial.tensors)
    raw = [run.outputs[name][:1] for name in (meaning.head_outputs if meaning.head else meaning.own_outputs)]
    if meaning.head is None:
        assert meaning.own_nms is not None, "a meaning has one of the two"
        found = meaning.own_nms.detections(raw, trial.size_hw)[0]
        return found.where(found.scores > LOOK.score)
    boxes, scores = meaning.head.candidates(raw, trial.size_hw)
    found = suppress(np.asarray(boxes[0], np.float32), np.asarray(scores[0], np.float32), LOOK)
    return found.where(_plausible(found, trial.size_hw))


def _plausible(found: Detections, size_hw: tuple[int, int]) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Mark boxes whose middle is inside the picture and that are not larger than it."""
    boxes = found.boxes_xyxy_px
    height, width = size_hw
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    limits = np.array([width, height], np.float32)
    inside = (centres >= 0).all(axis=1) & (centres <= limits).all(axis=1) & (sides <= 1.2 * limits).all(axis=1)
    return np.asarray(inside & (found.scores <= 1.001), np.bool_)

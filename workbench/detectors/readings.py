"""From a trial to detector cards: what the tensors may mean, and which way of feeding finds the most on a real frame."""

from dataclasses import dataclass

import numpy as np

from workbench.detections import Detections
from workbench.detectors.card import Card
from workbench.detectors.coco_labels import COCO80
from workbench.detectors.input_card import PIXEL_TYPE, InputCard, Values
from workbench.detectors.labels import guessed_labels
from workbench.detectors.network import TensorSpec
from workbench.detectors.output_kinds import OutputReading, readings
from workbench.detectors.trial import Run, Trial, default_size, stated_scaling
from workbench.errors import ModelError
from workbench.settings import Nms
from workbench.stages import suppress

READING_NMS = Nms(method="numpy", score=0.25, iou=0.5, max_detections=20, top_k=400)  # what a frame is looked at with
SURE_SCORE = 0.5  # what a detector scores above it shows that it is fed well; lower ones come with any feeding
LEAST_EVIDENCE = 0.1  # of such scores, summed: less is noise
USUAL_VALUES = 1.3  # times the evidence for the usual range of values that another needs
USUAL_COLOUR = 2.0  # as much for the order of colours, which changes scores little: things look alike in both
WIDEST: Values = "0..255"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A card that fits what a model did with one frame.

    Attributes:
        card: The card; its `guessed` says what is not sure.
        sure: What names, shapes or values show.
        found: What was found under it in the frame stretched to the input, in pixels of the input.
        evidence: How far its scores are above `SURE_SCORE`, summed.
    """

    card: Card
    sure: tuple[str, ...]
    found: Detections
    evidence: float


def propose(trial: Trial) -> tuple[Proposal, ...]:
    """Return plausible cards, the best first; none where the outputs are not understood."""
    with np.errstate(all="ignore"):  # a wrong reading, or a damaged file, computes with wild numbers
        ranked = [_ranked(trial, reading) for reading in readings(trial.runs[0].outputs, trial.size_hw)]
    found = [ways for ways in ranked if ways]
    # The likelier reading leads; one under which nothing is found gives way to one under which something is.
    found.sort(key=lambda ways: not len(ways[0].found))
    return tuple(proposal for ways in found for proposal in ways)


def _ranked(trial: Trial, reading: OutputReading) -> list[Proposal]:
    """Order the ways of feeding under one reading.

    A network that is fed too narrow a range finds nothing; fed too wide a one it sees things everywhere, and is sure of them. So
    the widest range counts only where no narrower one finds anything.
    """
    proposals = [_proposal(trial, run, reading) for run in trial.runs]
    sound = [one for one in proposals if one is not None]
    narrow_do = any(len(one.found) and one.card.input.values != WIDEST for one in sound)
    return sorted(sound, key=lambda one: (narrow_do and one.card.input.values == WIDEST, -_weight(one, reading)))


def _weight(proposal: Proposal, reading: OutputReading) -> float:
    """Weigh the evidence for a way of feeding: the usual one counts more, so that noise changes nothing."""
    values, colour = proposal.card.input.values, proposal.card.input.colour
    weight = (USUAL_VALUES if values in (None, reading.values) else 1.0) * (USUAL_COLOUR if colour == reading.colour else 1.0)
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
        found = found_under(card, trial, run)
    except (ModelError, ValueError, IndexError):  # the reading does not fit after all
        return None
    return Proposal(card, reading.sure, found, float(np.maximum(found.scores - SURE_SCORE, 0).sum()))


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


def found_under(card: Card, trial: Trial, run: Run) -> Detections:
    """Return what is found in the trial's frame under a card, in pixels of the input.

    Raises:
        ModelError: The card does not fit the outputs.
    """
    meaning = card.meaning(trial.tensors)
    raw = [run.outputs[name][:1] for name in (meaning.head_outputs if meaning.head else meaning.own_outputs)]
    if meaning.head is None:
        assert meaning.own_nms is not None, "a meaning has one of the two"
        found = meaning.own_nms.detections(raw, trial.size_hw)[0]
        return found.where(found.scores > READING_NMS.score)
    boxes, scores = meaning.head.candidates(raw, trial.size_hw)
    found = suppress(np.asarray(boxes[0], np.float32), np.asarray(scores[0], np.float32), READING_NMS)
    return found.where(_plausible(found, trial.size_hw))


def _plausible(found: Detections, size_hw: tuple[int, int]) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Mark boxes whose middle is inside the picture and that are not larger than it."""
    boxes = found.boxes_xyxy_px
    height, width = size_hw
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    limits = np.array([width, height], np.float32)
    inside = (centres >= 0).all(axis=1) & (centres <= limits).all(axis=1) & (sides <= 1.2 * limits).all(axis=1)
    return np.asarray(inside & (found.scores <= 1.001), np.bool_)

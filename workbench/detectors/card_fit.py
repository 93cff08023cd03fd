"""Whether a card fits its model: what the model put out is decoded once as the card says, before anything is measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.detectors.card import Card
from workbench.detectors.detector import Meaning
from workbench.detectors.output_reading import BOX
from workbench.detectors.output_values import SCALE_SCORES, SCORE_SLACK
from workbench.detectors.readings import Run
from workbench.detectors.trial import Trial
from workbench.errors import ModelError
from workbench.stages import InputSpec

MOST_CLASSES = 1000  # more are plausible only where there are still more candidates: else rows and columns are mistaken
DECODED = ("boxes", "detr", "class-ids")  # kinds whose first tensor holds nothing but boxes
COLUMN_SLACK = 0.1  # scores and numbers of classes that are quantised together with boxes are a little off
NEVER_UNSURE = 0.25  # what sigmoids of objectness and class make of 0: some candidate of a detector scores less


def run_fed_as(spec: InputSpec, trial: Trial) -> Run | None:
    """Return the run of a trial that was fed as an input wants it; `None` where none was."""
    for run in trial.runs:
        fed = run.fed.spec(trial.tensors.inputs[0])
        if fed.colour == spec.colour and np.allclose(fed.scale_and_shift(), spec.scale_and_shift(), rtol=0.05, atol=0.02):
            return run
    return None


def check_fit(card: Card, meaning: Meaning, trial: Trial) -> None:
    """Decode a trial's outputs as a card says.

    Raises:
        ModelError: The outputs do not have the shapes of the card's kind, or scores leave 0..1; says which, and what to correct.
    """
    spec = meaning.input_spec
    if spec.size_hw is None and spec.default_hw != trial.size_hw:
        return  # anchors belong to another size than the one that was tried
    fed = run_fed_as(spec, trial)
    outputs = (fed or trial.runs[0]).outputs
    with np.errstate(all="ignore"):  # a badly fed network gives wild numbers
        if meaning.own_nms is not None:
            _decoded("[detections]", meaning.own_nms.detections, meaning.own_outputs, outputs, trial.size_hw)
            if fed is not None:
                _check_detections(*meaning.own_nms.parts([outputs[name] for name in meaning.own_outputs]))
        if meaning.head is None:
            return
        part = f'[candidates] of kind "{card.candidates.kind}"' if card.candidates else f'decode = "{card.decode}"'
        if (
            card.candidates
            and card.candidates.kind in DECODED
            and (columns := outputs[card.candidates.tensors[0]].shape[-1]) != BOX
        ):
            raise ModelError(f"the card's {part} takes boxes of {columns} columns for boxes of {BOX}; correct its tensors")
        boxes, scores = _decoded(part, meaning.head.candidates, meaning.head_outputs, outputs, trial.size_hw)
    _check_candidates(part, np.asarray(boxes), np.asarray(scores), len(meaning.labels))
    if fed is not None:
        _check_scores(part, np.asarray(scores), sigmoid=getattr(card.candidates, "activation", None) == "sigmoid")


def _decoded(
    part: str, decode: Callable[..., Any], names: Sequence[str], outputs: Mapping[str, FloatArray], size_hw: tuple[int, int]
) -> Any:
    try:
        return decode([outputs[name] for name in names], size_hw)
    except (ModelError, ValueError, IndexError, TypeError) as error:  # what arrays of other shapes than a head expects end in
        shapes = ", ".join(f"{name} {list(outputs[name].shape)}" for name in names)
        raise ModelError(f"the card's {part} does not fit {shapes}: {error}; correct the card") from None


def _check_candidates(part: str, boxes: NDArray[Any], scores: NDArray[Any], labels: int) -> None:
    if boxes.ndim != 3 or scores.ndim != 3 or boxes.shape[:2] != scores.shape[:2]:
        shapes = f"boxes {list(boxes.shape)} and scores {list(scores.shape)}"
        raise ModelError(
            f"the card's {part} makes {shapes} of the outputs; it needs a box and its scores for each; correct the card"
        )
    candidates, classes = scores.shape[1:]
    if classes > max(candidates, MOST_CLASSES):
        raise ModelError(f"the card's {part} makes {candidates} candidates of {classes} classes; rows and columns are mistaken")
    if classes != labels:
        raise ModelError(f"the card's {part} scores {classes} classes, and there are {labels} labels; correct the card")


def _check_detections(_: NDArray[Any], scores: NDArray[Any], classes: NDArray[Any]) -> None:
    shown = scores > 0
    off = np.abs(classes[shown] - np.round(classes[shown]))
    takes = f"scores up to {scores.max():.3g}" if scores.max(initial=0) > 1 + COLUMN_SLACK else ""
    if not takes and off.size and off.mean() > COLUMN_SLACK:
        takes = f"numbers such as {classes[shown][off.argmax()]:.3g} for those of classes"
    if takes:
        raise ModelError(
            f"the card's [detections] takes {takes}; correct its tensors, or the columns of a row:"
            ' columns = ["image", "box", "class", "score"], in their order'
        )


def _check_scores(part: str, scores: NDArray[Any], *, sigmoid: bool) -> None:
    finite = scores[np.isfinite(scores)]
    if finite.size and not (finite.min() >= -SCORE_SLACK and finite.max() <= 1 + SCORE_SLACK):
        reach = f"the card's {part} gives scores from {finite.min():.3g} to {finite.max():.3g}, which are none; "
        if finite.min() >= 0:
            raise ModelError(f"{reach}{SCALE_SCORES}, or correct tensors and kind")
        raise ModelError(f'{reach}write activation = "sigmoid" (or "softmax" where they add up to 1), or correct tensors and kind')
    if sigmoid and finite.size and finite.min() >= NEVER_UNSURE:
        raise ModelError(
            f"the card's {part} gives no score under {finite.min():.3g}: the sigmoid takes numbers that are hardly ever negative,"
            f' and so no logits; write activation = "none" where they are in 0..1, else {SCALE_SCORES}'
        )

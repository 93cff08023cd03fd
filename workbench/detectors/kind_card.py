"""A card of the kind that a person names, filled as far as a model's outputs tell, even where another would have been guessed."""

from typing import get_args

import numpy as np
from pydantic import ValidationError

from workbench.detectors.card import Card
from workbench.detectors.output_cards import CandidatesCard, DetectionsCard
from workbench.detectors.output_kinds import OUTPUT_KINDS
from workbench.detectors.output_reading import BOX, Outputs
from workbench.detectors.output_values import SCALE_SCORES, no_scores, scoring_of
from workbench.detectors.readings import card_of
from workbench.detectors.trial import Trial
from workbench.errors import ModelError

DETECTIONS = "detections"  # what the part of a card is called whose outputs have had an NMS
KINDS = (*(name for name, row in OUTPUT_KINDS.items() if row.card is not None), DETECTIONS)
ASKED = "the kind of outputs was asked for: see what is found"


def card_of_kind(kind: str, trial: Trial) -> Card:
    """Write a card: by what recognises this kind where that does, else by the outputs' shapes.

    Raises:
        ModelError: There is no such kind, or the outputs cannot be of it; says what it needs.
    """
    if kind not in KINDS:
        raise ModelError(f"there is no kind of outputs {kind!r}; choose one of {', '.join(KINDS)}")
    found = next((one.card for one in trial.proposals if _is_of(one.card, kind)), None)
    if found is not None:
        return found
    run = trial.runs[0]
    with np.errstate(all="ignore"):  # what is of another kind computes with wild numbers
        for row in OUTPUT_KINDS.values():
            for reading in row.recognise(run.outputs, trial.size_hw) if row.recognise else ():
                if _is_of(card := card_of(trial.tensors, run.fed, reading), kind):
                    return card
    return Card(
        guessed=(ASKED,),
        input=trial.proposals[0].card.input if trial.proposals else run.fed,
        candidates=None if kind == DETECTIONS else _candidates(kind, run.outputs),
        detections=_detections(run.outputs) if kind == DETECTIONS else None,
    )


def _is_of(card: Card, kind: str) -> bool:
    return card.detections is not None if kind == DETECTIONS else card.candidates is not None and card.candidates.kind == kind


def _candidates(kind: str, outputs: Outputs) -> CandidatesCard:
    card = OUTPUT_KINDS[kind].card
    assert card is not None, "it is one of the kinds"
    names = _boxes_first(outputs)
    wanted = get_args(card.model_fields["tensors"].annotation)
    count = len(names) if Ellipsis in wanted else len(wanted)
    values: dict[str, object] = {"kind": kind, "tensors": names[:count]}
    if len(names) >= count > 1 and "activation" in card.model_fields:
        values["activation"], values["background"] = scoring_of(outputs[names[1]])
        if values["activation"] is None:
            raise ModelError(f"a card of kind {kind!r} takes {names[1]} for scores, {no_scores(outputs[names[1]])}; {SCALE_SCORES}")
    if "background" not in card.model_fields:
        values.pop("background", None)
    try:
        return card.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place, listed = ".".join(map(str, first["loc"])), ", ".join(f"{name} {list(one.shape)}" for name, one in outputs.items())
        why = first["msg"].removeprefix("Value error, ")
        raise ModelError(
            f"a card of kind {kind!r} cannot be filled from {listed}: {place or 'it'}: {why}; write it by hand"
        ) from None


def _detections(outputs: Outputs) -> DetectionsCard:
    names = _boxes_first(outputs)
    if len(names) not in (1, 3, 4):
        raise ModelError(
            f"detections come in 1, 3 or 4 outputs, this model has {len(names)}: {', '.join(names)}; choose another kind"
        )
    return DetectionsCard(tensors=names)


def _boxes_first(outputs: Outputs) -> tuple[str, ...]:
    return tuple(sorted(outputs, key=lambda name: outputs[name].shape[-1:] != (BOX,)))

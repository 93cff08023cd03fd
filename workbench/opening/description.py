"""What a model's tensors may mean, shown: each plausible reading with what it finds in one frame."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from workbench.detections import Detections, UInt8Array
from workbench.detectors import (
    Card,
    LoadedModel,
    as_detector,
    card_of_kind,
    card_path,
    found_under,
    load_model,
    run_fed_as,
    unfinished_card,
    why_no_detector,
    write_card,
)
from workbench.errors import ModelError, one_line
from workbench.opening.opening import frames_to_look_at
from workbench.samples import SAMPLE_DETECTORS
from workbench.stages import draw, fitted

MOST_READINGS = 6  # more than that nobody looks through, and the later ones found less
PICTURE_SIDE_PX = 640


@final
@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One thing that a model's tensors may mean.

    Attributes:
        title: In short.
        card: What says it.
        sure: What names, shapes or values show.
        picture_rgb: The frame with what is found under this reading; `None` where the trial did not feed it so.
        found: How many detections that are.
    """

    title: str
    card: Card
    sure: tuple[str, ...]
    picture_rgb: UInt8Array | None
    found: int


@final
@dataclass(frozen=True, slots=True, eq=False)
class Description:
    """What looking at a model found.

    Attributes:
        source: Its path.
        tensors: Its inputs and outputs, a line each.
        card_path: The card beside it; `None` where there is none.
        readings: The best first; the card's own alone where there is a card.
        problem: Why nothing could be read, and what to do.
        unfinished_card: The text of a card that the user has to finish, where the model's outputs want anchors.
        made_of: How a `.tflite` is stored, and which kernels run its operators, a line each.
    """

    source: str
    tensors: tuple[str, ...]
    card_path: Path | None
    readings: tuple[Reading, ...]
    problem: str | None = None
    unfinished_card: str | None = None
    made_of: tuple[str, ...] = ()

    def write(self, number: int = 1, *, replace: bool = False) -> Path:
        """Write the card of a reading, counted from 1, beside the model.

        Raises:
            ModelError: There is no such reading.
            SaveError: There is a card already, or it cannot be written.
        """
        if not 1 <= number <= len(self.readings):
            raise ModelError(
                self.problem or f"there is no reading {number} of {self.source}; choose one of 1 to {len(self.readings)}"
            )
        return write_card(self.readings[number - 1].card, _folder_or_file(self.source), replace=replace)


def describe(
    source: str, image: str | None = None, allow: Collection[str] = (), *, signature: str | None = None, kind: str | None = None
) -> Description:
    """Look at a model, and at what it finds in frames under each plausible reading.

    Args:
        source: A path.
        image: Media, or a picture: best of what the detector finds. One picture alone settles nothing.
        allow: What may run as Python code for it, by name.
        signature: The signature of a SavedModel to call, which the cards then name.
        kind: The kind of outputs that its card shall be of, whatever would have been guessed; see `workbench describe --help`.

    Raises:
        ModelError: It does not load or run, or its outputs cannot be of the kind.
        MediaError: The picture cannot be read.
    """
    if source in SAMPLE_DETECTORS:
        raise ModelError(f"{source} is a sample, whose meaning is known; describe a model file of your own")
    frames = frames_to_look_at(image)
    loaded = load_model(source, lambda: frames, allow, signature=signature, try_on_noise=False)
    frame = frames[loaded.trial.shown]
    tensors = loaded.trial.tensors
    lines = (*(f"input {one}" for one in tensors.inputs), *(f"output {one}" for one in tensors.outputs))
    beside = card_path(loaded.network.path)
    if kind is not None:
        asked = card_of_kind(kind, loaded.trial).model_copy(update={"signature": signature})
        reading = _of_card(replace(loaded, card=asked), asked, source, frame, f"{kind}, as asked")
        return Description(source, lines, beside, (reading,), made_of=tensors.made_of)
    if loaded.card is not None:
        return Description(source, lines, beside, (_of_card(loaded, loaded.card, source, frame),), made_of=tensors.made_of)
    tried = [(one, loaded.trial.found(one)) for one in loaded.trial.proposals]
    something = any(len(found) for _, found in tried)
    plausible = [one for n, one in enumerate(tried) if not n or len(one[1]) or not something]  # the first is taken
    readings = tuple(
        _reading(_title(one.card), one.card.model_copy(update={"signature": signature}), one.sure, found, loaded, frame)
        for one, found in plausible[:MOST_READINGS]
    )
    problem = None if readings else one_line(f"{source} {why_no_detector(loaded.trial)}")
    unfinished = None if readings else unfinished_card(loaded.trial, loaded.network.path.name)
    return Description(source, lines, None, readings, problem, unfinished, tensors.made_of)


def _of_card(loaded: LoadedModel, card: Card, source: str, frame: UInt8Array, title: str = "as the card says") -> Reading:
    detector = as_detector(loaded, card, source)
    named = card.model_copy(update={"labels": detector.facts.labels})  # what a file beside the card says is read once
    run, trial = run_fed_as(detector.input_spec, loaded.trial), loaded.trial
    if run is None:
        return _reading(title, card, (), None, loaded, frame)
    decodes = loaded.network.access.decodes
    found = found_under(named, trial.tensors, run.outputs, trial.size_hw, loaded.card_folder, decodes=decodes)
    return replace(_reading(title, named, (), found, loaded, frame), card=card)


def _reading(
    title: str, card: Card, sure: tuple[str, ...], found: Detections | None, loaded: LoadedModel, frame: UInt8Array
) -> Reading:
    if found is None:
        return Reading(title, card, sure, None, 0)
    shown = fitted(frame, PICTURE_SIDE_PX)
    height, width = loaded.trial.size_hw
    scale = np.array([shown.shape[1] / width, shown.shape[0] / height] * 2, np.float32)
    labels = card.meaning(loaded.trial.tensors, loaded.card_folder, decodes=loaded.network.access.decodes).labels
    in_picture = Detections(found.boxes_xyxy_px * scale, found.scores, found.class_ids)
    return Reading(title, card, sure, draw(shown, in_picture, labels), len(found))


def _title(card: Card) -> str:
    kind = card.candidates.kind if card.candidates else "detections"
    objectness = getattr(card.candidates, "objectness", None)
    words = {True: " with objectness", False: " without objectness", None: ""}[objectness]
    values = f", pixels {card.input.values}" if card.input.values else ""
    return f"{kind}{words}, {card.input.colour}{values}"


def _folder_or_file(source: str) -> Path:
    path = Path(source)
    return path.parent if path.name.startswith("saved_model.pb") else path

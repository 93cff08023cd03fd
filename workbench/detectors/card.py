"""The detector card: a small text file beside a model that says what its tensors mean. A card always wins over guessing."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, SerializeAsAny, ValidationError, model_validator

from workbench.detectors.detector import Meaning
from workbench.detectors.input_card import CardPart, InputCard
from workbench.detectors.labels import guessed_labels, labels_of, read_labels
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_cards import CandidatesCard, DetectionsCard
from workbench.detectors.output_kinds import candidates_card
from workbench.errors import ModelError, SaveError
from workbench.record import OPEN, SETTLED_BY, Guess, write_whole

SUFFIXES = (".card.toml", ".card.json")


class Card(CardPart):
    """What a model's tensors mean."""

    card: Literal[1] = 1
    """Version of this format."""
    name: str | None = None
    labels: tuple[str, ...] | str = ()
    """Class names in the order of the scores; or a file of them beside the card, such as a text with a name a line."""
    guessed: tuple[str, ...] = ()
    """What nobody has confirmed; for people."""
    input: InputCard = InputCard()
    candidates: Annotated[SerializeAsAny[CandidatesCard], BeforeValidator(candidates_card)] | None = None
    """Outputs that want an NMS."""
    detections: DetectionsCard | None = None
    """Outputs that have had one."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.candidates is None and self.detections is None:
            raise ValueError("a card needs [candidates] or [detections]")
        return self

    def meaning(self, tensors: Tensors, folder: Path | None = None) -> Meaning:
        """Bring the card and a network together; a file of labels is looked for in the folder.

        Raises:
            ModelError: They do not fit: says what the card names and what there is.
        """
        if len(tensors.inputs) != 1:
            raise ModelError(f"it takes {len(tensors.inputs)} inputs; choose a detector of one picture")
        there = {one.name: one for one in tensors.outputs}
        parts = [part for part in (self.candidates, self.detections) if part is not None]
        missing = [name for part in parts for name in part.tensors if name not in there]
        if missing:
            raise ModelError(
                f"the card names the output {missing[0]!r}, the model has {', '.join(map(str, tensors.outputs))}; correct the card"
            )
        return Meaning(
            kind=_kind(self),
            input_spec=self.input.spec(tensors.inputs[0]),
            labels=self._labels(tensors, there, folder),
            head=self.candidates.head() if self.candidates else None,
            head_outputs=self.candidates.tensors if self.candidates else (),
            own_nms=self.detections.reader() if self.detections else None,
            own_outputs=self.detections.tensors if self.detections else (),
        )

    def _labels(self, tensors: Tensors, there: Mapping[str, TensorSpec], folder: Path | None) -> tuple[str, ...]:
        count = self.candidates.classes(there) if self.candidates else None
        if isinstance(self.labels, str):
            return read_labels(_inside(folder or Path(), self.labels), count)
        if self.labels and count not in (None, len(self.labels)):
            raise ModelError(f"the card has {len(self.labels)} labels, the model scores {count} classes; correct the card")
        inside = labels_of(dict(enumerate(tensors.labels)), count) if tensors.labels else None
        return self.labels or inside or guessed_labels(count or 1)

    def to_toml(self) -> str:
        """Write it as `read_card` reads it."""
        import tomli_w

        tree = self.model_dump(mode="json", exclude_none=True)
        return tomli_w.dumps({name: part for name, part in tree.items() if part not in ((), [], "")})


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file that a card names, which may come from a stranger together with its model."""
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"the card's labels {name!r} lie outside its folder {folder}; copy the file into it, and name it so")
    return path


def guesses_in(card: Card) -> tuple[Guess, ...]:
    """Return what a card itself says that nobody has confirmed: what was open when it was written stays so."""
    return tuple(
        Guess(
            about="the card",
            taken=line.partition(SETTLED_BY)[0],
            certainty="open" if f"({OPEN}: " in line else "usual",
            why="its guessed lines say so",
            card_line="correct it there where it is wrong, and take the line out of guessed",
        )
        for line in card.guessed
    )


def card_path(model: Path) -> Path | None:
    """Find the card of a model: `model.card.toml` or `.json` beside `model.tflite`, or beside the folder `model`."""
    stem = model.name if model.is_dir() else model.stem
    return next((path for suffix in SUFFIXES if (path := model.with_name(f"{stem}{suffix}")).is_file()), None)


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        ModelError: It is missing, is no TOML or JSON, or says what a card cannot say; names the place.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        str(tree).encode()  # JSON may hold halves of characters, which no record could
    except OSError as error:
        raise ModelError(f"cannot read the detector card {path}: {error.strerror}; write one with `workbench describe`") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"the detector card {path} is no TOML or JSON ({error}); correct it, or write one with `describe`"
        ) from None
    try:
        return Card.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "its sections"
        reason = first["msg"].removeprefix("Value error, ")
        raise ModelError(f"the detector card {path} is wrong at {place}: {reason}; correct it") from None


def write_card(card: Card, model: Path) -> Path:
    """Write a card beside its model.

    Raises:
        SaveError: It cannot be written.
    """
    stem = model.name if model.is_dir() else model.stem
    path = model.with_name(f"{stem}{SUFFIXES[0]}")
    if not path.parent.is_dir():
        raise SaveError(f"there is no folder {path.parent}")
    write_whole(path, card.to_toml())
    return path


def _kind(card: Card) -> str:
    words: Sequence[str] = [card.candidates.spoken] if card.candidates else []
    return " and ".join([*words, *(["its own NMS"] if card.detections else [])])

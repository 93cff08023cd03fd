"""The detector card: a small text file beside a model that says what its tensors mean. A card always wins over guessing."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, SerializeAsAny, ValidationError, model_validator

from workbench.detectors.access import code_facts, objects_in
from workbench.detectors.complaints import first_line
from workbench.detectors.detector import Meaning
from workbench.detectors.input_card import CardPart, InputCard
from workbench.detectors.labels import guessed_labels, labels_of, read_labels
from workbench.detectors.model_bytes import MODEL_SUFFIXES, is_saved_model
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_cards import CandidatesCard, DetectionsCard
from workbench.detectors.output_kinds import candidates_card
from workbench.errors import ModelError, SaveError
from workbench.files import is_inside, read_text, write_whole
from workbench.record import OPEN, SETTLED_BY, CodeFacts, Guess
from workbench.stages import BOXES_RANK, FunctionHead

SUFFIXES = (".card.toml", ".card.json")
MOST_BYTES = 16_000_000  # of a card: one with a hundred thousand anchors has a few million


class Card(CardPart):
    """What a model's tensors mean."""

    card: Literal[1] = 1
    """Version of this format."""
    name: str | None = None
    labels: tuple[str, ...] | str = ()
    """Class names in the order of the scores; or a file of them beside the card, such as a text with a name a line."""
    guessed: tuple[str, ...] = ()
    """What nobody has confirmed; for people."""
    signature: str | None = None
    """Of a SavedModel, the one to call; the usual one where it is not named."""
    decode: str | None = None
    """`file.py:function`, of a file beside the card, for outputs that no kind fits; see `workbench.stages.function_head.Decode`."""
    decode_names: Mapping[str, str] = {}
    """What that function calls outputs that the file calls otherwise, by the file's names."""
    input: InputCard = InputCard()
    candidates: Annotated[SerializeAsAny[CandidatesCard], BeforeValidator(candidates_card)] | None = None
    """Outputs that want an NMS."""
    detections: DetectionsCard | None = None
    """Outputs that have had one."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.candidates is None and self.detections is None and self.decode is None:
            raise ValueError("a card needs [candidates] or [detections]")
        if self.decode is not None and (self.candidates or self.detections or self.decode.count(":") != 1):
            raise ValueError('decode = "file.py:function" stands alone, in the place of [candidates] and [detections]')
        return self

    def meaning(self, tensors: Tensors, folder: Path | None = None, *, decodes: bool = False) -> Meaning:
        """Bring the card and a network together; a file of labels is looked for in the folder, and one that decodes.

        Args:
            tensors: The network's.
            folder: Where the card lies.
            decodes: Whether its user lets that Python file run.

        Raises:
            ModelError: They do not fit: says what the card names and what there is.
        """
        if len(tensors.inputs) != 1:
            raise ModelError(f"it takes {len(tensors.inputs)} inputs; choose a detector of one picture")
        there = {one.name: one for one in tensors.outputs}
        parts = [part for part in (self.candidates, self.detections) if part is not None]
        named = (*self.decode_names, *(name for part in parts for name in part.tensors))
        missing = [name for name in named if name not in there]
        if missing:
            raise ModelError(
                f"the card names the output {missing[0]!r}, the model has {', '.join(map(str, tensors.outputs))}; correct the card"
            )
        if self.decode is not None:
            return self._decoded(self.decode, tensors, folder or Path(), decodes=decodes)
        labels = self._labels(tensors, there, folder)
        input_spec = self.input.spec(tensors.inputs[0])
        if any(len(there[part.tensors[0]].shape) == BOXES_RANK - 1 for part in parts):  # no batch axis: one picture at a time
            input_spec = replace(input_spec, batch=1)
        return Meaning(
            kind=_kind(self),
            input_spec=input_spec,
            labels=labels,
            head=self.candidates.with_classes(len(labels)).head() if self.candidates else None,
            head_outputs=self.candidates.tensors if self.candidates else (),
            own_nms=self.detections.reader() if self.detections else None,
            own_outputs=self.detections.tensors if self.detections else (),
        )

    def code(self, folder: Path) -> tuple[CodeFacts, ...]:
        """Return the Python file by which it decodes, where one does.

        Raises:
            ModelError: It cannot be read, or lies elsewhere.
        """
        return () if self.decode is None else (code_facts(str(_inside(folder, self.decode.partition(":")[0]))),)

    def _decoded(self, decode: str, tensors: Tensors, folder: Path, *, decodes: bool) -> Meaning:
        file, _, function = decode.partition(":")
        path = _inside(folder, file)
        if not decodes:
            raise ModelError(
                f"its card decodes with {file}, which is Python code; allow it with --allow code (in Python"
                ' allow=["code"]) only where you trust who made it'
            )
        defined = objects_in(str(path))
        if function not in defined:
            raise ModelError(f"{file} has no function {function!r}; choose one of {first_line(', '.join(defined))}")
        outputs, labels = tuple(one.name for one in tensors.outputs), self._labels(tensors, {}, folder)
        called = tuple(self.decode_names.get(name, name) for name in outputs)
        return Meaning(
            kind=f"decoded by {file}",
            input_spec=self.input.spec(tensors.inputs[0]),
            labels=labels,
            head=FunctionHead(called=decode, decode=defined[function], outputs=called, classes=len(labels)),
            head_outputs=outputs,
            code=self.code(folder),
        )

    def _labels(self, tensors: Tensors, there: Mapping[str, TensorSpec], folder: Path | None) -> tuple[str, ...]:
        count = self.candidates.classes(there) if self.candidates else None
        if isinstance(self.labels, str):
            return read_labels(_inside(folder or Path(), self.labels), count)
        if self.labels and count not in (None, len(self.labels)):
            raise ModelError(f"the card has {len(self.labels)} labels, the model scores {count} classes; correct the card")
        inside = labels_of(dict(enumerate(tensors.labels)), count) if tensors.labels else None
        return self.labels or inside or guessed_labels(count or 1)

    @property
    def files(self) -> tuple[str, ...]:
        """The files in its folder that it names."""
        labels = (self.labels,) if isinstance(self.labels, str) else ()
        return labels if self.decode is None else (*labels, self.decode.partition(":")[0])

    def to_toml(self) -> str:
        """Write it as `read_card` reads it."""
        import tomli_w

        tree = self.model_dump(mode="json", exclude_none=True)
        return tomli_w.dumps({name: part for name, part in tree.items() if part not in ((), [], "", {})})


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file that a card names, which may come from a stranger together with its model."""
    path = folder / name
    if not is_inside(path, folder):
        raise ModelError(f"the card's file {name!r} lies outside its folder {folder}; copy the file into it, and name it so")
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
    """Find the card of a model: `model.tflite.card.toml` or `.json` beside `model.tflite`, else `model.card.toml`.

    The latter is read where no other model has that stem: it would be anybody's.
    """
    return _beside(model, model.name) or (None if _namesakes(model) else _beside(model, model.stem))


def card_left_out(model: Path) -> tuple[Guess, ...]:
    """Say that a card is not read since it may belong to another model of the same stem; nothing where there is none such."""
    unread = _beside(model, model.stem) if card_path(model) is None else None
    if unread is None:
        return ()
    why = f"{unread.name} may belong to {_namesakes(model)[0].name}, which has the same name but for its ending"
    return (Guess(about="the card", taken="none", certainty=OPEN, why=why, card_line=f"call it {model.name}{SUFFIXES[0]}"),)


def _beside(model: Path, name: str) -> Path | None:
    return next((path for suffix in SUFFIXES if (path := model.with_name(f"{name}{suffix}")).is_file()), None)


def _namesakes(model: Path) -> list[Path]:
    """List the other models whose name without its ending is this one's."""
    if model.is_dir():
        return []
    there = (model.with_name(f"{model.stem}{suffix}") for suffix in ("", *MODEL_SUFFIXES))
    return [path for path in there if path != model and (path.is_file() if path.suffix else is_saved_model(path))]


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        ModelError: It is missing, is no TOML or JSON, or says what a card cannot say; names the place.
    """
    try:
        text = read_text(path, MOST_BYTES)
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


def write_card(card: Card, model: Path, *, replace: bool = False) -> Path:
    """Write a card beside its model, and return where it lies; with `replace`, in the place of the one that is read today.

    Raises:
        SaveError: There is one already, or it cannot be written.
    """
    there = card_path(model)
    if there is not None and not replace:
        raise SaveError(f"there is a card already, {there}; change it by hand, or replace it with --replace")
    path = there.with_suffix(".toml") if there else model.with_name(f"{model.name}{SUFFIXES[0]}")
    if not path.parent.is_dir():
        raise SaveError(f"there is no folder {path.parent}")
    write_whole(path, card.to_toml())
    return path


def _kind(card: Card) -> str:
    words: Sequence[str] = [card.candidates.spoken] if card.candidates else []
    return " and ".join([*words, *(["its own NMS"] if card.detections else [])])

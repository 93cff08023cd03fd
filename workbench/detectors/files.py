"""From a path to a detector, by kind of file. A new kind is a module beside this one and a line in the table."""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.catalogue import load
from workbench.detections import UInt8Array
from workbench.detectors.access import DECODING, Access, allowed_code, allowed_operations, check_allowed
from workbench.detectors.anchor_card import anchor_outputs
from workbench.detectors.card import Card, card_left_out, card_path, guesses_in, read_card
from workbench.detectors.card_fit import check_fit
from workbench.detectors.detector import Detector
from workbench.detectors.model_bytes import check_kind
from workbench.detectors.native_output import load_tensorflow
from workbench.detectors.network import Network, Tensors
from workbench.detectors.other_models import other_model
from workbench.detectors.output_values import SCALE_SCORES, activation_of, no_scores
from workbench.detectors.trial import Trial, try_out
from workbench.detectors.trial_here import try_here
from workbench.errors import NOT_UTF_8, ModelError, is_utf_8
from workbench.record import CodeFacts, Guess

TASK = "detect"  # of a detector, in the words of Ultralytics' metadata


def _load_litert() -> None:
    import ai_edge_litert.interpreter  # noqa: F401 - loading it is the point


def _load_keras() -> None:
    load_tensorflow()
    import keras  # noqa: F401 - as above


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of model file.

    Attributes:
        code: Its `Network`, as `module:NAME`, which loads nothing where nobody opens such a file.
        prepare: Loads what it runs on.
        allowance: What in it is code, by its name in `ALLOWANCES`.
        signatures: Whether it can have several ways of being called, one of which is chosen.
    """

    code: str
    prepare: Callable[[], None]
    allowance: str | None = None
    signatures: bool = False

    def open(self, path: Path, access: Access = Access(), tensors: Tensors | None = None) -> Network:  # noqa: B008 - frozen
        """Open a file; see `Network`."""
        network: Network = load(self.code)(path, access=access, tensors=tensors)
        return network


_KERAS = FileKind("workbench.detectors.keras_network:KerasNetwork", _load_keras, "lambda")
FILE_KINDS: dict[str, FileKind] = {
    ".tflite": FileKind("workbench.detectors.tflite_network:TfliteNetwork", _load_litert),
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".pb": FileKind("workbench.detectors.frozen_graph:FrozenGraphNetwork", load_tensorflow, "python-functions"),
    "folder": FileKind("workbench.detectors.saved_model:SavedModelNetwork", load_tensorflow, "python-functions", signatures=True),
}
READABLE = "a SavedModel's folder, .keras, .h5, .pb (a frozen graph) or .tflite"


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What looking at a model found.

    Attributes:
        network: What runs.
        trial: What it did with frames, and the plausible readings of that.
        card: The card beside it, which wins; `None` where there is none.
        card_folder: Where that card lies.
    """

    network: Network
    trial: Trial
    card: Card | None
    card_folder: Path | None


GetFrames = Callable[[], Sequence[UInt8Array]]
"""Gives real frames `(height, width, 3)`, RGB, spread over media; the first eight too."""


def load_detector(source: str, get_frames: GetFrames, allow: Collection[str] = (), *, signature: str | None = None) -> Detector:
    """Load the detector in a file or folder: by the card beside it, else by the best reading of what it puts out.

    Args:
        source: A path.
        get_frames: What to try it on; asked only where no card says what the tensors mean.
        allow: Names of `ALLOWANCES` that the user grants, and `code=FILE` for each Python file that may run.
        signature: The signature of a SavedModel to call; its card's by default, else the usual one.

    Raises:
        ModelError: There is no such model, it does not load or run, or what it puts out is not understood without a card.
    """
    loaded = load_model(source, get_frames, allow, signature=signature)
    if loaded.card is not None:
        return as_detector(loaded, loaded.card, source, guesses_in(loaded.card))
    if not loaded.trial.proposals:
        raise ModelError(f"{source} {why_no_detector(loaded.trial)}")
    best = loaded.trial.proposals[0]
    return as_detector(loaded, best.card, source, (*card_left_out(loaded.network.path), *best.guesses))


def as_detector(loaded: LoadedModel, card: Card, source: str, guesses: Sequence[Guess] = ()) -> Detector:
    """Make a detector of a network and one reading of it, with what is guessed of that.

    Raises:
        ModelError: They do not fit.
    """
    detector = detector_by_card(loaded.network, loaded.trial.tensors, card, loaded.card_folder, source, guesses)
    if card is loaded.card:
        try:
            check_fit(card, detector.meaning, loaded.trial)
        except ModelError as error:
            raise ModelError(f"{source}: {error}") from None
    return detector


def detector_by_card(
    network: Network, tensors: Tensors, card: Card, folder: Path | None, source: str, guesses: Sequence[Guess] = ()
) -> Detector:
    """Make a detector of a network, by a card whose files lie in a folder, by default the network's. Raises like `as_detector`."""
    try:
        meaning = card.meaning(tensors, folder or network.path.parent, decodes=network.access.decodes)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None
    name = card.name or _stem(network.path)
    return Detector(network, meaning, name=name, source=source, guesses=guesses, card=card, card_folder=folder)


def load_model(
    source: str,
    get_frames: GetFrames,
    allow: Collection[str] = (),
    *,
    signature: str | None = None,
    try_on_noise: bool = True,
) -> LoadedModel:
    """Try a model on frames and find readings of what it puts out; takes and raises what `load_detector` does.

    A model with a card is tried on noise instead, which is one frame for all media, unless `try_on_noise` is false.
    """
    first, beside, card = _read(source, allow, signature)
    path, access, name = first.path, first.access, kind_of(first.path)
    frames = [_noise()] if card and try_on_noise else get_frames()
    read = card is None or not try_on_noise
    if first.only_here:
        trial = try_here(first, frames, read=read)
    else:
        trial = try_out(name, path, first.sha256, frames, read=read, access=access)
    if card is None and trial.tensors.task not in (None, TASK):
        raise ModelError(
            f"{source} says inside that its task is {trial.tensors.task!r}, not {TASK!r}; choose a detector, or say what"
            " its outputs mean in a detector card beside it"
        )
    network = FILE_KINDS[name].open(path, access, trial.tensors)
    return LoadedModel(network, trial, card, beside.parent if beside else None)


def identity(source: str, allow: Collection[str] = (), *, signature: str | None = None) -> tuple[str, tuple[CodeFacts, ...]]:
    """Return the hash of a model and the Python files that would run for it, as its `DetectorFacts` have them; nothing is run.

    Raises:
        ModelError: It, its card or one of those cannot be read.
        SettingsError: What is allowed is nothing that there is.
    """
    network, beside, card = _read(source, allow, signature)
    return network.sha256, (*network.code, *(card.code(beside.parent) if card and beside else ()))


def _read(source: str, allow: Collection[str], signature: str | None) -> tuple[Network, Path | None, Card | None]:
    """Read a model, which nobody has tried yet, and the card beside it."""
    check_allowed(allow)
    path, name = _existing(source)
    kind = FILE_KINDS[name]
    beside = card_path(path)
    card = read_card(beside) if beside else None
    chosen = signature or (card.signature if card else None)
    if chosen and not kind.signatures:
        raise ModelError(f"{source} has no signatures to choose {chosen!r} from; only a SavedModel has: leave it out")
    access = Access(
        trusted=kind.allowance in allow,
        code=allowed_code(allow),
        operations=allowed_operations(allow),
        signature=chosen,
        size_hw=card.input.size if card else None,
        decodes=DECODING in allow,
    )
    return kind.open(path, access), beside, card


def _noise() -> UInt8Array:
    """Return the frame for a model with a card: it only has to run, and one for all media is tried once."""
    return np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)


def _existing(source: str) -> tuple[Path, str]:
    if not os.path.exists(source):  # noqa: PTH110 - Path.exists raises where a name is too long to be one
        raise ModelError(f"there is no model {source!r}; choose a file that exists, or the name of a sample detector")
    if not is_utf_8(source):
        raise ModelError(f"{source!r} {NOT_UTF_8}")
    path = Path(source)
    if path.name in {"saved_model.pb", "saved_model.pbtxt"}:
        path = path.parent
    check_kind(path, READABLE)
    return path, kind_of(path)


def kind_of(path: Path) -> str:
    """Name the kind that a file or folder would be of, in `FILE_KINDS` or not."""
    return "folder" if path.is_dir() else path.suffix.lower()


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def why_no_detector(trial: Trial) -> str:
    """Say what a model seems to be that no reading fits, and what to do."""
    outputs = {name: one.shape for name, one in trial.runs[0].outputs.items()}
    other = other_model(trial.runs[0].outputs, trial.size_hw)
    if other is not None:
        return other
    listed = ", ".join(f"{name} {list(shape)}" for name, shape in outputs.items())
    found = anchor_outputs(trial)
    if found is not None and activation_of(scores := trial.runs[0].outputs[found.scores]) is None:
        return f"gives scores ({found.scores}) {no_scores(scores)}; {SCALE_SCORES}"
    if found is not None:
        return (
            f"gives offsets from anchors that are not in the file ({listed}); write them into a detector card beside it,"
            " which `workbench describe` prints"
        )
    return f"gives outputs that are not understood as boxes ({listed}); say what they mean in a detector card beside it"

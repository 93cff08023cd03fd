"""From a path to a detector, by kind of file. A new kind is a module beside this one and a line in the table."""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.catalogue import load
from workbench.detections import UInt8Array
from workbench.detectors.anchor_card import anchor_outputs
from workbench.detectors.card import Card, card_path, guesses_in, read_card
from workbench.detectors.detector import Detector
from workbench.detectors.model_bytes import check_no_pickle
from workbench.detectors.native_output import load_tensorflow
from workbench.detectors.network import Network, Tensors
from workbench.detectors.trial import Trial, try_out
from workbench.errors import NOT_UTF_8, ModelError, SettingsError, is_utf_8
from workbench.record import Guess

ALLOWANCES = ("lambda", "python-functions")  # Python code in a model that runs only where its user says so
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
    """

    code: str
    prepare: Callable[[], None]
    allowance: str | None = None

    def open(self, path: Path, *, trusted: bool = False, tensors: Tensors | None = None) -> Network:
        """Open a file; see `Network`."""
        network: Network = load(self.code)(path, trusted=trusted, tensors=tensors)
        return network


_KERAS = FileKind("workbench.detectors.keras_network:KerasNetwork", _load_keras, "lambda")
FILE_KINDS: dict[str, FileKind] = {
    ".tflite": FileKind("workbench.detectors.tflite_network:TfliteNetwork", _load_litert),
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".pb": FileKind("workbench.detectors.frozen_graph:FrozenGraphNetwork", load_tensorflow, "python-functions"),
    "folder": FileKind("workbench.detectors.saved_model:SavedModelNetwork", load_tensorflow, "python-functions"),
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


def load_detector(source: str, get_frames: GetFrames, allow: Collection[str] = ()) -> Detector:
    """Load the detector in a file or folder: by the card beside it, else by the best reading of what it puts out.

    Args:
        source: A path.
        get_frames: What to try it on; asked only where no card says what the tensors mean.
        allow: Names of `ALLOWANCES` that the user grants.

    Raises:
        ModelError: There is no such model, it does not load or run, or what it puts out is not understood without a card.
    """
    loaded = load_model(source, get_frames, allow)
    if loaded.card is not None:
        return as_detector(loaded, loaded.card, source, guesses_in(loaded.card))
    if not loaded.trial.proposals:
        raise ModelError(f"{source} {why_no_detector(loaded.trial)}")
    best = loaded.trial.proposals[0]
    return as_detector(loaded, best.card, source, best.guesses)


def as_detector(loaded: LoadedModel, card: Card, source: str, guesses: Sequence[Guess] = ()) -> Detector:
    """Make a detector of a network and one reading of it, with what is guessed of that.

    Raises:
        ModelError: They do not fit.
    """
    try:
        meaning = card.meaning(loaded.trial.tensors, loaded.card_folder or loaded.network.path.parent)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from None
    return Detector(loaded.network, meaning, name=card.name or _stem(loaded.network.path), source=source, guesses=guesses)


def load_model(source: str, get_frames: GetFrames, allow: Collection[str] = (), *, try_on_noise: bool = True) -> LoadedModel:
    """Try a model on frames and find readings of what it puts out; takes and raises what `load_detector` does.

    A model with a card is tried on noise instead, which is one frame for all media, unless `try_on_noise` is false.
    """
    unknown = [name for name in allow if name not in ALLOWANCES]
    if unknown:
        raise SettingsError(f"{unknown[0]!r} cannot be allowed; choose one of {', '.join(ALLOWANCES)}")
    path, name = _existing(source)
    kind = FILE_KINDS[name]
    trusted = kind.allowance in allow
    first = kind.open(path, trusted=trusted)
    beside = card_path(path)
    card = read_card(beside) if beside else None
    frames = [_noise()] if card and try_on_noise else get_frames()
    trial = try_out(name, path, first.sha256, frames, read=card is None or not try_on_noise, trusted=trusted)
    if card is None and trial.tensors.task not in (None, TASK):
        raise ModelError(
            f"{source} says inside that its task is {trial.tensors.task!r}, not {TASK!r}; choose a detector, or say what"
            " its outputs mean in a detector card beside it"
        )
    network = kind.open(path, trusted=trusted, tensors=trial.tensors)
    return LoadedModel(network, trial, card, beside.parent if beside else None)


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
    if path.is_dir():
        return path, "folder"
    name = path.suffix.lower()
    if name not in FILE_KINDS:
        check_no_pickle(path)
        raise ModelError(f"{source} is of no kind of model that is read here; choose {READABLE}")
    return path, name


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.stem


def why_no_detector(trial: Trial) -> str:
    """Say what a model seems to be that no reading fits, and what to do."""
    outputs = {name: one.shape for name, one in trial.runs[0].outputs.items()}
    shapes = list(outputs.values())
    if len(shapes) == 1 and len([side for side in shapes[0] if side != 1]) == 1:
        return f"is a classifier, no detector: it gives {max(shapes[0])} scores and no boxes; choose a detector"
    listed = ", ".join(f"{name} {list(shape)}" for name, shape in outputs.items())
    if anchor_outputs(trial) is not None:
        return (
            f"gives offsets from anchors that are not in the file ({listed}); write them into a detector card beside it,"
            " which `workbench describe` prints"
        )
    return f"gives outputs that are not understood as boxes ({listed}); say what they mean in a detector card beside it"

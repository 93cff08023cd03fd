"""A stranger's model is tried in a process of its own first: loaded, and run on one frame under each way of feeding it.

A file that crashes the runtime, or never returns, costs a sentence and not the kernel. What was found is kept by content, so
that a model is tried once. What runs there is `workbench.detectors.trial_child`.
"""

import hashlib
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path
from pydantic import TypeAdapter

from workbench.detections import FloatArray, UInt8Array
from workbench.detectors.input_card import DEFAULT_HW, OFFSET_AND_FACTOR, PIXEL_TYPE, InputCard, Values
from workbench.detectors.network import Tensors, TensorSpec
from workbench.errors import ModelError, SaveError
from workbench.machine import ChildFailedError, ChildProcess
from workbench.record import write_whole
from workbench.stages import Colour, InputSpec

TRIAL = 2  # raised when what is kept changes
LOADING_SECONDS = 60.0  # for TensorFlow itself to load, which on a slow disk takes long and is no fault of the model
TIMEOUT_SECONDS = 18.0  # for the model, from there on
LARGEST_RESULT = 512 * 1024 * 1024  # bytes of raw outputs that are taken from a child
COLOURS: tuple[Colour, ...] = ("RGB", "BGR")


@dataclass(frozen=True, slots=True)
class Run:
    """One frame through the network, fed in one way.

    Attributes:
        colour: Order of the channels.
        values: Range that pixels were brought to; `None` where they went in as they are, or as the file states.
        outputs: Raw, by name, float32.
    """

    colour: Colour
    values: Values | None
    outputs: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model did with one frame, stretched to its input.

    Attributes:
        tensors: What goes in and comes out.
        size_hw: Height and width that it was run at.
        runs: One for each way of feeding it.
    """

    tensors: Tensors
    size_hw: tuple[int, int]
    runs: tuple[Run, ...]


def try_out(
    kind: str,
    path: Path,
    sha256: str,
    frame_rgb: UInt8Array,
    *,
    trusted: bool = False,
    cache: Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Trial:
    """Try a model in a child process, or return what that found before.

    Args:
        kind: Name of the kind of file, in `workbench.detectors.files.FILE_KINDS`.
        path: The file or folder.
        sha256: Of its content.
        frame_rgb: A real frame, uint8 RGB.
        trusted: Whether Python code in it may run.
        cache: Folder of what was found; the user's cache folder by default.
        timeout_seconds: Seconds that the model may take, once its runtime is there.

    Raises:
        ModelError: It does not load or run, crashes its process, or does not return; says which.
    """
    folder = cache or user_cache_path("workbench") / "tried"
    words = (
        TRIAL,
        version("tensorflow"),
        version("ai-edge-litert"),
        sha256,
        hashlib.sha256(frame_rgb.tobytes()).hexdigest(),
        trusted,
    )
    kept = folder / f"{hashlib.sha256('|'.join(map(str, words)).encode()).hexdigest()}.npz"
    if (found := _kept(kept)) is not None:
        return found
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        place = Path(scratch)
        np.save(place / "frame.npy", frame_rgb)
        request = {"kind": kind, "path": str(path.resolve()), "called": str(path), "trusted": trusted}
        (place / "request.json").write_text(json.dumps(request))
        _run_child(place, path, timeout_seconds)
        result = place / "result.npz"
        if result.stat().st_size > LARGEST_RESULT:
            raise ModelError(f"{path} puts out {result.stat().st_size / 1e9:.1f} GB for one frame; choose a detector")
        content = result.read_bytes()
        found = _parsed(content)
    with suppress(SaveError):  # a full disk costs the next run its time
        write_whole(kept, content)
    return found


def _run_child(place: Path, path: Path, timeout_seconds: float) -> None:
    ready = False
    try:
        with ChildProcess(("-m", "workbench.detectors.trial_child", str(place)), silent_seconds=LOADING_SECONDS) as child:
            for message in child.messages():
                if "refused" in message.tree:
                    raise ModelError(message.tree["refused"])
                ready, child.silent_seconds = True, timeout_seconds
    except ChildFailedError as failed:
        if failed.reason == "silent" and not ready:
            why = f"the runtimes took over {LOADING_SECONDS:.0f} s to load, so {path} was not tried; try again"
        elif failed.reason == "silent":
            why = f"{path} does not return within {timeout_seconds:.0f} s from one frame; choose a smaller model"
        else:
            printed = f" (it printed: {failed.printed})" if failed.printed else ""
            why = f"{path} {failed} when it is loaded and run on one frame; choose another model{printed}"
        raise ModelError(why) from None


def _kept(path: Path) -> Trial | None:
    try:
        return _parsed(path.read_bytes())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def save_trial(trial: Trial, path: Path) -> None:
    """Write what was found where `try_out` reads it."""
    facts = {
        "size_hw": trial.size_hw,
        "tensors": asdict(trial.tensors),
        "runs": [{"colour": run.colour, "values": run.values, "outputs": list(run.outputs)} for run in trial.runs],
    }
    arrays: dict[str, NDArray[Any]] = {
        f"{number}-{n}": one for number, run in enumerate(trial.runs) for n, one in enumerate(run.outputs.values())
    }
    np.savez(path, facts=np.array(json.dumps(facts)), **arrays)  # type: ignore[arg-type]


def _parsed(content: bytes) -> Trial:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        facts: dict[str, Any] = json.loads(str(arrays["facts"]))
        runs = tuple(
            Run(one["colour"], one["values"], {name: arrays[f"{number}-{n}"] for n, name in enumerate(one["outputs"])})
            for number, one in enumerate(facts["runs"])
        )
    return Trial(TypeAdapter(Tensors).validate_python(facts["tensors"]), tuple(facts["size_hw"]), runs)


def ways_to_feed(taken: TensorSpec) -> Sequence[tuple[InputCard, InputSpec]]:
    """List the ways of feeding a frame to an input that are worth trying, the most usual first.

    Raises:
        ModelError: It takes no colour pictures, or numbers of a kind that nobody feeds.
    """
    if taken.dtype not in {"float32", "uint8", "int8", "int16"}:
        raise ModelError(f"its input is {taken}, of a type that pictures are not fed in; convert it to take float32 or uint8")
    if taken.dtype == PIXEL_TYPE:
        cards = [InputCard(colour=colour, fit="stretch", size=default_size(taken)) for colour in COLOURS]
    elif taken.quantization is not None:
        offset, factor = stated_scaling(taken)
        cards = [InputCard(colour=one, offset=offset, factor=factor, fit="stretch", size=default_size(taken)) for one in COLOURS]
    else:
        cards = [
            InputCard(colour=colour, values=values, fit="stretch", size=default_size(taken))
            for colour in COLOURS
            for values in OFFSET_AND_FACTOR
        ]
    return [(card, card.spec(taken)) for card in cards]


def default_size(taken: TensorSpec) -> tuple[int, int] | None:
    """Return the size to feed where the file leaves it open; `None` where it does not."""
    return (taken.usual_hw or DEFAULT_HW) if None in taken.shape[1:] else None


def stated_scaling(taken: TensorSpec) -> tuple[float, float]:
    """Return offset and factor of pixels by the range that a quantised input can hold."""
    assert taken.quantization is not None, "asked of quantised inputs only"
    scale, zero_point = taken.quantization
    limits = np.iinfo(taken.dtype)
    low, high = ((limit - zero_point) * scale for limit in (limits.min, limits.max))
    if taken.dtype == "int16":  # symmetric: half of its range is there for numbers that no pixel becomes
        low = 0.0 if high < 1.5 or high > 100 else low
    factor = (high - low) / 255
    return round(-low / factor, 3), factor

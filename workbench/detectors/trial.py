"""A stranger's model is tried in a process of its own first: loaded, and run on frames under each way of feeding it.

A file that crashes the runtime, or never returns, costs a sentence and not the kernel. What was found is kept by content, so
that a model is tried once. What runs there is `workbench.detectors.trial_child`.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from workbench.detections import Detections, UInt8Array
from workbench.detectors.access import Access
from workbench.detectors.input_card import InputCard
from workbench.detectors.network import Tensors
from workbench.detectors.readings import Proposal, Run, found_under
from workbench.errors import ModelError, SaveError
from workbench.files import cache_file, cache_folder, cached_file, temporary_folder
from workbench.machine import ChildFailedError, ChildProcess

TRIAL = 6  # raised when what is kept changes, or how it is judged
LOADING_SECONDS = 60.0  # for TensorFlow itself to load, which on a slow disk takes long and is no fault of the model
TIMEOUT_SECONDS = 18.0  # for the model to load, and for each of its runs
LARGEST_RESULT = 512 * 1024 * 1024  # bytes of raw outputs that are taken from a child


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model did with frames, stretched to its input.

    Attributes:
        tensors: What goes in and comes out.
        size_hw: Height and width that it was run at.
        shown: Number of the frame that `runs` are of.
        runs: One for each way of feeding it that was tried.
        proposals: Plausible readings, the best first; none where the outputs are not understood, or nobody asked.
    """

    tensors: Tensors
    size_hw: tuple[int, int]
    shown: int
    runs: tuple[Run, ...]
    proposals: tuple[Proposal, ...] = ()

    def found(self, proposal: Proposal) -> Detections:
        """Return what is found under a proposal in the run that was fed so, in pixels of the input."""
        with np.errstate(all="ignore"):  # a wrong reading computes with wild numbers
            return found_under(proposal.card, self.tensors, self.runs[proposal.run].outputs, self.size_hw)


PROPOSALS = TypeAdapter(tuple[Proposal, ...])


def try_out(
    kind: str,
    path: Path,
    sha256: str,
    frames_rgb: Sequence[UInt8Array],
    *,
    read: bool = True,
    access: Access = Access(),  # noqa: B008 - frozen
    cache: Path | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    memory_bytes: int | None = None,
) -> Trial:
    """Try a model in a child process, or return what that found before.

    Args:
        kind: Name of the kind of file, in `workbench.detectors.files.FILE_KINDS`.
        path: The file or folder.
        sha256: Of its content.
        frames_rgb: Real frames, uint8 RGB.
        read: Whether to judge what its outputs mean, and how to feed it; else it is run on the first frame only.
        access: How it is opened.
        cache: Folder of what was found; the user's cache folder by default.
        timeout_seconds: Seconds that the model may take, once its runtime is there.
        memory_bytes: What it may take; a share of what is free by default.

    Raises:
        ModelError: It does not load or run, crashes its process, or does not return; says which.
    """
    folder = cache or cache_folder("tried")
    words = (
        TRIAL,
        version("tensorflow"),
        version("ai-edge-litert"),
        sha256,
        *(hashlib.sha256(repr(one.shape).encode() + one.tobytes()).hexdigest() for one in frames_rgb),
        read,
        access.trusted,
        access.operations,
        access.size_hw,
    )
    kept = folder / f"{hashlib.sha256('|'.join(map(str, words)).encode()).hexdigest()}.npz"
    if (found := _kept(kept)) is not None:
        return found
    with temporary_folder() as scratch:
        place = Path(scratch)
        np.savez(place / "frames.npz", *frames_rgb)
        request = {"kind": kind, "path": str(path.resolve()), "called": str(path), "access": asdict(access), "read": read}
        (place / "request.json").write_text(json.dumps(request))
        _run_child(place, path, timeout_seconds, memory_bytes)
        result = place / "result.npz"
        if result.stat().st_size > LARGEST_RESULT:
            raise ModelError(f"{path} puts out {result.stat().st_size / 1e9:.1f} GB for one frame; choose a detector")
        content = result.read_bytes()
        found = _parsed(content)
    with suppress(SaveError):  # a full disk costs the next run its time
        cache_file(kept, content)
    return found


def _run_child(place: Path, path: Path, timeout_seconds: float, memory_bytes: int | None) -> None:
    ready, words = False, ("-m", "workbench.detectors.trial_child", str(place))
    try:
        with ChildProcess(words, silent_seconds=LOADING_SECONDS, memory_bytes=memory_bytes) as child:
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
        return _parsed(cached_file(path))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def save_trial(trial: Trial, path: Path) -> None:
    """Write what was found where `try_out` reads it."""
    facts = {
        "size_hw": trial.size_hw,
        "shown": trial.shown,
        "tensors": asdict(trial.tensors),
        "runs": [{"fed": run.fed.model_dump(mode="json"), "outputs": list(run.outputs)} for run in trial.runs],
        "proposals": PROPOSALS.dump_python(trial.proposals, mode="json"),
    }
    arrays: dict[str, NDArray[Any]] = {
        f"{number}-{n}": one for number, run in enumerate(trial.runs) for n, one in enumerate(run.outputs.values())
    }
    np.savez(path, facts=np.array(json.dumps(facts)), **arrays)  # type: ignore[arg-type]


def _parsed(content: bytes) -> Trial:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        facts: dict[str, Any] = json.loads(str(arrays["facts"]))
        runs = tuple(
            Run(
                InputCard.model_validate(one["fed"]),
                {name: arrays[f"{number}-{n}"] for n, name in enumerate(one["outputs"])},
            )
            for number, one in enumerate(facts["runs"])
        )
    tensors = TypeAdapter(Tensors).validate_python(facts["tensors"])
    return Trial(tensors, tuple(facts["size_hw"]), facts["shown"], runs, PROPOSALS.validate_python(facts["proposals"]))

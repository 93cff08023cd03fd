"""The process in which a model is tried: `python -m workbench.detectors.trial_child FOLDER`, with a request and frames in it.

It writes `{"ready": true}` once the runtime is loaded and `{"ran": true}` after each run, then `{"refused": "why"}` where the model
cannot be taken, `{"done": true}` where what was found lies in the folder.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from workbench.detections import UInt8Array
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.first_look import FirstLook
from workbench.detectors.network import Network
from workbench.detectors.trial import Trial, save_trial
from workbench.errors import ModelError
from workbench.machine import writing_to_parent


def try_here(
    network: Network, frames_rgb: Sequence[UInt8Array], *, read: bool = True, tell: Callable[[], None] = lambda: None
) -> Trial:
    """Load a network and run it on frames, in this process.

    Raises:
        ModelError: It does not load or run, or takes no pictures; says why.
    """
    tensors = network.inspect()
    if len(tensors.inputs) != 1:
        raise ModelError(f"{network.path} takes {len(tensors.inputs)} inputs; choose a detector of one picture")
    try:
        look = FirstLook(network, tensors, frames_rgb, tell=tell)
    except ModelError as error:
        raise ModelError(f"{network.path}: {error}") from None
    if not read:
        look.run_each()
    proposals = look.propose() if read else ()
    return Trial(tensors, look.size_hw, look.shown, look.runs(), proposals)


def _try(place: Path, out: IO[str]) -> None:
    request = json.loads((place / "request.json").read_text())
    kind = FILE_KINDS[request["kind"]]
    kind.prepare()
    _write(out, "ready", True)
    with np.load(place / "frames.npz") as frames:
        frames_rgb = list(frames.values())
    try:
        network = kind.open(Path(request["path"]), trusted=request["trusted"], operations=request["operations"])
        trial = try_here(network, frames_rgb, read=request["read"], tell=lambda: _write(out, "ran", True))
    except ModelError as error:
        _write(out, "refused", str(error).replace(request["path"], request["called"]))
    else:
        save_trial(trial, place / "result.npz")
        _write(out, "done", True)


def _write(out: IO[str], name: str, value: object) -> None:
    out.write(json.dumps({name: value}) + "\n")
    out.flush()


if __name__ == "__main__":
    with writing_to_parent() as to_parent:
        _try(Path(sys.argv[1]), to_parent)

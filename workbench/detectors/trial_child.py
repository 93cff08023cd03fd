"""The process in which a model is tried: `python -m workbench.detectors.trial_child FOLDER`, with a request and a frame in it.

It writes `{"ready": true}` once the runtime is loaded, then `{"refused": "why"}` where the model cannot be taken, `{"done": true}`
where what was found lies in the folder.
"""

import json
import sys
from pathlib import Path
from typing import IO

import numpy as np

from workbench.detections import UInt8Array
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.network import Network
from workbench.detectors.trial import Run, Trial, save_trial, ways_to_feed
from workbench.errors import ModelError
from workbench.machine import writing_to_parent
from workbench.stages import prepare


def try_here(network: Network, frame_rgb: UInt8Array) -> Trial:
    """Load a network and run it on one frame, in this process.

    Raises:
        ModelError: It does not load or run, or takes no pictures; says why.
    """
    tensors = network.inspect()
    if len(tensors.inputs) != 1:
        raise ModelError(f"{network.path} takes {len(tensors.inputs)} inputs; choose a detector of one picture")
    try:
        ways = ways_to_feed(tensors.inputs[0])
    except ModelError as error:
        raise ModelError(f"{network.path}: {error}") from None
    size_hw = ways[0][1].choose_size(None)
    runs = []
    for way, spec in ways:
        outputs = network.run(prepare([frame_rgb] * (spec.batch or 1), spec, size_hw, "opencv"))
        runs.append(Run(way.colour, way.values, {name: np.asarray(one, np.float32) for name, one in outputs.items()}))
    return Trial(tensors, size_hw, tuple(runs))


def _try(place: Path, out: IO[str]) -> None:
    request = json.loads((place / "request.json").read_text())
    kind = FILE_KINDS[request["kind"]]
    kind.prepare()
    _write(out, "ready", True)
    try:
        trial = try_here(kind.open(Path(request["path"]), trusted=request["trusted"]), np.load(place / "frame.npy"))
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

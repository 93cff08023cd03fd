"""The process in which a model is tried: `python -m workbench.detectors.trial_child FOLDER`, with a request and frames in it.

It writes `{"ready": true}` once the runtime is loaded and `{"ran": true}` after each run, then `{"refused": "why"}` where the model
cannot be taken, `{"done": true}` where what was found lies in the folder.
"""

import json
import sys
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from workbench.detectors.access import Access
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.trial import save_trial
from workbench.detectors.trial_here import try_here
from workbench.errors import ModelError
from workbench.machine import tell_watcher, writing_to_parent


def _try(place: Path) -> None:
    request = json.loads((place / "request.json").read_text())
    kind = FILE_KINDS[request["kind"]]
    kind.prepare()
    tell_watcher({"ready": True})
    with np.load(place / "frames.npz") as frames:
        frames_rgb = list(frames.values())
    try:
        access = TypeAdapter(Access).validate_python(request["access"])
        network = kind.open(Path(request["path"]), access)
        trial = try_here(network, frames_rgb, read=request["read"], tell=lambda: tell_watcher({"ran": True}))
    except ModelError as error:
        tell_watcher({"refused": str(error).replace(request["path"], request["called"])})
    else:
        save_trial(trial, place / "result.npz")
        tell_watcher({"done": True})


if __name__ == "__main__":
    with writing_to_parent(steps=True):
        _try(Path(sys.argv[1]))

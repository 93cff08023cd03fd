"""The process in which a network meets a runtime: `python -m workbench.engines.first_run_child FOLDER`, with a request in it.

It writes the steps of `workbench.machine.at_step`, then `{"refused": "why"}` where the runtime says that it cannot, else
`{"done": true}`. An error that is nobody's refusal is done as well: it comes again in the process that asked, to be read.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from workbench.detectors import Calibration, Detector, detector_of
from workbench.engines.engine import Engine
from workbench.engines.table import open_engine
from workbench.errors import WorkbenchError
from workbench.machine import at_step, tell_watcher, writing_to_parent
from workbench.settings import Settings
from workbench.stages import prepare

OPENING_SECONDS = 600.0  # compiling a large network takes minutes
RUNNING_SECONDS = 60.0  # for each of two batches


def run_here(detector: Detector, settings: Settings, calibration: Calibration) -> None:
    """Open an engine and run it on a blank batch, in which there is nothing, and on noise.

    Raises:
        WorkbenchError: It was refused; says why.
    """
    at_step("its engine opens it", OPENING_SECONDS)
    engine = open_engine(detector, settings, calibration)
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    noise = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8)
    for frame in (np.zeros_like(noise), noise):
        at_step("it runs for the first time", RUNNING_SECONDS)
        engine.run(_batch(engine, frame, size_hw))


def _batch(engine: Engine, frame: Any, size_hw: tuple[int, int]) -> Any:
    frames = [frame] * engine.batch
    batch = np.stack(frames) if engine.takes_frames else prepare(frames, engine.input_spec, size_hw)
    return engine.upload(batch) if engine.copies else batch


def _run(place: Path) -> None:
    request = json.loads((place / "request.json").read_text())
    with np.load(place / "frames.npz") as frames:
        ranges_from = list(frames.values())
    calibration = Calibration(request["calibration"], lambda: ranges_from)
    answer: dict[str, object] = {"done": True}
    with suppress(Exception):  # see above; what another program has added to the other process is not here either
        try:
            run_here(detector_of(request["detector"]), Settings.model_validate(request["settings"]), calibration)
        except WorkbenchError as error:
            answer = {"refused": str(error)}
    tell_watcher(answer)


if __name__ == "__main__":
    with writing_to_parent(steps=True):
        _run(Path(sys.argv[1]))

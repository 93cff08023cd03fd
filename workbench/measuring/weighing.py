"""What a setting weighs, found in a fresh process of its own: this one holds more than any program would that runs it."""

import json
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np

from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.detectors import Detector, detector_tree
from workbench.engines import calibration_frames
from workbench.errors import MediaError, RecordError, UnavailableError
from workbench.files import temporary_folder
from workbench.machine import ChildFailedError, ChildProcess, NoiseWatch
from workbench.measuring import weighing_child
from workbench.opening import NO_FUNCTION, EvaluationData
from workbench.record import Record, Weight
from workbench.settings import Settings

FRAMES = 8  # different ones: memory grows with what is found, as far as it grows
LOADING_SECONDS = 120.0  # for TensorFlow, on a slow disk
IN_PROCESS_ONLY = "this detector is in this process only, and what a setting weighs is found in a fresh one; open it from a file"
CONVERTED = "the model was converted while it was loaded, for its conversion could not be kept: the memory and time are of that too"


def weigh(detector: Detector, data: EvaluationData, record: Record, *, stop: threading.Event | None = None) -> Record:
    """Return a record with what its setting weighs: memory, start-up, and size on the disk.

    Args:
        detector: Of the record.
        data: Whose frames it runs on: those of the record.
        record: One that ran.
        stop: Set by another thread to end it.

    Raises:
        RecordError: It did not run, or not with this detector and these frames, or is of a function.
        UnavailableError: The detector is in this process only, or the setting does not run in another one; says why.
        ChildFailedError: Somebody has set `stop`.
    """
    if record.problem is not None:
        raise RecordError(f"{record.name} did not run ({record.problem.message}); weigh a setting that does")
    if record.settings.are_a_function:
        raise RecordError(f"{record.name} cannot be weighed: {NO_FUNCTION}")
    if record.detector.sha256 != detector.facts.sha256:
        raise RecordError(f"{record.name} ran another detector than {detector.facts.name}; weigh it with its own")
    if record.media.key != data.media.facts().key:
        raise RecordError(f"{record.name} ran on other frames than {data.media.facts().name}; weigh it with its own")
    return record.model_copy(update={"weight": weight_of(detector, data, record.settings, stop=stop)})


def weight_of(detector: Detector, data: EvaluationData, settings: Settings, *, stop: threading.Event | None = None) -> Weight:
    """Weigh a setting that `availability.check` has passed; see `weigh`."""
    with temporary_folder() as scratch:
        folder = Path(scratch)
        write_request(folder, detector, data, settings)
        weight = _weighed(folder, stop)
        return _weighed(folder, stop) if CONVERTED in weight.notes else weight  # it lies in the cache now


def write_request(folder: Path, detector: Detector, data: EvaluationData, settings: Settings) -> None:
    """Write what `weighing_child` reads. Raises `UnavailableError` where the detector cannot be handed over."""
    tree = detector_tree(detector)
    if tree is None:
        raise UnavailableError(IN_PROCESS_ONLY)
    images = [frame.image_rgb for frame in islice(data.media.frames(), max(FRAMES, settings.runtime.batch))]
    if not images:
        raise MediaError("the media hold no frame; choose media with at least one")
    request = {
        "modules": modules(detector, settings),
        "detector": tree,
        "settings": settings.model_dump(mode="json"),
        "calibration": data.calibration.key,
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    np.savez(folder / "frames.npz", *images)
    np.savez(folder / "ranges.npz", *calibration_frames(detector, settings, data.calibration))


def modules(detector: Detector, settings: Settings) -> Sequence[str]:
    """Name what any program would import that runs a setting: beside NumPy and OpenCV the runtime, and what settings call."""
    row = ENGINES[settings.runtime.engine]
    runtimes = [package.module for package in row.packages[:1]]  # others are there to convert
    in_tensorflow = not row.runs_tflite or NMS_METHODS[settings.nms.method].place == "graph"
    named = [
        "numpy",
        "cv2",
        *runtimes,
        *(("tensorflow",) if in_tensorflow else ()),
        *(("keras",) if not row.runs_tflite and "Keras" in detector.facts.kind else ()),
        *(("PIL.Image",) if settings.input.resize == "pillow" else ()),
    ]
    return [name for name in dict.fromkeys(named) if find_spec(name.partition(".")[0]) is not None]


def _weighed(folder: Path, stop: threading.Event | None) -> Weight:
    step, notes = "the runtimes load", list[str]()
    command = (weighing_child.__file__, str(folder))
    try:
        with NoiseWatch() as watch, ChildProcess(command, silent_seconds=LOADING_SECONDS, stop=stop) as child:
            for message in child.messages():
                if "converted" in message.tree:
                    notes = [CONVERTED]
                step, child.silent_seconds = message.tree.get("step", step), message.tree.get("seconds", child.silent_seconds)
    except ChildFailedError as failed:
        if failed.reason == "stopped":
            raise
        printed = f" (it printed: {failed.printed})" if failed.printed else ""
        raise UnavailableError(f"the process that weighs it {failed} when {step}{printed}") from None
    if "problem" in message.tree:
        raise UnavailableError(message.tree["problem"])
    if watch.certificate.verdict == "noisy":
        notes.append(f"the machine was noisy ({'; '.join(watch.certificate.reasons)}), so the time to start may be too long")
    return Weight.model_validate({**message.tree["weight"], "notes": notes})

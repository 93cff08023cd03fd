"""A stranger's network meets a runtime in a process of its own first: converted, allocated, compiled and run there.

So does any network at a size and batch that may take more memory than there is: no estimate tells what it takes.

What crashes a runtime, never returns or takes all memory costs a sentence and not the kernel. That a setting of a network ran is
kept by content, and its conversions lie in the cache then: it costs once. What runs there is `workbench.engines.first_run_child`.
"""

import hashlib
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from workbench.catalogue import ENGINES
from workbench.detections import UInt8Array
from workbench.detectors import OWN_NMS, Calibration, Detector, calibrating, detector_tree, note_converted_first
from workbench.errors import SaveError, UnavailableError
from workbench.files import cache_file, cache_folder, is_cached, temporary_folder
from workbench.hardware import versions
from workbench.machine import KILLED, ChildFailedError, ChildProcess, free_bytes, is_watched
from workbench.quantising import CALIBRATED
from workbench.settings import LATER, Settings

FIRST_RUN = 2  # raised when more is tried there, so that what was kept before does not count
COMMAND = ("-m", "workbench.engines.first_run_child")
LOADING = "the runtimes load"  # the first step
LOADING_SECONDS = 60.0  # for TensorFlow, on a slow disk
LITERT = "litert"
MUCH_MEMORY = 0.5  # of what is free: settings that may take more are tried first
MANY_BYTES_A_PIXEL = 500  # of the input, that networks take while they run; 25 to 135 were measured of small ones, on all engines
_went_well = set[str]()  # of those that take much memory: how much is free changes, and the next process tries again
_failed: dict[str, str] = {}  # why what was asked for cannot be; the next process tries again: memory may have been short


def run_first(
    detector: Detector,
    settings: Settings,
    calibration: Calibration,
    cache: Path | None = None,
    command: Sequence[str] = COMMAND,
    memory_bytes: int | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Run a setting of a detector in a child process, unless that is known to go well.

    A process that is itself watched needs none. Where they take no unusual memory, nor do the package's own detectors, nor what a
    model's trial did: to run its operations one by one, or a `.tflite` as it is.

    Args:
        detector: Any.
        settings: How it is to run; `availability.check` has passed them.
        calibration: Frames for the ranges of an integer model.
        cache: Folder of what is known; the user's cache folder by default.
        command: What is started, with a folder as the last word.
        memory_bytes: What it may take; a share of what is free by default.
        stop: Set by another thread to end it.

    Raises:
        ChildFailedError: Somebody has set `stop`.
        UnavailableError: It was refused, or crashed, did not return, or took too much memory; says which, and at what.
    """
    row, tree = ENGINES[settings.runtime.engine], detector_tree(detector)
    much = _may_take_much_memory(detector, settings)
    known = detector.opener is not None or not (row.runs_tflite or row.fuses_nms) or _was_tried_as_it_is(detector, settings)
    if tree is None or is_watched() or (known and not much):
        return
    key = _key(detector, settings, calibration)
    kept = (cache or cache_folder("tried")) / f"{key}.ran"
    if key in _went_well or (is_cached(kept) and not much):
        return
    if key in _failed:
        raise detector.remember(settings, _failed[key])
    with temporary_folder() as scratch:
        place = Path(scratch)
        request = {"detector": tree, "settings": settings.model_dump(mode="json"), "calibration": calibration.key}
        (place / "request.json").write_text(json.dumps(request))
        np.savez(place / "frames.npz", *calibration_frames(detector, settings, calibration))
        try:
            _run_child((*command, str(place)), f"{detector.facts.source} with {row.spoken}", memory_bytes, stop)
        except UnavailableError as error:
            _failed[key] = str(error)
            raise detector.remember(settings, _failed[key]) from error
    if much:
        _went_well.add(key)
        return
    with suppress(SaveError):  # a full disk costs the next run its time
        cache_file(kept, b"")


def _was_tried_as_it_is(detector: Detector, settings: Settings) -> bool:
    network, runtime = detector.network, settings.runtime
    usual = runtime.engine == LITERT and runtime.delegate == LATER["runtime.delegate"]
    if network.tensors is None or detector.is_converted(settings) or not usual:
        return False
    batch, *sides = network.tensors.inputs[0].shape
    return None not in sides and batch == runtime.batch


def _may_take_much_memory(detector: Detector, settings: Settings) -> bool:
    height, width = detector.input_spec.choose_size(settings.input.size_hw)
    return settings.runtime.batch * height * width * MANY_BYTES_A_PIXEL > MUCH_MEMORY * free_bytes()


def _run_child(command: Sequence[str], what: str, memory_bytes: int | None, stop: threading.Event | None) -> None:
    step = LOADING
    try:
        with ChildProcess(command, silent_seconds=LOADING_SECONDS, memory_bytes=memory_bytes, stop=stop) as child:
            for message in child.messages():
                if "refused" in message.tree:
                    raise UnavailableError(message.tree["refused"])
                if "converted" in message.tree:
                    note_converted_first(message.tree["converted"])
                step, child.silent_seconds = message.tree.get("step", step), message.tree.get("seconds", child.silent_seconds)
    except ChildFailedError as failed:
        if failed.reason == "stopped":
            raise
        printed = f" (it printed: {failed.printed})" if failed.printed else ""
        short = failed.reason == "memory" or failed.code == KILLED
        choose = "free some memory, or choose a smaller size or batch, or" if short else "choose"
        raise UnavailableError(f"{what} {failed} when {step}; {choose} another engine, precision or size{printed}") from None


def _key(detector: Detector, settings: Settings, calibration: Calibration) -> str:
    runtime, row = settings.runtime, ENGINES[settings.runtime.engine]
    packages = ("tensorflow", *(package.name for package in row.packages))
    installed = versions(packages)  # an engine says when it opens that one is not
    words = (
        FIRST_RUN,
        *(installed.get(name, "") for name in packages),
        detector.facts.sha256,
        detector.input_spec,
        detector.outputs(settings.nms),
        runtime.engine,
        runtime.device,
        runtime.precision,
        runtime.batch,
        settings.input.size_hw,
        settings.input.resize if row.resizes else "",
        *((settings.input.filter,) if row.resizes and settings.input.filter else ()),
        settings.nms.method if row.fuses_nms else settings.nms.method == OWN_NMS,
        runtime.float_ops,
        runtime.layout,
        *((runtime.delegate,) if runtime.delegate != LATER["runtime.delegate"] else ()),
        *((calibrating(settings, calibration), runtime.effective_range) if runtime.precision in CALIBRATED else ()),
    )
    return hashlib.sha256("|".join(map(str, words)).encode()).hexdigest()


def calibration_frames(detector: Detector, settings: Settings, calibration: Calibration) -> list[UInt8Array]:
    """Return the frames that ranges are taken from, or that a layout is checked on, at the network's size."""
    runtime = settings.runtime
    if not detector.is_converted(settings) or (runtime.precision not in CALIBRATED and runtime.layout == "stored"):
        return []
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    return calibrating(settings, calibration).pixels(detector.input_spec, size_hw)

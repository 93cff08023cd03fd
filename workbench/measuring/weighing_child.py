"""The process in which a setting is weighed: the path of this file, and of a folder with a request in it.

It is started as a file rather than a module, and imports late: what is imported when, and what it costs, is what is measured.
At its end it writes `{"weight": {...}, "done": true}`, or `{"problem": "why", "done": true}`.
"""

import importlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, final

OPENING_SECONDS = 600.0  # compiling a large network takes minutes
RUNNING_SECONDS = 300.0  # of all calls after the first
ROUNDS = 2  # over all frames: some runtimes grow once more at the second look
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # https://www.kernel.org/doc/html/latest/filesystems/proc.html: VmHWM becomes what is in use now


class Peak(NamedTuple):
    """The most memory that a process had in use, and what counted it."""

    bytes: int
    counter: str


def reset_peak() -> None:
    """Count the peak anew from here on, where the system can."""
    with suppress(OSError):  # no Linux, or a container that lacks it: the peak then holds what came before too
        CLEAR_REFS.write_text(RESET_PEAK)


def peak() -> Peak:
    """Return the most memory that this process had in use, since `reset_peak` where the system can, else since its start."""
    try:
        counted = next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return Peak(int(counted) * 1024, "VmHWM")
    except (OSError, StopIteration):
        return _peak_elsewhere()


def _peak_elsewhere() -> Peak:
    if sys.platform == "win32":
        import psutil

        return Peak(int(psutil.Process().memory_info().peak_wset), "peak_wset, which counts from the start of the process")
    import resource

    counted = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scale = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others kilobytes
    return Peak(counted * scale, "ru_maxrss, which counts from the start of the process")


@final
class Parts:
    """Measures one part of a process after the other: the seconds that it took, and the peak of its memory."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peaks: dict[str, Peak] = {}
        self._began = time.perf_counter()

    def end(self, part: str) -> None:
        """End a part; the next one begins."""
        self.seconds[part] = time.perf_counter() - self._began
        self.peaks[part] = peak()
        reset_peak()
        self._began = time.perf_counter()


def work(folder: Path, parts: Parts, request: dict[str, Any]) -> dict[str, object]:
    """Weigh what a request asks for, its libraries being there."""
    import numpy as np

    from workbench.detectors import Calibration, detector_of
    from workbench.machine import at_step
    from workbench.media import Frame
    from workbench.pipeline import Pipeline
    from workbench.settings import Settings

    parts.end("workbench")
    at_step("it is loaded", OPENING_SECONDS)

    def frames_for_ranges() -> Sequence[Any]:  # asked for only where the conversion is in no cache
        with np.load(folder / "ranges.npz") as kept:
            return [kept[name] for name in kept.files]

    pipeline = Pipeline(
        detector_of(request["detector"]),
        Settings.model_validate(request["settings"]),
        Calibration(request["calibration"], frames_for_ranges),
    )
    parts.end("load")

    def batches(size: int) -> Iterator[list[Frame]]:
        with np.load(folder / "frames.npz") as kept:
            for start in range(0, len(kept.files), size):
                names = kept.files[start : start + size]
                yield [Frame(kept[name], name, start + at) for at, name in enumerate(names)]

    at_step("it runs for the first time", OPENING_SECONDS)
    first = next(batches(pipeline.engine.batch))
    began = time.perf_counter()
    pipeline.detect(first)
    first_call_seconds, calls = time.perf_counter() - began, 1
    at_step("it runs", RUNNING_SECONDS)
    for _ in range(ROUNDS):
        for batch in batches(pipeline.engine.batch):
            pipeline.detect(batch)
            calls += 1
    parts.end("running")
    return {
        **{f"{part}_bytes": one.bytes for part, one in parts.peaks.items()},
        "libraries_seconds": parts.seconds["libraries"],
        "load_seconds": parts.seconds["load"],
        "first_call_seconds": first_call_seconds,
        "calls": calls,
        "counter": parts.peaks["running"].counter,
    }


def main(folder: Path) -> None:
    """Import the libraries, then do the rest, watched."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    parts = Parts()
    for module in request["modules"]:
        importlib.import_module(module)
    parts.end("libraries")
    from workbench.machine import tell_watcher, writing_to_parent
    from workbench.record import Problem

    with writing_to_parent(steps=True):
        try:
            answer: dict[str, object] = {"weight": work(folder, parts, request)}
        except Exception as error:  # the runtime raises what it likes
            answer = {"problem": Problem.caught(error).message}
        tell_watcher({**answer, "done": True})


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Print the frame rate of exported programs against the workbench's own loop, for the same settings, in interleaved blocks.

Both decode the sample clip, prepare, infer, thin out and draw. Run it on a quiet machine:
`python -m tests.benchmarks.exported_programs`.
"""

import argparse
import importlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2

from workbench.export import export_folder
from workbench.machine import NoiseWatch, environment
from workbench.opening import check, open_data, open_detector
from workbench.pipeline import Pipeline
from workbench.samples import SAMPLE_CLIP
from workbench.settings import parse_variant
from workbench.timing import compare_blocks

SETTINGS = (
    "litert",
    "litert-int8",
    "litert,nms.score=0.02",
    "runtime.engine=openvino,input.resize=opencv",
    "graph",
    "graph,input.resize=opencv",
    "xla",
)
PARTS = "parts"
SETTLING_FRAMES = 2  # as the workbench does: the other setting has just filled the caches with its own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="at most, for each setting")
    parser.add_argument("--detector", default="inspector-mobile")
    parser.add_argument("settings", nargs="*", default=SETTINGS)
    options = parser.parse_args()

    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; {options.detector} on {SAMPLE_CLIP.name}")
    print(f"{'setting':<45} {'detect.py':>10} {'workbench':>10} {'times as fast':>14}  noise")
    detector = open_detector(options.detector)
    data = open_data(detector)
    for words in options.settings:
        settings = check(detector, parse_variant(words, base=detector.default_settings()))
        with tempfile.TemporaryDirectory() as folder:
            exported = export_folder(detector, settings, data, Path(folder) / "out")
            pipeline = Pipeline(detector, settings, data.calibration)
            own, seconds_own = remembering(pipeline.block_timer(data.media))
            home, seconds_home = remembering(program_timer(exported.folder))
            own(5)
            home(5)
            seconds_own.clear()
            seconds_home.clear()
            with NoiseWatch(settings.runtime.threads) as watch:
                ratio = compare_blocks(own, home, maximum_seconds=options.seconds).ratio
        fps = [len(seconds) / sum(seconds) for seconds in (seconds_home, seconds_own)]
        interval = f"{ratio.median:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"
        print(f"{words:<45} {fps[0]:10.1f} {fps[1]:10.1f} {interval:>14}  {watch.certificate.verdict}", flush=True)


def remembering(timer: Callable[[int], Sequence[float]]) -> tuple[Callable[[int], Sequence[float]], list[float]]:
    """Return a timer that keeps the seconds that it returns, and where it keeps them."""
    kept: list[float] = []

    def timed(frames: int) -> Sequence[float]:
        seconds = timer(frames)
        kept.extend(seconds)
        return seconds

    return timed, kept


def program_timer(folder: Path) -> Callable[[int], Sequence[float]]:
    """Return what times the next frames of the clip, decode to draw, in an exported program."""
    program = opened(folder)
    frames = endless()

    def timed(count: int) -> Sequence[float]:
        seconds = []
        for _ in range(SETTLING_FRAMES + count):
            began = time.perf_counter()
            frame = next(frames)
            program.draw(frame, program.detect(frame))
            seconds.append(time.perf_counter() - began)
        return seconds[SETTLING_FRAMES:]

    return timed


def endless() -> Iterator[Any]:
    while True:
        capture = cv2.VideoCapture(str(SAMPLE_CLIP))
        while (taken := capture.read())[0]:
            yield cv2.cvtColor(taken[1], cv2.COLOR_BGR2RGB)


def opened(folder: Path) -> Any:
    """Open a folder's pipeline by the modules in it; those of the folder before have the same names."""
    for name in [name for name in sys.modules if name.split(".")[0] == PARTS]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(f"{PARTS}.pipeline").Pipeline(folder)
    finally:
        sys.path.remove(str(folder))


if __name__ == "__main__":
    main()

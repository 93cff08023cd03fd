"""Opens many damaged files and counts how that ends: `python -m tests.benchmarks.strangers [COUNT]`.

Those that still open are run on a frame in this process. If it lives to print its table, nothing of them killed it.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tests.detectors.damage import damaged, small_tflite
from workbench.detectors import Calibration
from workbench.engines import set_tensorflow_threads
from workbench.errors import WorkbenchError
from workbench.hardware import usable_cores
from workbench.media import Frame
from workbench.opening import check, open_detector
from workbench.pipeline import Pipeline
from workbench.samples import WEIGHTS

COUNT = 300
KERAS_SHARE = 10  # one in so many is a .keras file, which takes ten times as long
FRAME = Frame(np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8), "noise", 0)
NOTHING = Calibration("nothing", lambda: [FRAME.image_rgb])


def outcome(path: Path) -> str:
    """Open a file and run it on a frame, and say in two words how that ended."""
    try:
        detector = open_detector(str(path))
        Pipeline(detector, check(detector, detector.default_settings()), NOTHING).detect([FRAME])
    except WorkbenchError as error:
        return ENDINGS.get(
            next((words for words in ENDINGS if words in str(error)), ""), f"refused: {str(error).partition(': ')[0][-60:]}"
        )
    except Exception as error:
        print(f"{path}: {type(error).__name__}: {error}")
        return "TRACEBACK"
    return "a detector"


ENDINGS = {
    "crashes the runtime": "crashed its own process",
    "ends its process": "crashed its own process",
    "does not return": "hung in its own process",
    "is damaged": "refused: damaged",
    "loads safely": "refused: no Keras model",
    "does not run": "refused: does not run",
    "its input is": "refused: its input",
    "understood as boxes": "refused: no boxes",
    "from anchors": "refused: offsets",
    "no LiteRT model": "refused: first bytes",
}


def main(count: int) -> None:
    """Try them, and print the table."""
    set_tensorflow_threads(usable_cores())
    ends: Counter[tuple[str, str]] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        good = {".tflite": small_tflite(folder).read_bytes(), ".keras": (WEIGHTS / "inspector-mobile.keras").read_bytes()}
        for seed in range(count):
            kind = ".keras" if seed % KERAS_SHARE == 0 else ".tflite"
            path = folder / f"{seed}{kind}"
            path.write_bytes(damaged(good[kind], seed))
            began = time.monotonic()
            ends[kind, outcome(path)] += 1
            slowest = max(slowest, time.monotonic() - began)
    for (kind, end), times in sorted(ends.items()):
        print(f"{times:5d}  {kind:8s} {end}")
    print(f"slowest: {slowest:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)

"""Whether operators' times add up to what the network takes without a profiler, and whether two looks name the same slowest ones.

`python -m tests.benchmarks.operators [DETECTOR …]`, on an idle machine: each on each engine, several looks, each a process of its
own; a line has the sum's share of the measured `infer` (median and range) and how many of the five slowest agree from look to look.
Models of others, with the cards that the tests know, are looked for in the folder that `WORKBENCH_ASSETS` names.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.detectors.asset_cards import CARDS

ENGINES = ("litert", "openvino", "onnxruntime")
DETECTORS = (
    "inspector-mobile",
    "inspector-large",
    "models/yolox_nano_416_float16_quantize.tflite",
    "models/aizoo_face_mask_detection.tflite",
)
WORKBENCH = str(Path(sys.executable).with_name("workbench"))
SLOWEST = 5


def look(detector: str, engine: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile.json"
        engine_words = ["--preset", "litert", "--set", f"runtime.engine={engine}"]
        command = [WORKBENCH, "profile", detector, *engine_words, "--json", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        found: dict[str, Any] = json.loads(out.read_text())
        return found


def with_card(path: Path, folder: Path) -> Path:
    """Return a copy of a model with the card that says what its outputs mean."""
    copy = folder / path.name
    shutil.copyfile(path, copy)
    copy.with_suffix(".card.toml").write_text(CARDS[path.name])
    return copy


def slowest(found: dict[str, Any]) -> set[tuple[object, ...]]:
    rows = sorted(found["operators"], key=lambda row: -row["seconds"])
    return {(row["name"], row["kind"], row["kernel"], *row["shape"]) for row in rows[:SLOWEST]}  # a name alone may stand twice


def print_looks(detector: str, count: int) -> None:
    for engine in ENGINES:
        looks = [look(detector, engine) for _ in range(count)]
        shares = sorted(found["operators_seconds"] / found["infer_seconds"] for found in looks)
        infer = statistics.median(found["infer_seconds"] for found in looks)
        same = [len(slowest(one) & slowest(other)) for one, other in pairwise(looks)]
        print(
            f"{Path(detector).stem[:24]:24} {engine:12} infer {1000 * infer:6.2f} ms, operators {statistics.median(shares):.0%}"
            f" [{shares[0]:.0%}, {shares[-1]:.0%}], of the {SLOWEST} slowest the same {', '.join(map(str, same))}",
            flush=True,
        )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("detectors", nargs="*", default=DETECTORS)
    asked.add_argument("--looks", type=int, default=5)
    options = asked.parse_args()
    assets = Path(os.environ.get("WORKBENCH_ASSETS", "."))
    with tempfile.TemporaryDirectory() as folder:
        for detector in options.detectors:
            path = assets / detector
            if path.name in CARDS:
                path = with_card(path, Path(folder))
            print_looks(str(path) if path.exists() else detector, options.looks)


if __name__ == "__main__":
    main()

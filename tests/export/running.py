"""Where exported programs run in tests: cut off from the workbench, or in an environment of what their requirements name."""

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from workbench.detections import Detections

CUT_OFF = (
    "import runpy, sys; sys.modules['workbench'] = sys.modules['pydantic'] = None; sys.argv = sys.argv[1:];"
    " sys.path.insert(0, sys.argv[0].rpartition('/')[0]);"
    " runpy.run_path(sys.argv[0], run_name='__main__')"
)
SCORE, PIXEL = 1e-4, 1.0  # how far a program's detections may be from the workbench's


@cache
def fresh_environment(base: Path, requirements: str) -> Path:
    """Make a virtual environment of requirements; once for all programs that have the same."""
    folder = base / f"fresh-{abs(hash(requirements))}"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    file = folder / "requirements.txt"
    file.write_text(requirements)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"pip cannot install what the program needs: {done.stderr[-1000:]}"
    return python


def run_program(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `detect.py` of an exported folder on this interpreter, where neither workbench nor pydantic can be imported."""
    return _run([sys.executable, "-I", "-c", CUT_OFF, str(folder / "detect.py"), *words])


def run_fresh(folder: Path, base: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it where only its requirements are. TensorFlow's packages are too heavy to install for a test."""
    requirements = (folder / "requirements.txt").read_text()
    if "tensorflow" in requirements:
        return run_program(folder, *words)
    return _run([str(fresh_environment(base, requirements)), str(folder / "detect.py"), *words])


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def detections_of(line: str) -> Detections:
    """Read what `--json` prints of one frame."""
    rows: Sequence[dict[str, Any]] = json.loads(line)["detections"]
    return Detections(
        np.array([row["box_xyxy_px"] for row in rows], np.float32).reshape(-1, 4),
        np.array([row["score"] for row in rows], np.float32),
        np.array([row["class_id"] for row in rows], np.int64),
    )


def assert_same(found: Detections, wanted: Detections) -> None:
    """Compare, best first; equal scores in any order."""
    assert len(found) == len(wanted)
    left = list(range(len(found)))
    for box, score, class_id in zip(wanted.boxes_xyxy_px, wanted.scores, wanted.class_ids, strict=True):
        fits = [
            n
            for n in left
            if found.class_ids[n] == class_id
            and abs(found.scores[n] - score) <= SCORE
            and np.abs(found.boxes_xyxy_px[n] - box).max() <= PIXEL
        ]
        assert fits, f"class {class_id}, score {score}, box {box} is not among {found}"
        left.remove(fits[0])

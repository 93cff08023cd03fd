"""From a path to a detector, by kind of file. A new kind is a module beside this one and a line in the table."""

import os
from collections.abc import Callable
from pathlib import Path

from workbench.detectors.detector import Detector
from workbench.detectors.tflite_file import TfliteDetector
from workbench.errors import ModelError

FILE_KINDS: dict[str, Callable[[Path, str], Detector]] = {
    ".tflite": lambda path, source: TfliteDetector(path, source=source),
}


def load_detector(source: str) -> Detector:
    """Load the detector in a file.

    Args:
        source: A path; its ending tells the kind of file.

    Raises:
        ModelError: There is no such file, no such kind of file, or what it holds is no detector.
    """
    path = Path(source)
    if not os.path.exists(source):  # noqa: PTH110 - Path.exists raises where a name is too long to be one
        raise ModelError(f"there is no model {source!r}; choose a file that exists, or the name of a sample detector")
    load = FILE_KINDS.get(path.suffix.lower())
    if load is None or path.is_dir():
        raise ModelError(f"{source} is of no kind of model that this version reads; choose one of {', '.join(FILE_KINDS)}")
    return load(path, source)

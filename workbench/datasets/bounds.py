"""Whether boxes can be boxes of their pictures."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.truth import Truth, told_problems
from workbench.detections import ImageTruth
from workbench.errors import TruthError

LONGEST_SIDE = 1 << 30  # pixels; a file may claim more digits than NumPy takes


def within_bounds(truth: Truth, path: Path, meaning: str) -> Truth:
    """Return truth without boxes that cannot be, none of which may be without a size; reaching over the border is allowed.

    The error, or the note, names the path and says what boxes are in its format.

    Raises:
        TruthError: They are in fractions; or all are infinite or wholly outside their pictures.
    """
    boxes = [image.boxes_xyxy_px for image in truth.images.values() if len(image)]
    if boxes and max(float(box.max()) for box in boxes) <= 1:
        raise TruthError(f"{path} has boxes in fractions of the picture; {meaning}")
    problems = [problem for name, image in truth.images.items() for problem in _problems(name, image, path, meaning)]
    if not problems:
        return truth
    images = {name: image.where(_possible(image)) for name, image in truth.images.items()}
    notes = told_problems(truth.name, problems, sum(map(len, images.values())))
    return replace(truth, images=images, notes=(*truth.notes, *notes))


def _possible(image: ImageTruth) -> NDArray[np.bool_]:
    boxes = image.boxes_xyxy_px
    finite = np.isfinite(boxes).all(axis=1)
    if image.size_hw is None:
        return np.asarray(finite)
    height, width = (min(side, LONGEST_SIDE) for side in image.size_hw)
    return np.asarray(finite & (boxes[:, 0] < width) & (boxes[:, 1] < height) & (boxes[:, 2:] > 0).all(axis=1))


def _problems(name: str, image: ImageTruth, path: Path, meaning: str) -> Iterator[str]:
    for box in image.boxes_xyxy_px[~_possible(image)]:
        if image.size_hw is None or not np.isfinite(box).all():
            yield f"{path}: in {name} lies a box as large as infinity; {meaning}"
        else:
            height, width = (min(side, LONGEST_SIDE) for side in image.size_hw)
            yield f"{path}: in {name} (width {width}, height {height}) lies a box wholly outside, corners {box.tolist()}; {meaning}"

"""Whether boxes can be boxes of their pictures."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.truth import Truth, told_problems
from workbench.detections import FloatArray, ImageTruth
from workbench.errors import TruthError

# Pixels that boxes in fractions reach to: 1, or 2 where corners are read as corner and size; the rest is for rounding and borders.
FRACTIONS_REACH = 2.1
LONGEST_SIDE = 1 << 30  # pixels; a file may claim more digits than NumPy takes


def within_bounds(truth: Truth, path: Path, meaning: str) -> Truth:
    """Return truth without boxes that cannot be, none of which may be without a size; reaching over the border is allowed.

    The error, or the note, names the path and says what boxes are in its format.

    Raises:
        TruthError: Most are in fractions; or all are infinite or wholly outside their pictures.
    """
    tiny = [bool(one) for image in truth.images.values() for one in _reach_like_fractions(image.boxes_xyxy_px)]
    if 2 * sum(tiny) > len(tiny):
        raise TruthError(f"{path} has boxes in fractions of the picture; {meaning}")
    problems = [problem for name, image in truth.images.items() for problem in _problems(name, image, path, meaning)]
    if not problems:
        return truth
    images = {name: image.where(_possible(image)) for name, image in truth.images.items()}
    notes = told_problems(truth.name, problems, sum(map(len, images.values())))
    return replace(truth, images=images, notes=(*truth.notes, *notes))


def _possible(image: ImageTruth) -> NDArray[np.bool_]:
    boxes = image.boxes_xyxy_px
    possible = np.isfinite(boxes).all(axis=1) & ~_in_fractions(boxes)
    if image.size_hw is None:
        return np.asarray(possible)
    height, width = (min(side, LONGEST_SIDE) for side in image.size_hw)
    return np.asarray(possible & (boxes[:, 0] < width) & (boxes[:, 1] < height) & (boxes[:, 2:] > 0).all(axis=1))


def _reach_like_fractions(boxes: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.abs(boxes).max(axis=1) <= FRACTIONS_REACH)


def _in_fractions(boxes: FloatArray) -> NDArray[np.bool_]:
    """Tell which boxes are in fractions; of whole pixels there may be one in the first corner."""
    return np.asarray(_reach_like_fractions(boxes) & (boxes != np.floor(boxes)).any(axis=1))


def _problems(name: str, image: ImageTruth, path: Path, meaning: str) -> Iterator[str]:
    for box in image.boxes_xyxy_px[~_possible(image)]:
        if _in_fractions(box[None]).any():
            yield f"{path}: in {name} lies a box in fractions of the picture, corners {box.tolist()}; {meaning}"
        elif image.size_hw is None or not np.isfinite(box).all():
            yield f"{path}: in {name} lies a box as large as infinity; {meaning}"
        else:
            height, width = (min(side, LONGEST_SIDE) for side in image.size_hw)
            yield f"{path}: in {name} (width {width}, height {height}) lies a box wholly outside, corners {box.tolist()}; {meaning}"

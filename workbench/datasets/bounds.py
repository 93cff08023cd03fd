"""Whether boxes can be boxes of their pictures."""

from pathlib import Path

import numpy as np

from workbench.datasets.truth import ImageTruth, Truth
from workbench.errors import TruthError

LONGEST_SIDE = 1 << 30  # pixels; a file may claim more digits than NumPy takes


def check_bounds(truth: Truth, path: Path, meaning: str) -> None:
    """Check that boxes, none without a size, are in pixels and touch their pictures; reaching over the border is allowed.

    The error names the path, and says what boxes are in its format.

    Raises:
        TruthError: They are in fractions, not finite, or wholly outside.
    """
    boxes = [image.boxes_xyxy_px for image in truth.images.values() if len(image)]
    if boxes and max(float(box.max()) for box in boxes) <= 1:
        raise TruthError(f"{path} has boxes in fractions of the picture; {meaning}")
    for name, image in truth.images.items():
        _check_image(name, image, path, meaning)


def _check_image(name: str, image: ImageTruth, path: Path, meaning: str) -> None:
    boxes = image.boxes_xyxy_px
    if not np.isfinite(boxes).all():
        raise TruthError(f"{path}: in {name} lies a box as large as infinity; {meaning}")
    if image.size_hw is None:
        return
    height, width = (min(side, LONGEST_SIDE) for side in image.size_hw)
    outside = (boxes[:, 0] >= width) | (boxes[:, 1] >= height) | (boxes[:, 2:] <= 0).any(axis=1)
    if outside.any():
        raise TruthError(
            f"{path}: in {name} (width {width}, height {height}) lies a box wholly outside, corners {boxes[outside][0].tolist()};"
            f" {meaning}"
        )

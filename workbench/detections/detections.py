"""Detections: what a detector found in one image."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes, scores and classes of one image, best score first.

    Attributes:
        boxes_xyxy_px: `(n, 4)` float32, pixels of the original image.
        scores: `(n,)` float32 in 0..1.
        class_ids: `(n,)` int64, positions in the detector's labels.
    """

    boxes_xyxy_px: FloatArray
    scores: FloatArray
    class_ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.scores)
        shapes = (self.boxes_xyxy_px.shape, self.scores.shape, self.class_ids.shape)
        if shapes != ((count, 4), (count,), (count,)):
            raise ValueError(f"detections need boxes (n, 4), scores (n,) and classes (n,), got shapes {shapes}")

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def empty(cls) -> Self:
        """Return detections of an image in which nothing was found."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return new detections with the rows that a mask or an index array names."""
        return type(self)(self.boxes_xyxy_px[keep], self.scores[keep], self.class_ids[keep])

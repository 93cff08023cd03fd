"""Truth: what is really in one image."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.detections.boxes import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ImageTruth:
    """What is in one picture.

    Attributes:
        boxes_xyxy_px: `(n, 4)` float32.
        class_ids: `(n,)` int64, positions in the labels.
        iscrowd: `(n,)` bool; such a box is a crowd: detections inside it are neither right nor wrong.
        areas_px: `(n,)` float32: what small, medium and large mean. Of the outline where the truth has one, else of the box.
        size_hw: Of the picture, where the truth tells.
    """

    boxes_xyxy_px: FloatArray
    class_ids: NDArray[np.int64]
    iscrowd: NDArray[np.bool_]
    areas_px: FloatArray
    size_hw: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        count = len(self.class_ids)
        shapes = (self.boxes_xyxy_px.shape, self.class_ids.shape, self.iscrowd.shape, self.areas_px.shape)
        if shapes != ((count, 4), (count,), (count,), (count,)):
            raise ValueError(f"truth needs boxes (n, 4), classes, crowds and areas (n,), got shapes {shapes}")

    def __len__(self) -> int:
        return len(self.class_ids)

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Return the boxes that are marked."""
        return replace(
            self,
            boxes_xyxy_px=self.boxes_xyxy_px[kept],
            class_ids=self.class_ids[kept],
            iscrowd=self.iscrowd[kept],
            areas_px=self.areas_px[kept],
        )

    @classmethod
    def empty(cls, size_hw: tuple[int, int] | None = None) -> Self:
        """Return the truth of a picture in which there is nothing."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.bool_), np.zeros(0, np.float32), size_hw)

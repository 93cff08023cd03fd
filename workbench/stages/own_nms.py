"""Models that do their own NMS: their outputs are detections already, and only have to be read."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections, FloatArray
from workbench.stages.heads import BoxOrder, corners_px, one_batch

Column = Literal["image", "box", "score", "class"]  # of a row; that of the image, its number in the batch, tells nothing new
BOX_SCORE_CLASS: tuple[Column, ...] = ("box", "score", "class")
BOX_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNms(ABC):
    """Reads the detections that a network puts out; where they have no batch axis, of one image.

    Attributes:
        order: What the four numbers of a box are.
        normalised: Whether they are in 0..1 of the input's sides, rather than in pixels of it.
        first_class: The number of the first label.
    """

    order: BoxOrder
    normalised: bool
    first_class: int = 0

    @abstractmethod
    def parts(self, raw: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return boxes `(n, K, 4)`, scores `(n, K)` and classes `(n, K)` as the network has them; what is no detection scores 0.

        Args:
            raw: The network's outputs, float32, in the order that this names.
        """

    def detections(self, raw: Sequence[FloatArray], size_hw: tuple[int, int]) -> list[Detections]:
        """Return the detections of each image of a batch, in pixels of the network's input, best first.

        Args:
            raw: As for `parts`.
            size_hw: Height and width of the network's input.
        """
        boxes, scores, classes = self.parts(raw)
        corners = corners_px([boxes[..., n] for n in range(BOX_COLUMNS)], self.order, self.normalised, size_hw)
        return [_sorted(*one) for one in zip(corners, scores, classes - self.first_class, strict=True)]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionTensors(OwnNms):
    """Boxes `(n, K, 4)`, scores `(n, K)`, classes `(n, K)` and perhaps their count `(n,)`.

    So does TensorFlow's Object Detection API (`detection_boxes`, …; its classes begin with 1), and LiteRT's
    `TFLite_Detection_PostProcess`.
    """

    order: BoxOrder = "yxyx"
    normalised: bool = True

    def parts(self, raw: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
        boxes, scores, classes, *count = one_batch(raw)
        if count:
            scores = np.where(np.arange(scores.shape[1]) < count[0].reshape(-1, 1), scores, np.float32(0))
        return boxes, scores, classes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRows(OwnNms):
    """One output of rows `(n, K, 6)` or more: a box, its score and its class, in any order.

    So do end-to-end YOLOs export (v10, or v8 with `nms=True`); before these YOLOv7's have the number of the image in a batch.

    Attributes:
        columns: What a row begins with, in its order; a box has four numbers.
    """

    order: BoxOrder = "xyxy"
    normalised: bool = False
    columns: tuple[Column, ...] = BOX_SCORE_CLASS

    def parts(self, raw: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
        (rows,) = one_batch(raw)
        box, score, number = (self._place(one) for one in BOX_SCORE_CLASS)
        return rows[..., box : box + BOX_COLUMNS], rows[..., score], rows[..., number]

    def _place(self, column: Column) -> int:
        before = self.columns[: self.columns.index(column)]
        return len(before) + (BOX_COLUMNS - 1) * before.count("box")


def _sorted(boxes: FloatArray, scores: FloatArray, classes: NDArray[np.generic]) -> Detections:
    """Order by score and leave out what fills a fixed number of rows up: no score, no area, or a class before the first."""
    class_ids = np.nan_to_num(np.asarray(classes, np.float64), nan=-1).round().astype(np.int64)
    sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    kept = np.flatnonzero(sound & (scores > 0) & np.isfinite(scores) & (class_ids >= 0))
    order = kept[np.argsort(-scores[kept], kind="stable")]
    return Detections(np.asarray(boxes[order], np.float32), np.asarray(scores[order], np.float32), class_ids[order])

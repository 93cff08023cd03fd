"""Models that do their own NMS: their outputs are detections already, and only have to be read."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections, FloatArray
from workbench.stages.heads import BoxOrder, corners_px, one_batch


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
    def detections(self, raw: Sequence[FloatArray], size_hw: tuple[int, int]) -> list[Detections]:
        """Return the detections of each image of a batch, in pixels of the network's input, best first.

        Args:
            raw: The network's outputs, float32, in the order that this names.
            size_hw: Height and width of the network's input.
        """


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionTensors(OwnNms):
    """Boxes `(n, K, 4)`, scores `(n, K)`, classes `(n, K)` and perhaps their count `(n,)`.

    So does TensorFlow's Object Detection API (`detection_boxes`, …; its classes begin with 1), and LiteRT's
    `TFLite_Detection_PostProcess`.
    """

    order: BoxOrder = "yxyx"
    normalised: bool = True

    def detections(self, raw: Sequence[FloatArray], size_hw: tuple[int, int]) -> list[Detections]:
        raw = one_batch(raw)
        boxes, scores, classes = raw[:3]
        most = scores.shape[1]
        counts = np.clip(np.nan_to_num(raw[3].reshape(-1)), 0, most).astype(int) if len(raw) > 3 else [most] * len(scores)
        corners = corners_px([boxes[..., n] for n in range(4)], self.order, self.normalised, size_hw)
        return [
            _sorted(corners[n, :count], scores[n, :count], classes[n, :count] - self.first_class) for n, count in enumerate(counts)
        ]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionRows(OwnNms):
    """One output `(n, K, 6)`: a box, its score and its class, as end-to-end YOLOs export (v10, or v8 with `nms=True`)."""

    order: BoxOrder = "xyxy"
    normalised: bool = False

    def detections(self, raw: Sequence[FloatArray], size_hw: tuple[int, int]) -> list[Detections]:
        (rows,) = one_batch(raw)
        corners = corners_px([rows[..., n] for n in range(4)], self.order, self.normalised, size_hw)
        return [_sorted(corners[n], row[:, 4], row[:, 5] - self.first_class) for n, row in enumerate(rows)]


def _sorted(boxes: FloatArray, scores: FloatArray, classes: NDArray[np.generic]) -> Detections:
    """Order by score and leave out what fills a fixed number of rows up: no score, no area, or a class before the first."""
    class_ids = np.nan_to_num(np.asarray(classes, np.float64), nan=-1).round().astype(np.int64)
    sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    kept = np.flatnonzero(sound & (scores > 0) & np.isfinite(scores) & (class_ids >= 0))
    order = kept[np.argsort(-scores[kept], kind="stable")]
    return Detections(np.asarray(boxes[order], np.float32), np.asarray(scores[order], np.float32), class_ids[order])

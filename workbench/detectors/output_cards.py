"""The outputs' parts of a detector card: candidates that want an NMS, and detections that have had one."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from workbench.detectors.input_card import CardPart
from workbench.detectors.network import TensorSpec
from workbench.stages import (
    Activation,
    BoxesHead,
    BoxOrder,
    DetectionRows,
    DetectionTensors,
    Head,
    OwnNms,
    RowsHead,
    YoloxHead,
)

Units = Literal["normalised", "pixels"]


class CandidatesCard(CardPart, ABC):
    """Outputs that want an NMS: which they are, and how they become boxes and scores."""

    spoken: ClassVar[str]
    """What people call such outputs."""
    kind: str
    tensors: tuple[str, ...]
    """The outputs that are read, in the order that the head expects."""

    @abstractmethod
    def head(self) -> Head:
        """Return what makes candidates of them."""

    @abstractmethod
    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        """Return how many classes they score, as the tensors' shapes say; `None` where those leave it open."""


class BoxesCard(CandidatesCard):
    """Decoded boxes, and scores."""

    spoken = "boxes and scores"
    kind: Literal["boxes"] = "boxes"
    tensors: tuple[str, str]
    """Boxes `(n, A, 4)` and scores `(n, A, C)`."""
    order: BoxOrder = "xyxy"
    units: Units = "normalised"
    background: bool = False
    activation: Activation = "none"

    def head(self) -> Head:
        normalised = self.units == "normalised"
        return BoxesHead(order=self.order, normalised=normalised, background=self.background, activation=self.activation)

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        return _last(tensors, self.tensors[1], self.background)


class RowsCard(CandidatesCard):
    """One tensor with a row for each candidate: a decoded box, perhaps objectness, and class scores (YOLOv5, YOLOv8, YOLO11)."""

    spoken = "YOLO rows"
    kind: Literal["rows"] = "rows"
    tensors: tuple[str]
    transposed: bool = False
    objectness: bool = False
    order: BoxOrder = "cxcywh"
    units: Units = "pixels"
    activation: Activation = "none"

    def head(self) -> Head:
        return RowsHead(
            transposed=self.transposed,
            objectness=self.objectness,
            order=self.order,
            normalised=self.units == "normalised",
            activation=self.activation,
        )

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        shape = tensors[self.tensors[0]].shape
        columns = shape[1] if self.transposed else shape[-1]
        return None if columns is None else columns - (5 if self.objectness else 4)


class YoloxCard(CandidatesCard):
    """YOLOX's raw grids: one tensor `(n, A, 5 + C)`."""

    spoken = "YOLOX"
    kind: Literal["yolox"] = "yolox"
    tensors: tuple[str]
    strides: tuple[int, ...] = (8, 16, 32)

    def head(self) -> Head:
        return YoloxHead(strides=self.strides)

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        columns = tensors[self.tensors[0]].shape[-1]
        return None if columns is None else columns - 5


class DetectionsCard(CardPart):
    """Detections after the network's own NMS: boxes, scores, classes and perhaps their count; or one tensor of rows of six."""

    tensors: tuple[str, ...]
    """Boxes `(n, K, 4)`, scores `(n, K)`, classes `(n, K)`, count `(n,)`; or one `(n, K, 6)`."""
    order: BoxOrder = "yxyx"
    units: Units = "normalised"
    first_class: int = 0
    """The number of the first label: 1 for the Object Detection API."""

    @model_validator(mode="after")
    def _known_number(self) -> Self:
        if len(self.tensors) not in (1, 3, 4):
            raise ValueError("name boxes, scores, classes and perhaps the count; or the one tensor of rows")
        return self

    def reader(self) -> OwnNms:
        reads = DetectionRows if len(self.tensors) == 1 else DetectionTensors
        return reads(order=self.order, normalised=self.units == "normalised", first_class=self.first_class)


def _last(tensors: Mapping[str, TensorSpec], name: str, background: bool) -> int | None:
    shape = tensors[name].shape
    last = shape[-1] if shape else None
    return None if last is None else last - background

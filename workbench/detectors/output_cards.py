"""The outputs' parts of a detector card: candidates that want an NMS, and detections that have had one."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from workbench.detectors.input_card import CardPart
from workbench.detectors.network import TensorSpec
from workbench.stages import (
    BOX_SCORE_CLASS,
    Activation,
    Background,
    BoxesHead,
    BoxOrder,
    ClassIdsHead,
    Column,
    DetectionRows,
    DetectionTensors,
    DetrHead,
    Head,
    OwnNms,
    RowsHead,
    YoloxHead,
)

Units = Literal["normalised", "pixels"]


def _background(value: object) -> object:
    """Read yes and no, which earlier cards hold, as `first` and as none."""
    return {True: "first", False: None}[value] if isinstance(value, bool) else value


BackgroundField = Annotated[Background | None, BeforeValidator(_background)]
"""Where the score of "nothing here" stands among those of the classes; none is left out where it stands nowhere."""


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

    def with_classes(self, _: int) -> Self:
        """Return the card with the number of classes that the labels tell, for kinds whose tensors do not."""
        return self

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
    background: BackgroundField = None
    activation: Activation = "none"

    def head(self) -> Head:
        return BoxesHead(normalised=self.units == "normalised", **self.model_dump(exclude={"kind", "tensors", "units"}))

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        return _side(tensors, self.tensors[1], self.background is not None)


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
    extra_columns: int = Field(0, ge=0)
    """Columns behind the class scores that are left out: coefficients of a mask (YOLO segment), keypoints (YOLO pose)."""
    rotated: bool = False
    """Whether the last column is the angle of the box, in radians (YOLO obb); the upright box around it is taken."""

    @model_validator(mode="after")
    def _turned_about_its_centre(self) -> Self:
        if self.rotated and self.order != "cxcywh":
            raise ValueError('rotated is for boxes of centre and size; write order = "cxcywh"')
        return self

    def head(self) -> Head:
        return RowsHead(normalised=self.units == "normalised", **self.model_dump(exclude={"kind", "tensors", "units"}))

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        others = 4 + self.objectness + self.extra_columns + self.rotated
        return _side(tensors, self.tensors[0], others, axis=-2 if self.transposed else -1)


class YoloxCard(CandidatesCard):
    """YOLOX's raw grids: one tensor `(n, A, 5 + C)`."""

    spoken = "YOLOX"
    kind: Literal["yolox"] = "yolox"
    tensors: tuple[str]
    strides: tuple[int, ...] = (8, 16, 32)

    def head(self) -> Head:
        return YoloxHead(strides=self.strides)

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        return _side(tensors, self.tensors[0], 5)


class DetrCard(CandidatesCard):
    """A box an object, from queries, and scores; no NMS is wanted (DETR, RT-DETR, RF-DETR, D-FINE)."""

    spoken = "DETR"
    kind: Literal["detr"] = "detr"
    tensors: tuple[str, str]
    """Boxes `(n, Q, 4)` and scores `(n, Q, C)`."""
    order: BoxOrder = "cxcywh"
    units: Units = "normalised"
    background: BackgroundField = None
    """`last` for DETR's own, where it is "no object"."""
    activation: Activation = "sigmoid"
    """`softmax` for DETR's own."""

    def head(self) -> Head:
        return DetrHead(normalised=self.units == "normalised", **self.model_dump(exclude={"kind", "tensors", "units"}))

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        return _side(tensors, self.tensors[1], self.background is not None)


class ClassIdsCard(CandidatesCard):
    """Decoded boxes, each with the score and the number of its best class. How many classes there are, the labels say."""

    spoken = "boxes, scores and class ids"
    kind: Literal["class-ids"] = "class-ids"
    tensors: tuple[str, str, str]
    """Boxes `(n, A, 4)`, scores `(n, A)` and numbers of classes `(n, A)`."""
    order: BoxOrder = "xyxy"
    units: Units = "pixels"
    first_class: int = 0
    """The number of the first label."""
    class_count: int | None = Field(None, ge=1)
    """As many as there are labels, where it does not stand here."""

    def head(self) -> Head:
        assert self.class_count is not None, "the labels have told it"
        return ClassIdsHead(normalised=self.units == "normalised", **self.model_dump(exclude={"kind", "tensors", "units"}))

    def classes(self, _: Mapping[str, TensorSpec]) -> int | None:
        return self.class_count

    def with_classes(self, count: int) -> Self:
        return self.model_copy(update={"class_count": count})


class DetectionsCard(CardPart):
    """Detections after the network's own NMS: boxes, scores, classes and perhaps their count; or one tensor of rows of these."""

    tensors: tuple[str, ...]
    """Boxes `(n, K, 4)`, scores `(n, K)`, classes `(n, K)`, count `(n,)`; or one of rows `(n, K, 6)` or `(n, K, 7)`."""
    order: BoxOrder = "yxyx"
    units: Units = "normalised"
    first_class: int = 0
    """The number of the first label: 1 for the Object Detection API."""
    columns: tuple[Column, ...] | None = None
    """What stands in a row of the one tensor, in its order; `["box", "score", "class"]` where it does not stand here."""

    @model_validator(mode="after")
    def _known_number(self) -> Self:
        if len(self.tensors) not in (1, 3, 4):
            raise ValueError("name boxes, scores, classes and perhaps the count; or the one tensor of rows")
        if self.columns is None:
            return self
        if len(self.tensors) > 1:
            raise ValueError("columns are those of one tensor of rows; leave them out, or name that tensor alone")
        if sorted(one for one in self.columns if one != "image") != sorted(BOX_SCORE_CLASS) or self.columns.count("image") > 1:
            raise ValueError(
                f"columns are {', '.join(self.columns)}; name box, score and class once each, and image if it is there"
            )
        return self

    def reader(self) -> OwnNms:
        reads = DetectionRows(columns=self.columns or BOX_SCORE_CLASS) if len(self.tensors) == 1 else DetectionTensors()
        return replace(reads, order=self.order, normalised=self.units == "normalised", first_class=self.first_class)


def _side(tensors: Mapping[str, TensorSpec], name: str, others: int, axis: int = -1) -> int | None:
    """Return how long an output is along an axis, less what is no class there; `None` where its shape leaves it open."""
    shape = tensors[name].shape
    side = shape[axis] if len(shape) >= -axis else None
    return None if side is None else side - others

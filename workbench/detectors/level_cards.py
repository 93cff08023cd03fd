"""Cards of outputs that start from anchors or from the cells of grids, one output for each level or one for all."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workbench.detectors.anchor_generators import AnchorCard, PyramidGenerator, SsdGenerator
from workbench.detectors.network import TensorSpec
from workbench.detectors.output_cards import BackgroundField, CandidatesCard
from workbench.stages import (
    Activation,
    AnchorGrids,
    DistancesHead,
    DistanceUnits,
    Head,
    OffsetOrder,
    OffsetSizes,
    SsdHead,
    YoloMapsHead,
    YoloSizes,
)

Boxes = tuple[tuple[float, float], ...]
BOX, MAP = 4, 4  # numbers of a box; axes of a map
YOLO_ANCHORS: Mapping[str, tuple[Boxes, ...]] = {
    # Of darknet's cfg files (https://github.com/AlexeyAB/darknet); YOLOv5 has those of yolov3, YOLOv7 those of yolov4.
    "yolov3": (
        ((10, 13), (16, 30), (33, 23)),
        ((30, 61), (62, 45), (59, 119)),
        ((116, 90), (156, 198), (373, 326)),
    ),
    "yolov3-tiny": (((10, 14), (23, 27), (37, 58)), ((81, 82), (135, 169), (344, 319))),
    "yolov4": (
        ((12, 16), (19, 36), (40, 28)),
        ((36, 75), (76, 55), (72, 146)),
        ((142, 110), (192, 243), (459, 401)),
    ),
    "yolov4-tiny": (((23, 27), (37, 58), (81, 82)), ((81, 82), (135, 169), (344, 319))),
}


class SsdCard(CandidatesCard):
    """Offsets from anchors, and scores: SSD, RetinaNet, EfficientDet, MediaPipe."""

    spoken = "SSD"
    kind: Literal["ssd"] = "ssd"
    tensors: tuple[str, ...]
    """Offsets `(n, A, 4)` and scores `(n, A, C)`; or all maps of offsets, level after level, and then as many of scores."""
    anchors: Annotated[tuple[AnchorCard, ...], Field(min_length=1)] | None = None
    """Level after level; or `anchor_generator`."""
    anchor_generator: Annotated[SsdGenerator | PyramidGenerator, Field(discriminator="kind")] | None = None
    """The rule that made them."""
    center_variance: float = 0.1
    size_variance: float = 0.2
    order: OffsetOrder = "xy"
    """`yx`: an offset is dy, dx, dh, dw, as in TensorFlow."""
    sizes: OffsetSizes = "exponential"
    """`linear`: sizes are no logarithms, as in MediaPipe."""
    planar: bool = False
    """Whether channels come first."""
    background: BackgroundField = None
    activation: Activation = "none"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.anchors is None) == (self.anchor_generator is None):
            raise ValueError("write either anchors or anchor_generator")
        if len(self.tensors) < 2 or len(self.tensors) % 2:
            raise ValueError("name as many tensors of offsets as of scores, those of offsets first")
        return self

    def head(self) -> Head:
        grids = self.anchor_generator.grids() if self.anchor_generator else tuple(level.grid() for level in self.anchors or ())
        rest = self.model_dump(exclude={"kind", "tensors", "anchors", "anchor_generator"})
        return SsdHead(anchors_cxcywh_px=AnchorGrids(grids), **rest)

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        scores, offsets = tensors[self.tensors[-1]], tensors[self.tensors[len(self.tensors) // 2 - 1]]
        channels, anchors = _channels(scores, self.planar), _channels(offsets, self.planar)
        if channels is None or (len(scores.shape) == MAP and anchors is None):
            return None
        each = channels // max(1, (anchors or 0) // BOX) if len(scores.shape) == MAP else channels
        return each - (self.background is not None)


class YoloMapsCard(CandidatesCard):
    """Raw maps with anchors: YOLOv3, YOLOv4, YOLOv5, YOLOv7."""

    spoken = "YOLO maps"
    kind: Literal["yolo-maps"] = "yolo-maps"
    tensors: tuple[str, ...] = Field(min_length=1)
    """One output a level, in the order of `strides`; or one with the rows of all."""
    anchors: str | tuple[Boxes, ...] = "yolov3"
    """Width and height of each level's, in pixels of the input; or the name of a table of darknet's."""
    strides: tuple[int, ...] = (8, 16, 32)
    sizes: YoloSizes = "exponential"
    """`square` in YOLOv5 and v7."""
    scale_xy: float | tuple[float, ...] = 1.0
    """darknet's `scale_x_y`, one for all or one a level; 2 in YOLOv5 and v7."""
    planar: bool = False
    """Whether channels come first, or the axis of anchors."""
    activation: Activation = "sigmoid"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if isinstance(self.anchors, str) and self.anchors not in YOLO_ANCHORS:
            raise ValueError(f"anchors is {self.anchors!r}; choose one of {', '.join(YOLO_ANCHORS)}, or list them")
        levels = len(self.strides)
        if len(self._anchors()) != levels or not all(self._anchors()):
            raise ValueError(f"anchors are of {len(self._anchors())} levels and strides of {levels}; write as many of each")
        if len(self.tensors) not in (1, levels):
            raise ValueError(f"name {levels} tensors, one for each stride, or the one of all rows")
        if isinstance(self.scale_xy, tuple) and len(self.scale_xy) not in (1, levels):
            raise ValueError(f"scale_xy is one number, or {levels}")
        return self

    def _anchors(self) -> tuple[Boxes, ...]:
        return YOLO_ANCHORS[self.anchors] if isinstance(self.anchors, str) else self.anchors

    def head(self) -> Head:
        scale_xy = self.scale_xy if isinstance(self.scale_xy, tuple) else (self.scale_xy,)
        rest = self.model_dump(exclude={"kind", "tensors", "anchors", "scale_xy"})
        return YoloMapsHead(anchors_wh_px=self._anchors(), scale_xy=scale_xy, **rest)

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        first = tensors[self.tensors[0]]
        channels = _channels(first, self.planar)
        if channels is None:
            return None
        return (channels // len(self._anchors()[0]) if len(first.shape) == MAP else channels) - 5


class DistancesCard(CandidatesCard):
    """Distances from each cell to the sides of its box: NanoDet, the raw maps of YOLOv8 and 11, FCOS."""

    spoken = "distances"
    kind: Literal["distances"] = "distances"
    tensors: tuple[str, ...] = Field(min_length=1)
    """One output a level, in the order of `strides`, or one with the rows of all; with `separate` first those of distances."""
    strides: tuple[int, ...] = (8, 16, 32)
    bins: int = Field(16, ge=1)
    """Numbers for each distance: 16 in YOLOv8, 8 in NanoDet; 1 where they are the distance."""
    separate: bool = False
    """Whether distances and class scores come in outputs of their own."""
    scores_first: bool = False
    """Whether class scores come before the distances, where they come in one output, as in NanoDet."""
    point: float = 0.5
    """Where distances start from, in cells from its corner: 0 in NanoDet-Plus."""
    units: DistanceUnits = "cells"
    planar: bool = False
    """Whether channels come first."""
    activation: Activation = "sigmoid"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        levels, outputs = len(self.strides), len(self.tensors) / (2 if self.separate else 1)
        if outputs not in (1, levels):
            more = " of distances, and then as many of scores" if self.separate else ""
            raise ValueError(f"name {levels} tensors, one for each stride, or the one of all rows{more}")
        return self

    def head(self) -> Head:
        return DistancesHead(**self.model_dump(exclude={"kind", "tensors"}))

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        channels = _channels(tensors[self.tensors[-1]], self.planar)
        return None if channels is None else channels - (0 if self.separate else BOX * self.bins)


def _channels(tensor: TensorSpec, planar: bool) -> int | None:
    """Return how many channels an output has; with anchors on an axis of their own, how many a candidate has."""
    shape = tensor.shape
    return shape[1] if planar and len(shape) in (3, MAP) else shape[-1] if shape else None

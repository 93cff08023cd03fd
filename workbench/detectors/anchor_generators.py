"""Anchors by the rule that made them, so that nobody has to list hundreds of numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, Self

from pydantic import Field, model_validator

from workbench.detectors.input_card import CardPart
from workbench.settings import SizeHW
from workbench.stages import AnchorGrid, AnchorUnits, CellOrigin, CellStep

PyramidKind = Literal["multiscale", "efficientdet", "keras-cv", "keras-hub"]
LOWEST = ((0.1, 1.0), (None, 2.0), (None, 0.5))  # scale and ratio of a reduced lowest level; None is the level's own scale


class AnchorCard(CardPart):
    """The anchors of one feature map.

    `boxes` lists each cell's; or `sizes` and `ratios` do: every size at the first ratio, then the first size at the other ratios,
    of width `size * sqrt(ratio)` and height `size / sqrt(ratio)`.
    """

    cells: SizeHW | None = None
    """Rows and columns."""
    stride: int | None = Field(None, ge=1)
    """Pixels a cell, where the input's size is free."""
    boxes: tuple[tuple[float, float], ...] = ()
    """Width and height."""
    sizes: tuple[float, ...] = ()
    ratios: tuple[float, ...] = (1.0,)
    units: AnchorUnits = "normalised"
    step: CellStep = "stride"
    """How far cells lie apart that have a stride: by it, or `even` or `whole` pixels so that all lie inside the input."""
    origin: CellOrigin = "middle"
    """Where an anchor's centre lies in its cell."""
    clipped: bool = False
    """Whether anchors are cut off at the input's edges."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.boxes) == bool(self.sizes):
            raise ValueError("write either boxes, or sizes and ratios")
        if (self.cells is None) == (self.stride is None):
            raise ValueError("write either cells or stride")
        return self

    def grid(self) -> AnchorGrid:
        """Return the anchors that this describes."""
        pairs = [(size, self.ratios[0]) for size in self.sizes] + [
            (self.sizes[0], ratio) for ratio in self.ratios[1:] if self.sizes
        ]
        return AnchorGrid(
            boxes_wh=self.boxes or tuple(_box(size, ratio) for size, ratio in pairs),
            cells_hw=self.cells,
            stride_px=self.stride,
            units=self.units,
            step=self.step,
            origin=self.origin,
            clipped=self.clipped,
        )


class SsdGenerator(CardPart):
    """`ssd_anchor_generator` of TensorFlow's Object Detection API, and MediaPipe's `SsdAnchorsCalculator`.

    Scales grow evenly from level to level; each level has one box a ratio, and one between its scale and the next
    (https://github.com/tensorflow/models, research/object_detection/anchor_generators/multiple_grid_anchor_generator.py;
    https://github.com/google-ai-edge/mediapipe, mediapipe/calculators/tflite/ssd_anchors_calculator.cc).
    """

    kind: Literal["ssd"]
    strides: tuple[int, ...] = Field((16, 32, 64, 128, 256, 512), min_length=1)
    """Pixels a cell of each level; levels of one stride that follow each other share their cells, as in MediaPipe."""
    min_scale: float = 0.2
    max_scale: float = 0.95
    ratios: tuple[float, ...] = (1.0, 2.0, 0.5, 3.0, 0.3333)
    """Width over height, in their order."""
    interpolated_ratio: float = 1.0
    """Of the box between two scales; 0 leaves it out."""
    reduced_lowest: bool = True
    """Whether the first level has three boxes, as `reduce_boxes_in_lowest_layer` says; MediaPipe's default is that it has not."""
    fixed_size: bool = False
    """Whether each anchor is as large as the input, as in MediaPipe's `fixed_anchor_size`."""
    units: Literal["normalised", "shorter-side"] = "shorter-side"
    """What scales are fractions of; in MediaPipe each side of the input by itself."""

    def grids(self) -> tuple[AnchorGrid, ...]:
        """Return the levels."""
        levels = [(stride, self._boxes(number)) for number, stride in enumerate(self.strides)]
        return tuple(
            AnchorGrid(
                stride_px=stride,
                boxes_wh=tuple((1.0, 1.0) if self.fixed_size else box for _, boxes in group for box in boxes),
                units="normalised" if self.fixed_size else self.units,
                step="even",
            )
            for stride, group in groupby(levels, key=lambda level: level[0])
        )

    def _boxes(self, number: int) -> list[tuple[float, float]]:
        scale, following = self._scale(number), self._scale(number + 1)
        if number == 0 and self.reduced_lowest:
            return [_box(fixed or scale, ratio) for fixed, ratio in LOWEST]
        between = [_box(math.sqrt(scale * following), self.interpolated_ratio)] if self.interpolated_ratio else []
        return [*(_box(scale, ratio) for ratio in self.ratios), *between]

    def _scale(self, number: int) -> float:
        last = len(self.strides) - 1
        if number > last:
            return 1.0
        share = number / last if last else 0.5
        return self.min_scale + (self.max_scale - self.min_scale) * share


@dataclass(frozen=True, slots=True)
class _Pyramid:
    """How a family makes the anchors of a pyramid.

    Attributes:
        ratios: Its usual ones.
        octave: Its usual number of scales in an octave.
        ratios_outside: Whether all scales of a ratio follow each other, rather than all ratios of a scale.
        high: Whether a ratio is height over width.
        whole_pixels: Whether sizes are whole pixels, and half boxes too.
    """

    ratios: tuple[float, ...]
    octave: int
    ratios_outside: bool
    step: CellStep = "stride"
    origin: CellOrigin = "middle"
    clipped: bool = False
    high: bool = False
    whole_pixels: bool = False


PYRAMIDS: Mapping[str, _Pyramid] = {
    # tensorflow/models, research/object_detection/anchor_generators/multiscale_grid_anchor_generator.py
    "multiscale": _Pyramid((1.0, 2.0, 0.5), 2, ratios_outside=True, origin="middle-if-divisible"),
    # google/automl, efficientdet/tf2/anchors.py
    "efficientdet": _Pyramid((1.0, 2.0, 0.5), 3, ratios_outside=False, step="even"),
    # keras-team/keras-cv, keras_cv/src/layers/object_detection/anchor_generator.py, as RetinaNet calls it
    "keras-cv": _Pyramid((0.5, 1.0, 2.0), 3, ratios_outside=False, clipped=True),
    # keras-team/keras-hub, keras_hub/src/models/retinanet/anchor_generator.py, whose weights and anchors are torchvision's
    "keras-hub": _Pyramid((0.5, 1.0, 2.0), 3, ratios_outside=True, step="whole", origin="corner", high=True, whole_pixels=True),
}


class PyramidGenerator(CardPart):
    """Anchors of RetinaNet (https://arxiv.org/abs/1708.02002, section 4): on each level the same few boxes, in strides of it."""

    kind: PyramidKind
    strides: tuple[int, ...] = Field((8, 16, 32, 64, 128), min_length=1)
    """Pixels a cell of each level."""
    anchor_scale: float = 4.0
    """Side of the smallest anchor, in strides; 3 in EfficientDet-Lite."""
    scales_per_octave: int | None = Field(None, ge=1)
    """The family's usual number by default, as are `ratios`."""
    ratios: tuple[float, ...] = ()
    """Width over height; height over width in KerasHub."""

    def grids(self) -> tuple[AnchorGrid, ...]:
        """Return the levels."""
        family = PYRAMIDS[self.kind]
        return tuple(
            AnchorGrid(
                stride_px=stride,
                boxes_wh=self._boxes(family, 1 if family.step == "even" else stride),
                units="cells" if family.step == "even" else "pixels",
                step=family.step,
                origin=family.origin,
                clipped=family.clipped,
            )
            for stride in self.strides
        )

    def _boxes(self, family: _Pyramid, unit: int) -> tuple[tuple[float, float], ...]:
        count = self.scales_per_octave or family.octave
        sizes = [unit * self.anchor_scale * 2 ** (number / count) for number in range(count)]
        ratios = [1 / ratio if family.high else ratio for ratio in self.ratios or family.ratios]
        pairs = [(size, ratio) for size in sizes for ratio in ratios]
        if family.ratios_outside:
            pairs = [(size, ratio) for ratio in ratios for size in sizes]
        if not family.whole_pixels:
            return tuple(_box(size, ratio) for size, ratio in pairs)
        boxes = (_box(int(size), ratio) for size, ratio in pairs)
        return tuple((2.0 * round(width / 2), 2.0 * round(height / 2)) for width, height in boxes)


def _box(size: float, ratio: float) -> tuple[float, float]:
    return size * math.sqrt(ratio), size / math.sqrt(ratio)

"""The detector card: a small text file beside a model that says what its tensors mean. A card always wins over guessing."""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.detectors.detector import Meaning
from workbench.detectors.labels import guessed_labels, read_labels
from workbench.detectors.network import Tensors, TensorSpec
from workbench.errors import ModelError, SaveError
from workbench.record import write_whole
from workbench.settings import SizeHW
from workbench.stages.anchors import AnchorGrid, AnchorGrids
from workbench.stages.heads import Activation, BoxesHead, BoxOrder, Head, RowsHead, SsdHead, YoloxHead
from workbench.stages.input_spec import CHANNELS, Align, Colour, Fit, InputSpec, Layout, PerChannel
from workbench.stages.own_nms import DetectionRows, DetectionTensors, OwnNms

SUFFIXES = (".card.toml", ".card.json")
Units = Literal["normalised", "pixels"]
Values = Literal["0..1", "0..255", "-1..1"]
OFFSET_AND_FACTOR: Mapping[str, tuple[float, float]] = {"0..1": (0.0, 1 / 255), "0..255": (0.0, 1.0), "-1..1": (127.5, 1 / 127.5)}
PIXEL_TYPE = "uint8"  # a network that takes it is fed pixels as they are


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InputCard(_Part):
    """What the network wants to be fed; what the file itself fixes (size, layout, batch) need not stand here."""

    size: SizeHW | None = None
    """Height and width where nobody chooses, if the file leaves them open."""
    multiple_of: int = Field(32, ge=1)
    """Of both sides, where the file leaves them open."""
    layout: Layout | None = None
    colour: Colour = "RGB"
    values: Values | None = None
    """The range that pixels are brought to; or `offset` and `factor`."""
    offset: PerChannel | None = None
    """Subtracted from each pixel value (0..255), before `factor`."""
    factor: PerChannel | None = None
    fit: Fit = "letterbox"
    align: Align = "centre"
    pad: float = Field(114.0, ge=0, le=255)

    @model_validator(mode="after")
    def _one_scaling(self) -> Self:
        if self.values is not None and (self.offset is not None or self.factor is not None):
            raise ValueError("write either values, or offset and factor")
        return self

    def spec(self, tensor: TensorSpec) -> InputSpec:
        """Return what the pipeline feeds.

        Raises:
            ModelError: The tensor takes no pictures, or not such.
        """
        layout = self.layout or layout_of(tensor)
        batch, height, width = tensor.shape[0], *(tensor.shape[1:3] if layout == "NHWC" else tensor.shape[2:])
        fixed = (height, width) if height is not None and width is not None else None
        if fixed and self.size not in (None, fixed):
            raise ModelError(f"the card's input.size is {self.size}, the file takes {fixed} only; correct the card")
        offset, factor = OFFSET_AND_FACTOR[self.values or "0..1"]
        return InputSpec(
            size_hw=fixed,
            default_hw=fixed or self.size or DEFAULT_HW,
            multiple_of=self.multiple_of,
            layout=layout,
            colour=self.colour,
            offset=offset if self.offset is None else self.offset,
            factor=factor if self.factor is None and self.offset is None else 1.0 if self.factor is None else self.factor,
            fit=self.fit,
            align=self.align,
            pad=self.pad,
            batch=batch,
            dtype="uint8" if tensor.dtype == PIXEL_TYPE else "float32",
        )


DEFAULT_HW = (320, 320)


def layout_of(tensor: TensorSpec) -> Layout:
    """Tell the order of an input's axes by where its three channels are.

    Raises:
        ModelError: It has none such: the network takes no colour pictures.
    """
    if len(tensor.shape) == 4 and tensor.shape[3] == CHANNELS:
        return "NHWC"
    if len(tensor.shape) == 4 and tensor.shape[1] == CHANNELS:
        return "NCHW"
    raise ModelError(f"its input is {tensor}, which takes no colour pictures; choose a detector of RGB pictures")


class AnchorCard(_Part):
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
    units: Units = "normalised"

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
        boxes = self.boxes or tuple((size * math.sqrt(ratio), size / math.sqrt(ratio)) for size, ratio in pairs)
        return AnchorGrid(boxes_wh=boxes, cells_hw=self.cells, stride_px=self.stride, normalised=self.units == "normalised")


class SsdCard(_Part):
    """Offsets from anchors, and scores."""

    kind: Literal["ssd"] = "ssd"
    tensors: tuple[str, str]
    """Offsets `(n, A, 4)` and scores `(n, A, C)`."""
    anchors: tuple[AnchorCard, ...] = Field(min_length=1)
    center_variance: float = 0.1
    size_variance: float = 0.2
    background: bool = False
    activation: Activation = "none"

    def head(self) -> Head:
        return SsdHead(
            anchors_cxcywh_px=AnchorGrids(tuple(level.grid() for level in self.anchors)),
            center_variance=self.center_variance,
            size_variance=self.size_variance,
            background=self.background,
            activation=self.activation,
        )

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        return _last(tensors, self.tensors[1], self.background)


class BoxesCard(_Part):
    """Decoded boxes, and scores."""

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


class RowsCard(_Part):
    """One tensor with a row for each candidate: a decoded box, perhaps objectness, and class scores (YOLOv5, YOLOv8, YOLO11)."""

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


class YoloxCard(_Part):
    """YOLOX's raw grids: one tensor `(n, A, 5 + C)`."""

    kind: Literal["yolox"] = "yolox"
    tensors: tuple[str]
    strides: tuple[int, ...] = (8, 16, 32)

    def head(self) -> Head:
        return YoloxHead(strides=self.strides)

    def classes(self, tensors: Mapping[str, TensorSpec]) -> int | None:
        columns = tensors[self.tensors[0]].shape[-1]
        return None if columns is None else columns - 5


class DetectionsCard(_Part):
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


CandidatesCard = Annotated[SsdCard | BoxesCard | RowsCard | YoloxCard, Field(discriminator="kind")]


class Card(_Part):
    """What a model's tensors mean."""

    card: Literal[1] = 1
    """Version of this format."""
    name: str | None = None
    labels: tuple[str, ...] | str = ()
    """Class names in the order of the scores; or a text file with a name a line, beside the card."""
    guessed: tuple[str, ...] = ()
    """What nobody has confirmed; for people."""
    input: InputCard = InputCard()
    candidates: CandidatesCard | None = None
    """Outputs that want an NMS."""
    detections: DetectionsCard | None = None
    """Outputs that have had one."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.candidates is None and self.detections is None:
            raise ValueError("a card needs [candidates] or [detections]")
        return self

    def meaning(self, tensors: Tensors, folder: Path | None = None) -> Meaning:
        """Bring the card and a network together.

        Args:
            tensors: Of the network.
            folder: Where a file of labels is looked for.

        Raises:
            ModelError: They do not fit: says what the card names and what there is.
        """
        if len(tensors.inputs) != 1:
            raise ModelError(f"it takes {len(tensors.inputs)} inputs; choose a detector of one picture")
        there = {one.name: one for one in tensors.outputs}
        parts = [part for part in (self.candidates, self.detections) if part is not None]
        missing = [name for part in parts for name in part.tensors if name not in there]
        if missing:
            raise ModelError(
                f"the card names the output {missing[0]!r}, the model has {', '.join(map(str, tensors.outputs))}; correct the card"
            )
        return Meaning(
            kind=_kind(self),
            input_spec=self.input.spec(tensors.inputs[0]),
            labels=self._labels(tensors, there, folder),
            head=self.candidates.head() if self.candidates else None,
            head_outputs=self.candidates.tensors if self.candidates else (),
            own_nms=self.detections.reader() if self.detections else None,
            own_outputs=self.detections.tensors if self.detections else (),
        )

    def _labels(self, tensors: Tensors, there: Mapping[str, TensorSpec], folder: Path | None) -> tuple[str, ...]:
        if isinstance(self.labels, str):
            return read_labels((folder or Path()) / self.labels)
        count = self.candidates.classes(there) if self.candidates else None
        labels = self.labels or tensors.labels or guessed_labels(count or len(tensors.labels) or 1)
        if self.labels and count is not None and count != len(labels):
            raise ModelError(f"the card has {len(labels)} labels, the model scores {count} classes; correct the card")
        if count is not None and len(labels) != count:
            return guessed_labels(count)
        return labels

    def to_toml(self) -> str:
        """Write it as `read_card` reads it."""
        import tomli_w

        tree = self.model_dump(mode="json", exclude_none=True)
        return tomli_w.dumps({name: part for name, part in tree.items() if part not in ((), [], "")})


def card_path(model: Path) -> Path | None:
    """Find the card of a model: `model.card.toml` or `.json` beside `model.tflite`, or beside the folder `model`."""
    stem = model.name if model.is_dir() else model.stem
    return next((path for suffix in SUFFIXES if (path := model.with_name(f"{stem}{suffix}")).is_file()), None)


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        ModelError: It is missing, is no TOML or JSON, or says what a card cannot say; names the place.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ModelError(f"cannot read the detector card {path}: {error.strerror}; write one with `workbench describe`") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"the detector card {path} is no TOML or JSON ({error}); correct it, or write one with `describe`"
        ) from None
    try:
        return Card.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "its sections"
        reason = first["msg"].removeprefix("Value error, ")
        raise ModelError(f"the detector card {path} is wrong at {place}: {reason}; correct it") from None


def write_card(card: Card, model: Path) -> Path:
    """Write a card beside its model.

    Raises:
        SaveError: It cannot be written.
    """
    stem = model.name if model.is_dir() else model.stem
    path = model.with_name(f"{stem}{SUFFIXES[0]}")
    if not path.parent.is_dir():
        raise SaveError(f"there is no folder {path.parent}")
    write_whole(path, card.to_toml())
    return path


KINDS = {"ssd": "SSD", "boxes": "boxes and scores", "rows": "YOLO rows", "yolox": "YOLOX"}


def _kind(card: Card) -> str:
    words: Sequence[str] = [KINDS[card.candidates.kind]] if card.candidates else []
    return " and ".join([*words, *(["its own NMS"] if card.detections else [])])


def _last(tensors: Mapping[str, TensorSpec], name: str, background: bool) -> int | None:
    shape = tensors[name].shape
    last = shape[-1] if shape else None
    return None if last is None else last - background

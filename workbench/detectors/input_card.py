"""The input's part of a detector card: what the network wants to be fed."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.detectors.network import TensorSpec
from workbench.errors import ModelError
from workbench.settings import SizeHW
from workbench.stages import CHANNELS, Align, Colour, Fit, InputSpec, Layout, PerChannel

Values = Literal["0..1", "0..255", "-1..1", "imagenet"]
# ImageNet's mean and standard deviation of each channel, red first: torchvision.transforms.Normalize's usual numbers, times 255.
IMAGENET = (123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375)
OFFSET_AND_FACTOR: Mapping[str, tuple[PerChannel, PerChannel]] = {
    "0..1": (0.0, 1 / 255),
    "0..255": (0.0, 1.0),
    "-1..1": (127.5, 1 / 127.5),
    "imagenet": IMAGENET,
}
PIXEL_TYPE = "uint8"  # a network that takes it is fed pixels as they are


class CardPart(BaseModel):
    """A table of a card: it says nothing that has no place there."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InputCard(CardPart):
    """What the network wants to be fed; what the file itself fixes (size, layout, batch) need not stand here."""

    size: SizeHW | None = None
    """Height and width where nobody chooses, if the file leaves them open."""
    multiple_of: int = Field(32, ge=1)
    """Of both sides, where the file leaves them open."""
    layout: Layout | None = None
    colour: Colour = "RGB"
    values: Values | None = None
    """The range that pixels are brought to (`imagenet`: its mean and deviation a channel); or `offset` and `factor`."""
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
        offset, factor = (_in_order(one, self.colour) for one in OFFSET_AND_FACTOR[self.values or "0..1"])
        return InputSpec(
            size_hw=fixed,
            default_hw=fixed or self.size or tensor.usual_hw or DEFAULT_HW,
            multiple_of=max(self.multiple_of, tensor.multiple_of or 1),
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


def _in_order(red_first: PerChannel, colour: Colour) -> PerChannel:
    return red_first[::-1] if isinstance(red_first, tuple) and colour == "BGR" else red_first


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

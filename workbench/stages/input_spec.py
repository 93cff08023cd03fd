"""What a network wants to be fed, and where a frame lies inside that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.detections import FloatArray
from workbench.errors import SettingsError, UnavailableError

Layout = Literal["NHWC", "NCHW"]
Colour = Literal["RGB", "BGR"]
Fit = Literal["letterbox", "stretch"]
Align = Literal["centre", "top-left"]
InputType = Literal["float32", "uint8"]
PerChannel = float | tuple[float, float, float]

CHANNELS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """What the network wants to be fed.

    Attributes:
        size_hw: The one size it takes, in pixels; `None` is any multiple of `multiple_of`.
        default_hw: The size where the user chooses none.
        multiple_of: What both sides must be multiples of, where the size is free.
        layout: Order of the axes after the batch.
        colour: Order of the channels.
        offset: Subtracted from each pixel value (0..255), one number or one a channel, in the network's colour order.
        factor: Then multiplied: `value = (pixel - offset) * factor`.
        fit: `letterbox` keeps the frame's shape and pads what is left; `stretch` fills the input and changes the shape.
        align: Where a letterboxed frame lies.
        pad: Pixel value (0..255) of the padding, before offset and factor.
        batch: The one batch size it takes; `None` is any.
        dtype: `uint8` means that pixels go in as they are, without offset and factor.
    """

    size_hw: tuple[int, int] | None
    default_hw: tuple[int, int]
    multiple_of: int = 32
    layout: Layout = "NHWC"
    colour: Colour = "RGB"
    offset: PerChannel = 0.0
    factor: PerChannel = 1 / 255
    fit: Fit = "letterbox"
    align: Align = "centre"
    pad: float = 114.0
    batch: int | None = None
    dtype: InputType = "float32"

    def __post_init__(self) -> None:
        sizes = [self.default_hw] if self.size_hw is None else [self.size_hw, self.default_hw]
        if any(side < 1 for size in sizes for side in size):
            raise ValueError(f"an input needs at least one pixel a side, got {sizes}")
        if self.size_hw not in (None, self.default_hw):
            raise ValueError(f"the default size {self.default_hw} is not the fixed size {self.size_hw}")
        if not 0 <= self.pad <= 255:
            raise ValueError(f"pad is a pixel value in 0..255, got {self.pad}")
        if self.multiple_of < 1 or (self.batch is not None and self.batch < 1):
            raise ValueError(f"multiple_of and batch are at least 1, got {self.multiple_of} and {self.batch}")

    def choose_size(self, size_hw: tuple[int, int] | None) -> tuple[int, int]:
        """Return the size to run at: the one asked for, or the default.

        Raises:
            UnavailableError: The network has one size, and it is another.
            SettingsError: The size is not a multiple of `multiple_of`.
        """
        if size_hw is None or size_hw == self.size_hw:
            return self.default_hw
        if self.size_hw is not None:
            raise UnavailableError(f"input.size_hw is {size_text(size_hw)}; this detector takes {size_text(self.size_hw)} only")
        if any(side < 1 or side % self.multiple_of for side in size_hw):
            raise SettingsError(f"input.size_hw is {size_text(size_hw)}; choose multiples of {self.multiple_of}")
        return size_hw

    def batch_shape(self, count: int, size_hw: tuple[int, int]) -> tuple[int, ...]:
        """Return the shape of so many frames at a size, by the layout."""
        return (count, *size_hw, CHANNELS) if self.layout == "NHWC" else (count, CHANNELS, *size_hw)

    def scale_and_shift(self) -> tuple[FloatArray, FloatArray]:
        """Return the `(3,)` arrays of `value = pixel * scale + shift`, in the network's colour order."""
        factor = np.broadcast_to(np.asarray(self.factor, np.float64), CHANNELS)
        offset = np.broadcast_to(np.asarray(self.offset, np.float64), CHANNELS)
        return factor.astype(np.float32), (-offset * factor).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies inside the network's input.

    Attributes:
        scale_xy: Input pixels per pixel of the frame. The axes differ a little even in a letterbox: content has whole pixels.
        offset_xy_px: The frame's top left corner in the input.
        content_hw: The frame's size in the input, in pixels.
        frame_size_hw: The frame's own size.
    """

    scale_xy: tuple[float, float]
    offset_xy_px: tuple[int, int]
    content_hw: tuple[int, int]
    frame_size_hw: tuple[int, int]

    def to_frame(self, boxes_xyxy: FloatArray) -> FloatArray:
        """Turn boxes in pixels of the input into `xyxy_px` of the original frame, clipped to it.

        >>> spec = InputSpec(size_hw=(320, 320), default_hw=(320, 320))
        >>> place(spec, (720, 1280), (320, 320)).to_frame(np.array([[80, 70, 160, 90]], np.float32))
        array([[320.,   0., 640.,  80.]], dtype=float32)
        """
        height, width = self.frame_size_hw
        offset = np.array(self.offset_xy_px * 2, np.float32)
        scale = np.array(self.scale_xy * 2, np.float32)
        limit = np.array([width, height, width, height], np.float32)
        return np.asarray(np.clip((boxes_xyxy - offset) / scale, 0, limit), np.float32)


def place(spec: InputSpec, frame_size_hw: tuple[int, int], size_hw: tuple[int, int]) -> Placement:
    """Say where a frame of some size lies inside the network's input. Every way of resizing follows this one function.

    >>> spec = InputSpec(size_hw=None, default_hw=(320, 320))
    >>> place(spec, (720, 1280), (320, 320))
    Placement(scale_xy=(0.25, 0.25), offset_xy_px=(0, 70), content_hw=(180, 320), frame_size_hw=(720, 1280))
    """
    if min(frame_size_hw) < 1:
        raise ValueError(f"a frame needs at least one pixel a side, got {frame_size_hw}")
    height, width = size_hw
    if spec.fit == "stretch":
        content = size_hw
    else:
        scale = min(height / frame_size_hw[0], width / frame_size_hw[1])
        content = (_whole(frame_size_hw[0] * scale, height), _whole(frame_size_hw[1] * scale, width))
    free_y, free_x = height - content[0], width - content[1]
    offset_xy = (free_x // 2, free_y // 2) if spec.align == "centre" else (0, 0)
    scale_xy = (content[1] / frame_size_hw[1], content[0] / frame_size_hw[0])
    return Placement(scale_xy, offset_xy, content, frame_size_hw)


def _whole(length: float, limit: int) -> int:
    return min(max(int(length + 0.5), 1), limit)  # a panorama still gets one row of pixels


def size_text(size_hw: tuple[int, int]) -> str:
    """Write a size as settings read it."""
    return f"{size_hw[0]}x{size_hw[1]}"

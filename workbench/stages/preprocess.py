"""Frames become the network's input, on the host. `workbench.graph.preprocess` is the same inside a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.stages.input_spec import CHANNELS, InputSpec, Placement, place

Frame = NDArray[np.uint8]
Resize = Callable[[Frame, Frame, Placement], None]


def prepare(images_rgb: Sequence[Frame], spec: InputSpec, size_hw: tuple[int, int], how: str = "opencv") -> NDArray[Any]:
    """Resize, pad and scale frames into one batch.

    `opencv` interpolates between the nearest four pixels (`INTER_LINEAR`), as `tf.image.resize` does; both agree within one grey
    level (`1 * factor`): OpenCV rounds to whole levels. `pillow` averages all the pixels that an output pixel covers, so it
    differs from them by design when it shrinks, and agrees within one level when it enlarges. Keep to what a detector
    was trained with where you can, and look at the accuracy where you cannot.

    Args:
        images_rgb: uint8 RGB frames `(height, width, 3)`; their sizes may differ.
        spec: What the network wants.
        size_hw: Height and width of the network's input.
        how: A name in `HOST_RESIZES`.

    Returns:
        A new contiguous array of `spec.dtype`, `(n, height, width, 3)` or `(n, 3, height, width)`.

    Raises:
        ValueError: An image is not uint8 RGB.
    """
    resize = HOST_RESIZES[how]
    batch = np.empty(spec.batch_shape(len(images_rgb), size_hw), spec.dtype)
    for image, out in zip(images_rgb, batch, strict=True):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != CHANNELS:
            raise ValueError(f"a frame is uint8 RGB (height, width, 3), got {image.dtype} {image.shape}")
        placement = place(spec, (image.shape[0], image.shape[1]), size_hw)
        canvas = np.full((*size_hw, CHANNELS), round(spec.pad), np.uint8)
        resize(image, canvas, placement)
        _scale(canvas, out, spec)
    return batch


def _content(canvas: Frame, placement: Placement) -> Frame:
    (left, top), (height, width) = placement.offset_xy_px, placement.content_hw
    return canvas[top : top + height, left : left + width]


def _resize_opencv(image: Frame, canvas: Frame, placement: Placement) -> None:
    import cv2

    height, width = placement.content_hw
    content = _content(canvas, placement)
    # OpenCV writes straight into the canvas; it returns another array only where it could not.
    resized = cv2.resize(image, (width, height), dst=content, interpolation=cv2.INTER_LINEAR)
    if resized is not content:
        content[...] = resized


def _resize_pillow(image: Frame, canvas: Frame, placement: Placement) -> None:
    from PIL import Image

    height, width = placement.content_hw
    _content(canvas, placement)[...] = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


HOST_RESIZES: Mapping[str, Resize] = {"opencv": _resize_opencv, "pillow": _resize_pillow}


def _scale(canvas: Frame, out: NDArray[Any], spec: InputSpec) -> None:
    """Write `canvas` into `out` with the network's colours, layout, offset and factor."""
    if spec.colour == "BGR":
        import cv2

        canvas = cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR)
    if spec.layout == "NCHW":
        canvas = canvas.transpose(2, 0, 1)
    np.copyto(out, canvas)
    if spec.dtype == "uint8":
        return
    scale, shift = spec.scale_and_shift()
    channel_axis = out.ndim - 1 if spec.layout == "NHWC" else 0
    if (scale != 1).any():
        np.multiply(out, _along(scale, out, channel_axis), out=out)
    if shift.any():
        np.add(out, _along(shift, out, channel_axis), out=out)


def _along(values: NDArray[np.float32], out: NDArray[Any], channel_axis: int) -> NDArray[np.float32] | np.float32:
    """Shape a number per channel so that NumPy's inner loop stays long: a last axis of 3 costs ten times as much."""
    if (values == values[0]).all():
        return np.float32(values[0])
    if channel_axis == 0:
        return values[:, None, None]
    return np.tile(values, out.shape[1]).reshape(out.shape[1], CHANNELS)

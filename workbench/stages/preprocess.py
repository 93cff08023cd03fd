"""Frames become the network's input, on the host. `workbench.graph.preprocess` is the same inside a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.stages.input_spec import CHANNELS, InputSpec, place

Frame = NDArray[np.uint8]
Resize = Callable[[Frame, Frame], None]
"""Writes a frame, resized, into the part of the input that it fills."""


def prepare(
    images_rgb: Sequence[Frame], spec: InputSpec, size_hw: tuple[int, int], how: str = "opencv", filter_name: str | None = None
) -> NDArray[Any]:
    """Resize, pad and scale frames into one batch.

    A side that shrinks is filtered: `linear` interpolates between the nearest two pixels and skips those between, `area` averages
    the pixels that an output pixel covers, `triangle` averages twice as many, those at the middle most. A side that grows is
    interpolated linearly by all of them. Whoever has a filter agrees with the others that do within one grey level (`1 * factor`),
    by rounding; but Pillow's `area` takes whole pixels where an output pixel covers parts of some. Keep to what a detector was
    trained with where you can, and look at the accuracy where you cannot.

    Args:
        images_rgb: uint8 RGB frames `(height, width, 3)`; their sizes may differ.
        spec: What the network wants.
        size_hw: Height and width of the network's input.
        how: A name in `HOST_RESIZES`.
        filter_name: One of its filters; the first by default, which is its usual one.

    Returns:
        A new contiguous array of `spec.dtype`, `(n, height, width, 3)` or `(n, 3, height, width)`.

    Raises:
        ValueError: An image is not uint8 RGB.
    """
    filters = HOST_RESIZES[how]
    resize = filters[filter_name or next(iter(filters))]
    batch = np.empty(spec.batch_shape(len(images_rgb), size_hw), spec.dtype)
    for image, out in zip(images_rgb, batch, strict=True):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != CHANNELS:
            raise ValueError(f"a frame is uint8 RGB (height, width, 3), got {image.dtype} {image.shape}")
        placement = place(spec, (image.shape[0], image.shape[1]), size_hw)
        canvas = np.full((*size_hw, CHANNELS), round(spec.pad), np.uint8)
        (left, top), (height, width) = placement.offset_xy_px, placement.content_hw
        resize(image, canvas[top : top + height, left : left + width])
        _scale(canvas, out, spec)
    return batch


def _opencv_linear(image: Frame, content: Frame) -> None:
    import cv2

    _opencv(image, content, cv2.INTER_LINEAR)


def _opencv_area(image: Frame, content: Frame) -> None:
    import cv2

    shrunk_wh = _shrunk_wh(image, content)
    if shrunk_wh == _size_wh(content):
        _opencv(image, content, cv2.INTER_AREA)
    else:  # by itself `INTER_AREA` would average no side where one of them grows
        averaged = cv2.resize(image, shrunk_wh, interpolation=cv2.INTER_AREA)
        _opencv(np.asarray(averaged, np.uint8), content, cv2.INTER_LINEAR)


def _opencv(image: Frame, content: Frame, interpolation: int) -> None:
    import cv2

    # OpenCV writes straight into the canvas; it returns another array only where it could not.
    resized = cv2.resize(image, _size_wh(content), dst=content, interpolation=interpolation)
    if resized is not content:
        content[...] = resized


def _pillow_triangle(image: Frame, content: Frame) -> None:
    from PIL import Image

    content[...] = np.asarray(Image.fromarray(image).resize(_size_wh(content), Image.Resampling.BILINEAR))


def _pillow_area(image: Frame, content: Frame) -> None:
    from PIL import Image

    averaged = Image.fromarray(image).resize(_shrunk_wh(image, content), Image.Resampling.BOX)
    content[...] = np.asarray(averaged.resize(_size_wh(content), Image.Resampling.BILINEAR))


def _size_wh(image: Frame) -> tuple[int, int]:
    height, width = image.shape[:2]
    return width, height


def _shrunk_wh(image: Frame, content: Frame) -> tuple[int, int]:
    """Return width and height once the sides that shrink have done so."""
    (width, height), (most_width, most_height) = _size_wh(image), _size_wh(content)
    return min(width, most_width), min(height, most_height)


HOST_RESIZES: Mapping[str, Mapping[str, Resize]] = {
    "opencv": {"linear": _opencv_linear, "area": _opencv_area},
    "pillow": {"triangle": _pillow_triangle, "area": _pillow_area},
}
RESIZED_BY: Mapping[str, str] = {"linear": "opencv", "area": "opencv", "triangle": "pillow"}  # the quickest that has a filter


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

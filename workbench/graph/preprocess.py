"""Frames become the network's input inside a graph: the resize and the scaling run where the network runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.stages import InputSpec, place

Tensor = Any


def prepare(frames: Tensor, spec: InputSpec, size_hw: tuple[int, int], filter_name: str = "linear") -> Tensor:
    """Resize, pad and scale a batch of frames; `workbench.stages.preprocess.prepare`, as TensorFlow operations.

    Both agree within one grey level (`1 * factor`) under the same filter: this one does not round to whole levels.

    Args:
        frames: uint8 RGB `(n, height, width, 3)`; height and width may be open when the graph is traced, but then XLA cannot
            compile it.
        spec: What the network wants.
        size_hw: Height and width of the network's input.
        filter_name: A name in `GRAPH_FILTERS`; XLA compiles `linear` alone.

    Returns:
        A tensor of `spec.dtype`, `(n, height, width, 3)` or `(n, 3, height, width)`.
    """
    return scale(resize(frames, spec, size_hw, filter_name), spec)


def resize(frames: Tensor, spec: InputSpec, size_hw: tuple[int, int], filter_name: str = "linear") -> Tensor:
    """Do the first part of `prepare`: return float32 pixels `(n, *size_hw, 3)`, padded, in 0..255."""
    import tensorflow as tf

    size = np.array(size_hw, np.int32)
    content, before = _placed(frames, spec, size)
    # The resize reads uint8 and writes float32, which spares casting the large frame.
    pixels = tf.cast(GRAPH_FILTERS[filter_name](frames, content), tf.float32)
    if content is not size:
        padding = tf.concat([[[0, 0]], tf.stack([before, size - content - before], axis=1), [[0, 0]]], axis=0)
        pixels = tf.pad(pixels, padding, constant_values=spec.pad)
    return tf.ensure_shape(pixels, (frames.shape[0], *size_hw, 3))  # the network is not to make up for an open one


def _linear(frames: Tensor, content: Tensor) -> Tensor:
    import tensorflow as tf

    return tf.image.resize(frames, content)


def _area(frames: Tensor, content: Tensor) -> Tensor:
    import tensorflow as tf

    height, width = frames.shape[1:3]
    known = height is not None and width is not None and isinstance(content, np.ndarray)
    shrunk = np.minimum(content, (height, width)) if known else tf.minimum(content, tf.shape(frames)[1:3])
    return tf.image.resize(tf.image.resize(frames, shrunk, "area"), content)  # linear, where a side grows


def _triangle(frames: Tensor, content: Tensor) -> Tensor:
    import tensorflow as tf

    return tf.image.resize(frames, content, antialias=True)


GRAPH_FILTERS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {"linear": _linear, "area": _area, "triangle": _triangle}


def _placed(frames: Tensor, spec: InputSpec, size: NDArray[np.int32]) -> tuple[Tensor, Tensor]:
    """Return height and width of the content, `size` itself where there is no padding, and where it begins, as `place` does."""
    import tensorflow as tf

    height, width = frames.shape[1:3]
    if spec.fit == "stretch":
        return size, np.zeros(2, np.int32)
    if height is not None and width is not None:
        placement = place(spec, (height, width), (int(size[0]), int(size[1])))
        content = np.array(placement.content_hw, np.int32)
        return size if (content == size).all() else content, np.array(placement.offset_xy_px[::-1], np.int32)
    frame_hw = tf.cast(tf.shape(frames)[1:3], tf.float64)
    content = tf.clip_by_value(tf.cast(frame_hw * tf.reduce_min(size / frame_hw) + 0.5, tf.int32), 1, size)
    return content, (size - content) // 2 if spec.align == "centre" else np.zeros(2, np.int32)


def scale(pixels: Tensor, spec: InputSpec) -> Tensor:
    """Do the second part of `prepare`: bring pixels into the network's colours, layout, offset and factor."""
    import tensorflow as tf

    if spec.colour == "BGR":
        pixels = tf.reverse(pixels, axis=[-1])
    if spec.dtype == "uint8":
        pixels = tf.cast(tf.round(pixels), tf.uint8)
    else:
        factor, shift = spec.scale_and_shift()
        pixels = pixels * factor if (factor != 1).any() else pixels
        pixels = pixels + shift if np.any(shift) else pixels
    return tf.transpose(pixels, [0, 3, 1, 2]) if spec.layout == "NCHW" else pixels

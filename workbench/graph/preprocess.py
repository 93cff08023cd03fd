"""Frames become the network's input inside a graph: the resize and the scaling run where the network runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.stages import InputSpec, place

Tensor = Any


def prepare(frames: Tensor, spec: InputSpec, size_hw: tuple[int, int]) -> Tensor:
    """Resize, pad and scale a batch of frames; `workbench.stages.preprocess.prepare` with `opencv`, as TensorFlow operations.

    Both agree within one grey level (`1 * factor`): this one does not round to whole levels. XLA compiles it.

    Args:
        frames: uint8 RGB `(n, height, width, 3)`; height and width must be known when the graph is traced.
        spec: What the network wants.
        size_hw: Height and width of the network's input.

    Returns:
        A tensor of `spec.dtype`, `(n, height, width, 3)` or `(n, 3, height, width)`.

    Raises:
        ValueError: The frames' size is open.
    """
    import tensorflow as tf

    _, frame_height, frame_width, _ = frames.shape
    if frame_height is None or frame_width is None:
        raise ValueError(f"frames need a size that is known when tracing, got shape {frames.shape}")
    placement = place(spec, (frame_height, frame_width), size_hw)
    left, top = placement.offset_xy_px
    height, width = placement.content_hw
    right, bottom = size_hw[1] - width - left, size_hw[0] - height - top

    # The resize reads uint8 and writes float32, which spares casting the large frame.
    resized = frames if (height, width) == (frame_height, frame_width) else tf.image.resize(frames, (height, width))
    pixels = tf.cast(resized, tf.float32)
    if any((left, top, right, bottom)):
        pixels = tf.pad(pixels, [[0, 0], [top, bottom], [left, right], [0, 0]], constant_values=spec.pad)
    return _scaled(pixels, spec)


def prepare_one(frame: Tensor, spec: InputSpec, size_hw: tuple[int, int]) -> Tensor:
    """Do what `prepare` does, for one frame whose size need not be known when the graph is traced; XLA cannot compile it."""
    import tensorflow as tf

    size = tf.constant(size_hw, tf.int32)
    content = size
    if spec.fit == "letterbox":  # as `place` computes it
        frame_hw = tf.cast(tf.shape(frame)[:2], tf.float64)
        scale = tf.reduce_min(tf.cast(size, tf.float64) / frame_hw)
        content = tf.clip_by_value(tf.cast(frame_hw * scale + 0.5, tf.int32), 1, size)
    before = (size - content) // 2 if spec.align == "centre" else tf.zeros(2, tf.int32)
    padding = tf.concat([tf.stack([before, size - content - before], axis=1), [[0, 0]]], axis=0)
    pixels = tf.pad(tf.image.resize(frame, content), padding, constant_values=spec.pad)
    return _scaled(tf.ensure_shape(pixels, (*size_hw, 3))[None], spec)[0]


def _scaled(pixels: Tensor, spec: InputSpec) -> Tensor:
    """Return float32 pixels `(n, height, width, 3)` in the network's colours, layout, offset and factor."""
    import tensorflow as tf

    if spec.colour == "BGR":
        pixels = tf.reverse(pixels, axis=[-1])
    if spec.dtype == "uint8":
        pixels = tf.cast(tf.round(pixels), tf.uint8)
    else:
        scale, shift = spec.scale_and_shift()
        pixels = pixels * scale if (scale != 1).any() else pixels
        pixels = pixels + shift if np.any(shift) else pixels
    return tf.transpose(pixels, [0, 3, 1, 2]) if spec.layout == "NCHW" else pixels

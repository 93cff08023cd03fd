"""Networks as PyTorch's come by way of ONNX and TensorFlow's converter: channels first throughout, convolutions apart."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.quantising.networks import batches_for, kinds_in
from workbench.detectors import quiet_logger
from workbench.machine import native_stderr_captured
from workbench.quantising import largest_difference, nhwc

SHAPE = (1, 3, 96, 128)
CLASSES = 10
RANDOM = np.random.default_rng(0)
FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)


def convolution(x: Any, count: int, kernel: int = 3, stride: int = 1, *, swish: bool = True) -> Any:
    weights = RANDOM.normal(size=(kernel, kernel, x.shape[1], count), scale=(2 / (kernel**2 * x.shape[1])) ** 0.5).astype(
        np.float32
    )
    if kernel > 1:
        x = tf.pad(x, [[0, 0], [0, 0], [kernel // 2] * 2, [kernel // 2] * 2])
    x = tf.transpose(tf.nn.conv2d(tf.transpose(x, LAST), tf.constant(weights), stride, "VALID"), FIRST)
    x += tf.constant(RANDOM.normal(size=(1, count, 1, 1)).astype(np.float32))
    return x * tf.sigmoid(x) if swish else x


def enlarged(x: Any) -> Any:
    sides = (x.shape[2] * 2, x.shape[3] * 2)
    return tf.transpose(tf.image.resize(tf.transpose(x, LAST), sides, "nearest"), FIRST)


def pooled(x: Any) -> Any:
    return tf.transpose(tf.nn.max_pool2d(tf.transpose(x, LAST), 5, 1, "SAME"), FIRST)


def split_block(x: Any, count: int) -> Any:
    first, second = tf.split(convolution(x, count, 1), 2, 1)
    more = second + convolution(convolution(second, count // 2), count // 2)
    return convolution(tf.concat([first, second, more], 1), count, 1)


def pyramid(x: Any) -> tuple[Any, Any]:
    """From the first convolution's maps to those of two levels."""
    fine = split_block(convolution(convolution(x, 32, 3, 2), 48, 3, 2), 48)
    coarse = convolution(fine, 64, 3, 2)
    coarse = convolution(tf.concat([coarse, pooled(coarse), pooled(pooled(coarse))], 1), 64, 1)
    fine = split_block(tf.concat([enlarged(coarse), fine], 1), 48)
    return fine, split_block(tf.concat([convolution(fine, 48, 3, 2), coarse], 1), 64)


def with_anchors(x: Any) -> Any:
    """A Focus layer, three anchors a cell, and decoded boxes, as YOLOv5 has them."""
    x = tf.concat([x[:, :, ::2, ::2], x[:, :, 1::2, ::2], x[:, :, ::2, 1::2], x[:, :, 1::2, 1::2]], 1)
    rows = []
    for level, stride in zip(pyramid(convolution(x, 16)), (8, 16), strict=True):
        height, width = level.shape[2:]
        y = tf.reshape(convolution(level, 3 * (5 + CLASSES), 1, swish=False), (1, 3, 5 + CLASSES, height, width))
        y = tf.sigmoid(tf.transpose(y, (0, 1, 3, 4, 2)))
        cells = np.stack(np.meshgrid(range(width), range(height)), -1)[None, None].astype(np.float32)
        y = tf.concat([(y[..., :2] * 2 - 0.5 + cells) * stride, (y[..., 2:4] * 2) ** 2 * 20, y[..., 4:]], -1)
        rows.append(tf.reshape(y, (1, -1, 5 + CLASSES)))
    return tf.concat(rows, 1)


def with_distributions(x: Any) -> Any:
    """Distances as a softmax over sixteen steps, as YOLOv8 has them."""
    levels = []
    for level in pyramid(convolution(x, 16, 3, 2)):
        y = tf.concat([convolution(level, 64, 1, swish=False), convolution(level, CLASSES, 1, swish=False)], 1)
        levels.append(tf.reshape(y, (1, 64 + CLASSES, -1)))
    distances, scores = tf.split(tf.concat(levels, 2), [64, CLASSES], 1)
    likely = tf.nn.softmax(tf.transpose(tf.reshape(distances, (1, 4, 16, -1)), (0, 2, 1, 3)), 1)
    steps = tf.reshape(tf.range(16, dtype=tf.float32), (1, 1, 16, 1))
    mean = tf.transpose(tf.nn.conv2d(tf.transpose(likely, LAST), steps, 1, "VALID"), FIRST)
    return tf.concat([tf.reshape(mean, (1, 4, -1)), tf.sigmoid(scores)], 1)


@pytest.mark.slow
@pytest.mark.parametrize("network", [with_anchors, with_distributions], ids=lambda one: one.__name__)
def test_an_export_of_channels_first_has_few_transposes_left(network: Callable[[Any], Any]) -> None:
    traced = tf.function(network, input_signature=[tf.TensorSpec(SHAPE, tf.float32)], autograph=False)
    with native_stderr_captured(), quiet_logger():
        content = tf.lite.TFLiteConverter.from_concrete_functions([traced.get_concrete_function()]).convert()

    rewritten = nhwc(content)

    before, after = Counter(kinds_in(content)), Counter(kinds_in(rewritten))
    assert before["TRANSPOSE"] > 40
    assert after["TRANSPOSE"] <= 4
    assert largest_difference(content, rewritten, batches_for(content)) < 1e-5

"""The two sample networks, untrained.

Both are single-shot detectors (SSD, Liu et al. 2016, https://arxiv.org/abs/1512.02325) with a feature pyramid (Lin et al. 2017,
https://arxiv.org/abs/1612.03144), one square anchor a cell, and heads of their own on every level. They are fully convolutional:
any size whose sides are multiples of 32 works.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from workbench.errors import SettingsError
from workbench.samples import LABELS

# Offsets leave the network as a ReLU6 stretched to these ranges (in units of variance). So an int8 model has one known scale for
# all levels, and a stray cell of background cannot widen it. Width and height reach from 1/20 of the anchor's side to 4 times it.
CENTER_RANGE = (-8.0, 8.0)
SIZE_RANGE = (-15.0, 7.0)

PRIOR_SCORE = 0.01  # what every score starts from, so that background does not swamp the first steps (RetinaNet, section 4.1)
RELU_LIMIT = 6.0  # bounded activations lose little in int8
MOBILE_PYRAMID = 96
LARGE_PYRAMID = 80

# MobileNetV2 (Sandler et al. 2018, https://arxiv.org/abs/1801.04381, table 2), about 0.35 wide: expansion, channels, repeats,
# stride. The early expansions are smaller than the paper's 6, as half of the time would go there.
MOBILE_BLOCKS = ((1, 8, 1, 1), (4, 16, 2, 2), (4, 24, 3, 2), (6, 48, 4, 2), (6, 96, 4, 2))
MOBILE_STEM = 16
# Plain network: channels and residual blocks at strides 8, 16 and 32.
LARGE_STEM = (24, 48)
LARGE_STAGES = ((64, 1), (128, 1), (192, 1))


def build_network(name: str) -> keras.Model:
    """Build an untrained network by name.

    Returns:
        A model from `(n, height, width, 3)` float32 RGB in 0..1 to `{"offsets": (n, A, 4), "scores": (n, A, 5)}`: offsets are
        (dx, dy, log w, log h) in anchor units over the variances of `SAMPLE_HEAD`, scores are after the sigmoid. The logits are
        the input of the layer `scores`.

    Raises:
        SettingsError: There is no such network.
    """
    if name not in DESIGNS:
        raise SettingsError(f"network is {name!r}; choose one of {', '.join(DESIGNS)}")
    image = keras.Input((None, None, 3), name="image")
    design = DESIGNS[name]
    pyramid = _fuse(design.backbone(image), design)
    offsets, logits = zip(*(_head(level, design) for level in pyramid), strict=True)
    outputs = {
        "offsets": layers.Concatenate(axis=1, dtype="float32", name="offsets")(list(offsets)),
        "scores": layers.Activation("sigmoid", dtype="float32", name="scores")(
            layers.Concatenate(axis=1, dtype="float32", name="logits")(list(logits))
        ),
    }
    return keras.Model(image, outputs, name=name)


def _conv(x: Any, channels: int, *, kernel: int = 3, stride: int = 1, relu: bool = True) -> Any:
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
    return _normalise(x, relu=relu)


def _depthwise(x: Any, stride: int = 1) -> Any:
    return _normalise(layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x), relu=True)


def _normalise(x: Any, *, relu: bool) -> Any:
    x = layers.BatchNormalization(momentum=0.97)(x)  # the default of .99 lags behind a training of few thousand steps
    return layers.ReLU(RELU_LIMIT)(x) if relu else x


def _separable(x: Any, channels: int, *, stride: int = 1) -> Any:
    return _conv(_depthwise(x, stride), channels, kernel=1)


def _inverted_residual(x: Any, expansion: int, channels: int, stride: int) -> Any:
    y = _conv(x, expansion * x.shape[-1], kernel=1) if expansion > 1 else x
    y = _conv(_depthwise(y, stride), channels, kernel=1, relu=False)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == channels else y


def _mobile_backbone(image: Any) -> list[Any]:
    x = _conv(image, MOBILE_STEM, stride=2)
    stages = []
    for expansion, channels, repeats, stride in MOBILE_BLOCKS:
        for n in range(repeats):
            x = _inverted_residual(x, expansion, channels, stride if n == 0 else 1)
        stages.append(x)
    return stages[-3:]


def _large_backbone(image: Any) -> list[Any]:
    x = image
    for channels in LARGE_STEM:
        x = _conv(x, channels, stride=2)
    stages = []
    for channels, blocks in LARGE_STAGES:
        x = _conv(x, channels, stride=2)
        for _ in range(blocks):
            y = _conv(_conv(x, channels), channels, relu=False)
            x = layers.ReLU(RELU_LIMIT)(layers.Add()([x, y]))
        stages.append(x)
    return stages


def _fuse(stages: list[Any], design: _Design) -> list[Any]:
    """Turn features at strides 8, 16 and 32 into the pyramid at 8, 16, 32 and 64, each level seeing the coarser ones."""
    channels, block = design.pyramid, design.block
    top = _conv(stages[-1], channels, kernel=1)
    levels = [block(block(top, channels, stride=2), channels), block(top, channels)]
    for stage in reversed(stages[:-1]):
        above = layers.UpSampling2D(2, interpolation=design.upsampling)(top)
        top = layers.Add()([_conv(stage, channels, kernel=1), above])
        levels.append(block(top, channels))
    return levels[::-1]


def _head(level: Any, design: _Design) -> tuple[Any, Any]:
    """Predict bounded offsets `(n, cells, 4)` and class logits `(n, cells, 5)` from one level."""
    box = layers.Conv2D(4, 1, bias_initializer=keras.initializers.Constant(RELU_LIMIT / 2))(design.block(level, design.pyramid))
    box = layers.Reshape((-1, 4))(layers.ReLU(RELU_LIMIT)(box))
    low, high = np.array([CENTER_RANGE, CENTER_RANGE, SIZE_RANGE, SIZE_RANGE]).T
    box = layers.Rescaling(((high - low) / RELU_LIMIT).tolist(), low.tolist())(box)
    prior = keras.initializers.Constant(-math.log((1 - PRIOR_SCORE) / PRIOR_SCORE))
    logits = layers.Conv2D(len(LABELS), 1, bias_initializer=prior)(design.block(level, design.pyramid))
    return box, layers.Reshape((-1, len(LABELS)))(logits)


@dataclass(frozen=True, slots=True)
class _Design:
    """What differs between the networks.

    Attributes:
        backbone: From a picture to features at strides 8, 16 and 32.
        block: What pyramid and heads are made of.
        pyramid: Channels of both.
        upsampling: How a coarse level grows; Keras' `nearest` becomes a slow TILE in LiteRT, `bilinear` a slow one under XLA.
    """

    backbone: Callable[[Any], list[Any]]
    block: Callable[..., Any]
    pyramid: int
    upsampling: str


DESIGNS = {
    "inspector-mobile": _Design(_mobile_backbone, _separable, MOBILE_PYRAMID, "bilinear"),
    "inspector-large": _Design(_large_backbone, _conv, LARGE_PYRAMID, "nearest"),
}

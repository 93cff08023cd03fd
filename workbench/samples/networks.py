"""The two sample networks and the anchors that their outputs refer to.

Both are single-shot detectors (SSD, Liu et al. 2016, https://arxiv.org/abs/1512.02325) with a feature pyramid (Lin et al. 2017,
https://arxiv.org/abs/1612.03144), one square anchor a cell, and heads of their own on every level. They are fully convolutional:
any size whose sides are multiples of 32 works. Keras is imported by the functions that build, so anchors cost no TensorFlow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import SettingsError
from workbench.samples.scenes.defects import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

SIZE_STEP = 32  # sides are multiples of this: the pyramid doubles 32 -> 16 -> 8, which is exact only on whole cells
CENTER_VARIANCE = 0.1  # SSD's variances: they bring offsets of a well placed anchor to about the same spread
SIZE_VARIANCE = 0.2

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


@dataclass(frozen=True, slots=True)
class AnchorLevel:
    """One level of the pyramid: a square anchor of `side_px` in the middle of every cell of `stride_px`."""

    stride_px: int
    side_px: int

    def grid_hw(self, size_hw: tuple[int, int]) -> tuple[int, int]:
        """Cells of this level in a picture; a last cell may reach over the edge."""
        height, width = size_hw
        return math.ceil(height / self.stride_px), math.ceil(width / self.stride_px)


ANCHOR_LEVELS = tuple(AnchorLevel(stride, 3 * stride) for stride in (8, 16, 32, 64))


def anchors_cxcywh_px(size_hw: tuple[int, int]) -> NDArray[np.float32]:
    """List the anchors in the order of the networks' outputs: level after level, each row by row.

    Args:
        size_hw: Height and width of the network's input, multiples of 32.

    Returns:
        `(A, 4)` of (centre x, centre y, width, height) in pixels of the input.

    Raises:
        SettingsError: A side is not a positive multiple of 32.

    >>> anchors_cxcywh_px((64, 32))[:2]
    array([[ 4.,  4., 24., 24.],
           [12.,  4., 24., 24.]], dtype=float32)
    """
    if any(side < SIZE_STEP or side % SIZE_STEP for side in size_hw):
        raise SettingsError(f"input size is {size_hw[0]}x{size_hw[1]}; choose multiples of {SIZE_STEP}")
    parts = []
    for level in ANCHOR_LEVELS:
        rows, columns = level.grid_hw(size_hw)
        y, x = np.mgrid[:rows, :columns].reshape(2, -1)
        side = np.full(rows * columns, level.side_px)
        parts.append(np.stack([(x + 0.5) * level.stride_px, (y + 0.5) * level.stride_px, side, side], axis=1))
    return np.concatenate(parts).astype(np.float32)


def build_network(name: str) -> keras.Model:
    """Build an untrained network by name.

    Returns:
        A model from `(n, height, width, 3)` float32 RGB in 0..1 to `{"offsets": (n, A, 4), "scores": (n, A, 5)}`: offsets are
        (dx, dy, log w, log h) in anchor units over the variances, scores are after the sigmoid. The logits are the input of the
        layer `scores`.

    Raises:
        SettingsError: There is no such network.
    """
    if name not in DESIGNS:
        raise SettingsError(f"network is {name!r}; choose one of {', '.join(DESIGNS)}")
    import keras
    from keras import layers

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
    from keras import layers

    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
    return _normalise(x, relu=relu)


def _depthwise(x: Any, stride: int = 1) -> Any:
    from keras import layers

    return _normalise(layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x), relu=True)


def _normalise(x: Any, *, relu: bool) -> Any:
    from keras import layers

    x = layers.BatchNormalization(momentum=0.97)(x)  # the default of .99 lags behind a training of few thousand steps
    return layers.ReLU(RELU_LIMIT)(x) if relu else x


def _separable(x: Any, channels: int, *, stride: int = 1) -> Any:
    return _conv(_depthwise(x, stride), channels, kernel=1)


def _inverted_residual(x: Any, expansion: int, channels: int, stride: int) -> Any:
    from keras import layers

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
    from keras import layers

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
    from keras import layers

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
    import keras
    from keras import layers

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

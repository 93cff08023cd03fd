"""Train the small detector anew: `python -m tests.assets.making`. Takes minutes; `shapes.keras` beside this is what it wrote.

A network of one feature map at stride 8 with one square anchor a cell, trained as SSD (Liu et al. 2016,
https://arxiv.org/abs/1512.02325) on `scenes`. Plain layers: every engine and precision takes it.
"""

from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.assets.scenes import FRAME_HW, LABELS, PORTRAIT_HW, SHAPES, Scene, draw_scene
from workbench.detectors.card import read_card
from workbench.detectors.network import TensorSpec
from workbench.stages import place, prepare

CARD = read_card(SHAPES.with_suffix(".card.toml"))
INPUT_HW = (64, 96)
STRIDE_PX = 8
ANCHOR_PX = 20
CENTER_VARIANCE = 0.1
SIZE_VARIANCE = 0.2
CHANNELS = (8, 16, 24)  # at strides 2, 4 and 8
SCENES = 12_000
PORTRAIT_SHARE = 0.2
NEAR = 0.3  # of an object's side: cells whose centre is as near to its centre answer for it
EPOCHS = 40


def build() -> keras.Model:
    image = x = keras.Input((None, None, 3), name="image")
    for channels in CHANNELS:
        x = layers.ReLU(6)(layers.Conv2D(channels, 3, strides=2, padding="same")(x))
    for _ in range(2):  # sees about 50 pixels: the largest object and what is around it
        x = layers.ReLU(6)(layers.DepthwiseConv2D(5, padding="same")(x))
        x = layers.ReLU(6)(layers.Conv2D(CHANNELS[-1], 1)(x))
    offsets = layers.Reshape((-1, 4), name="offsets")(layers.Conv2D(4, 1)(x))
    prior = keras.initializers.Constant(-4.0)  # nothing, nearly everywhere, is what it begins with
    logits = layers.Reshape((-1, len(LABELS)))(layers.Conv2D(len(LABELS), 1, bias_initializer=prior)(x))
    return keras.Model(image, {"offsets": offsets, "scores": layers.Activation("sigmoid", name="scores")(logits)}, name="shapes")


def targets(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return what each cell should say: `(A, 5)` offsets and whether they count, and `(A, 3)` scores."""
    rows, columns = (side // STRIDE_PX for side in INPUT_HW)
    centres = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2) * STRIDE_PX + STRIDE_PX / 2
    placement = place(CARD.input.spec(TensorSpec("image", (None, None, None, 3), "float32")), scene.image_rgb.shape[:2], INPUT_HW)
    boxes = scene.boxes_xyxy_px * np.tile(placement.scale_xy, 2) + np.tile(placement.offset_xy_px, 2)
    offsets, scores = np.zeros((len(centres), 5), np.float32), np.zeros((len(centres), len(LABELS)), np.float32)
    for box, class_id in zip(boxes, scene.class_ids, strict=True):
        middle, side = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        distance = np.abs(centres - middle).max(axis=1)
        cells = distance <= max(NEAR * side.max(), distance.min())
        scores[cells, class_id] = 1
        offsets[cells, :2] = (middle - centres[cells]) / ANCHOR_PX / CENTER_VARIANCE
        offsets[cells, 2:4] = np.log(side / ANCHOR_PX) / SIZE_VARIANCE
        offsets[cells, 4] = 1
    return offsets, scores


def box_loss(wanted: Any, offsets: Any) -> Any:
    mask = wanted[..., 4:]
    return tf.reduce_sum(tf.minimum(tf.abs(wanted[..., :4] - offsets), 4.0) * mask) / tf.maximum(tf.reduce_sum(mask), 1.0)


def score_loss(wanted: Any, scores: Any) -> Any:
    """Return the focal loss (Lin et al. 2017, https://arxiv.org/abs/1708.02002)."""
    right = tf.clip_by_value(tf.where(wanted > 0, scores, 1 - scores), 1e-6, 1.0)
    return tf.reduce_sum(-tf.math.log(right) * (1 - right) ** 2) / tf.maximum(tf.reduce_sum(wanted), 1.0)


def main() -> None:
    keras.utils.set_random_seed(0)
    draw = np.random.default_rng(0)
    scenes = [draw_scene(seed, PORTRAIT_HW if draw.random() < PORTRAIT_SHARE else FRAME_HW) for seed in range(SCENES)]
    spec = CARD.input.spec(TensorSpec("image", (None, None, None, 3), "float32"))
    half = SCENES // 2  # fed with averaging and without, as it is in use
    ways = ((scenes[:half], "pillow"), (scenes[half:], "opencv"))
    images = np.concatenate([prepare([one.image_rgb for one in some], spec, INPUT_HW, way) for some, way in ways])
    offsets, scores = map(np.stack, zip(*map(targets, scenes), strict=True))
    model = build()
    steps = EPOCHS * SCENES // 64
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, warmup_target=0.004, warmup_steps=steps // 20)
    model.compile(keras.optimizers.Adam(rate), loss={"offsets": box_loss, "scores": score_loss})
    model.fit(images, {"offsets": offsets, "scores": scores}, batch_size=64, epochs=EPOCHS, verbose=2)
    keras.Model(model.inputs, model.output, name=model.name).save(SHAPES)  # without what trained it
    compress(SHAPES)


def compress(path: Path) -> None:
    """Deflate what Keras only stores: half the bytes."""
    with ZipFile(path) as stored:
        parts = {one.filename: stored.read(one) for one in stored.infolist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


if __name__ == "__main__":
    main()

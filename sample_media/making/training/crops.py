"""What a network is shown while training: crops of scenes at many scales, turned, mirrored and re-lit, with their boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.training.cache import CACHE_SCALE, INTERPOLATIONS, SceneCache

# Scale of a crop against the 1280x720 scene. Inputs of 160, 320, 512 and 640 px show a letterboxed scene at .125, .25, .4 and .5.
SCALES = (0.25, 0.4, 0.56)  # least, most frequent, most
SMALL_SCALES = (0.125, 0.25)
SMALL_SHARE = 0.1  # of crops at small scales; these show so much scene that they are split into four
OBJECT_SHARE = 0.85  # of crops that are placed on a defect; the others anywhere
PICKS = 4  # scenes looked at for a defect before going on without
OVERHANG = 0.15  # how far a crop may reach over the scene's edge, in its side
NOISY_SHARE = 0.3
PAD_VALUE = 114  # letterbox grey
VISIBLE_FRACTION = 0.4  # a box that keeps less of its area is neither an object nor background
MIN_SIDE_PX = 3.0  # longer side under which nothing can be told


@dataclass(frozen=True, slots=True)
class Crop:
    """A square picture and its boxes.

    Attributes:
        image_rgb: `(side, side, 3)` uint8.
        boxes_xyxy_px: `(n, 4)` float32.
        class_ids: `(n,)` int64; -1 marks a box that is too cut or too small to count either way.
    """

    image_rgb: NDArray[np.uint8]
    boxes_xyxy_px: NDArray[np.float32]
    class_ids: NDArray[np.int64]


def draw_crop(cache: SceneCache, side: int, rng: np.random.Generator) -> Crop:
    """Draw one crop of `side` pixels from a random scene, or four at half the side, in random light and orientation."""
    if rng.random() < SMALL_SHARE:
        half = side // 2
        tiles = [_cut(cache, half, rng.uniform(*SMALL_SCALES), rng) for _ in range(4)]
        crop = _join(tiles, half)
    else:
        crop = _cut(cache, side, rng.triangular(*SCALES), rng)
    return _turn(crop, rng)


def _cut(cache: SceneCache, side: int, scale: float, rng: np.random.Generator) -> Crop:
    """Cut a square of `side` pixels at `scale` out of a random scene, grey where it reaches over the edge."""
    scene, on_defect = _pick(cache, rng)
    image, boxes = cache.images_rgb[scene], cache.boxes_xyxy_px[scene]
    window = side * CACHE_SCALE / scale
    x, y = _place(rng.choice(boxes) if on_defect else None, window, image.shape[:2], rng).tolist()
    x0, y0 = max(0, round(x)), max(0, round(y))
    x1, y1 = min(image.shape[1], round(x + window)), min(image.shape[0], round(y + window))
    canvas = np.full((side, side, 3), PAD_VALUE, np.uint8)
    left, top = round((x0 - x) * side / window), round((y0 - y) * side / window)
    right, bottom = (min(side, round((end - start) * side / window)) for end, start in ((x1, x), (y1, y)))
    part = cv2.resize(image[y0:y1, x0:x1], (right - left, bottom - top), interpolation=INTERPOLATIONS[int(rng.integers(2))])
    canvas[top:bottom, left:right] = _relight(part, rng)
    factor = np.array([(right - left) / (x1 - x0), (bottom - top) / (y1 - y0)] * 2)
    moved = (boxes - np.array([x0, y0] * 2)) * factor + np.array([left, top] * 2)
    return _clip(canvas, moved, cache.class_ids[scene])


def _pick(cache: SceneCache, rng: np.random.Generator) -> tuple[int, bool]:
    """Choose a scene, and whether the crop is placed on one of its defects."""
    wanted = rng.random() < OBJECT_SHARE
    for _ in range(PICKS):
        scene = int(rng.integers(len(cache)))
        if not wanted or len(cache.class_ids[scene]):
            return scene, wanted
    return scene, False


def _place(
    box: NDArray[np.float32] | None, window: float, image_hw: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Choose the top left corner `(x, y)` of a window, in pixels of the scene: around the box, or anywhere."""
    height, width = image_hw
    ends = np.sort([[-OVERHANG * window] * 2, np.array([width, height]) - (1 - OVERHANG) * window], axis=0)
    if box is None:
        return np.asarray(rng.uniform(*ends))
    return np.asarray(np.clip((box[:2] + box[2:]) / 2 - rng.uniform(0.05, 0.95, 2) * window, *ends))


def _clip(image: NDArray[np.uint8], boxes: NDArray[np.float64], class_ids: NDArray[np.int64]) -> Crop:
    """Clip boxes to the picture and mark those that do not count; boxes with nothing left are dropped."""
    clipped = np.clip(boxes, 0, image.shape[0])
    kept_area, area = (np.prod(np.maximum(b[:, 2:] - b[:, :2], 0), axis=1) for b in (clipped, boxes))
    seen = kept_area > 0
    longer = (clipped[:, 2:] - clipped[:, :2]).max(axis=1, initial=0)
    counts = (kept_area >= VISIBLE_FRACTION * area) & (longer >= MIN_SIDE_PX)
    return Crop(image, clipped[seen].astype(np.float32), np.where(counts, class_ids, -1)[seen])


def _join(tiles: list[Crop], half: int) -> Crop:
    a, b, c, d = (tile.image_rgb for tile in tiles)
    shifts = np.array([[0, 0], [half, 0], [0, half], [half, half]], np.float32)
    boxes = [tile.boxes_xyxy_px + np.tile(shift, 2) for tile, shift in zip(tiles, shifts, strict=True)]
    return Crop(
        np.vstack([np.hstack([a, b]), np.hstack([c, d])]),
        np.concatenate(boxes),
        np.concatenate([tile.class_ids for tile in tiles]),
    )


def _turn(crop: Crop, rng: np.random.Generator) -> Crop:
    """Mirror and turn by a random multiple of 90 degrees: a part lies as it falls, and some cameras are mounted on their side."""
    image, (x0, y0, x1, y1) = crop.image_rgb, crop.boxes_xyxy_px.T
    side = image.shape[0]
    if rng.random() < 0.5:
        image, x0, x1 = image[:, ::-1], side - x1, side - x0
    if rng.random() < 0.5:
        image, y0, y1 = image[::-1], side - y1, side - y0
    if rng.random() < 0.5:
        image, x0, y0, x1, y1 = image.transpose(1, 0, 2), y0, x0, y1, x1
    return Crop(np.ascontiguousarray(image), np.stack([x0, y0, x1, y1], axis=1), crop.class_ids)


def _relight(image: NDArray[Any], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change gain, offset and tint a little, and add noise to some: scenes bring most of the variety themselves."""
    gain = rng.uniform(0.8, 1.25) * rng.uniform(0.95, 1.05, 3)
    table = np.clip(np.arange(256)[:, None] * gain + rng.uniform(-12, 12), 0, 255).astype(np.uint8)
    lit = cv2.LUT(image, table[None])
    if rng.random() < NOISY_SHARE:
        noise = np.empty(image.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        cv2.randn(noise, 0, rng.uniform(1, 6))
        lit = cv2.add(lit, noise, dtype=cv2.CV_8U)
    return np.asarray(lit, np.uint8)

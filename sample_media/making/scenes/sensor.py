"""What the camera adds: motion blur, a lens that is not quite sharp, noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
NOISE_HW = (900, 1500)
NOISE_SPREAD = 32  # standard deviation of the stored noise, in grey levels


@dataclass(frozen=True, slots=True)
class Sensor:
    """One camera's exposure.

    Attributes:
        smear_px: Length of the motion blur along x, odd, 1 for none.
        softness_px: Standard deviation of the lens blur.
        noise: Standard deviation in grey levels.
    """

    smear_px: int
    softness_px: float
    noise: float


def draw_sensor(rng: np.random.Generator) -> Sensor:
    """Choose an exposure."""
    return Sensor(int(rng.choice([1, 3, 3, 5, 5, 7])), float(rng.uniform(0.45, 0.8)), float(rng.uniform(1.6, 5.0)))


def smear(picture: UInt8, sensor: Sensor) -> UInt8:
    """Blur along the motion; the same for pictures and for masks."""
    smeared: UInt8 = cv2.blur(picture, (sensor.smear_px, 1)) if sensor.smear_px > 1 else picture
    return smeared


def develop(picture: UInt8, sensor: Sensor, rng: np.random.Generator) -> UInt8:
    """Return the picture as the sensor delivers it."""
    soft = cv2.GaussianBlur(picture, (5, 5), sensor.softness_px)
    height, width = picture.shape[:2]
    rows, columns = NOISE_HW
    if height > rows or width > columns:
        raise AssertionError(f"pictures are at most {rows}x{columns}, got {height}x{width}")
    y, x = rng.integers(0, rows - height + 1), rng.integers(0, columns - width + 1)
    weight = sensor.noise / NOISE_SPREAD
    noisy: UInt8 = cv2.addWeighted(soft, 1.0, _noise()[y : y + height, x : x + width], weight, -128 * weight)
    return noisy


@cache
def _noise() -> UInt8:
    """Return `(900, 1500, 3)` noise around 128, mostly alike in the channels, as after demosaicing."""
    rng = np.random.default_rng(7)
    grey = rng.standard_normal((*NOISE_HW, 1), np.float32)
    colour = cv2.GaussianBlur(rng.standard_normal((*NOISE_HW, 3), np.float32), (0, 0), 0.8) * 1.6
    noise: UInt8 = np.clip(128 + NOISE_SPREAD * (0.85 * grey + 0.5 * colour), 0, 255).astype(np.uint8)
    return noise

"""Uneven light: lamps, vignette, colour cast."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
GAIN_ONE = 128  # the uint8 value of a gain of 1
COARSE_HW = (45, 80)  # light changes slowly: it is computed coarsely and enlarged


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp to one side, and what it does over the picture.

    Attributes:
        towards_xy: Unit vector in belt coordinates from a part towards the lamp.
        gain: `(45, 80, 3)` uint8, the factor for each channel, 128 being 1.
        veil: `(45, 80, 3)` uint8, what reflections add to every pixel.
        shadow: How dark a shadow is, 0..1.
    """

    towards_xy: tuple[float, float]
    gain: UInt8
    veil: UInt8
    shadow: float


def draw_light(rng: np.random.Generator) -> Light:
    """Choose a lamp and its fall-off."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : COARSE_HW[0] * 1j, -1 : 1 : COARSE_HW[1] * 1j]
    vignette = 1 - rng.uniform(0.10, 0.30) * (x * x + y * y) / 2
    hot_x, hot_y = 0.75 * np.cos(angle) * rng.random(), 0.75 * np.sin(angle) * rng.random()
    spot = np.exp(-((x - hot_x) ** 2 + (y - hot_y) ** 2) / rng.uniform(0.35, 0.9))
    level = rng.uniform(0.92, 1.18) * vignette * (0.80 + rng.uniform(0.15, 0.42) * spot)
    cast = 1 + rng.normal(0, 0.028, 3)
    cast /= cast.mean()
    gain = level[..., None] * cast * GAIN_ONE
    tube = np.exp(-(((x * np.sin(angle) - y * np.cos(angle)) - rng.uniform(-0.7, 0.7)) ** 2) / rng.uniform(0.01, 0.06))
    veil = (rng.uniform(0, 14) * tube + rng.uniform(0, 16) * spot)[..., None] * np.array([0.96, 0.98, 1.0])
    return Light(
        (float(np.cos(angle)), float(np.sin(angle))),
        np.clip(gain, 0, 255).astype(np.uint8),
        veil.astype(np.uint8),
        float(rng.uniform(0.45, 0.75)),
    )


def expose(picture: UInt8, light: Light) -> UInt8:
    """Return the picture under the lamp."""
    size = (picture.shape[1], picture.shape[0])
    gain = cv2.resize(light.gain, size, interpolation=cv2.INTER_LINEAR)
    veil = cv2.resize(light.veil, size, interpolation=cv2.INTER_LINEAR)
    exposed: UInt8 = cv2.add(cv2.multiply(picture, gain, scale=1 / GAIN_ONE), veil)
    return exposed

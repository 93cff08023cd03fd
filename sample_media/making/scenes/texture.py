"""Noise that repeats without a seam, drawn once per process and cropped at random."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
TILE_PX = 1024  # larger than any part, so that one crop covers it


@cache
def tile(kind: str) -> Float32:
    """Return a `(1024, 1024)` texture of mean 0 and standard deviation 1.

    Args:
        kind: `grain` (fine), `peel` (the skin of paint), `cloud` (large blotches), `brush` (streaks along x).
    """
    sigma_x, sigma_y, seed = {"grain": (0.6, 0.6, 1), "peel": (1.8, 1.8, 2), "cloud": (38, 38, 3), "brush": (28, 0.6, 4)}[kind]
    noise = np.random.default_rng(seed).standard_normal((TILE_PX, TILE_PX), np.float32)
    return normalise(blur_wrapped(noise, sigma_x, sigma_y))


def crop(kind: str, rng: np.random.Generator, shape_hw: tuple[int, int]) -> Float32:
    """Return a random `(height, width)` view of a tile, not a copy."""
    height, width = shape_hw
    y, x = rng.integers(0, TILE_PX - height + 1), rng.integers(0, TILE_PX - width + 1)
    return tile(kind)[y : y + height, x : x + width]


def blur_wrapped(noise: Float32, sigma_x: float, sigma_y: float) -> Float32:
    """Blur as if the picture repeated, so that its opposite sides still match."""
    pad_x, pad_y = int(4 * sigma_x) + 1, int(4 * sigma_y) + 1
    padded = np.pad(noise, ((pad_y, pad_y), (pad_x, pad_x)), mode="wrap")
    blurred = cv2.GaussianBlur(padded, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y)
    return np.asarray(blurred[pad_y : pad_y + noise.shape[0], pad_x : pad_x + noise.shape[1]], np.float32)


def normalise(values: Float32) -> Float32:
    """Return the values moved and scaled to mean 0 and standard deviation 1."""
    return np.asarray((values - values.mean()) / values.std(), np.float32)

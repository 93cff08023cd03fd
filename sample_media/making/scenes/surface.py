"""What a part's upper face is made of, and how light makes a picture of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

LIGHT_GAIN = 0.85  # how strongly a slope of 1 towards the light brightens
SHADE_LIMITS = (0.22, 2.1)  # darkest and brightest diffuse factor: a camera's lamp is never a single point
GLINT_SLOPE = 0.55  # the slope towards the light at which a face mirrors the lamp into the lens
GLINT_WIDTH = 0.30


@dataclass(slots=True)
class Surface:
    """The upper face of a part, in part pixels.

    Attributes:
        solid: `(h, w)` uint8, 255 where there is material.
        height: `(h, w)` float32, pixels above the part's plane.
        albedo: `(h, w, 3)` float32 RGB in 0..1; also valid outside `solid`, so that edges do not darken when warped.
        gloss: `(h, w)` float32 in 0..1, how much of a glint is seen.
    """

    solid: UInt8
    height: Float32
    albedo: Float32
    gloss: Float32

    def copy(self) -> Surface:
        """Return a surface that can be changed without changing this one."""
        return Surface(self.solid.copy(), self.height.copy(), self.albedo.copy(), self.gloss.copy())

    @property
    def shape_hw(self) -> tuple[int, int]:
        """Height and width of the canvas."""
        return self.solid.shape[0], self.solid.shape[1]

    def paint(self, mask: Float32, colour: tuple[float, float, float] | Float32) -> None:
        """Blend a colour, or a picture of colours, into the albedo where `mask` (0..1) says so."""
        x, y, width, height = cv2.boundingRect((mask > 0).view(np.uint8))
        cut = (slice(y, y + height), slice(x, x + width))
        tone = np.asarray(colour, np.float32)
        there = self.albedo[cut]
        there += mask[cut][..., None] * ((tone if tone.ndim == 1 else tone[cut]) - there)

    def raise_by(self, mask: Float32, amount: float, bevel: float) -> None:
        """Add a plateau with edges `bevel` pixels soft; a negative amount makes a pocket."""
        self.height += amount * cv2.GaussianBlur(mask, (0, 0), bevel)


def empty_surface(shape_hw: tuple[int, int]) -> Surface:
    """Return a flat surface with no material yet."""
    height, width = shape_hw
    return Surface(
        np.zeros((height, width), np.uint8),
        np.zeros((height, width), np.float32),
        np.zeros((height, width, 3), np.float32),
        np.zeros((height, width), np.float32),
    )


def unit(mask: UInt8) -> Float32:
    """Return a uint8 mask as float32 in 0..1."""
    return mask.astype(np.float32) * np.float32(1 / 255)


def shade(surface: Surface, light_xy: tuple[float, float]) -> UInt8:
    """Light a surface with a lamp from one side.

    Args:
        surface: What to light.
        light_xy: Unit vector in part pixels towards the lamp.

    Returns:
        `(h, w, 3)` RGB.
    """
    slope_x = cv2.Sobel(surface.height, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    slope_y = cv2.Sobel(surface.height, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    facing = -(slope_x * np.float32(light_xy[0]) + slope_y * np.float32(light_xy[1]))
    across = slope_x * np.float32(light_xy[1]) - slope_y * np.float32(light_xy[0])
    diffuse = np.clip(1.0 + LIGHT_GAIN * facing, *SHADE_LIMITS)
    away = np.square(facing - GLINT_SLOPE) + np.square(across)
    glint = surface.gloss * np.exp(away * np.float32(-1 / GLINT_WIDTH**2))
    lit = surface.albedo * diffuse[..., None] + (glint * np.float32(0.55))[..., None]
    face_rgb: UInt8 = cv2.convertScaleAbs(np.minimum(lit, 1.0), alpha=255)
    return face_rgb

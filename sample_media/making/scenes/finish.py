"""Materials: brushed and turned metal, castings, paint; and what time leaves on them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.surface import Surface
from sample_media.making.scenes.texture import crop

Float32 = NDArray[np.float32]
Colour = tuple[float, float, float]

METALS: tuple[Colour, ...] = (
    (0.60, 0.61, 0.63),  # steel
    (0.68, 0.69, 0.70),  # aluminium
    (0.50, 0.51, 0.54),  # cast iron, ground
    (0.66, 0.58, 0.40),  # brass
    (0.57, 0.56, 0.52),  # zinc, passivated
)
PAINTS: tuple[Colour, ...] = (
    (0.25, 0.38, 0.53),  # machine blue
    (0.31, 0.45, 0.38),  # reseda green
    (0.72, 0.44, 0.22),  # orange
    (0.46, 0.49, 0.52),  # grey
    (0.57, 0.25, 0.21),  # red oxide
    (0.70, 0.70, 0.66),  # light grey
    (0.72, 0.61, 0.26),  # yellow
)
METAL_KINDS = ("brushed", "turned", "ground")


@dataclass(frozen=True, slots=True)
class Finish:
    """What a kind of part is made of; every part of that kind looks alike."""

    kind: str
    colour: Colour

    @property
    def is_metal(self) -> bool:
        """Whether the bare metal shows."""
        return self.kind in METAL_KINDS

    @property
    def brightness(self) -> float:
        """Mean of the colour's channels, 0..1."""
        return sum(self.colour) / 3


def draw_finish(rng: np.random.Generator, kinds: tuple[str, ...]) -> Finish:
    """Choose one of the kinds that suit a part, and a colour with a batch's variation."""
    kind = str(rng.choice(kinds))
    palette = METALS if kind in METAL_KINDS else PAINTS
    base = np.array(palette[rng.integers(len(palette))])
    varied = np.clip(base * rng.uniform(0.88, 1.12) + rng.uniform(-0.02, 0.02, 3), 0.08, 0.85)
    return Finish(kind, (float(varied[0]), float(varied[1]), float(varied[2])))


def coat(surface: Surface, finish: Finish, rng: np.random.Generator) -> None:
    """Give a bare surface its colour, grain and gloss."""
    grain = {"brushed": _brushed, "turned": _turned, "ground": _ground, "paint": _painted, "cast": _cast}[finish.kind]
    tone = grain(surface.shape_hw, rng) + np.float32(0.035) * crop("cloud", rng, surface.shape_hw)
    surface.albedo[:] = np.array(finish.colour, np.float32) * (1 + tone)[..., None]
    surface.gloss[:] = 0.75 if finish.is_metal else 0.45
    if finish.kind in ("cast", "paint"):
        strength = 0.21 if finish.kind == "cast" else 0.10
        surface.height += np.float32(strength) * crop("peel", rng, surface.shape_hw)


def age(surface: Surface, finish: Finish, rng: np.random.Generator) -> None:
    """Add what differs from part to part and is no defect: a soft sheen, dust, a little grime."""
    height, width = surface.shape_hw
    y, x = np.ogrid[:height, :width]
    angle = rng.uniform(0, np.pi)
    along = (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32)
    centre, spread = rng.uniform(along.min(), along.max()), rng.uniform(0.15, 0.35) * max(height, width)
    strength = rng.uniform(0.05, 0.24) * (1.0 if finish.is_metal else 0.5)
    sheen = np.exp(-np.square((along - np.float32(centre)) / np.float32(spread))) * np.float32(strength)
    surface.albedo *= (1 + np.float32(0.02) * crop("cloud", rng, surface.shape_hw))[..., None]
    surface.albedo += sheen[..., None]
    dust = (crop("grain", rng, surface.shape_hw) > rng.uniform(3.4, 4.2)).astype(np.float32)
    surface.paint(dust * np.float32(0.35), (0.75, 0.73, 0.68))


def _brushed(shape_hw: tuple[int, int], rng: np.random.Generator) -> Float32:
    return np.float32(0.055) * crop("brush", rng, shape_hw) + np.float32(0.015) * crop("grain", rng, shape_hw)


def _turned(shape_hw: tuple[int, int], rng: np.random.Generator) -> Float32:
    """Circular tool marks, and the bow-tie of light that they make."""
    height, width = shape_hw
    y, x = np.ogrid[:height, :width]
    dx, dy = (x - width / 2).astype(np.float32), (y - height / 2).astype(np.float32)
    radius, angle = cv2.cartToPolar(np.broadcast_to(dx, shape_hw).copy(), np.broadcast_to(dy, shape_hw).copy())
    rings = cv2.GaussianBlur(rng.standard_normal((1, 2048)).astype(np.float32), (0, 0), 1.0)[0]
    lines = rings[np.minimum(radius * 2, 2047).astype(np.int32)]
    bow = np.cos(2 * (angle - np.float32(rng.uniform(0, np.pi)))) ** 5
    marks: Float32 = np.float32(0.10) * lines + np.float32(0.16) * bow
    return marks


def _ground(shape_hw: tuple[int, int], rng: np.random.Generator) -> Float32:
    return np.float32(0.03) * crop("brush", rng, shape_hw) + np.float32(0.04) * crop("peel", rng, shape_hw)


def _painted(shape_hw: tuple[int, int], rng: np.random.Generator) -> Float32:
    return np.float32(0.018) * crop("grain", rng, shape_hw)


def _cast(shape_hw: tuple[int, int], rng: np.random.Generator) -> Float32:
    return np.float32(0.035) * crop("grain", rng, shape_hw) + np.float32(0.03) * crop("peel", rng, shape_hw)

"""The five defects: each draws itself into a surface and says exactly where it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.fasteners import Seat, disc
from sample_media.making.scenes.finish import Finish
from sample_media.making.scenes.parts import fill
from sample_media.making.scenes.surface import Surface, UInt8, unit
from sample_media.making.scenes.texture import crop

SCRATCH, DENT, STAIN, CHIP, MISSING_SCREW = range(5)  # indices into the sample detectors' labels
Points = NDArray[np.float64]

RUST = (0.36, 0.15, 0.05)
OIL = (0.10, 0.08, 0.055)
LIME = (0.88, 0.86, 0.78)  # dried coolant; the stain that shows on dark paint
DARK_PAINT = 0.40  # brightness under which a stain or a scratch must be light to be seen


@dataclass(frozen=True, slots=True)
class Flaw:
    """A defect that was planned for a part: what it is, where it shows, and how to draw it.

    Attributes:
        class_id: Index into the sample detectors' labels.
        mask: `(h, w)` uint8 in part pixels, 255 where the defect covers the part.
        draw: Changes a surface; draws inside `mask` but for a rim of two pixels.
    """

    class_id: int
    mask: UInt8
    draw: Callable[[Surface], None]


def plan_scratch(
    surface: Surface, finish: Finish, at: tuple[float, float], size: float, *, part_angle: float, rng: np.random.Generator
) -> Flaw:
    """Plan one to three strokes; slanted in the picture, so that the box is no sliver.

    Args:
        surface: The part's face.
        finish: Decides whether the scratch is bright or dark.
        at: Its middle, in part pixels.
        size: Longer side of its box in the picture, in part pixels.
        part_angle: How the part is turned in the picture, in radians.
        rng: Where chance comes from.
    """
    slant = rng.choice([-1, 1]) * rng.uniform(0.42, 1.15)
    angle = slant - part_angle
    length = size / max(abs(np.cos(slant)), abs(np.sin(slant)))
    mask = np.zeros(surface.shape_hw, np.uint8)
    thickness = 3.4 if size < 30 else rng.uniform(3.6, 5.8)
    strokes = int(rng.integers(1, 4)) if size > 22 else 1
    bow = rng.uniform(-0.16, 0.16) * length
    for number in range(strokes):
        offset = (number - (strokes - 1) / 2) * (thickness + rng.uniform(2.0, 5.0))
        part = length * (1.0 if number == 0 else rng.uniform(0.55, 0.95))
        fill(mask, _stroke(at, angle, part, bow=bow, offset=offset, thickness=thickness))
    mask = cv2.min(mask, surface.solid)
    bright = not (finish.brightness > 0.5 or (finish.is_metal and rng.random() < 0.5))
    colour = (0.93, 0.93, 0.92) if bright else (0.16, 0.15, 0.14)

    def draw(face: Surface) -> None:
        core = unit(mask)
        lip = cv2.dilate(mask, np.ones((3, 3), np.uint8))
        face.paint(unit(lip) * np.float32(0.35), (0.12, 0.12, 0.12) if bright else (0.85, 0.85, 0.84))
        face.paint(core * np.float32(0.9), colour)
        face.height -= core * np.float32(0.8)

    return Flaw(SCRATCH, mask, draw)


def plan_dent(surface: Surface, at: tuple[float, float], size: float, rng: np.random.Generator) -> Flaw:
    """Plan a bowl with a rim: dark towards the lamp, bright away from it."""
    height, width = surface.shape_hw
    y, x = np.ogrid[:height, :width]
    angle, ratio = rng.uniform(0, np.pi), rng.uniform(0.68, 1.0)
    long, short = size / 2, size / 2 * ratio
    along = (x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle)
    across = (y - at[1]) * np.cos(angle) - (x - at[0]) * np.sin(angle)
    squared = (np.square(along / long) + np.square(across / short)).astype(np.float32)
    mask = cv2.min(np.where(squared < 1, 255, 0).astype(np.uint8), surface.solid)
    steepness = np.interp(size, (16, 90), (0.26, 0.15))  # a large dent is shallow for its size
    depth = np.float32(size * steepness * rng.uniform(0.9, 1.1))

    def draw(face: Surface) -> None:
        bowl = np.clip(1 - squared, 0, 1)
        rim = np.exp(-np.square((squared - 1) * np.float32(size / 7)))
        face.height += rim * np.float32(0.8) - depth * bowl
        face.albedo *= (1 - np.float32(0.22) * np.sqrt(bowl))[..., None]

    return Flaw(DENT, mask, draw)


def plan_stain(surface: Surface, finish: Finish, at: tuple[float, float], size: float, rng: np.random.Generator) -> Flaw:
    """Plan a blot of rust, oil or dried coolant with a darker rim."""
    mask = fill(np.zeros(surface.shape_hw, np.uint8), _blob(at, size / 2, rng, rough=0.20))
    if size > 30:
        for _ in range(int(rng.integers(0, 3))):
            angle, reach = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.40, 0.5)
            drop = (at[0] + reach * np.cos(angle), at[1] + reach * np.sin(angle))
            mask = cv2.max(mask, disc(surface.shape_hw, *drop, size * rng.uniform(0.05, 0.11)))
    mask = cv2.min(mask, surface.solid)
    dark_part = finish.brightness < DARK_PAINT
    colour = LIME if dark_part and rng.random() < 0.5 else OIL if dark_part else (RUST, OIL)[rng.integers(2)]
    cloud = crop("cloud", rng, surface.shape_hw)
    opacity = np.float32(rng.uniform(0.64, 0.82))

    def draw(face: Surface) -> None:
        inside = unit(mask)
        depth = cv2.GaussianBlur(inside, (0, 0), max(1.5, size * 0.05))
        rim = np.clip(1.6 - 1.6 * depth, 0, 1) * np.float32(0.16)
        face.paint(inside * np.clip(opacity + rim + np.float32(0.06) * cloud, 0, 0.95), colour)
        face.gloss *= 1 - inside * np.float32(0.5)

    return Flaw(STAIN, mask, draw)


def plan_chip(surface: Surface, at: tuple[float, float], size: float, rng: np.random.Generator) -> Flaw:
    """Plan a bite out of an edge: bright, broken facets, and beyond them nothing."""
    outline = _blob(at, size * 0.56, rng, rough=0.12, corners=int(rng.integers(7, 11)))
    bite = cv2.min(fill(np.zeros(surface.shape_hw, np.uint8), outline), surface.solid)
    framed = cv2.copyMakeBorder(surface.solid, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    inward = cv2.distanceTransform(framed, cv2.DIST_L2, 3)[1:-1, 1:-1]
    gone = unit(bite) * np.clip(np.float32(0.10 * size) - inward, 0, 1)
    mask = (bite * (1 - gone)).astype(np.uint8)
    count = int(rng.integers(5, 9))
    seeds, tones = np.asarray(at) + rng.normal(0, 0.3 * size, (count, 2)), rng.permutation(np.linspace(0.48, 0.98, count))
    grain = crop("grain", rng, surface.shape_hw)

    def draw(face: Surface) -> None:
        broken = unit(bite)
        rim = unit(cv2.dilate(bite, np.ones((3, 3), np.uint8)))
        facets = _facets(surface.shape_hw, seeds, tones)
        face.paint((rim - broken) * np.float32(0.75), (0.08, 0.08, 0.08))
        tone = np.clip(facets + np.float32(0.05) * grain, 0, 1)
        face.paint(broken, np.stack([tone, tone * np.float32(0.985), tone * np.float32(0.95)], axis=2))
        face.gloss *= 1 - broken
        face.height *= 1 - broken
        face.solid[:] = (face.solid * (1 - gone)).astype(np.uint8)

    return Flaw(CHIP, mask, draw)


def plan_missing_screw(surface: Surface, seat: Seat) -> Flaw:
    """Plan a seat that stays empty; drawing is the fitting of screws, which leaves it out."""
    return Flaw(MISSING_SCREW, disc(surface.shape_hw, seat.x, seat.y, seat.radius + 0.5), _leave_as_is)


def _leave_as_is(_: Surface) -> None:
    pass


def _stroke(at: tuple[float, float], angle: float, length: float, *, bow: float, offset: float, thickness: float) -> Points:
    """Return the outline of a bowed stroke that thins out towards its ends."""
    t = np.linspace(-0.5, 0.5, 15)
    along, across = t * length, bow * (0.5 - 2 * t * t) + offset
    half = 0.5 * thickness * (0.3 + 0.7 * np.sqrt(1 - np.abs(2 * t) ** 3))
    along, across = np.concatenate([along, along[::-1]]), np.concatenate([across - half, (across + half)[::-1]])
    cos, sin = np.cos(angle), np.sin(angle)
    return np.column_stack([at[0] + along * cos - across * sin, at[1] + along * sin + across * cos])


def _blob(at: tuple[float, float], radius: float, rng: np.random.Generator, rough: float, corners: int = 48) -> Points:
    """Return a closed outline whose largest distance from `at` is `radius`."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    reach = np.ones(corners)
    for order in (2, 3, 5, 7):
        reach += rng.normal(0, rough / np.sqrt(order)) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    reach = np.maximum(reach, 0.4)
    reach *= radius / reach.max()
    return np.column_stack([at[0] + reach * np.cos(angle), at[1] + reach * np.sin(angle)])


def _facets(shape_hw: tuple[int, int], seeds: Points, tones: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the brightness of a fracture: flat facets that catch the light differently."""
    height, width = shape_hw
    y, x = np.ogrid[:height, :width]
    nearest = np.full(shape_hw, np.inf, np.float32)
    facets = np.zeros(shape_hw, np.float32)
    for (sx, sy), tone in zip(seeds, tones, strict=True):
        distance = (np.square(x - sx) + np.square(y - sy)).astype(np.float32)
        facets[distance < nearest] = tone
        nearest = np.minimum(nearest, distance)
    return facets

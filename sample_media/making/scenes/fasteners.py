"""Screws in their seats, seats whose screw is missing, and holes that are meant to be empty."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.surface import Surface, unit

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]
SUBPIXEL_BITS = 4  # of OpenCV's fixed-point drawing
HEADS = {"zinc": (0.74, 0.74, 0.72), "black": (0.17, 0.17, 0.18), "brass": (0.72, 0.60, 0.33)}
DRIVES = ("slot", "cross")  # a socket head looks too much like an empty seat


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a screw belongs: centre and radius of its countersink, in part pixels."""

    x: float
    y: float
    radius: float


def disc(shape_hw: tuple[int, int], x: float, y: float, radius: float) -> UInt8:
    """Return a filled circle, smooth at the edge, as a `(h, w)` mask."""
    mask = np.zeros(shape_hw, np.uint8)
    one = 1 << SUBPIXEL_BITS
    cv2.circle(mask, (round(x * one), round(y * one)), round(radius * one), 255, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


def drill(surface: Surface, x: float, y: float, radius: float) -> None:
    """Make a plain hole through the part, with a broken edge."""
    mask = disc(surface.shape_hw, x, y, radius)
    surface.raise_by(unit(disc(surface.shape_hw, x, y, radius + 1)), -2.0, 1.2)
    surface.solid[:] = cv2.subtract(surface.solid, mask)


def fit_screw(surface: Surface, seat: Seat, head: str, drive: str, rng: np.random.Generator) -> None:
    """Put a screw into its seat: a bright or black head with its drive at a random angle."""
    local, origin_xy = _window(surface, seat)
    radius = _radius(local, seat, origin_xy)
    r = seat.radius
    body = _inside(radius, 0.92 * r)
    local.albedo *= (1 - np.float32(0.55) * _inside(radius, r + 1.5) * (1 - body))[..., None]
    local.paint(body, HEADS[head])
    local.height += body * np.float32(0.16 * r + 1.2) - np.float32(0.9 / r) * body * np.square(radius) / r
    local.gloss += body * (np.float32(0.9) - local.gloss)
    recess = unit(_drive_mask(local.shape_hw, seat, origin_xy, drive, rng.uniform(0, np.pi)))
    local.paint(recess * np.float32(0.85), (0.06, 0.06, 0.07))
    local.height -= recess * np.float32(1.2)


def leave_open(surface: Surface, seat: Seat) -> None:
    """Show what is under a missing screw: a bare countersink and a dark, threaded hole."""
    local, origin_xy = _window(surface, seat)
    radius = _radius(local, seat, origin_xy)
    r = seat.radius
    ring, bore = _inside(radius, r), _inside(radius, 0.58 * r)
    on_bright = float(local.albedo.mean()) > 0.5
    local.paint(ring * np.float32(0.95), (0.52, 0.52, 0.50) if on_bright else (0.83, 0.82, 0.79))
    depth = np.clip((r - radius) / (0.42 * r), 0, 1)
    local.height -= ring * depth * np.float32(0.20 * r)
    local.gloss += ring * (np.float32(0.5) - local.gloss)
    thread = 0.035 + 0.07 * np.square(np.sin(radius * np.float32(np.pi / max(2.2, 0.16 * r))))
    local.paint(bore, np.repeat(thread[..., None], 3, axis=2).astype(np.float32))
    local.gloss *= 1 - bore
    rim = _inside(radius, r + 0.3) * (1 - _inside(radius, r - 1.7))
    local.albedo *= (1 - np.float32(0.6) * rim)[..., None]


def _window(surface: Surface, seat: Seat) -> tuple[Surface, tuple[int, int]]:
    """Return a view around the seat, and the view's `(x, y)` origin."""
    reach = int(seat.radius) + 5
    height, width = surface.shape_hw
    x0, y0 = max(0, int(seat.x) - reach), max(0, int(seat.y) - reach)
    cut = (slice(y0, min(height, y0 + 2 * reach + 1)), slice(x0, min(width, x0 + 2 * reach + 1)))
    return Surface(surface.solid[cut], surface.height[cut], surface.albedo[cut], surface.gloss[cut]), (x0, y0)


def _radius(local: Surface, seat: Seat, origin_xy: tuple[int, int]) -> Float32:
    height, width = local.shape_hw
    y, x = np.ogrid[:height, :width]
    return np.hypot(x - (seat.x - origin_xy[0]), y - (seat.y - origin_xy[1])).astype(np.float32)


def _inside(radius: Float32, limit: float) -> Float32:
    cover: Float32 = np.clip(np.float32(limit + 0.5) - radius, 0, 1)
    return cover


def _drive_mask(shape_hw: tuple[int, int], seat: Seat, origin_xy: tuple[int, int], drive: str, angle: float) -> UInt8:
    mask = np.zeros(shape_hw, np.uint8)
    one = 1 << SUBPIXEL_BITS
    x, y = seat.x - origin_xy[0], seat.y - origin_xy[1]
    reach = 0.84 * seat.radius if drive == "slot" else 0.60 * seat.radius
    for arm in (angle,) if drive == "slot" else (angle, angle + np.pi / 2):
        dx, dy = reach * np.cos(arm), reach * np.sin(arm)
        start, end = (round((x - dx) * one), round((y - dy) * one)), (round((x + dx) * one), round((y + dy) * one))
        cv2.line(mask, start, end, 255, max(2, round(seat.radius * 0.24)), cv2.LINE_AA, SUBPIXEL_BITS)
    return mask

"""Part families: what comes down the line, before anything goes wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.fasteners import DRIVES, HEADS, SUBPIXEL_BITS, Seat, disc, drill
from sample_media.making.scenes.finish import Finish, coat, draw_finish
from sample_media.making.scenes.surface import Surface, empty_surface, unit

UInt8 = NDArray[np.uint8]
MARGIN_PX = 8  # empty rim of the canvas, so that edges stay smooth when warped
SEAT_RADIUS_PX = (9.0, 20.0)


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of part: every instance of it shares this face, its finish and its screws.

    Attributes:
        surface: The face without screws, marks and wear.
        seats: Where screws belong.
        mark_xy: Where marks may be printed, in part pixels, best place first.
        thickness: Height of the upper face above the belt, in belt units.
    """

    surface: Surface
    finish: Finish
    seats: tuple[Seat, ...]
    mark_xy: tuple[tuple[float, float], ...]
    head: str
    drive: str
    thickness: float


@dataclass(slots=True)
class _Draft:
    """A face in the making; all positions are relative to its centre."""

    surface: Surface
    seats: list[Seat]
    marks: list[tuple[float, float]]

    @property
    def centre(self) -> tuple[float, float]:
        height, width = self.surface.shape_hw
        return width / 2, height / 2

    def rectangle(self, x: float, y: float, width: float, height: float, radius: float) -> UInt8:
        """Return the mask of a rectangle with round corners, centred at `(x, y)`."""
        cx, cy = self.centre[0] + x, self.centre[1] + y
        mask = np.zeros(self.surface.shape_hw, np.uint8)
        rx, ry = width / 2 - radius, height / 2 - radius
        corners = np.array([[cx - rx, cy - ry], [cx + rx, cy - ry], [cx + rx, cy + ry], [cx - rx, cy + ry]])
        angles = np.linspace(-np.pi, np.pi, 40, endpoint=False)
        rim = np.column_stack([np.cos(angles), np.sin(angles)]) * radius
        return fill(mask, cv2.convexHull((corners[:, None] + rim[None]).reshape(-1, 2).astype(np.float32))[:, 0])

    def circle(self, x: float, y: float, radius: float) -> UInt8:
        return disc(self.surface.shape_hw, self.centre[0] + x, self.centre[1] + y, radius)

    def seat(self, x: float, y: float, radius: float) -> None:
        self.seats.append(Seat(self.centre[0] + x, self.centre[1] + y, radius))

    def hole(self, x: float, y: float, radius: float) -> None:
        drill(self.surface, self.centre[0] + x, self.centre[1] + y, radius)

    def slot(self, x: float, y: float, width: float, height: float) -> None:
        mask = self.rectangle(x, y, width, height, min(width, height) / 2 - 0.5)
        self.surface.raise_by(unit(mask), -2.0, 1.4)
        self.surface.solid[:] = cv2.subtract(self.surface.solid, mask)

    def mark(self, x: float, y: float) -> None:
        self.marks.append((self.centre[0] + x, self.centre[1] + y))

    def extrude(self, mask: UInt8) -> None:
        self.surface.solid[:] = cv2.max(self.surface.solid, mask)


def fill(mask: UInt8, points_xy: NDArray[np.floating]) -> UInt8:
    """Fill a polygon of sub-pixel points into a mask, smooth at the edge; returns the same mask."""
    fixed = np.round(np.asarray(points_xy, np.float64) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


def draw_model(rng: np.random.Generator, size: float) -> Model:
    """Design a part whose longer side is about `size` belt units."""
    family = FAMILIES[rng.integers(len(FAMILIES))]
    height, width = size * rng.uniform(*family.aspect), size
    draft = _Draft(empty_surface((int(height) + 2 * MARGIN_PX, int(width) + 2 * MARGIN_PX)), [], [])
    finish = draw_finish(rng, family.finishes)
    coat(draft.surface, finish, rng)
    seat_radius = float(np.clip(size * rng.uniform(0.045, 0.062), *SEAT_RADIUS_PX))
    family.shape(draft, width, height, seat_radius, rng)
    draft.surface.raise_by(unit(draft.surface.solid), 4.0, 1.7)
    head = str(rng.choice([name for name in HEADS if name != "black" or finish.brightness > 0.33]))
    return Model(
        draft.surface,
        finish,
        tuple(draft.seats),
        tuple(draft.marks),
        head,
        str(rng.choice(DRIVES)),
        rng.uniform(*family.thickness),
    )


def _bracket(draft: _Draft, width: float, height: float, seat: float, rng: np.random.Generator) -> None:
    """An angle bracket: two flaps, a bend between them, slots to adjust it."""
    bend = rng.uniform(-0.1, 0.1) * width
    draft.extrude(draft.rectangle(bend / 2 - width / 4, 0, width / 2 + bend, height, 0.12 * height))
    narrow = height * rng.uniform(0.62, 0.85)
    draft.extrude(draft.rectangle(bend + width * 0.2, 0, width * 0.6 - 2 * bend, narrow, 0.14 * height))
    ridge = draft.rectangle(bend, 0, width * 0.035, height * 1.2, 1.0)
    draft.surface.raise_by(unit(ridge), 5.0, width * 0.018 + 1)
    for x, y in ((-0.42, -0.36), (-0.42, 0.36)):
        draft.seat(x * width, y * height, seat)
    draft.seat(width * 0.43, 0, seat)
    slot_x = width * 0.25
    for y in (-0.17, 0.17):
        draft.slot(slot_x, y * height, width * 0.2, max(7.0, height * 0.09))
    draft.hole(-0.25 * width, 0, max(5.0, height * rng.uniform(0.1, 0.17)))
    draft.mark(-0.08 * width, 0.34 * height)
    draft.mark(-0.22 * width, -0.32 * height)


def _flange(draft: _Draft, width: float, height: float, seat: float, rng: np.random.Generator) -> None:
    """A turned flange: a hub, a bore and screws on a circle."""
    outer = min(width, height) / 2
    draft.extrude(draft.circle(0, 0, outer))
    hub = outer * rng.uniform(0.42, 0.55)
    draft.surface.raise_by(unit(draft.circle(0, 0, hub)), 9.0, 2.0)
    draft.surface.raise_by(unit(draft.circle(0, 0, outer * 0.93)), 2.0, 1.2)
    draft.hole(0, 0, hub * rng.uniform(0.45, 0.7))
    count, start = int(rng.choice([3, 4, 5, 6])), rng.uniform(0, 2 * np.pi)
    ring = (outer * 0.92 + hub) / 2
    for angle in start + np.arange(count) * 2 * np.pi / count:
        draft.seat(ring * np.cos(angle), ring * np.sin(angle), min(seat, (outer - hub) * 0.3))
    if rng.random() < 0.5:
        for angle in start + (np.arange(count) + 0.5) * 2 * np.pi / count:
            draft.hole(ring * np.cos(angle), ring * np.sin(angle), max(3.5, seat * 0.45))
    else:
        draft.mark(ring * np.cos(start + np.pi / count), ring * np.sin(start + np.pi / count))


def _plate(draft: _Draft, width: float, height: float, seat: float, rng: np.random.Generator) -> None:
    """A flat plate with screws in its corners and holes in a row."""
    draft.extrude(draft.rectangle(0, 0, width, height, 0.06 * width))
    inset = seat * 1.9
    for x in (-1, 1):
        for y in (-1, 1):
            draft.seat(x * (width / 2 - inset), y * (height / 2 - inset), seat)
    columns, row = int(rng.integers(2, 5)), rng.uniform(-0.22, 0.1) * height
    radius = max(4.0, min(0.3 * width / columns, height * rng.uniform(0.06, 0.12)))
    for x in np.linspace(-0.27, 0.27, columns) * width:
        draft.hole(float(x), row, radius)
    if rng.random() < 0.5:
        pocket = draft.rectangle(0, 0.3 * height, 0.42 * width, 0.18 * height, 4.0)
        draft.surface.raise_by(unit(pocket), -4.0, 1.2)
    draft.mark(0, 0.30 * height)
    draft.mark(0, -0.38 * height)


def _housing(draft: _Draft, width: float, height: float, seat: float, rng: np.random.Generator) -> None:
    """A die-cast cover: a raised lid, ribs, bosses with screws."""
    draft.extrude(draft.rectangle(0, 0, width, height, 0.12 * height))
    lid = draft.rectangle(0, 0, width - 5.2 * seat, height - 1.6 * seat, 0.1 * height)
    draft.surface.raise_by(unit(lid), 10.0, 2.2)
    ribs = int(rng.integers(2, 6))
    for x in np.linspace(0.06, 0.36, ribs) * width:
        rib = draft.rectangle(float(x), 0, max(4.0, 0.018 * width), height * 0.6, 1.5)
        draft.surface.raise_by(unit(rib), 5.0, 1.4)
    for x in (-1, 1):
        for y in (-1, 1) if rng.random() < 0.8 else (-1, 0, 1):
            draft.seat(x * (width / 2 - 1.35 * seat), y * (height / 2 - 2.0 * seat), seat)
    draft.mark(-0.16 * width, 0.02 * height)
    draft.mark(-0.16 * width, 0.24 * height)


def _gear(draft: _Draft, width: float, height: float, seat: float, rng: np.random.Generator) -> None:
    """A spur gear with a web, a bore with a keyway and a bolted hub."""
    outer = min(width, height) / 2
    teeth = int(rng.integers(18, 34))
    angle = np.arange(teeth * 4) * (2 * np.pi / (teeth * 4))
    radius = np.tile([outer, outer, outer * 0.90, outer * 0.90], teeth)
    cx, cy = draft.centre
    points = np.column_stack([cx + radius * np.cos(angle), cy + radius * np.sin(angle)])
    draft.extrude(fill(np.zeros(draft.surface.shape_hw, np.uint8), points))
    web = cv2.subtract(draft.circle(0, 0, outer * 0.76), draft.circle(0, 0, outer * 0.5))
    draft.surface.raise_by(unit(web), -6.0, 1.6)
    draft.hole(0, 0, outer * 0.17)
    draft.slot(0, -outer * 0.17, outer * 0.09, outer * 0.12)
    count, start = int(rng.choice([3, 4])), rng.uniform(0, np.pi)
    for at in start + np.arange(count) * 2 * np.pi / count:
        draft.seat(outer * 0.345 * np.cos(at), outer * 0.345 * np.sin(at), min(seat, outer * 0.115))
    draft.mark(0, outer * 0.63)


@dataclass(frozen=True, slots=True)
class _Family:
    shape: Callable[[_Draft, float, float, float, np.random.Generator], None]
    aspect: tuple[float, float]
    finishes: tuple[str, ...]
    thickness: tuple[float, float]


FAMILIES = (
    _Family(_bracket, (0.42, 0.62), ("brushed", "ground", "paint"), (6, 14)),
    _Family(_flange, (1.0, 1.0), ("turned", "turned", "ground", "paint"), (14, 30)),
    _Family(_plate, (0.55, 0.85), ("brushed", "brushed", "ground", "paint"), (6, 14)),
    _Family(_housing, (0.6, 0.82), ("cast", "paint", "paint"), (20, 40)),
    _Family(_gear, (1.0, 1.0), ("turned", "ground", "cast"), (12, 26)),
)

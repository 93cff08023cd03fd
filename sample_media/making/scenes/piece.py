"""One part on the belt: an instance of a model with its own marks, wear and defects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.camera import Camera, Matrix, shift, transform, turn
from sample_media.making.scenes.defects import MISSING_SCREW, Flaw
from sample_media.making.scenes.fasteners import Seat, fit_screw, leave_open
from sample_media.making.scenes.finish import age
from sample_media.making.scenes.light import Light
from sample_media.making.scenes.marks import print_arrow, print_matrix, print_text, serial
from sample_media.making.scenes.parts import Model
from sample_media.making.scenes.surface import Surface, shade
from sample_media.making.scenes.wear import plan_flaws

UInt8 = NDArray[np.uint8]
Keep = Callable[[Flaw], bool]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a part lies: its centre in belt units and its turn in radians."""

    x: float
    y: float
    angle: float

    def matrix(self, shape_hw: tuple[int, int]) -> Matrix:
        """Return the `(3, 3)` from part pixels to belt units."""
        return shift(self.x, self.y) @ turn(self.angle) @ shift(-shape_hw[1] / 2, -shape_hw[0] / 2)


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished part: `face_rgb` is `(h, w, 3)`, `solid` its `(h, w)` outline; the masks of its flaws are alike."""

    face_rgb: UInt8
    solid: UInt8
    wall_rgb: tuple[int, int, int]
    thickness: float
    flaws: tuple[Flaw, ...]

    def to_picture(self, pose: Pose, camera: Camera, z: float) -> Matrix:
        """Return the `(3, 3)` from part pixels to picture pixels, for a plane `z` above the belt."""
        return camera.homography(z) @ pose.matrix((self.solid.shape[0], self.solid.shape[1]))


@dataclass(frozen=True, slots=True)
class Order:
    """What a piece shall be: how many defects, of what size for the camera, under which lamp.

    Attributes:
        flaws: How many defects to try for.
        px_per_unit: Picture pixels per belt unit where it will be seen.
        keep: Called with each planned defect; those it refuses are never drawn.
    """

    flaws: int
    px_per_unit: float
    light: Light
    angle: float
    keep: Keep


def make_piece(model: Model, order: Order, rng: np.random.Generator) -> Piece:
    """Make one part, with its defects."""
    surface = model.surface.copy()
    planned = plan_flaws(model, order.flaws, order.px_per_unit, order.angle, rng)
    flaws = tuple(flaw for flaw in planned if order.keep(flaw))
    age(surface, model.finish, rng)
    _print_marks(surface, model, rng)
    _fit_screws(surface, model, flaws, rng)
    for flaw in flaws:
        flaw.draw(surface)
    cos, sin = np.cos(order.angle), np.sin(order.angle)
    x, y = order.light.towards_xy
    face = shade(surface, (float(x * cos + y * sin), float(y * cos - x * sin)))
    red, green, blue = (round(150 * channel) for channel in model.finish.colour)
    return Piece(face, surface.solid, (red, green, blue), model.thickness, flaws)


def place(picture: UInt8, piece: Piece, pose: Pose, camera: Camera, light: Light) -> None:
    """Draw a piece, its side walls and its shadow into the picture of the belt."""
    top = piece.to_picture(pose, camera, piece.thickness)
    height, width = piece.solid.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    seen = transform(top, corners)
    drop = camera.project(np.array([[pose.x, pose.y]]))[0] - camera.project(np.array([[pose.x, pose.y]]), piece.thickness)[0]
    reach = 3 * piece.thickness / 2 + 12
    x0, y0 = np.floor(np.maximum(seen.min(axis=0) - reach, 0)).astype(int)
    x1, y1 = np.ceil(np.minimum(seen.max(axis=0) + reach, [picture.shape[1], picture.shape[0]])).astype(int)
    if x1 <= x0 or y1 <= y0:
        return
    matrix, size = shift(-x0, -y0) @ top, (int(x1 - x0), int(y1 - y0))
    face = cv2.warpPerspective(piece.face_rgb, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    solid = cv2.warpPerspective(piece.solid, matrix, size)
    body = cv2.dilate(solid, _stroke(drop), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    window = picture[y0:y1, x0:x1]
    shaded = _darken(window, _shadow(body, drop, piece.thickness, light))
    walls = cv2.merge([np.full_like(solid, tone) for tone in piece.wall_rgb])
    window[:] = _over(face, solid, _over(walls, body, shaded))


def _print_marks(surface: Surface, model: Model, rng: np.random.Generator) -> None:
    height, width = surface.shape_hw
    dark = model.finish.brightness > 0.42
    for place_xy in model.mark_xy:
        kind = rng.choice(["text", "text", "matrix", "arrow", "none"])
        if kind == "text":
            print_text(surface, serial(rng), place_xy, float(np.clip(width * 0.045, 8, 17)), dark)
        elif kind == "matrix" and place_xy == model.mark_xy[0]:
            print_matrix(surface, rng, place_xy, float(np.clip(height * 0.16, 20, 44)))
        elif kind == "arrow":
            print_arrow(surface, place_xy, width * 0.16, dark)


def _fit_screws(surface: Surface, model: Model, flaws: tuple[Flaw, ...], rng: np.random.Generator) -> None:
    missing = [flaw.mask for flaw in flaws if flaw.class_id == MISSING_SCREW]
    for seat in model.seats:
        if any(mask[int(seat.y), int(seat.x)] for mask in missing):
            leave_open(surface, seat)
        else:
            fit_screw(surface, _settled(seat, rng), model.head, model.drive, rng)


def _settled(seat: Seat, rng: np.random.Generator) -> Seat:
    """A screw never sits exactly in the middle."""
    dx, dy = rng.uniform(-0.04, 0.04, 2) * seat.radius
    return Seat(seat.x + dx, seat.y + dy, seat.radius)


def _stroke(drop: NDArray[np.float64]) -> UInt8:
    """Return the structuring element that sweeps a mask along the projected side wall."""
    reach = int(np.ceil(np.abs(drop).max())) + 1
    element = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    cv2.line(element, (reach, reach), (round(reach - drop[0]), round(reach - drop[1])), 1)
    return element


def _shadow(body: UInt8, drop: NDArray[np.float64], thickness: float, light: Light) -> UInt8:
    """Return how dark the belt is around a body: a soft cast shadow and a tight contact shadow."""
    dx = drop[0] - light.towards_xy[0] * thickness * 0.55
    dy = drop[1] - light.towards_xy[1] * thickness * 0.55
    moved = cv2.warpAffine(body, np.array([[1, 0, dx], [0, 1, dy]], np.float64), (body.shape[1], body.shape[0]))
    spread = int(thickness * 0.5) * 2 + 5
    cast = cv2.blur(cv2.blur(moved, (spread, spread)), (spread // 2 + 1, spread // 2 + 1))
    contact = cv2.blur(body, (9, 9))
    shadow: UInt8 = cv2.max(cv2.convertScaleAbs(cast, alpha=light.shadow), cv2.convertScaleAbs(contact, alpha=0.55))
    return shadow


def _darken(picture: UInt8, shadow: UInt8) -> UInt8:
    keep = cv2.bitwise_not(shadow)
    darkened: UInt8 = cv2.multiply(picture, cv2.merge([keep, keep, keep]), scale=1 / 255)
    return darkened


def _over(top: UInt8, cover: UInt8, below: UInt8) -> UInt8:
    weight = cover.astype(np.float32) * np.float32(1 / 255)
    blended: UInt8 = cv2.blendLinear(top, np.ascontiguousarray(below), weight, 1 - weight)
    return blended

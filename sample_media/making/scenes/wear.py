"""Which defects a part gets, how large, and where on it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.defects import (
    CHIP,
    DENT,
    MISSING_SCREW,
    SCRATCH,
    STAIN,
    Flaw,
    plan_chip,
    plan_dent,
    plan_missing_screw,
    plan_scratch,
    plan_stain,
)
from sample_media.making.scenes.fasteners import disc
from sample_media.making.scenes.parts import Model

UInt8 = NDArray[np.uint8]
CLASS_SHARES = (0.225, 0.22, 0.22, 0.225, 0.11)  # a missing screw needs a screw; the rest share what is left
SIZE_BANDS_PX = ((10.5, 24.0), (24.0, 40.0), (40.0, 110.0), (110.0, 190.0))
# Of the four free classes; missing screws add to the first two bands. The first are under 10 px at an input of 512: some are
# lost there, and with more of them no setting would be worth comparing.
SIZE_SHARES = (0.03, 0.07, 0.50, 0.40)
LARGEST_SHARE = 0.40  # of the part's longer side
STEEP = 0.3  # slope of a bevel; the skin of a casting stays below it
ATTEMPTS = 8
OVERLAP_LIMIT = 0.25  # of the smaller of two defects
HOLE_LIMIT = {SCRATCH: 0.10, DENT: 0.06, STAIN: 0.25, CHIP: 0.0, MISSING_SCREW: 0.0}  # share that may fall into holes


def plan_flaws(model: Model, count: int, px_per_unit: float, angle: float, rng: np.random.Generator) -> list[Flaw]:
    """Plan up to `count` defects that find room on the part."""
    taken = np.zeros_like(model.surface.solid)
    for seat in model.seats:
        taken = cv2.max(taken, disc(model.surface.shape_hw, seat.x, seat.y, seat.radius + 2.5))
    blocked = cv2.max(taken, _steep(model.surface.height))
    free = cv2.copyMakeBorder(cv2.subtract(model.surface.solid, blocked), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.distanceTransform(free, cv2.DIST_L2, 3)[1:-1, 1:-1] if count else np.zeros((1, 1), np.float32)
    holes = _holes(model.surface.solid)
    flaws: list[Flaw] = []
    for _ in range(count):
        class_id = int(rng.choice(5, p=CLASS_SHARES))
        low, high = SIZE_BANDS_PX[int(rng.choice(4, p=SIZE_SHARES))]
        size = min(rng.uniform(low, high) / px_per_unit, LARGEST_SHARE * max(model.surface.shape_hw))
        for _ in range(ATTEMPTS):
            flaw = _propose(class_id, model, depth, size, angle=angle, rng=rng)
            if flaw is not None and _fits(flaw, taken, holes, flaws):
                flaws.append(flaw)
                break
    return flaws


def _propose(
    class_id: int,
    model: Model,
    depth: NDArray[np.float32],
    size: float,
    *,
    angle: float,
    rng: np.random.Generator,
) -> Flaw | None:
    if class_id == MISSING_SCREW:
        return plan_missing_screw(model.surface, model.seats[rng.integers(len(model.seats))]) if model.seats else None
    if class_id == CHIP:
        return plan_chip(model.surface, _on_outline(model, rng), size, rng)
    at = _in_the_open(depth, size, rng)
    if class_id == SCRATCH:
        return plan_scratch(model.surface, model.finish, at, size, part_angle=angle, rng=rng)
    if class_id == DENT:
        return plan_dent(model.surface, at, size, rng)
    return plan_stain(model.surface, model.finish, at, size, rng)


def _in_the_open(depth: NDArray[np.float32], size: float, rng: np.random.Generator) -> tuple[float, float]:
    """Choose a point with about half a defect's size of free material around it, or the best there is."""
    enough = min(0.45 * size + 2, 0.7 * float(depth.max()))
    candidates = np.flatnonzero(depth >= enough)
    y, x = divmod(int(candidates[rng.integers(len(candidates))]), depth.shape[1])
    return float(x), float(y)


def _on_outline(model: Model, rng: np.random.Generator) -> tuple[float, float]:
    contours, _ = cv2.findContours(model.surface.solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=len)[:, 0]
    x, y = outline[rng.integers(len(outline))]
    return float(x), float(y)


def _steep(height: NDArray[np.float32]) -> UInt8:
    """Return the mask of bevels and ribs, on which a small defect could not be told from the shape."""
    x = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=1 / 8)
    y = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.where(np.square(x) + np.square(y) > STEEP**2, np.uint8(255), np.uint8(0))


def _holes(solid: UInt8) -> UInt8:
    """Return the mask of what is inside the outline but open."""
    _, material = cv2.threshold(solid, 127, 255, cv2.THRESH_BINARY)
    contours, _ = cv2.findContours(material, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    holes: UInt8 = cv2.subtract(cv2.drawContours(np.zeros_like(solid), contours, -1, 255, -1), material)
    return holes


def _hull(mask: UInt8) -> UInt8:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull: UInt8 = cv2.fillConvexPoly(np.zeros_like(mask), cv2.convexHull(np.concatenate(contours)), 255)
    return hull


def _fits(flaw: Flaw, seats: UInt8, holes: UInt8, others: list[Flaw]) -> bool:
    """Whether a defect leaves the screws alone and covers no other defect."""
    own = cv2.countNonZero(flaw.mask)
    if own < 12:
        return False
    if flaw.class_id != MISSING_SCREW and cv2.countNonZero(cv2.bitwise_and(flaw.mask, seats)) > 0.02 * own:
        return False
    if cv2.countNonZero(cv2.bitwise_and(_hull(flaw.mask), holes)) > HOLE_LIMIT[flaw.class_id] * own:
        return False
    for other in others:
        shared = cv2.countNonZero(cv2.bitwise_and(flaw.mask, other.mask))
        if shared > OVERLAP_LIMIT * min(own, cv2.countNonZero(other.mask)):
            return False
    return True

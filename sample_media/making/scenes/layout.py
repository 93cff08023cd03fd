"""How full the belt is, and where its parts lie."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.parts import Model, draw_model
from sample_media.making.scenes.piece import Pose

FILLINGS = ("empty", "crowded", "perfect", "usual")
FILLING_SHARES = (0.08, 0.12, 0.15, 0.65)
FLAW_SHARES = (0.22, 0.26, 0.26, 0.16, 0.10)  # a usual part has 0..4 defects
CELL = 8  # belt units; the grid that keeps parts apart
HALF_LENGTH = 760  # belt units from the centre that the grid covers
FARTHEST = 640  # belt units from the centre at which a part may lie: some are cut by the picture's border
STRETCH = 1800  # belt units after which the next stretch may begin: no part of one reaches into the other
TRIES = 40
GAP = 14.0  # belt units kept free around a part


@dataclass(frozen=True, slots=True)
class Spot:
    """A part to be made, where it lies, and how many defects it shall have."""

    model: Model
    pose: Pose
    flaws: int


def draw_filling(rng: np.random.Generator) -> str:
    """Choose one of `FILLINGS` as lines are filled: mostly a few parts, now and then none or a heap."""
    return str(rng.choice(FILLINGS, p=FILLING_SHARES))


def lay_out(filling: str, half_width: float, rng: np.random.Generator) -> list[Spot]:
    """Choose parts of one or two kinds and find room for them on a stretch of belt about `x = 0`."""
    if filling == "empty":
        return []
    count = int(rng.integers(8, 14)) if filling == "crowded" else int(rng.integers(2, 7))
    models = [draw_model(rng, size_for(count, rng)) for _ in range(1 if rng.random() < 0.45 else 2)]
    grid = Grid(half_width)
    tidy = None if rng.random() < 0.45 else rng.uniform(0, np.pi)
    spots = []
    for _ in range(count):
        model = models[rng.integers(len(models))]
        pose = grid.find_room(model, tidy, rng)
        if pose is not None:
            flaws = 0 if filling == "perfect" else draw_flaw_count(rng, filling == "crowded")
            spots.append(Spot(model, pose, flaws))
    return spots


def draw_flaw_count(rng: np.random.Generator, crowded: bool) -> int:
    """Choose how many defects a part gets."""
    return int(rng.integers(1, 5)) if crowded else int(rng.choice(5, p=FLAW_SHARES))


def size_for(count: int, rng: np.random.Generator) -> float:
    """Choose a part size, in belt units, of which `count` find room."""
    low, high = (290, 470) if count <= 3 else (230, 370) if count <= 6 else (160, 245)
    return float(rng.uniform(low, high))


class Grid:
    """A coarse map of the belt that remembers where parts lie."""

    def __init__(self, half_width: float) -> None:
        self._half_width = half_width
        rows, columns = int(2 * half_width / CELL), int(2 * HALF_LENGTH / CELL)
        self._taken: NDArray[np.uint8] = np.zeros((rows, columns), np.uint8)

    def find_room(self, model: Model, tidy: float | None, rng: np.random.Generator) -> Pose | None:
        """Return a free pose, and take it; None when the belt is full."""
        for _ in range(TRIES):
            angle = rng.uniform(0, 2 * np.pi) if tidy is None else tidy + rng.normal(0, 0.06)
            pose = Pose(rng.uniform(-FARTHEST, FARTHEST), rng.uniform(-self._half_width, self._half_width), float(angle))
            if self._take(model, pose):
                return pose
        return None

    def _take(self, model: Model, pose: Pose) -> bool:
        height, width = model.surface.shape_hw
        wide, high = width / 2 + GAP - 8, height / 2 + GAP - 8
        cos, sin = np.cos(pose.angle), np.sin(pose.angle)
        corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]])
        outline = corners @ np.array([[cos, sin], [-sin, cos]]) + np.array([pose.x, pose.y])
        if np.abs(outline[:, 1]).max() > self._half_width - 4:
            return False
        cells = np.round((outline + np.array([HALF_LENGTH, self._half_width])) / CELL).astype(np.int32)
        wanted = cv2.fillConvexPoly(np.zeros_like(self._taken), cells, 1)
        if cv2.countNonZero(cv2.bitwise_and(wanted, self._taken)):
            return False
        self._taken |= wanted
        return True

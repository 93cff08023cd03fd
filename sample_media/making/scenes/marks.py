"""Printed and engraved marks: harmless, and there to keep a detector honest."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.surface import Surface, unit

UInt8 = NDArray[np.uint8]
FONT = cv2.FONT_HERSHEY_SIMPLEX
LETTERS = "ABCDEFHKLMNPRSTX"
MODULES = 12  # cells along a side of a printed data matrix


def serial(rng: np.random.Generator) -> str:
    """Return a made-up serial number, such as `KT-4821`."""
    letters = "".join(rng.choice(list(LETTERS), 2))
    return f"{letters}-{rng.integers(1000, 9999)}"


def print_text(surface: Surface, text: str, centre_xy: tuple[float, float], height_px: float, dark: bool) -> None:
    """Print one line of text in ink."""
    scale = height_px / 22  # a capital of this font is 22 pixels high at scale 1
    (width, height), _ = cv2.getTextSize(text, FONT, scale, 1)
    origin = (round(centre_xy[0] - width / 2), round(centre_xy[1] + height / 2))
    mask = np.zeros(surface.shape_hw, np.uint8)
    cv2.putText(mask, text, origin, FONT, scale, 255, 1 if height_px < 13 else 2, cv2.LINE_AA)
    _ink(surface, mask, dark)


def print_matrix(surface: Surface, rng: np.random.Generator, centre_xy: tuple[float, float], side_px: float) -> None:
    """Print a data matrix on a white label."""
    cells = rng.integers(0, 2, (MODULES, MODULES)).astype(np.uint8)
    cells[:, 0] = cells[-1, :] = 1
    cells[0, ::2] = cells[::2, -1] = 1
    side = max(MODULES, round(side_px))
    code = cv2.resize(cells * 255, (side, side), interpolation=cv2.INTER_NEAREST)
    x, y = round(centre_xy[0] - side / 2), round(centre_xy[1] - side / 2)
    quiet = 3
    label = np.zeros(surface.shape_hw, np.uint8)
    label[y - quiet : y + side + quiet, x - quiet : x + side + quiet] = 255
    surface.paint(unit(label) * np.float32(0.85), (0.80, 0.80, 0.77))
    mask = np.zeros(surface.shape_hw, np.uint8)
    mask[y : y + side, x : x + side] = code
    _ink(surface, mask, dark=True)


def print_arrow(surface: Surface, centre_xy: tuple[float, float], length_px: float, dark: bool) -> None:
    """Print an assembly arrow along x."""
    mask = np.zeros(surface.shape_hw, np.uint8)
    x, y = centre_xy
    start, end = (round(x - length_px / 2), round(y)), (round(x + length_px / 2), round(y))
    cv2.arrowedLine(mask, start, end, 255, 2, cv2.LINE_AA, 0, 0.3)
    _ink(surface, mask, dark)


def _ink(surface: Surface, mask: UInt8, dark: bool) -> None:
    surface.paint(unit(mask) * np.float32(0.8), (0.09, 0.09, 0.11) if dark else (0.86, 0.86, 0.84))

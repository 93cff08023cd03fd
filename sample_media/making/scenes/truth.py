"""From a defect's mask on its part to its box in the picture, by the very transform that draws the part."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.camera import Matrix, shift, transform
from sample_media.making.scenes.sensor import Sensor, smear

UInt8 = NDArray[np.uint8]
SEEN_SHARE = 0.4  # of the mask's peak; a motion-blurred edge is seen about there
MIN_VISIBLE = 0.45  # share of a defect inside the picture; with less, a person would not call it one
MIN_SIDE_PX = 9.0  # longer side of a visible defect


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a defect shows in the picture.

    Attributes:
        box_xyxy_px: Bounding box of the visible pixels; x2 and y2 are one past the last.
        visible: Share of the defect inside the picture, 0..1.
    """

    box_xyxy_px: tuple[int, int, int, int]
    visible: float

    @property
    def counts(self) -> bool:
        """Whether enough is seen for it to be labelled."""
        x1, y1, x2, y2 = self.box_xyxy_px
        return self.visible >= MIN_VISIBLE and max(x2 - x1, y2 - y1) >= MIN_SIDE_PX


UNSEEN = Sighting((0, 0, 0, 0), 0.0)


def locate(mask: UInt8, to_picture: Matrix, sensor: Sensor, size_hw: tuple[int, int]) -> Sighting:
    """Find a defect in the picture.

    Args:
        mask: `(h, w)` in part pixels.
        to_picture: `(3, 3)` from part pixels to picture pixels.
        sensor: Its motion blur widens the mask as it widens the picture.
        size_hw: Height and width of the picture.
    """
    x, y, width, height = cv2.boundingRect(mask)
    if width == 0:
        return UNSEEN
    corners = np.array([[x, y], [x + width, y], [x, y + height], [x + width, y + height]], np.float64)
    seen = transform(to_picture, corners)
    pad = sensor.smear_px + 2
    left, top = np.floor(seen.min(axis=0)).astype(int) - pad
    right, bottom = np.ceil(seen.max(axis=0)).astype(int) + pad + 1
    matrix = shift(-left, -top) @ to_picture @ shift(x, y)
    crop = mask[y : y + height, x : x + width]
    warped = smear(cv2.warpPerspective(crop, matrix, (int(right - left), int(bottom - top))), sensor)
    shown = warped >= max(1.0, SEEN_SHARE * float(warped.max()))
    inside = np.zeros_like(shown)
    window = (
        slice(max(0, -top), max(0, size_hw[0] - top)),
        slice(max(0, -left), max(0, size_hw[1] - left)),
    )
    inside[window] = shown[window]
    if not inside.any():
        return UNSEEN
    columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    box = (int(columns[0] + left), int(rows[0] + top), int(columns[-1] + left + 1), int(rows[-1] + top + 1))
    return Sighting(box, float(inside.sum() / shown.sum()))

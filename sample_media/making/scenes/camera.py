"""The camera above the belt: from belt coordinates to picture coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOCAL_PX = 1500.0  # of a 1280-pixel-wide picture: a 12 mm lens on a half-inch sensor, mild perspective
FRAME_WIDTH_PX = 1280
FRAME_HEIGHT_PX = 720

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera that looks down at the belt a little askew.

    Belt coordinates: x along the motion, y across, z up; the origin is under the picture's centre. One unit is about
    one pixel of a 1280x720 picture.
    """

    size_hw: tuple[int, int]
    pitch: float
    yaw: float
    roll: float
    zoom: float

    def homography(self, z: float = 0.0) -> Matrix:
        """Return the `(3, 3)` matrix from belt `(x, y, 1)` at height `z` to homogeneous picture pixels."""
        height, width = self.size_hw
        scale = max(width / FRAME_WIDTH_PX, height / FRAME_HEIGHT_PX)
        rotation = _about_x(self.pitch) @ _about_y(self.yaw) @ _about_z(self.roll)
        depth = np.array([0.0, 0.0, FOCAL_PX / self.zoom])
        focal = FOCAL_PX * scale
        lens = np.array([[focal, 0, width / 2 - 0.5], [0, focal, height / 2 - 0.5], [0, 0, 1]])
        up = -rotation[:, 2]  # the camera's z axis points down at the belt
        matrix: Matrix = lens @ np.column_stack([rotation[:, 0], rotation[:, 1], depth + z * up])
        matrix /= matrix[2, 2]
        return matrix

    def project(self, points_xy: Matrix, z: float = 0.0) -> Matrix:
        """Return the `(n, 2)` picture positions of `(n, 2)` belt positions at height `z`."""
        return transform(self.homography(z), points_xy)


def draw_camera(rng: np.random.Generator, size_hw: tuple[int, int]) -> Camera:
    """Choose how a camera happens to be mounted."""
    return Camera(
        size_hw,
        pitch=rng.uniform(0.12, 0.38),
        yaw=rng.uniform(-0.10, 0.10),
        roll=rng.uniform(-0.045, 0.045),
        zoom=rng.uniform(0.92, 1.2),
    )


def transform(matrix: Matrix, points_xy: Matrix) -> Matrix:
    """Apply a `(3, 3)` homography to `(n, 2)` points."""
    homogeneous = np.column_stack([points_xy, np.ones(len(points_xy))]) @ matrix.T
    result: Matrix = homogeneous[:, :2] / homogeneous[:, 2:]
    return result


def shift(x: float, y: float) -> Matrix:
    """Return the `(3, 3)` translation by `(x, y)`."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def turn(angle: float) -> Matrix:
    """Return the `(3, 3)` rotation by `angle` radians about the origin."""
    return _about_z(angle)


def _about_x(angle: float) -> Matrix:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def _about_y(angle: float) -> Matrix:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _about_z(angle: float) -> Matrix:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])

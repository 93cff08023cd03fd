"""The belt's fabric and the machine's rails beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.camera import Camera, shift, transform
from sample_media.making.scenes.texture import blur_wrapped, normalise

UInt8 = NDArray[np.uint8]
FABRICS = ("rubber", "weave", "ribbed", "worn")
LENGTH = 2048  # belt units after which the fabric repeats
ACROSS = 1280  # belt units of fabric drawn, wider than any belt seen
FABRIC_START = -3000  # two repeats from here cover whatever the camera sees, however far the belt has moved
RAIL_LENGTH = 2600
RAIL_WIDTH = 330
RAIL_HEIGHT = 26.0  # of the guide above the belt


@dataclass(frozen=True, slots=True)
class BeltStyle:
    """How this line's belt and frame look."""

    fabric: str
    tint: tuple[float, float, float]
    half_width: float
    frame: int


FRAMES = ((58, 92, 138), (168, 172, 174), (196, 160, 50), (64, 104, 84), (92, 96, 100))


def draw_style(rng: np.random.Generator) -> BeltStyle:
    """Choose a belt."""
    base = np.array([(0.21, 0.22, 0.23), (0.16, 0.25, 0.21), (0.15, 0.19, 0.27), (0.30, 0.30, 0.29), (0.13, 0.13, 0.14)])[
        rng.integers(5)
    ]
    tint = np.clip(base * rng.uniform(0.85, 1.2), 0.10, 0.36)
    return BeltStyle(
        str(rng.choice(FABRICS)),
        (float(tint[0]), float(tint[1]), float(tint[2])),
        float(rng.uniform(285, 345)),
        int(rng.integers(len(FRAMES))),
    )


def lay_belt(camera: Camera, style: BeltStyle, travel: float) -> UInt8:
    """Return the picture of the bare belt after it moved `travel` belt units."""
    height, width = camera.size_hw
    start = FABRIC_START + travel % LENGTH
    to_picture = camera.homography() @ shift(start, -ACROSS / 2)
    grey = cv2.warpPerspective(_fabric(style.fabric), to_picture, (width, height), borderMode=cv2.BORDER_REPLICATE)
    levels = np.arange(256, dtype=np.float32)
    channels = [cv2.LUT(grey, np.clip(levels * (2 * tint), 0, 255).astype(np.uint8)) for tint in style.tint]
    picture: UInt8 = cv2.merge(channels)
    return picture


def scatter_dirt(picture: UInt8, camera: Camera, style: BeltStyle, rng: np.random.Generator, travel: float) -> None:
    """Drop crumbs, swarf and smears on the belt; they are no defects."""
    count = int(rng.integers(8, 70))
    spots = np.column_stack([rng.uniform(-LENGTH / 2, LENGTH / 2, count), rng.uniform(-style.half_width, style.half_width, count)])
    spots[:, 0] = (spots[:, 0] + travel + LENGTH / 2) % LENGTH - LENGTH / 2
    scale = camera.size_hw[1] / 1280
    sizes, tones, angles = rng.gamma(1.5, 1.1, count), rng.uniform(0.3, 1.7, count), rng.uniform(0, 360, count)
    base = np.array(style.tint) * 255
    for (x, y), size, tone, angle in zip(camera.project(spots), sizes, tones, angles, strict=True):
        axes = (round(16 * scale * min(size + 0.6, 5)), round(16 * scale * min(0.5 + size * 0.5, 3)))
        colour = tuple(float(c) for c in np.clip(base * tone + 8 * tone, 0, 150))
        cv2.ellipse(picture, (round(16 * x), round(16 * y)), axes, angle, 0, 360, colour, -1, cv2.LINE_AA, 4)


def mount_rails(picture: UInt8, camera: Camera, style: BeltStyle) -> None:
    """Draw the guides and the machine's frame over both sides of the belt."""
    for side in (-1, 1):
        edge = side * style.half_width
        texture = _rail(style.frame, side)
        origin = shift(-RAIL_LENGTH / 2, edge if side > 0 else edge - RAIL_WIDTH)
        matrix = camera.homography(RAIL_HEIGHT) @ origin
        corners = transform(matrix, np.array([[0, 0], [RAIL_LENGTH, 0], [0, RAIL_WIDTH], [RAIL_LENGTH, RAIL_WIDTH]], float))
        top, bottom = int(np.floor(corners[:, 1].min())), int(np.ceil(corners[:, 1].max()))
        top, bottom = max(0, top), min(picture.shape[0], bottom)
        if bottom - top < 1:
            continue
        size = (picture.shape[1], bottom - top)
        warped = cv2.warpPerspective(texture, shift(0, -top) @ matrix, size, flags=cv2.INTER_LINEAR)
        strip = picture[top:bottom]
        cover = warped[..., 3].astype(np.float32) * np.float32(1 / 255)
        strip[:] = cv2.blendLinear(np.ascontiguousarray(warped[..., :3]), strip, cover, 1 - cover)


@cache
def _fabric(kind: str) -> UInt8:
    """Return two repeats of a fabric side by side: `(1280, 4096)` grey, 128 in the mean."""
    rng = np.random.default_rng(FABRICS.index(kind))
    noise = rng.standard_normal((ACROSS, LENGTH)).astype(np.float32)
    grain = normalise(blur_wrapped(noise, 0.9, 0.9))
    cloud = normalise(blur_wrapped(noise, 46, 30))
    wear = normalise(blur_wrapped(noise, 180, 2.2))
    y, x = np.mgrid[:ACROSS, :LENGTH].astype(np.float32)
    pattern = {
        "rubber": 10 * grain,
        "weave": 13 * np.sign(np.sin(x * (np.pi / 4)) * np.sin(y * (np.pi / 4))) * (0.7 + 0.3 * grain) + 4 * grain,
        "ribbed": 9 * np.sin(y * (2 * np.pi / 16)) + 8 * grain,
        "worn": 8 * grain + 9 * wear,
    }[kind]
    values = 128 + cv2.GaussianBlur(pattern, (0, 0), 0.8) + 8 * cloud + (5 if kind == "rubber" else 2) * wear
    marks = np.zeros((ACROSS, LENGTH), np.uint8)
    for _ in range(26):  # scuffs along the motion
        at, run = rng.integers(0, [LENGTH - 400, ACROSS]), int(rng.integers(60, 380))
        cv2.line(marks, (int(at[0]), int(at[1])), (int(at[0]) + run, int(at[1]) + int(rng.integers(-5, 6))), 255, 1, cv2.LINE_AA)
    values += cv2.GaussianBlur(marks, (0, 0), 0.8).astype(np.float32) * 0.10
    if kind in ("weave", "rubber"):  # these are joined by a slanted seam, the others are moulded endless
        cv2.line(seam := np.zeros((ACROSS, LENGTH), np.uint8), (700, 0), (1050, ACROSS), 255, 3, cv2.LINE_AA)
        values -= seam.astype(np.float32) * 0.13
    once = np.clip(values, 0, 255).astype(np.uint8)
    return np.concatenate([once, once], axis=1)


@cache
def _rail(frame: int, side: int) -> UInt8:
    """Return a guide, a profile and the frame beyond as `(330, 2600, 4)` RGBA, the belt's side at the top."""
    rng = np.random.default_rng(100 + frame)
    streaks = blur_wrapped(rng.standard_normal((RAIL_WIDTH, RAIL_LENGTH)).astype(np.float32), 60, 0.7)
    rgb = np.zeros((RAIL_WIDTH, RAIL_LENGTH, 3), np.float32)
    alpha = np.full((RAIL_WIDTH, RAIL_LENGTH), 255, np.float32)
    alpha[:26] = np.linspace(0, 165, 26)[:, None]  # the guide's shadow on the belt
    rgb[26:42] = 30  # plastic wear strip
    rgb[40:43] = 70
    profile = np.array([168, 172, 176], np.float32)
    for start, stop, tone in ((43, 60, 1.0), (60, 62, 0.5), (62, 68, 0.2), (68, 70, 0.7), (70, 92, 0.94), (92, 94, 0.4)):
        rgb[start:stop] = profile * tone
    rgb[94:150] = np.array(FRAMES[frame], np.float32)
    rgb[150:] = 26
    rgb *= (1 + 0.9 * streaks)[..., None]
    canvas = np.ascontiguousarray(np.clip(rgb, 0, 255).astype(np.uint8))
    for x in range(90, RAIL_LENGTH, 260):
        _bolt(canvas, x, 81)
        _bolt(canvas, x + 120, 122)
    _sign(canvas, 420 + 150 * frame)
    texture = np.dstack([canvas, alpha.astype(np.uint8)])
    return np.ascontiguousarray(texture if side > 0 else texture[::-1])


def _bolt(canvas: UInt8, x: int, y: int) -> None:
    cv2.circle(canvas, (x + 1, y + 2), 8, (35, 35, 36), -1, cv2.LINE_AA)
    cv2.circle(canvas, (x, y), 7, (120, 121, 122), -1, cv2.LINE_AA)
    cv2.circle(canvas, (x, y), 7, (58, 58, 60), 1, cv2.LINE_AA)
    angles = np.arange(6) * np.pi / 3
    hexagon = np.column_stack([x + 3.2 * np.cos(angles), y + 3.2 * np.sin(angles)])
    cv2.fillPoly(canvas, [np.round(hexagon * 16).astype(np.int32)], (24, 24, 26), cv2.LINE_AA, 4)


def _sign(canvas: UInt8, x: int) -> None:
    """A stretch of warning stripes and a cable duct: what stands beside every line."""
    for step in range(0, 280, 28):
        stripe = np.array([[x + step, 146], [x + step + 14, 146], [x + step + 30, 102], [x + step + 16, 102]], np.int32)
        cv2.fillPoly(canvas, [stripe], (26, 26, 26), cv2.LINE_AA)
    cv2.rectangle(canvas, (x + 620, 98), (x + 800, 148), (52, 54, 57), -1)
    cv2.rectangle(canvas, (x + 640, 106), (x + 700, 140), (24, 25, 27), -1)
    cv2.circle(canvas, (x + 760, 122), 5, (96, 200, 110), -1, cv2.LINE_AA)

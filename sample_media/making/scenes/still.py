"""One picture of the line, with its truth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sample_media.making.scenes.belt import BeltStyle, draw_style, lay_belt, mount_rails, scatter_dirt
from sample_media.making.scenes.camera import Camera, draw_camera
from sample_media.making.scenes.defects import Flaw
from sample_media.making.scenes.layout import Spot, draw_filling, lay_out
from sample_media.making.scenes.light import Light, draw_light, expose
from sample_media.making.scenes.piece import Order, Piece, make_piece, place
from sample_media.making.scenes.sensor import Sensor, develop, draw_sensor, smear
from sample_media.making.scenes.truth import Sighting, locate


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture and what is wrong in it.

    Attributes:
        image_rgb: `(H, W, 3)` uint8.
        boxes_xyxy_px: `(n, 4)` float32, x2 and y2 one past the last pixel.
        class_ids: `(n,)` int64, indices into `LABELS`.
    """

    image_rgb: NDArray[np.uint8]
    boxes_xyxy_px: NDArray[np.float32]
    class_ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """What stays the same while parts pass: camera, belt, lamp, sensor."""

    camera: Camera
    style: BeltStyle
    light: Light
    sensor: Sensor


def draw_line(rng: np.random.Generator, size_hw: tuple[int, int]) -> Line:
    """Set up a line for pictures of `size_hw`, which is not portrait."""
    return Line(draw_camera(rng, size_hw), draw_style(rng), draw_light(rng), draw_sensor(rng))


def render_still(seed: int, size_hw: tuple[int, int] = (720, 1280)) -> Scene:
    """Render one picture of a line; the same seed and size give the same bytes.

    Args:
        seed: Any non-negative integer.
        size_hw: Height and width in pixels. A portrait picture is taken by a camera mounted on its side.
    """
    height, width = size_hw
    if height > width:
        return quarter_turn(render_still(seed, (width, height)))
    rng = np.random.default_rng(seed)
    line = draw_line(rng, size_hw)
    spots = lay_out(draw_filling(rng), line.style.half_width, rng)
    placed = [(make_for(spot, line, rng), spot) for spot in spots]
    return compose(line, placed, rng, travel=rng.uniform(0, 2000))


def compose(line: Line, placed: list[tuple[Piece, Spot]], rng: np.random.Generator, travel: float) -> Scene:
    """Put belt, parts, rails, lamp and sensor together, and collect the truth."""
    picture = lay_belt(line.camera, line.style, travel)
    # Dirt belongs to the belt: the same in every frame, so its chance comes from the belt.
    scatter_dirt(picture, line.camera, line.style, np.random.default_rng(int(line.style.half_width * 1e6)), travel)
    for piece, spot in sorted(placed, key=lambda pair: pair[1].pose.y):
        place(picture, piece, spot.pose, line.camera, line.light)
    picture = smear(picture, line.sensor)
    mount_rails(picture, line.camera, line.style)
    picture = develop(expose(picture, line.light), line.sensor, rng)
    boxes, class_ids = [], []
    for piece, spot in placed:
        for flaw in piece.flaws:
            sighting = sight(flaw, piece.thickness, spot, line)
            if sighting.counts:
                boxes.append(sighting.box_xyxy_px)
                class_ids.append(flaw.class_id)
    return Scene(picture, np.array(boxes, np.float32).reshape(-1, 4), np.array(class_ids, np.int64))


def sight(flaw: Flaw, thickness: float, spot: Spot, line: Line) -> Sighting:
    """Find a planned defect in the picture that the line's camera takes."""
    shape_hw = (flaw.mask.shape[0], flaw.mask.shape[1])
    matrix = line.camera.homography(thickness) @ spot.pose.matrix(shape_hw)
    return locate(flaw.mask, matrix, line.sensor, line.camera.size_hw)


def quarter_turn(scene: Scene) -> Scene:
    """Return the scene turned clockwise by 90 degrees, boxes and all."""
    height = scene.image_rgb.shape[0]
    x1, y1, x2, y2 = scene.boxes_xyxy_px.T
    boxes = np.column_stack([height - y2, x1, height - y1, x2]).astype(np.float32)
    return Scene(cv2.rotate(scene.image_rgb, cv2.ROTATE_90_CLOCKWISE), boxes, scene.class_ids)


def px_per_unit(camera: Camera, x: float, y: float) -> float:
    """Return how many picture pixels a belt unit takes at a place on the belt."""
    corner, right, down = camera.project(np.array([[x, y], [x + 1, y], [x, y + 1]]))
    (ax, ay), (bx, by) = right - corner, down - corner
    return float(np.sqrt(abs(ax * by - ay * bx)))


def make_for(spot: Spot, line: Line, rng: np.random.Generator) -> Piece:
    """Make the part of a spot, without those defects that the line's camera would not see there."""
    scale = px_per_unit(line.camera, spot.pose.x, spot.pose.y)
    thickness = spot.model.thickness

    def keep(flaw: Flaw) -> bool:
        return sight(flaw, thickness, spot, line).counts

    order = Order(spot.flaws, scale, line.light, spot.pose.angle, keep)
    return make_piece(spot.model, order, rng)

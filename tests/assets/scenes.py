"""Small scenes for the small detector: discs, squares and crosses on noise, and where they are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

SHAPES = Path(__file__).with_name("shapes.keras")
LABELS = ("disc", "square", "cross")
FRAME_HW = (120, 192)  # another shape than the network's 64x96, so that letterboxing has something to do
PORTRAIT_HW = (192, 120)
SIDES_PX = (24, 56)
MOST_OBJECTS = 4
MOST_OVERLAP = 0.15  # of the box that comes later; what lies under another would be truth that nobody sees
TRIES = 20
TEST_SEEDS = 1_000_000  # scenes of tests begin here; `making` uses those before it


@dataclass(frozen=True, slots=True)
class Scene:
    """A frame and what is in it.

    Attributes:
        image_rgb: uint8 `(height, width, 3)`.
        boxes_xyxy_px: `(n, 4)` float32, exactly around what is drawn.
        class_ids: `(n,)`, numbers of `LABELS`.
    """

    image_rgb: np.ndarray
    boxes_xyxy_px: np.ndarray
    class_ids: np.ndarray


def draw_scene(seed: int, size_hw: tuple[int, int] = FRAME_HW) -> Scene:
    """Draw a scene with one to four objects; the same seed draws the same scene."""
    draw = np.random.default_rng(seed)
    height, width = size_hw
    image = draw.integers(20, 120, 3) + draw.normal(0, 12, (height, width, 3)) + draw.normal(0, 10, (height, width, 1))
    boxes: list[tuple[int, int, int, int]] = []
    class_ids: list[int] = []
    for _ in range(draw.integers(1, MOST_OBJECTS + 1)):
        for _ in range(TRIES):
            side = int(draw.integers(*SIDES_PX))
            x, y = int(draw.integers(0, width - side)), int(draw.integers(0, height - side))
            box = (x, y, x + side, y + side)
            if all(_shared(box, other) <= MOST_OVERLAP * side**2 for other in boxes):
                class_id = int(draw.integers(len(LABELS)))
                mask = _mask(LABELS[class_id], side)
                image[y : y + side, x : x + side][mask] = draw.integers(150, 256, 3) + draw.normal(0, 8, (int(mask.sum()), 3))
                boxes.append(box)
                class_ids.append(class_id)
                break
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    return Scene(pixels, np.array(boxes, np.float32), np.array(class_ids, np.int64))


def write_scenes(scenes: Sequence[Scene], folder: Path) -> None:
    """Write scenes as PNG files into `folder`, and their truth as COCO's json beside it, where it is found without asking."""
    folder.mkdir(parents=True)
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, scene in enumerate(scenes):
        height, width = scene.image_rgb.shape[:2]
        name = f"scene_{number:02}.png"
        cv2.imwrite(str(folder / name), scene.image_rgb[..., ::-1])
        images.append({"id": number, "file_name": name, "width": width, "height": height})
        for (x0, y0, x1, y1), class_id in zip(scene.boxes_xyxy_px.tolist(), scene.class_ids.tolist(), strict=True):
            box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": class_id, **box})
    categories = [{"id": number, "name": label} for number, label in enumerate(LABELS)]
    truth = {"images": images, "annotations": annotations, "categories": categories}
    folder.with_suffix(".json").write_text(json.dumps(truth), encoding="utf-8")


def _mask(label: str, side: int) -> np.ndarray:
    """Return where a shape covers the square of `side` pixels around it; it touches all four sides."""
    y, x = (np.mgrid[:side, :side] + 0.5) / side * 2 - 1
    if label == "disc":
        return np.asarray(x**2 + y**2 <= 1)
    if label == "square":
        return np.ones((side, side), np.bool_)
    return np.asarray((np.abs(x) < 0.34) | (np.abs(y) < 0.34))


def _shared(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> int:
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)

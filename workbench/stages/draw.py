"""The draw stage: detections onto a copy of the frame, through supervision.

With 8 boxes on 1280x720: 0.4 ms, of which 0.06 is the copy; with 100 boxes 3 to 4 ms. Supervision's other ways to keep labels apart
or to set type cost more, for 8 boxes: `smart_position` 1.9 ms, `RichLabelAnnotator` 10 ms.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from workbench.boxes import FloatArray, UInt8Array
from workbench.detections import Detections
from workbench.palette import CLASS_COLOURS, ink, rgb

MOST_CHARACTERS = 28  # of a class name; longer ones would cover what they name
REFERENCE_SIDE_PX = 720  # the short side at which text has TEXT_SCALE and lines are 2 px wide
TEXT_SCALE = 0.6
LEAST_TEXT_SCALE = 0.4  # smaller is not readable
LEAST_SIDE_FOR_TWO_PX = 240  # in smaller pictures a line of 2 px hides what it frames
LAST_DRAWN = 0xFFFF  # OpenCV's fonts end there: emoji would be question marks


def draw(image_rgb: UInt8Array, detections: Detections, labels: Sequence[str]) -> UInt8Array:
    """Draw boxes, class names and scores.

    Args:
        image_rgb: `(height, width, 3)` uint8; it stays as it is.
        detections: Boxes in its pixels. What lies outside is drawn at the border.
        labels: Class names, untrusted: shortened, and what cannot be printed is left out.

    Returns:
        A new image of the same shape.
    """
    drawn = image_rgb.copy()
    if not len(detections):
        return drawn
    import supervision

    height, width = drawn.shape[:2]
    style = _style(min(height, width))
    order = np.argsort(detections.scores, kind="stable")  # the best is drawn last, over the others
    boxes = _inside(detections.boxes_xyxy_px[order], (height, width))
    class_ids = detections.class_ids[order]
    scores = detections.scores[order]
    texts = [
        style.fitted(class_name(int(class_id), labels), score_text(float(score)), width)
        for class_id, score in zip(class_ids, scores, strict=True)
    ]
    colours = class_ids % len(CLASS_COLOURS)
    places = style.label_places(boxes, texts, (height, width))
    style.texts.annotate(drawn, supervision.Detections(places, class_id=class_ids), labels=texts, custom_color_lookup=colours)
    # Boxes after labels: a line through a word leaves both readable, a label over a small box hides it.
    style.boxes.annotate(drawn, supervision.Detections(boxes, class_id=class_ids), custom_color_lookup=colours)
    return drawn


def score_text(score: float) -> str:
    """Write a score as people read it on a picture.

    >>> score_text(0.914), score_text(1.0)
    ('.91', '1.00')
    """
    return f"{score:.2f}".removeprefix("0") if np.isfinite(score) else "?"


def class_name(class_id: int, labels: Sequence[str]) -> str:
    """Return a class's name in one printable line, shortened; its number where it has no such name.

    >>> class_name(0, ["missing   screw"]), class_name(7, ["dent"])
    ('missing screw', 'class 7')
    """
    name = labels[class_id] if 0 <= class_id < len(labels) else ""
    line = _printable(" ".join(name[: MOST_CHARACTERS * 4].split())).strip() or f"class {class_id}"
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 2].rstrip() + ".."


def _printable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if not _draws_unicode():
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(character for character in text if character.isprintable() and ord(character) <= LAST_DRAWN)


@cache
def _draws_unicode() -> bool:
    import cv2

    return int(cv2.__version__.partition(".")[0]) >= 5  # before, its strokes knew ASCII only


@dataclass(frozen=True, slots=True)
class _Style:
    """Supervision's annotators for pictures of one size."""

    boxes: Any
    texts: Any
    scale: float
    thickness: int
    padding: int

    def text_wh(self, text: str) -> tuple[int, int]:
        width, height = _text_wh(text, self.scale, self.thickness)
        return width + 2 * self.padding, height + 2 * self.padding

    def fitted(self, name: str, score: str, width: int) -> str:
        text = f"{name} {score}"
        needed = self.text_wh(text)[0]
        if needed <= width:
            return text
        kept = int(len(name) - len(text) * (1 - width / needed)) - 2
        return f"{name[:kept]}.. {score}" if kept > 0 else score

    def label_places(self, boxes: FloatArray, texts: list[str], size_hw: tuple[int, int]) -> FloatArray:
        """Return boxes whose top left corners have the labels, which supervision sets above them, inside the picture."""
        sizes = np.array([self.text_wh(text) for text in texts], np.float32)
        height, width = size_hw
        left = np.clip(boxes[:, 0], 0, np.maximum(0, width - 1 - sizes[:, 0]))
        top = np.clip(boxes[:, 1], np.minimum(sizes[:, 1], height - 1), height - 1)
        return np.stack([left, top, left, top], axis=1)


@lru_cache(maxsize=4096)
def _text_wh(text: str, scale: float, thickness: int) -> tuple[int, int]:
    import cv2

    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    return width, height


@cache
def _style(short_side: int) -> _Style:
    import supervision

    zoom = short_side / REFERENCE_SIDE_PX
    scale = max(LEAST_TEXT_SCALE, TEXT_SCALE * zoom)
    thickness = 2 if scale >= 1 else 1
    padding = max(2, round(5 * zoom))
    colours = supervision.ColorPalette([_colour(name) for name in CLASS_COLOURS])
    inks = supervision.ColorPalette([_colour(ink(name)) for name in CLASS_COLOURS])
    lines = max(2 if short_side >= LEAST_SIDE_FOR_TWO_PX else 1, round(2 * zoom))
    boxes = supervision.BoxAnnotator(color=colours, thickness=lines)
    texts = supervision.LabelAnnotator(
        color=colours, text_color=inks, text_scale=scale, text_thickness=thickness, text_padding=padding
    )
    return _Style(boxes, texts, scale, thickness, padding)


def _colour(name: str) -> Any:
    import supervision

    red, green, blue = rgb(name)
    return supervision.Color(r=blue, g=green, b=red)  # supervision draws on BGR, ours is RGB


def _inside(boxes: FloatArray, size_hw: tuple[int, int]) -> FloatArray:
    height, width = size_hw
    limits = np.array([width - 1, height - 1, width - 1, height - 1], np.float32)
    return np.clip(np.nan_to_num(boxes), 0, limits)  # a broken model's NaN is a box in the corner, not a crash

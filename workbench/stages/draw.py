"""The draw stage: detections onto a copy of the frame.

OpenCV's rectangles and strokes, called directly: this is part of every frame that is measured, and supervision's annotators take
1.7 times as long for the same picture (8 boxes on 1280x720: 0.9 ms against 0.5, of which 0.3 is the copy).
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np

from workbench.detections import Detections, FloatArray, UInt8Array
from workbench.wording import class_colour, ink, rgb

MOST_CHARACTERS = 28  # of a class name; longer ones would cover what they name
REFERENCE_SIDE_PX = 720  # the short side at which text has TEXT_SCALE and lines are 2 px wide
TEXT_SCALE = 0.6
LEAST_TEXT_SCALE = 0.4  # smaller is not readable
LEAST_SIDE_FOR_TWO_PX = 240  # in smaller pictures a line of 2 px hides what it frames
LAST_DRAWN = 0xFFFF  # OpenCV's fonts end there: emoji would be question marks


def draw(image_rgb: UInt8Array, detections: Detections, labels: Sequence[str], out: UInt8Array | None = None) -> UInt8Array:
    """Draw boxes, class names and scores.

    Args:
        image_rgb: `(height, width, 3)` uint8; it stays as it is.
        detections: Boxes in its pixels. What lies outside is drawn at the border.
        labels: Class names, untrusted: shortened, and what cannot be printed is left out.
        out: Where to draw, of the same shape; a new image by default.

    Returns:
        The drawn image.
    """
    drawn = np.empty_like(image_rgb) if out is None else out
    np.copyto(drawn, image_rgb)
    if not len(detections):
        return drawn
    import cv2

    size_hw = drawn.shape[0], drawn.shape[1]
    style = _style(min(size_hw))
    order = np.argsort(detections.scores, kind="stable")  # the best is drawn last, over the others
    boxes = _inside(detections.boxes_xyxy_px[order], size_hw)
    class_ids = detections.class_ids[order].tolist()
    for (left, top, _, _), class_id, score in zip(boxes, class_ids, detections.scores[order].tolist(), strict=True):
        style.write(drawn, style.fitted(class_name(class_id, labels), score_text(score), size_hw[1]), (left, top), class_id)
    # Boxes after labels: a line through a word leaves both readable, a label over a small box hides it.
    for (left, top, right, bottom), class_id in zip(boxes, class_ids, strict=True):
        cv2.rectangle(drawn, (left, top), (right, bottom), rgb(class_colour(class_id)), style.line_px)
    return drawn


def caption(image_rgb: UInt8Array, text: str) -> UInt8Array:
    """Return a new picture with a line of text, untrusted, in a white strip above."""
    import cv2

    style = _style(REFERENCE_SIDE_PX)
    _, strip = style.text_wh("Ag")
    drawn = np.full((image_rgb.shape[0] + 2 * strip, image_rgb.shape[1], 3), 255, np.uint8)
    drawn[2 * strip :] = image_rgb
    where = (style.padding, 2 * strip - 2 * style.padding)
    cv2.putText(drawn, _printable(text), where, cv2.FONT_HERSHEY_SIMPLEX, style.scale, (0, 0, 0), style.thickness, cv2.LINE_AA)
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
    """Type and lines in pictures of one size."""

    scale: float
    thickness: int
    padding: int
    line_px: int

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

    def write(self, drawn: UInt8Array, text: str, above_xy: tuple[int, int], class_id: int) -> None:
        """Write on a plate above a point, moved inside the picture."""
        import cv2

        height, width = drawn.shape[:2]
        plate_width, plate_height = self.text_wh(text)
        left = min(above_xy[0], max(0, width - 1 - plate_width))
        bottom = min(max(above_xy[1], plate_height), height - 1)
        colour = class_colour(class_id)
        cv2.rectangle(drawn, (left, bottom - plate_height), (left + plate_width, bottom), rgb(colour), cv2.FILLED)
        where = left + self.padding, bottom - self.padding
        cv2.putText(drawn, text, where, cv2.FONT_HERSHEY_SIMPLEX, self.scale, rgb(ink(colour)), self.thickness, cv2.LINE_AA)


@lru_cache(maxsize=4096)
def _text_wh(text: str, scale: float, thickness: int) -> tuple[int, int]:
    import cv2

    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    return width, height


@cache
def _style(short_side: int) -> _Style:
    zoom = short_side / REFERENCE_SIDE_PX
    scale = max(LEAST_TEXT_SCALE, TEXT_SCALE * zoom)
    return _Style(
        scale=scale,
        thickness=2 if scale >= 1 else 1,
        padding=max(2, round(5 * zoom)),
        line_px=max(2 if short_side >= LEAST_SIDE_FOR_TWO_PX else 1, round(2 * zoom)),
    )


def _inside(boxes: FloatArray, size_hw: tuple[int, int]) -> list[list[int]]:
    height, width = size_hw
    limits = np.array([width - 1, height - 1, width - 1, height - 1], np.float32)
    sound = np.nan_to_num(boxes)  # a broken model's NaN is a box in the corner, not a crash
    sides: list[list[int]] = np.clip(sound, 0, limits).astype(int).tolist()
    return sides

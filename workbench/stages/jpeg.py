"""Frames to keep in a record, small enough to carry and good enough to look at."""

import base64

import numpy as np

from workbench.detections import Detections, ImageTruth, UInt8Array
from workbench.media import Frame
from workbench.record import FrameDetections, Picture


def picture(
    frame: Frame, detections: Detections, truth: ImageTruth | None = None, *, max_side: int = 960, quality: int = 80
) -> Picture:
    """Encode a frame for a record: bare, as boxes are drawn over it where it is shown.

    Args:
        frame: The frame; it stays as it is.
        detections: What was found, in the frame's pixels.
        truth: What is really in it, where that is known.
        max_side: A longer frame is made smaller, until its longer side is this many pixels.
        quality: Of the JPEG, 1 to 100.
    """
    return Picture(
        name=frame.name,
        size_hw=frame.size_hw,
        jpeg_base64=base64.b64encode(encode_jpeg(frame.image_rgb, max_side, quality)).decode("ascii"),
        found=FrameDetections.of(frame.name, detections),
        truth=None if truth is None else FrameDetections.of(frame.name, truth_as_detections(truth)),
    )


def encode_jpeg(image_rgb: UInt8Array, max_side: int, quality: int) -> bytes:
    """Encode a picture `(height, width, 3)`; one whose longer side exceeds `max_side` pixels is made smaller first."""
    import cv2

    image_bgr = cv2.cvtColor(fitted(image_rgb, max_side), cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(content)


def fitted(image_rgb: UInt8Array, max_side: int) -> UInt8Array:
    """Return a picture whose longer side is at most `max_side` pixels: a smaller one, or the same array."""
    import cv2

    height, width = image_rgb.shape[:2]
    zoom = max_side / max(height, width)
    if zoom >= 1:
        return image_rgb
    size_wh = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    return np.asarray(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


def truth_as_detections(truth: ImageTruth) -> Detections:
    """Return truth as if it had been found with certainty."""
    return Detections(truth.boxes_xyxy_px, np.ones_like(truth.areas_px), truth.class_ids)

"""Pictures for a record: small, bare, with what was found and what is true beside them."""

import base64

import cv2
import numpy as np
import pytest

from workbench.detections import Detections, ImageTruth
from workbench.media import Frame
from workbench.stages import picture

FOUND = Detections(np.array([[10, 20, 300, 400]], np.float32), np.array([0.75], np.float32), np.array([2]))


def frame(height: int, width: int) -> Frame:
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    return Frame(image, "line.webm#3", 3, 0.1)


def decoded(jpeg_base64: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(jpeg_base64), np.uint8), cv2.IMREAD_COLOR_RGB)


@pytest.mark.parametrize(
    ("size_hw", "expected"),
    [((720, 1280), (540, 960)), ((1280, 720), (960, 540)), ((100, 300), (100, 300)), ((3000, 1), (960, 1))],
    ids=["landscape", "portrait", "small", "a line"],
)
def test_the_longer_side_is_limited_and_small_pictures_stay(size_hw, expected):
    made = picture(frame(*size_hw), FOUND)
    assert decoded(made.jpeg_base64).shape[:2] == expected
    assert made.size_hw == size_hw


def test_colours_are_those_of_the_frame():
    image = decoded(picture(frame(720, 1280), FOUND).jpeg_base64)
    assert image[100, 100] == pytest.approx([255, 0, 0], abs=6)
    assert image[100, 800] == pytest.approx([0, 0, 0], abs=6)


def test_nothing_is_drawn_on_it_and_what_was_found_is_beside_it():
    made = picture(frame(720, 1280), FOUND)
    assert made.jpeg_base64 == picture(frame(720, 1280), Detections.empty()).jpeg_base64
    assert made.name == made.found.frame == "line.webm#3"
    assert made.found.boxes_xyxy_px == ((10, 20, 300, 400),)


def test_truth_is_beside_it_as_certain():
    truth = ImageTruth(np.array([[1, 2, 3, 4]], np.float32), np.array([1]), np.array([False]), np.array([4], np.float32))
    made = picture(frame(72, 128), FOUND, truth).truth
    assert made is not None
    assert (made.boxes_xyxy_px, made.scores, made.class_ids) == (((1, 2, 3, 4),), (1.0,), (1,))


def test_without_truth_there_is_none_but_an_empty_picture_has_one():
    assert picture(frame(72, 128), FOUND).truth is None
    assert picture(frame(72, 128), FOUND, ImageTruth.empty()).truth is not None

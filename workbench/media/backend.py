"""OpenCV and Pillow, loaded on first use and kept from talking to the user."""

import os
from functools import cache
from types import ModuleType


@cache
def opencv() -> ModuleType:
    """Return `cv2` with its messages and FFmpeg's off; what matters of them is in our own errors.

    Whoever sets `OPENCV_LOG_LEVEL` or `OPENCV_FFMPEG_LOGLEVEL` gets the messages back. FFmpeg's level is read when OpenCV opens its
    first video, so it is set in the environment before that: there is no other way to reach it.
    https://docs.opencv.org/4.x/d6/dea/tutorial_env_reference.html
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    import cv2

    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2

"""An NMS of the host, chosen by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workbench.catalogue import MethodsOf
from workbench.detections import Detections, FloatArray
from workbench.errors import SettingsError
from workbench.settings import Nms

HostNms = Callable[[FloatArray, FloatArray, Nms], Detections]
HOST_NMS: Mapping[str, HostNms] = MethodsOf("host")

Suppressor = Callable[[FloatArray, FloatArray], Detections]
"""Thins out the candidates of one image under one setting: `suppress` without the last argument."""


def suppress(boxes_xyxy: FloatArray, scores: FloatArray, settings: Nms) -> Detections:
    """Thin out the candidates of one image by the method that the settings name.

    Args:
        boxes_xyxy: `(A, 4)` float32.
        scores: `(A, C)` float32.
        settings: `method` is a name in `HOST_NMS`.

    Returns:
        What is left, best first, with boxes in the frame of reference that they came in.

    Raises:
        SettingsError: The method is not one of the host's.

    >>> import numpy as np
    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]], np.float32)
    >>> suppress(boxes, np.array([[0.8], [0.9], [0.7]], np.float32), Nms(method="numpy")).scores
    array([0.9, 0.7], dtype=float32)
    """
    if settings.method not in HOST_NMS:
        raise SettingsError(f"nms.method is {settings.method!r}; choose one of {', '.join(HOST_NMS)}")
    return HOST_NMS[settings.method](boxes_xyxy, scores, settings)

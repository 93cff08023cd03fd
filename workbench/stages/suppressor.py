"""An NMS of the host, chosen by its name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from workbench.catalogue import MethodsOf
from workbench.detections import Detections, FloatArray
from workbench.errors import SettingsError
from workbench.settings import Nms

HostNms = Callable[[FloatArray, FloatArray, Nms], Detections]
HOST_NMS: Mapping[str, HostNms] = MethodsOf("host")


class Suppressor(ABC):
    """One NMS, ready to call on the host. Settings that only move a threshold make a new one at no cost."""

    @abstractmethod
    def __call__(self, boxes_xyxy: FloatArray, scores: FloatArray) -> Detections:
        """Thin out the candidates of one image.

        Args:
            boxes_xyxy: `(A, 4)` float32.
            scores: `(A, C)` float32.

        Returns:
            What is left, best first, with boxes in the frame of reference that they came in.
        """


@final
@dataclass(frozen=True, slots=True)
class HostSuppressor(Suppressor):
    """An NMS of `HOST_NMS` with its settings."""

    settings: Nms

    def __post_init__(self) -> None:
        if self.settings.method not in HOST_NMS:
            raise SettingsError(f"nms.method is {self.settings.method!r}; choose one of {', '.join(HOST_NMS)}")

    def __call__(self, boxes_xyxy: FloatArray, scores: FloatArray) -> Detections:
        return HOST_NMS[self.settings.method](boxes_xyxy, scores, self.settings)


def suppress(boxes_xyxy: FloatArray, scores: FloatArray, settings: Nms) -> Detections:
    """Thin out the candidates of one image by the method that the settings name.

    Args:
        boxes_xyxy: `(A, 4)` float32.
        scores: `(A, C)` float32.
        settings: `method` is a name in `HOST_NMS`.

    Raises:
        SettingsError: The method is not one of the host's.

    >>> import numpy as np
    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]], np.float32)
    >>> suppress(boxes, np.array([[0.8], [0.9], [0.7]], np.float32), Nms(method="numpy")).scores
    array([0.9, 0.7], dtype=float32)
    """
    return HostSuppressor(settings)(boxes_xyxy, scores)

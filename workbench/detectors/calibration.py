"""Frames that the ranges of integer models are taken from: chosen so that they differ, and brought to a network's size once."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.detections import UInt8Array
from workbench.stages import RESIZED_BY, InputSpec, prepare

THUMBNAIL_PX = 16  # a side, of what frames are told apart by: objects count, noise does not
KEPT = 2  # sets of prepared frames: those of what was asked for now and before
_prepared: dict[object, list[UInt8Array]] = {}
_LOCK = threading.Lock()  # the session prepares on one thread, and a sweep or an export on others


@dataclass(frozen=True, slots=True)
class Calibration:
    """Frames that the ranges of an integer model are taken from.

    Attributes:
        key: Names exactly these frames: a conversion is cached by it, so that they need not be decoded again.
        frames: Gives them as RGB `(height, width, 3)`; called only where something is converted.
        filter_name: Of `input.filter`: how they are brought to the network's size.
        count: How many of them are taken; `None` for all.
    """

    key: str
    frames: Callable[[], Sequence[UInt8Array]]
    filter_name: str = "linear"
    count: int | None = None

    def limited(self, count: int) -> "Calibration":
        """Return so many of these frames, or all where there are fewer."""
        return replace(self, count=count)

    def __str__(self) -> str:
        """Say which frames these are, and how they are used: for people, and as part of a key."""
        some = f"at most {self.count} of " if self.count is not None else ""
        resized = f", resized by {self.filter_name}" if self.filter_name != "linear" else ""
        return f"{some}{self.key}{resized}"

    def chosen(self) -> list[UInt8Array]:
        """Return the frames that are taken, as they are."""
        return choose_different(self.frames(), self.count)

    def pixels(self, spec: InputSpec, size_hw: tuple[int, int]) -> list[UInt8Array]:
        """Return the chosen frames as RGB at a network's size: preparing them again leaves their pixels as they are."""
        plain = replace(spec, layout="NHWC", colour="RGB", dtype="uint8")
        key = str(self), plain, size_hw
        with _LOCK:
            if key not in _prepared:
                chosen = self.chosen()
                while len(_prepared) >= KEPT:
                    del _prepared[next(iter(_prepared))]
                by = RESIZED_BY[self.filter_name]
                _prepared[key] = [prepare([frame], plain, size_hw, by, self.filter_name)[0] for frame in chosen]
            return _prepared[key]

    def batches(self, spec: InputSpec, size_hw: tuple[int, int], batch: int) -> list[NDArray[np.generic]]:
        """Return the chosen frames as a network takes them; a last batch that is short is filled up with its last frame."""
        frames = self.pixels(spec, size_hw)
        groups = [frames[first : first + batch] for first in range(0, len(frames), batch)]
        return [prepare([*group, *[group[-1]] * (batch - len(group))], spec, size_hw) for group in groups]


def choose_different(frames: Sequence[UInt8Array], count: int | None) -> list[UInt8Array]:
    """Return so many of some frames, in their order: half of them at equal distances, the others each as unlike those as can be.

    Distances are between small pictures of the frames (farthest points first: Gonzalez 1985, "Clustering to minimize the maximum
    intercluster distance").
    """
    if count is None or len(frames) <= count:
        return list(frames)
    import cv2

    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    small = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA).ravel() for frame in frames]).astype(np.float32)
    spread = (count + 1) // 2
    chosen = [number * len(frames) // spread for number in range(spread)]
    nearest = np.min([np.linalg.norm(small - small[one], axis=1) for one in chosen], axis=0)
    while len(chosen) < count:
        nearest[chosen] = -1  # of two that are alike, none is taken twice
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(small - small[chosen[-1]], axis=1))
    return [frames[one] for one in sorted(chosen)]

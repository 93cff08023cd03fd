"""Frames that are already in memory: for tests, and for notebooks that make their own pictures."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import final

import numpy as np

from workbench.boxes import UInt8Array
from workbench.errors import MediaError
from workbench.media.frame import Frame, Media, MediaFacts, frame_name


@final
class Arrays(Media):
    """Arrays as media; they are handed out as they are, not copied."""

    def __init__(self, images_rgb: tuple[UInt8Array, ...], name: str, fps: float | None) -> None:
        self._images_rgb = images_rgb
        self._name = name
        self._fps = fps

    def frames(self, start: int = 0) -> Iterator[Frame]:
        for index, image_rgb in enumerate(self._images_rgb[start:], start):
            seconds = None if self._fps is None else index / self._fps
            yield Frame(image_rgb, frame_name(self._name, index), index, seconds)

    def frame_names(self) -> Sequence[str]:
        return tuple(frame_name(self._name, index) for index in range(len(self._images_rgb)))

    def facts(self) -> MediaFacts:
        return self._facts

    @cached_property
    def _facts(self) -> MediaFacts:
        content = hashlib.sha256()
        for image_rgb in self._images_rgb:
            content.update(repr(image_rgb.shape).encode())
            content.update(np.ascontiguousarray(image_rgb).data)
        height, width = self._images_rgb[0].shape[:2]
        return MediaFacts(
            name=self._name,
            source=self._name,
            kind="arrays",
            frames=len(self._images_rgb),
            size_hw=(height, width),
            fps=self._fps,
            sha256=content.hexdigest(),
        )


def array_media(images_rgb: Iterable[UInt8Array], name: str = "arrays", fps: float | None = None) -> Media:
    """Make media of arrays.

    Args:
        images_rgb: Each `(height, width, 3)` uint8, RGB; sizes may differ.
        name: Frames are called `name#0`, `name#1`, …
        fps: Frames a second, where the arrays are a film.

    Raises:
        MediaError: There are none, or one is something else.
    """
    images = tuple(images_rgb)
    if not images:
        raise MediaError(f"{name} holds no pictures; give at least one array")
    for index, image in enumerate(images):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise MediaError(
                f"{frame_name(name, index)} is {image.dtype} {image.shape}; give arrays (height, width, 3) of uint8, in RGB order"
            )
    return Arrays(images, name, fps)

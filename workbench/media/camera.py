"""A camera: frames as they come, the newest only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

from workbench.errors import MediaError
from workbench.media.backend import opencv
from workbench.media.frame import Frame, Media
from workbench.media.live import LiveSource, live_frames
from workbench.record import MediaFacts

PREFIX = "camera:"


@final
class Camera(Media):
    """A camera of this machine. It never ends, and a frame that nobody took in time is lost."""

    def __init__(self, source: str) -> None:
        self._number = int(source.removeprefix(PREFIX))
        self._name = f"{PREFIX}{self._number}"
        capture = self._opened()
        read, image = capture.read()
        self._fps = float(capture.get(opencv().CAP_PROP_FPS))
        capture.release()
        if not read:
            raise MediaError(self._gone())
        self._size_hw = (int(image.shape[0]), int(image.shape[1]))

    def frames(self, start: int = 0) -> Iterator[Frame]:
        return live_frames(LiveSource(name=self._name, opens=self._opened, gone=self._gone()), start)

    def facts(self) -> MediaFacts:
        fps = self._fps if self._fps > 0 else None
        return MediaFacts(name=self._name, source=self._name, kind="camera", frames=0, size_hw=self._size_hw, fps=fps)

    def _opened(self) -> Any:
        if reason := no_camera(self._number):  # asked first: OpenCV writes warnings of its own
            raise MediaError(f"{reason}; choose a picture, a folder or a video")
        capture = opencv().VideoCapture(self._number)
        if not capture.isOpened():
            raise MediaError(self._gone())
        return capture

    def _gone(self) -> str:
        return f"{self._name} gives no pictures; plug it in, close what else uses it, or choose other media"


def is_camera(source: str) -> bool:
    """Tell whether a name is that of a camera.

    >>> is_camera("camera:0"), is_camera("camera.mp4")
    (True, False)
    """
    return source.startswith(PREFIX) and source[len(PREFIX) :].isdigit()


def no_camera(number: int = 0, devices: Path = Path("/dev")) -> str | None:
    """Say why there is no such camera, without opening it; `None` where there may be one.

    Only Linux tells without opening.
    """
    if not (devices / "shm").exists() or (devices / f"video{number}").exists():
        return None
    return f"this machine has no {devices / f'video{number}'}, so there is no {PREFIX}{number}"

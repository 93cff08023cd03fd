"""A camera: frames as they come, the newest only."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, final

from workbench.errors import MediaError
from workbench.media.backend import opencv
from workbench.media.frame import Frame, Media, MediaFacts, frame_name

PREFIX = "camera:"
PATIENCE_SECONDS = 5.0  # a camera that gives nothing for so long is gone


@final
class Camera(Media):
    """A camera of this machine. It never ends, and a frame that nobody took in time is lost."""

    def __init__(self, number: int) -> None:
        self._number = number
        capture = self._opened()
        read, image = capture.read()
        self._fps = float(capture.get(opencv().CAP_PROP_FPS))
        capture.release()
        if not read:
            raise MediaError(self._gone())
        self._size_hw = (int(image.shape[0]), int(image.shape[1]))

    def frames(self, start: int = 0) -> Iterator[Frame]:
        return self._newest(self._opened(), start)

    def frame_names(self) -> Sequence[str]:
        return ()

    def facts(self) -> MediaFacts:
        name = f"{PREFIX}{self._number}"
        return MediaFacts(
            name=name, source=name, kind="camera", frames=0, size_hw=self._size_hw, fps=self._fps if self._fps > 0 else None
        )

    def _opened(self) -> Any:
        if reason := no_camera(self._number):  # asked first: OpenCV writes warnings of its own
            raise MediaError(f"{reason}; choose a picture, a folder or a video")
        capture = opencv().VideoCapture(self._number)
        if not capture.isOpened():
            raise MediaError(self._gone())
        return capture

    def _newest(self, capture: Any, start: int) -> Iterator[Frame]:
        cv2 = opencv()
        taken = _Latest(capture)
        index = start
        try:
            while (image_bgr := taken.next()) is not None:
                name = frame_name(f"{PREFIX}{self._number}", index)
                yield Frame(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), name, index)
                index += 1
        finally:
            taken.close()
        raise MediaError(self._gone())

    def _gone(self) -> str:
        return f"{PREFIX}{self._number} gives no pictures; plug it in, close what else uses it, or choose other media"


@final
class _Latest:
    """Reads on a thread of its own and keeps the last picture, so that what is slow sees now and not a queue of then."""

    def __init__(self, capture: Any) -> None:
        self._capture = capture
        self._turn = threading.Condition()
        self._image: Any = None
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="workbench-camera", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._ended:
            read, image = self._capture.read()
            with self._turn:
                self._image = image if read else None
                self._ended = self._ended or not read
                self._turn.notify_all()
        self._capture.release()

    def next(self) -> Any:
        """Wait for a picture that was not taken before; `None` where the camera gives none any more."""
        with self._turn:
            self._turn.wait_for(lambda: self._image is not None or self._ended, PATIENCE_SECONDS)
            image, self._image = self._image, None
            return image

    def close(self) -> None:
        self._ended = True
        self._thread.join(PATIENCE_SECONDS)


def is_camera(source: str) -> bool:
    """Tell whether a name is that of a camera.

    >>> is_camera("camera:0"), is_camera("camera.mp4")
    (True, False)
    """
    return source.startswith(PREFIX) and source[len(PREFIX) :].isdigit()


def open_camera(source: str) -> Media:
    """Open `camera:0` and the like."""
    return Camera(int(source[len(PREFIX) :]))


def no_camera(number: int = 0, devices: Path = Path("/dev")) -> str | None:
    """Say why there is no such camera, without opening it; `None` where there may be one.

    Only Linux tells without opening.
    """
    if not (devices / "shm").exists() or (devices / f"video{number}").exists():
        return None
    return f"this machine has no {devices / f'video{number}'}, so there is no {PREFIX}{number}"

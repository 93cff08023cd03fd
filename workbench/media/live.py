"""Live sources, which never end and do not wait: frames as they come, the newest only, and opened again where they stall."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

from workbench.errors import MediaError
from workbench.machine import NamedThread
from workbench.media.backend import opencv
from workbench.media.frame import Frame, frame_name

TIMEOUT_SECONDS = 5.0  # what gives no picture for so long has stalled


def _nobody_counts() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A camera or a stream, as far as reading it goes.

    Attributes:
        name: Frames are called `name#0`, `name#1`, …
        opens: Returns one of OpenCV's captures, open; or raises a MediaError.
        gone: What to say when it gives no pictures any more.
        pauses_seconds: Before each try to open it again, once it gives nothing; a picture begins the count anew. None: no try.
        timeout_seconds: After which it is given up, whatever its reading hangs in.
        reopened: Called on the reader's thread whenever it was opened again.
    """

    name: str
    opens: Callable[[], Any]
    gone: str
    pauses_seconds: tuple[float, ...] = ()
    timeout_seconds: float = TIMEOUT_SECONDS
    reopened: Callable[[], None] = _nobody_counts


def live_frames(source: LiveSource, start: int = 0) -> Iterator[Frame]:
    """Open a live source and iterate over its newest frames; a frame that nobody took in time is lost.

    Its thread ends, and it is closed, when the iterator ends or is dropped.

    Args:
        source: What to read.
        start: The first frame's index; nothing is skipped for it.

    Raises:
        MediaError: It cannot be opened; or, from `next()`, it gives no pictures any more.
    """
    return _newest(source, source.opens(), start)  # opening is not part of the first frame's time


def _newest(source: LiveSource, capture: Any, start: int) -> Iterator[Frame]:
    cv2 = opencv()
    reader = _Reader(source, capture)
    index, began = start, None
    try:
        while (taken := reader.next()) is not None:
            image_bgr, at, missed = taken
            began = at if began is None else began
            image_rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
            yield Frame(image_rgb, frame_name(source.name, index), index, at - began, arrived_seconds=at, missed=missed)
            index += 1
    finally:
        reader.close()
    raise MediaError(source.gone)


@final
class _Reader:
    """Reads on a thread of its own and keeps the last picture, so that what is slow sees now and not a queue of then."""

    def __init__(self, source: LiveSource, capture: Any) -> None:
        self._source = source
        self._turn = threading.Condition()
        self._taken: tuple[Any, float] | None = None
        self._missed = 0
        self._ended = False
        self._closed = threading.Event()
        self._thread = NamedThread(target=self._run, args=(capture,), name="workbench-live")
        self._thread.start()

    def next(self) -> tuple[Any, float, int] | None:
        """Wait for a picture that was not taken before; when it came, and how many nobody took. `None` where none will come."""
        with self._turn:
            self._turn.wait_for(lambda: self._taken is not None or self._ended, self._source.timeout_seconds)
            taken, self._taken = self._taken, None
            missed, self._missed = self._missed, 0
            return None if taken is None else (*taken, missed)

    def close(self) -> None:
        """End the thread; what it is reading now may keep it for as long as a stall is waited out."""
        self._closed.set()
        self._thread.join(self._source.timeout_seconds)

    def _run(self, capture: Any) -> None:
        try:
            self._read_and_reopen(capture)
        finally:
            with self._turn:
                self._ended = True
                self._turn.notify_all()

    def _read_and_reopen(self, capture: Any) -> None:
        pauses = iter(self._source.pauses_seconds)
        while True:
            if capture is not None and self._read(capture):
                pauses = iter(self._source.pauses_seconds)
            pause_seconds = next(pauses, None)
            if pause_seconds is None or self._closed.wait(pause_seconds):
                return
            capture = self._opened_again()

    def _read(self, capture: Any) -> bool:
        """Read until it gives nothing; true where it gave a picture."""
        gave = False
        try:
            while not self._closed.is_set():
                read, image = capture.read()
                if not read:
                    break
                gave = True
                with self._turn:
                    self._missed += self._taken is not None
                    self._taken = image, time.perf_counter()
                    self._turn.notify_all()
        finally:
            capture.release()
        return gave

    def _opened_again(self) -> Any:
        try:
            capture = self._source.opens()
        except MediaError:
            return None  # the next pause is longer; after the last, `gone` says it all
        self._source.reopened()
        return capture

"""Media at the pace of a clock, as a camera gives them: a frame exists from its moment on, and does not wait for ever."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import final

from workbench.errors import MediaError
from workbench.machine import NamedThread
from workbench.media.frame import Frame, Media, frames_from
from workbench.record import MediaFacts
from workbench.timing import Policy

MOST_WAITING = 2  # frames that wait under `drop`: one that is being taken, and the newest
MOST_WAITING_BYTES = 256 * 1024 * 1024  # that wait under `queue`; after them the source waits too, and their age goes on


@final
class RealTimeMedia(Media):
    """Media that begin again at their end, each frame at its moment. Live sources have a pace of their own and pass as they are.

    Args:
        media: What to pace.
        fps: Frames a second; the media's own by default.
        policy: What happens to frames that nobody takes in time.
        clock: Seconds that only go forward.

    Raises:
        MediaError: The media have no rate of their own, and none is given.
    """

    def __init__(
        self, media: Media, fps: float | None = None, policy: Policy = "drop", clock: Callable[[], float] = time.perf_counter
    ) -> None:
        rate = fps or media.facts().fps
        if rate is None and not media.facts().endless:
            raise MediaError(f"{media.facts().name} has no frame rate of its own; say one, such as --fps 30")
        self.fps = rate
        self.policy = policy
        self._media = media
        self._clock = clock

    def frames(self, start: int = 0) -> Iterator[Frame]:
        if self._media.facts().endless:
            yield from self._media.frames(start)
            return
        assert self.fps is not None, "as the constructor has seen"
        queue = _Queue(self.policy)
        reader = NamedThread(target=self._read, args=(queue, start, self.fps), name="workbench-paced")
        reader.start()
        try:
            while (frame := queue.take()) is not None:
                yield frame
        finally:
            queue.close()
            reader.join()

    def frame_names(self) -> Sequence[str]:
        return self._media.frame_names()

    def facts(self) -> MediaFacts:
        return self._media.facts()

    def _read(self, queue: "_Queue", start: int, fps: float) -> None:
        """Decode each frame once its moment is there; one whose moment passed meanwhile is the picture of a later one."""
        began, number = self._clock(), -1
        try:
            for frame in frames_from(self._media, start, again=True):
                number += 1
                late = int((self._clock() - began) * fps) if self.policy == "drop" else number
                missed = max(0, late - number)
                number += missed
                due = began + number / fps
                if queue.closed.wait(max(0.0, due - self._clock())):
                    return
                if not queue.offer(replace(frame, arrived_seconds=due, missed=missed)):
                    return
            queue.close()  # the media hold none
        except Exception as error:  # whatever it is, it comes out behind the frames before it
            queue.fail(error)


@final
class _Queue:
    """Frames between the clock's thread and whoever takes them."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._turn = threading.Condition()
        self._waiting: deque[Frame] = deque()
        self._missed = 0
        self._error: Exception | None = None
        self.closed = threading.Event()

    def offer(self, frame: Frame) -> bool:
        """Add the newest frame; whether there still is somebody who wants it."""
        with self._turn:
            if self._policy == "queue":
                self._turn.wait_for(lambda: self.closed.is_set() or self._has_room(frame))
            while self._policy == "drop" and len(self._waiting) >= MOST_WAITING:
                self._missed += 1 + self._waiting.popleft().missed
            self._waiting.append(frame)
            self._turn.notify_all()
        return not self.closed.is_set()

    def _has_room(self, frame: Frame) -> bool:
        return not self._waiting or (len(self._waiting) + 1) * frame.image_rgb.nbytes <= MOST_WAITING_BYTES

    def take(self) -> Frame | None:
        """Wait for the oldest frame; `None` once it is closed. Raises what the reader met, behind the frames before it."""
        with self._turn:
            self._turn.wait_for(lambda: self._waiting or self._error or self.closed.is_set())
            if self._waiting and not self.closed.is_set():
                frame, missed = self._waiting.popleft(), self._missed
                self._missed = 0
                self._turn.notify_all()
                return replace(frame, missed=frame.missed + missed)
            if self._error is not None:
                raise self._error
            return None

    def fail(self, error: Exception) -> None:
        with self._turn:
            self._error = error
            self._turn.notify_all()

    def close(self) -> None:
        with self._turn:
            self.closed.set()
            self._turn.notify_all()

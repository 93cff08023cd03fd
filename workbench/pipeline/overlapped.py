"""Frames through a pipeline whose stages overlap: a thread that decodes, workers that prepare, infer, suppress and draw.

Decoding, resizing, inference and drawing release Python's global lock, so threads of one process keep all cores busy. What waits
between them is bounded by number and by bytes; order is kept; an error or the end comes out in its frame's place.

Which thread does what: `workbench-decode` numbers batches and puts them into `_waiting`; each `workbench-work-N` takes the oldest
of them and puts its outcome into `_done` under the same number; whoever calls `next` takes outcomes by number, which is what
keeps the order. All that they share is guarded by one condition, `_changed`, which each of them notifies after every change:
there are three kinds of waiting (for room, for work, for an outcome), and one condition for all is easier to get right than
three, at a few wake-ups a batch. No picture is touched while it is held.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar, final

from workbench.machine import NamedThread
from workbench.media import Frame
from workbench.timing import Span, Stopwatch, Watch

Out = TypeVar("Out")

MOST_WAITING_BYTES = 128 * 1024 * 1024  # of decoded frames that wait: 46 of 1280x720, 5 of 4K


@dataclass(frozen=True, slots=True)
class _Done(Generic[Out]):
    """One batch behind its worker; `None` and an error end everything in its place."""

    out: Out | None
    frames: int
    spans: tuple[Span, ...]
    error: BaseException | None = None


@final
class Overlapped(Generic[Out]):
    """Batches pass `work` on several threads while others are decoded; they come out in order.

    Args:
        frames: Where frames come from; asked on a thread of its own, and closed there.
        batch: Frames a batch; the last may be shorter.
        workers: One function for each worker thread: handles a batch, tells a watch its stages, and returns what comes out.
        prefetch: Batches that may wait before a worker, beyond one for each.
        most_waiting_bytes: Memory that decoded frames may take while they wait; one batch always may.
    """

    def __init__(
        self,
        frames: Iterator[Frame],
        batch: int,
        workers: Sequence[Callable[[Sequence[Frame], Watch], Out]],
        prefetch: int,
        most_waiting_bytes: int = MOST_WAITING_BYTES,
    ) -> None:
        self._most_waiting_bytes = most_waiting_bytes
        self._frames = frames
        self._batch = batch
        self._room = len(workers) + prefetch  # a batch for each worker to take at once, and what may wait behind those
        self._changed = threading.Condition()
        self._waiting: deque[tuple[int, list[Frame], tuple[Span, ...]]] = deque()
        self._waiting_bytes = 0
        self._done: dict[int, _Done[Out]] = {}
        self._taken = 0
        self._last: int | None = None  # the number at which it ends, well or badly
        self._closed = False
        self._threads = [NamedThread(target=self._read, name="workbench-decode")]
        self._threads += [
            NamedThread(target=self._serve, args=(work, f"worker {number + 1}"), name=f"workbench-work-{number}")
            for number, work in enumerate(workers)
        ]
        for thread in self._threads:
            thread.start()

    def next(self, watch: Watch) -> Out | None:
        """Return the next batch's outcome; `None` at the end. Its stages' seconds are added to the watch.

        Raises:
            Exception: What decoding or a worker raised, in the place of its batch; everything before has come out.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._taken in self._done)
            if self._closed:
                return None
            done = self._done.pop(self._taken)
            ended = done.out is None
            self._taken += not ended
            if ended:  # put back: only the one at the end is asked for twice
                self._done[self._taken] = done  # whoever asks again is told the same
            self._changed.notify_all()
        if done.error is not None:
            raise done.error
        for span in done.spans:
            watch.add(span)
        return done.out

    def close(self) -> None:
        """End every thread and give the media back; what is on its way is dropped. A second time does nothing."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._done.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():  # a generator of frames may close what it feeds
                thread.join()

    def _read(self) -> None:
        number = 0
        try:
            while True:
                watch = Stopwatch(thread="decode")
                watch.start()
                batch = list(islice(self._frames, self._batch))
                watch.lap("decode")
                if not batch:
                    self._end(number, None)
                    return
                if not self._offer(number, batch, watch.taken()):
                    return
                number += 1
        except Exception as error:  # whatever it is, it comes out in its place
            self._end(number, error)
        finally:
            close = getattr(self._frames, "close", None)
            if close is not None:
                close()

    def _offer(self, number: int, batch: list[Frame], spans: tuple[Span, ...]) -> bool:
        """Wait for room; whether there still is somebody who wants it, and no worker has failed."""
        size = sum(frame.image_rgb.nbytes for frame in batch)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._last is not None or self._has_room(size))
            if self._closed or self._last is not None:
                return False
            self._waiting.append((number, batch, spans))
            self._waiting_bytes += size
            self._changed.notify_all()
        return True

    def _has_room(self, size: int) -> bool:
        return not self._waiting or (len(self._waiting) < self._room and self._waiting_bytes + size <= self._most_waiting_bytes)

    def _end(self, number: int, error: BaseException | None) -> None:
        with self._changed:
            # Several workers may fail: the earliest batch decides where it ends, for all before it still come out.
            self._last = number if self._last is None else min(self._last, number)
            while self._waiting and self._waiting[-1][0] > self._last:
                self._waiting_bytes -= sum(frame.image_rgb.nbytes for frame in self._waiting.pop()[1])
            self._done[number] = _Done(None, 0, (), error)
            self._changed.notify_all()

    def _serve(self, work: Callable[[Sequence[Frame], Watch], Out], thread: str) -> None:
        while (task := self._take()) is not None:
            number, batch, decoded = task
            watch = Stopwatch(thread=thread)
            watch.start()
            try:
                out = work(batch, watch)
            except Exception as error:  # as above
                self._end(number, error)
                continue
            with self._changed:
                self._done[number] = _Done(out, len(batch), (*decoded, *watch.taken()))
                self._changed.notify_all()

    def _take(self) -> tuple[int, list[Frame], tuple[Span, ...]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._nothing_comes() or (bool(self._waiting) and self._may_work()))
            if self._closed or not self._waiting:
                return None
            task = self._waiting.popleft()
            self._waiting_bytes -= sum(frame.image_rgb.nbytes for frame in task[1])
            self._changed.notify_all()
            return task

    def _may_work(self) -> bool:
        """Whether what is done and not taken leaves room: whoever takes it slowly must not fill the memory."""
        return self._waiting[0][0] < self._taken + 2 * self._room

    def _nothing_comes(self) -> bool:
        return self._last is not None and not self._waiting

"""Frames through a pipeline whose stages overlap: a thread that decodes, workers that prepare, infer, suppress and draw.

Decoding, resizing, inference and drawing release Python's global lock, so threads of one process keep all cores busy. What waits
between them is bounded by number and by bytes; order is kept; an error or the end comes out in its frame's place.

Which thread does what: `workbench-decode` appends batches to `_batches`; each `workbench-work-N` takes the oldest that nobody has
begun, and leaves its outcome in it; whoever calls `next` takes the first, once it has ended, which is what keeps the order. All
that they share is guarded by one condition, `_changed`, which each of them notifies after every change: there are three kinds of
waiting (for room, for work, for an outcome), and one condition for all is easier to get right than three, at a few wake-ups a
batch. No picture is touched while it is held.
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


@dataclass(slots=True)
class _Batch(Generic[Out]):
    """A batch on its way; one that ends without an outcome is the end of everything, well or badly."""

    frames: Sequence[Frame] = ()
    spans: tuple[Span, ...] = ()
    out: Out | None = None
    error: Exception | None = None
    begun: bool = False
    ended: bool = False

    @property
    def size(self) -> int:
        return sum(frame.image_rgb.nbytes for frame in self.frames)


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
        self._batches: deque[_Batch[Out]] = deque()
        self._complete = False  # nothing more is decoded: the media have ended, or a batch has failed
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
            self._changed.wait_for(lambda: self._closed or (self._batches and self._batches[0].ended))
            if self._closed:
                return None
            first = self._batches[0]
            if first.out is not None:  # what ends it stays: whoever asks again is told the same
                self._batches.popleft()
                self._changed.notify_all()
        if first.error is not None:
            raise first.error
        for span in first.spans:
            watch.add(span)
        return first.out

    def close(self) -> None:
        """End every thread and give the media back; what is on its way is dropped. A second time does nothing."""
        with self._changed:
            self._closed = True
            self._batches.clear()
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():  # a generator of frames may close what it feeds
                thread.join()

    def _read(self) -> None:
        error: Exception | None = None
        try:
            while True:
                watch = Stopwatch(thread="decode")
                watch.start()
                frames = list(islice(self._frames, self._batch))
                watch.lap("decode")
                if not frames or not self._offer(_Batch(frames, watch.taken())):
                    break
        except Exception as raised:  # whatever it is, it comes out in its place
            error = raised
        finally:
            close = getattr(self._frames, "close", None)
            if close is not None:
                close()
        with self._changed:
            self._batches.append(_Batch(error=error, begun=True, ended=True))
            self._complete = True
            self._changed.notify_all()

    def _offer(self, batch: _Batch[Out]) -> bool:
        """Wait for room; whether there still is somebody who wants it, and no worker has failed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._complete or self._has_room(batch.size))
            if self._closed or self._complete:
                return False
            self._batches.append(batch)
            self._changed.notify_all()
        return True

    def _has_room(self, size: int) -> bool:
        waiting = self._waiting()
        if len(self._batches) - len(waiting) >= 2 * self._room:  # whoever takes slowly must not let what is done fill the memory
            return False
        return not waiting or (len(waiting) < self._room and sum(one.size for one in waiting) + size <= self._most_waiting_bytes)

    def _waiting(self) -> list[_Batch[Out]]:
        return [batch for batch in self._batches if not batch.begun]

    def _serve(self, work: Callable[[Sequence[Frame], Watch], Out], thread: str) -> None:
        while (batch := self._take()) is not None:
            watch = Stopwatch(thread=thread)
            watch.start()
            try:
                batch.out = work(batch.frames, watch)
            except Exception as error:  # as above
                batch.error = error
            batch.spans += watch.taken()
            with self._changed:
                batch.ended = True
                if batch.error is not None:  # those before it, which others have begun, still come out
                    self._complete = True
                    self._batches = deque(one for one in self._batches if one.begun)
                self._changed.notify_all()

    def _take(self) -> _Batch[Out] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._complete or self._waiting())
            waiting = self._waiting()
            if not waiting:
                return None
            waiting[0].begun = True
            self._changed.notify_all()
            return waiting[0]

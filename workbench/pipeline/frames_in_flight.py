"""What TensorFlow does not hold of a frame, kept here from its decoding until its batch comes out.

tf.data passes numbers and tensors; the frame itself (its picture for drawing, its name, when it was decoded) stays in Python.
Which thread does what: one of tf.data's threads calls `pull`, which decodes, and waits while too many bytes do; others of its
threads call `image` to prepare a picture; whoever runs the pipeline calls `take` as batches come out, which makes room.
`_changed` guards what they share; `_pulling` is held while a frame is decoded, and never together with a wait for anything but
room. `stop` has to come before TensorFlow's iterator is let go: that waits for its threads, and one of them may be waiting for
room.
"""

import threading
import time
from collections.abc import Generator
from typing import final

import numpy as np

from workbench.detections import UInt8Array
from workbench.graph import empty_image
from workbench.media import Frame, Media, frames_from

NO_MORE = -1  # the number that tells tf.data of the end: a generator's StopIteration would be an error to it


@final
class FramesInFlight:
    """The frames of one pass: decoded on tf.data's thread, and kept until they come out, as many as memory allows.

    Args:
        media: Where they come from.
        start: The first one's index.
        most_waiting_bytes: What they may take while they wait.
        again: Whether the media begin again at their end.
        keeps: Whether tf.data keeps the pictures itself, so that one pass of the media is all that is ever decoded.

    Attributes:
        error: What decoding raised, once the frames before it have been given.
    """

    def __init__(self, media: Media, start: int, most_waiting_bytes: int, *, again: bool, keeps: bool) -> None:
        self._media, self._start, self._again, self._keeps = media, start, again and not keeps, keeps
        self._most_waiting_bytes = most_waiting_bytes
        self._changed = threading.Condition()
        self._frames: dict[int, tuple[Frame, tuple[float, float]]] = {}
        self._waiting_bytes = 0
        self._closed = False
        # A generator that runs cannot be closed: `close` waits for the frame that is being decoded.
        self._pulling = threading.Lock()
        self._numbers = self._decoded()
        self.error: Exception | None = None

    def pull(self) -> np.int64:
        """Decode the next frame; returns its number, or -1 at the end. What decoding raises is the end, and is kept."""
        with self._pulling:
            return np.int64(next(self._numbers, NO_MORE))

    def pull_image(self) -> tuple[np.int64, UInt8Array]:
        """Do the same, and return the picture as well."""
        number = self.pull()
        return number, empty_image() if number == NO_MORE else self.image(int(number))

    def _decoded(self) -> Generator[int]:
        frames = frames_from(self._media, self._start, again=self._again)
        number = 0
        try:
            while True:
                began = time.perf_counter()
                frame = next(frames, None)
                if frame is None or not self._offer(number, frame, (began, time.perf_counter())):
                    return
                yield number
                number += 1
        except Exception as error:  # whatever it is, it comes out behind the frames before it
            self.error = error
        finally:
            frames.close()

    def image(self, number: int) -> UInt8Array:
        with self._changed:
            return self._frames[number][0].image_rgb

    def take(self, number: int) -> tuple[Frame | None, tuple[float, float] | None]:
        """Return a frame that came out and when it was decoded, and forget it; nothing where TensorFlow read it, or kept it."""
        with self._changed:
            frame, seconds = self._frames.pop(number, (None, None))
            if frame is not None:
                self._waiting_bytes -= frame.image_rgb.nbytes
                self._changed.notify_all()
        return frame, seconds

    def stop(self) -> None:
        """Let whoever waits for room go on, to the end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """Give the media back, once nobody decodes any more."""
        with self._pulling:
            self._numbers.close()
        with self._changed:
            self._frames.clear()

    def _offer(self, number: int, frame: Frame, seconds: tuple[float, float]) -> bool:
        size = frame.image_rgb.nbytes
        with self._changed:
            # tf.data's own buffers count elements, and a number is all that it holds of a frame: this bounds the memory.
            self._changed.wait_for(lambda: self._closed or self._waiting_bytes + size <= self._most_waiting_bytes)
            if self._closed:
                return False
            self._frames[number] = frame, seconds
            self._waiting_bytes += size
        return True

"""Media as `tf.data` feeds them: what TensorFlow does not hold of a frame is kept here until its batch comes out."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import UInt8Array
from workbench.errors import MediaError, UnavailableError
from workbench.files import temporary_folder
from workbench.graph import (
    DatasetError,
    FedBatch,
    batches,
    can_decode,
    empty_image,
    file_elements,
    graph_elements,
    host_elements,
    next_batch,
    next_number,
)
from workbench.machine import free_bytes
from workbench.media import Frame, Media
from workbench.pipeline.frames_in_flight import FramesInFlight
from workbench.pipeline.overlapped import MOST_WAITING_BYTES
from workbench.settings import Settings
from workbench.stages import InputSpec, prepare
from workbench.timing import Span

CACHE_SHARE = 0.5  # of the free memory or disk that kept frames may take: the rest is for what else runs
DECODE_THREAD, PREPARE_THREAD = "tf.data decode", "tf.data map"


@dataclass(frozen=True, slots=True)
class Fed:
    """One batch that is ready for the network."""

    frames: tuple[Frame, ...]
    inputs: NDArray[Any]
    spans: tuple[Span, ...]


@final
class FrameDataset:
    """A `tf.data` pipeline over media; what it caches serves every pass that `open` begins. One pass at a time.

    JPEG, PNG and BMP files are decoded by TensorFlow where it resizes too; everything else is decoded by OpenCV, one frame after
    the other, and prepared in parallel calls.

    Raises:
        UnavailableError: The frames are too many to be kept; says how large they are.
    """

    def __init__(self, media: Media, spec: InputSpec, settings: Settings) -> None:
        assert settings.input.size_hw is not None, "availability.check fills the size in"
        self._media, self._spec, self._settings = media, spec, settings
        self._size_hw = settings.input.size_hw
        self._resize, self._filter = settings.input.resize, settings.input.effective_filter
        self._feed, self._batch = settings.feed, settings.runtime.batch
        files = media.files() if self._resize == "graph" else None
        self._files: Sequence[Path] | None = files if files and can_decode(files) else None
        self._keeps = self._feed.cache != "none"
        self._pass: FramesInFlight | None = None
        self._names = media.frame_names() if self._keeps or self._files else ()
        self._folder = _cache_folder(media, settings) if self._keeps else None
        kept_at = f"{self._folder.name}/frames" if self._folder else ""  # in memory where it has no name
        self._cached = self._elements(0).cache(kept_at) if self._keeps else None
        self._filled = False
        self._plain = None if self._keeps or self._files else self._elements(0)

    @property
    def serial(self) -> tuple[tuple[str, ...], ...]:
        """Stages that one thread does, one after the other."""
        behind = ("infer", "nms", "draw")
        return (behind,) if self._files or self._keeps else (("decode",), behind)

    def open(self, start: int = 0, *, again: bool = False) -> "FedFrames":
        """Begin a pass.

        Args:
            start: The first frame's index.
            again: Whether it begins again at the end of the media.
        """
        if self._cached is not None and not self._filled:
            self._fill(self._cached)
        running = self._running_from(0 if self._keeps else start, again=again)
        elements = self._elements_from(start, again=again)
        return FedFrames(running, elements, self._batched(elements), self._names, self._files, start)

    def _running_from(self, start: int, *, again: bool) -> FramesInFlight:
        self._pass = FramesInFlight(self._media, start, self._most_waiting_bytes(), again=again, keeps=self._keeps)
        return self._pass

    def _fill(self, cached: Any) -> None:
        """Run the media through once: TensorFlow lets go of what it kept where a pass ends before the media do.

        Raises:
            MediaError: A frame is damaged.
        """
        running, elements = self._running_from(0, again=False), iter(cached)
        try:
            while (number := next_number(elements)) is not None:
                running.take(number)
            self._filled = True
        except DatasetError:
            return  # the pass that is to be opened meets it where it is, and says which frame
        finally:
            running.stop()
            del elements
            running.close()
        if running.error is not None:
            raise running.error

    def _elements_from(self, start: int, *, again: bool) -> Any:
        if self._cached is not None:
            return (self._cached.repeat() if again else self._cached).skip(start)
        if self._files is None:
            return self._plain  # its frames are those of the running pass, wherever that begins
        first = self._elements(start)
        return first.concatenate(self._elements(0).repeat()) if again else first

    def _elements(self, start: int) -> Any:
        spec, size_hw, feed = self._spec, self._size_hw, self._feed
        if self._files:
            return file_elements(self._files, spec, size_hw, self._filter, feed, start)
        if self._resize == "graph":
            return graph_elements(self._pull_image, spec, size_hw, self._filter, feed, keep_images=self._keeps)
        return host_elements(self._pull, self._prepare, spec, size_hw, feed, keep_images=self._keeps)

    def _pull(self) -> np.int64:
        return self._running.pull()  # of whichever pass tf.data begins

    def _pull_image(self) -> tuple[np.int64, UInt8Array]:
        return self._running.pull_image()

    @property
    def _running(self) -> FramesInFlight:
        assert self._pass is not None, "tf.data asks only while a pass is open"
        return self._pass

    def _prepare(self, number: int) -> tuple[UInt8Array, NDArray[Any], float, float]:
        image = self._running.image(int(number))
        began = time.time()
        prepared = prepare([image], self._spec, self._size_hw, self._resize, self._filter)[0]
        return image if self._keeps else empty_image(), prepared, began, time.time()

    def _batched(self, elements: Any) -> Any:
        most = max(0, self._most_waiting_bytes() // (self._batch * _frame_bytes(self._media)) - 1)
        return batches(elements, self._feed, self._batch, self._settings.runtime.threads, min(self._feed.prefetch, most))

    def _most_waiting_bytes(self) -> int:
        """Return what decoded frames may take; a batch and what is being prepared always may, or none would ever be full."""
        return max(MOST_WAITING_BYTES, (self._batch + max(1, self._feed.workers) + 1) * _frame_bytes(self._media))


@final
class FedFrames:
    """One pass of a dataset, batch by batch."""

    def __init__(
        self,
        running: FramesInFlight,
        elements: Any,
        batched: Any,
        names: Sequence[str],
        files: Sequence[Path] | None,
        start: int,
    ) -> None:
        self._start = start
        self._running, self._elements, self._names, self._files = running, elements, names, files
        self._iterator: Any = iter(batched)
        self._given = 0
        self._clock_offset = time.perf_counter() - time.time()
        self._error: Exception | None = None

    def next(self) -> Fed | None:
        """Return the next batch; `None` at the end.

        Raises:
            MediaError: A picture is damaged; everything before it has come out.
        """
        if self._error is not None:
            raise self._error
        if self._iterator is None:
            return None
        try:
            batch = next_batch(self._iterator)
        except DatasetError as error:
            return self._before(error)
        if batch is None and self._running.error is not None:
            raise self._running.error
        return None if batch is None else self._fed(batch)

    def close(self) -> None:
        """End the pass and give the media back."""
        self._running.stop()  # first: TensorFlow lets its iterator go only when nothing of it waits any more
        self._iterator = None
        self._running.close()

    def _before(self, error: DatasetError) -> Fed:
        """Return the frames of a batch that stand before the one that failed, and remember the failure for the next call."""
        if self._running.error is not None:
            raise self._running.error from None
        if self._files is None:
            raise error
        single: list[FedBatch] = []
        one_by_one = iter(self._elements.skip(self._given).batch(1))
        with suppress(DatasetError):
            while (one := next_batch(one_by_one)) is not None:
                single.append(one)
        number = (self._start + self._given + len(single)) % len(self._files)
        self._error = MediaError(f"TensorFlow cannot decode {self._names[number]}: {str(error)[:120]}; choose whole pictures")
        if not single:
            raise self._error from None
        return self._fed(_joined(single))

    def _fed(self, batch: FedBatch) -> Fed:
        self._given += len(batch.numbers)
        taken = [self._running.take(number) for number in batch.numbers]
        images = batch.images_rgb
        frames = tuple(
            frame if images is None and frame is not None else Frame(_picture(images, n), self._names[number], number)
            for n, (number, (frame, _)) in enumerate(zip(batch.numbers, taken, strict=True))
        )
        decoded = [Span("decode", DECODE_THREAD, *seconds) for _, seconds in taken if seconds is not None]
        decoded += [self._span("decode", seconds) for seconds in batch.decode_seconds or ()]
        return Fed(frames, batch.inputs, (*decoded, *(self._span("preprocess", seconds) for seconds in batch.prepare_seconds)))

    def _span(self, stage: str, seconds: tuple[float, float]) -> Span:
        began, ended = seconds
        return Span(stage, PREPARE_THREAD, began + self._clock_offset, ended + self._clock_offset)


def _picture(images: Sequence[UInt8Array] | None, position: int) -> UInt8Array:
    assert images is not None, "a frame that nobody kept comes from TensorFlow"
    return images[position]


def _joined(single: Sequence[FedBatch]) -> FedBatch:
    first = single[0]
    return FedBatch(
        numbers=tuple(number for one in single for number in one.numbers),
        images_rgb=None if first.images_rgb is None else tuple(image for one in single for image in one.images_rgb or ()),
        inputs=np.concatenate([one.inputs for one in single]),
        decode_seconds=None if first.decode_seconds is None else tuple(pair for one in single for pair in one.decode_seconds or ()),
        prepare_seconds=tuple(pair for one in single for pair in one.prepare_seconds),
    )


def _frame_bytes(media: Media) -> int:
    height, width = media.facts().size_hw
    return height * width * 3


def _cache_folder(media: Media, settings: Settings) -> "tempfile.TemporaryDirectory[str] | None":
    """Make the folder of a cache in a file, once there is room for the frames wherever they are kept."""
    facts, kind = media.facts(), settings.feed.cache
    if facts.endless:
        raise UnavailableError(f"feed.cache is {kind}: {facts.name} never ends; choose none")
    needed = facts.frames * _frame_bytes(media)
    free = shutil.disk_usage(tempfile.gettempdir()).free if kind == "file" else free_bytes()
    if needed > CACHE_SHARE * free:
        place = f"the disk at {tempfile.gettempdir()}" if kind == "file" else "the memory"
        raise UnavailableError(
            f"feed.cache is {kind}: the {facts.frames} frames of {facts.name} take {needed / 1e9:.1f} GB decoded, more than half of"
            f" what {place} has free ({free / 1e9:.1f} GB); choose none, or shorter media"
        )
    return temporary_folder("frames") if kind == "file" else None

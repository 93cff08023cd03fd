"""Frames in memory: arrays that a notebook makes, generators of them, and recordings of what never ends."""

import hashlib
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.errors import MediaError, WorkbenchError
from workbench.media.frame import Frame, Media, frame_name
from workbench.media.pixels import CHANNELS, rgb_picture
from workbench.record import MediaFacts

MOST_BYTES = 1 << 30  # of frames that are kept because they come but once: 388 of 1280x720
MOST_COUNTED = 1000  # frames of a callable that are run through to count them; what goes on is taken for endless

ArraySource = NDArray[Any] | Iterable[Any] | Callable[[], Iterable[Any]]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Arrays(Media):
    """Frames in memory; they are handed out as they are, not copied.

    Attributes:
        kept: The frames, at least one.
        name: Of the media.
        source: Where they came from.
        kind: What they are.
        fps: Frames a second, where they are a film.
        notes: What people should know of them.
    """

    kept: Sequence[Frame]
    name: str
    source: str
    kind: str = "arrays"
    fps: float | None = None
    notes: tuple[str, ...] = ()

    def frames(self, start: int = 0) -> Iterator[Frame]:
        return iter(self.kept[start:])

    def frame_names(self) -> Sequence[str]:
        return tuple(frame.name for frame in self.kept)

    def facts(self) -> MediaFacts:
        return self._facts

    @cached_property
    def _facts(self) -> MediaFacts:
        count, sha256 = _counted(self.kept)
        return MediaFacts(
            name=self.name,
            source=self.source,
            kind=self.kind,
            frames=count,
            size_hw=self.kept[0].size_hw,
            fps=self.fps,
            sha256=sha256,
            notes=self.notes,
        )


@final
class Generated(Media):
    """Frames that a callable makes anew for each pass."""

    def __init__(self, make: Callable[[], Iterable[Any]], name: str, fps: float | None) -> None:
        self._make = make
        self._name = name
        self._fps = fps
        self._turn = threading.Lock()

    def frames(self, start: int = 0) -> Iterator[Frame]:
        frames = _frames(self._make, self._name, self._fps, start)
        first = next(frames, None)
        if first is not None:
            yield first
            yield from frames
        elif not start:
            raise MediaError(
                f"{self._name}: the function gave no frame; let each call return a fresh generator: `lambda: make_frames()`"
            )

    @property
    def jumps(self) -> bool:
        return False

    def facts(self) -> MediaFacts:
        with self._turn:
            return self._facts

    @cached_property
    def _facts(self) -> MediaFacts:
        frames = self.frames()
        first = next(frames)
        count, sha256 = _counted(islice(chain((first,), frames), MOST_COUNTED + 1))
        ends = count <= MOST_COUNTED
        return MediaFacts(
            name=self._name,
            source=self._name,
            kind="generator",
            frames=count if ends else 0,
            size_hw=first.size_hw,
            fps=self._fps,
            sha256=sha256 if ends else None,
        )


@final
class Once(Media):
    """Frames that an iterator gives but once: they are recorded when the first is wanted, and repeat from then on."""

    def __init__(self, images: Iterator[Any], name: str, fps: float | None, most_bytes: int) -> None:
        self._images = images
        self._name = name
        self._fps = fps
        self._most_bytes = most_bytes
        self._turn = threading.Lock()

    def frames(self, start: int = 0) -> Iterator[Frame]:
        return self._kept().frames(start)

    def frame_names(self) -> Sequence[str]:
        return self._kept().frame_names()

    def facts(self) -> MediaFacts:
        return self._kept().facts()

    def _kept(self) -> Media:
        with self._turn:
            return self._recorded

    @cached_property
    def _recorded(self) -> Media:
        frames = _frames(lambda: self._images, self._name, self._fps)
        kept, has_more = _kept_frames(frames, None, self._most_bytes)
        if not kept:
            raise MediaError(
                f"{self._name} holds no pictures: the iterator is used up; give a fresh one, or a function that makes it"
            )
        notes = (f"the first {len(kept)} frames that the iterator gave; more would not fit in {_in_mib(self._most_bytes)}",)
        return Arrays(kept, name=self._name, source=self._name, kind="arrays", fps=self._fps, notes=notes if has_more else ())


def array_media(images: ArraySource, name: str = "arrays", fps: float | None = None, most_bytes: int = MOST_BYTES) -> Media:
    """Make media of arrays, or of what makes arrays.

    Each picture is `(height, width, 3)` uint8, RGB; or what `rgb_picture` makes that of. Sizes may differ.

    Args:
        images: An array `(n, height, width, channels)` or of a single picture; a list of pictures; a function that returns a fresh
            iterator of them with each call (such as `lambda: make_frames()`), of which nothing is kept, and which is taken for
            endless where it gives more than `MOST_COUNTED`; or a generator or iterator, which is recorded in memory when its
            first frame is wanted. An array of three axes is a film of grey pictures unless the last has 1, 3 or 4.
        name: Frames are called `name#0`, `name#1`, …
        fps: Frames a second, where the arrays are a film; 0, which OpenCV says where it knows none, is none.
        most_bytes: How much of an iterator is recorded; what is left out then is told in the notes of its facts.

    Raises:
        MediaError: There are none, one is something else, or the rate cannot be; of what is made later, when it is made.
    """
    if fps is not None and not 0 <= fps < math.inf:
        raise MediaError(f"{name}: fps is {fps}; give frames a second, or None where the pictures are no film")
    fps = fps or None
    if callable(images) and not hasattr(images, "__array__"):
        return Generated(images, name, fps)
    if isinstance(images, Iterator):
        return Once(images, name, fps, most_bytes)
    frames = tuple(_frames(lambda: _pictures_in(images, name), name, fps))
    if not frames:
        raise MediaError(f"{name} holds no pictures; give at least one array")
    return Arrays(frames, name=name, source=name, fps=fps)


def recorded(media: Media, frames: int, most_bytes: int = MOST_BYTES) -> Media:
    """Record the first frames of a camera, a stream or a generator, as media that repeat.

    Frames keep their names and times; the rate is that at which they came. It takes as long as they take to come.

    Args:
        media: What to record; also media that end.
        frames: How many, 1 or more; fewer where the media end, or where more would not fit.
        most_bytes: How much memory they may take.

    Returns:
        Media of the kind `recording`, under the name of their source, with a hash of the frames.

    Raises:
        MediaError: The media cannot be read, or give no frame, or none is wanted.
    """
    if not frames >= 1:
        raise MediaError(f"frames is {frames}: there is nothing to record; choose 1 or more")
    taken = media.frames()
    kept, has_more = _kept_frames(taken, frames, most_bytes)
    del taken  # a camera is given back here
    facts = media.facts()
    if not kept:
        raise MediaError(f"{facts.name} gave no frame to record; choose other media")
    spent = (kept[-1].seconds or 0.0) - (kept[0].seconds or 0.0)
    notes = [f"recorded from {facts.name}: its first {len(kept)} frames"]
    if has_more:
        notes.append(f"{frames} were asked for, but more than {len(kept)} would not fit in {_in_mib(most_bytes)}")
    return Arrays(
        kept,
        name=facts.name,
        source=facts.source,
        kind="recording",
        fps=(len(kept) - 1) / spent if spent > 0 else facts.fps,
        notes=(*notes, *facts.notes),
    )


def _kept_frames(frames: Iterator[Frame], most: int | None, most_bytes: int) -> tuple[list[Frame], bool]:
    """Take frames into memory: at most so many, of at most so many bytes; also tell whether there was one more that did not fit.

    The first is kept however large it is.
    """
    kept: list[Frame] = []
    size = 0
    for frame in frames:
        size += frame.image_rgb.nbytes
        if kept and size > most_bytes:
            return kept, True
        kept.append(frame)
        if most is not None and len(kept) >= most:
            break
    return kept, False


def _in_mib(size: int) -> str:
    """Write a number of bytes.

    >>> _in_mib(1 << 30)
    '1,024 MiB'
    """
    return f"{size / 2**20:,.0f} MiB"


def _pictures_in(images: Any, name: str) -> Iterable[Any]:
    if not isinstance(images, Iterable):
        raise MediaError(f"{name} is a {type(images).__name__}; give an array, a list or generator of arrays, or a function")
    if not hasattr(images, "__array__"):
        return images
    array = np.asarray(images)
    single = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS)
    return (images,) if single else iter(array)


def _frames(make: Callable[[], Iterable[Any]], name: str, fps: float | None, start: int = 0) -> Iterator[Frame]:
    """Iterate over frames; what the caller's own code raises is told as what it is."""
    made = 0
    try:
        for image in make():
            if made >= start:
                called = frame_name(name, made)
                yield Frame(rgb_picture(image, called), called, made, None if fps is None else made / fps)
            made += 1
    except WorkbenchError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        raise MediaError(
            f"{name}: making frames failed after {made}: {type(error).__name__}: {text}; mend what makes them"
        ) from error


def _counted(frames: Iterable[Frame]) -> tuple[int, str]:
    """Return how many frames there are, and the hash of their pixels."""
    content, count = hashlib.sha256(), 0
    for frame in frames:
        content.update(repr(frame.image_rgb.shape).encode())
        content.update(np.ascontiguousarray(frame.image_rgb).data)
        count += 1
    return count, content.hexdigest()

"""A frame, and what every source of frames offers."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from workbench.detections import UInt8Array
from workbench.record import MediaFacts

SEEK_STEP = 125  # frames apart, from which going to each costs less than decoding all between: key frames are some 250 apart


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the media.

    Attributes:
        image_rgb: `(height, width, 3)` uint8. Not a copy: whoever draws takes one.
        name: What ground truth calls it: a file name, or `clip.webm#128`.
        index: Position in the media, from 0.
        seconds: Time since the start of a video, as its timestamps tell it, or since the first picture of a live source; `None` for
            pictures.
        arrived_seconds: When it came, on the clock of `time.perf_counter`, where frames come by themselves; `None` elsewhere.
        missed: Frames that came since the one before and that nobody took.
    """

    image_rgb: UInt8Array
    name: str
    index: int
    seconds: float | None = None
    arrived_seconds: float | None = None
    missed: int = 0

    @property
    def size_hw(self) -> tuple[int, int]:
        height, width = self.image_rgb.shape[:2]
        return height, width

    def blank(self) -> "Frame":
        """Return a frame of the same name and size that holds no picture."""
        return Frame(np.broadcast_to(np.zeros(1, np.uint8), self.image_rgb.shape), self.name, self.index)


class Media(ABC):
    """A source of frames."""

    @abstractmethod
    def frames(self, start: int = 0) -> Iterator[Frame]:
        """Iterate from the frame at `start`, anew with each call; nothing where the media end before it.

        Reading happens inside `next()`: its time is the `decode` stage. A video's decoder works ahead by a few frames on threads of
        its own, as OpenCV's does by default. A file is closed when its iterator ends or is dropped.

        Raises:
            MediaError: From `next()`: a picture is damaged, or a video ends before its time.
        """

    @property
    def jumps(self) -> bool:
        """Whether to begin further in is done without reading all before: what is not so is best read in one pass."""
        return True

    def frame_names(self) -> Sequence[str]:
        """Return the names of all frames in order, without decoding them; none where they never end."""
        facts = self.facts()
        return tuple(frame_name(facts.name, index) for index in range(facts.frames))

    def files(self) -> Sequence[Path] | None:
        """Return the file of each frame in order, where each has one whose pixels are used as they are; `None` elsewhere."""
        return None

    @abstractmethod
    def facts(self) -> MediaFacts:
        """Return what is known without decoding it all; the first call reads the bytes once, for their hash."""


def frame_name(media_name: str, index: int) -> str:
    """Return what truth and records call a frame of media that has no file per frame.

    >>> frame_name("line.webm", 128)
    'line.webm#128'
    """
    return f"{media_name}#{index}"


def frames_at(media: Media, positions: Iterable[int]) -> Iterator[Frame]:
    """Iterate over the frames at these positions, first to last; what the media do not hold is left out.

    >>> from workbench.media import array_media
    >>> import numpy as np
    >>> [frame.index for frame in frames_at(array_media(np.zeros((4, 8, 8, 3), np.uint8)), (3, 1, 9))]
    [1, 3]
    """
    seek_step = (SEEK_STEP if media.facts().fps else 1) if media.jumps else sys.maxsize
    frames: Iterator[Frame] = iter(())
    next_one = -seek_step
    for position in sorted(positions):
        if position - next_one >= seek_step:
            frames, next_one = media.frames(position), position
        yield from islice(frames, position - next_one, position - next_one + 1)
        next_one = position + 1


def frames_from(media: Media, start: int, *, again: bool) -> Generator[Frame]:
    """Iterate from the frame at `start`; media that end begin again where `again` says so, unless they hold none."""
    yield from media.frames(start)
    while again:
        frames = media.frames()
        first = next(frames, None)
        if first is None:
            return
        yield first
        del first  # nobody's memory is held while the others come
        yield from frames

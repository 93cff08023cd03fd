"""Frames in sets that share none: those that calibrate, those that guide the search, and those that judge at the end."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

from workbench.datasets import Truth
from workbench.detections import UInt8Array
from workbench.errors import MediaError
from workbench.media import Frame, Media, frames_at
from workbench.opening import EvaluationData
from workbench.settings import MOST_CALIBRATION_FRAMES

GUIDING, JUDGING = 48, 96  # frames: agreement on them is sure within some .02 and .015
JUDGING_LABELLED = 500  # AP wants more: .02 is settled by some 200
GUIDES = 3  # one of so many frames guides, the others judge
CHUNKS = 18  # of a video, which guide and judge by turns: neighbours are alike, and in one set
MOST_BYTES = 1 << 28  # of the frames that guide, which are kept decoded: each network that is tried runs on them
PICTURES_EACH = 2  # frames that guide at least; with fewer, the sets are one


@final
class ReadFrames:
    """Frames of media, read anew each time.

    Args:
        media: Whose frames they are.
        positions: Of the frames.
    """

    def __init__(self, media: Media, positions: tuple[int, ...]) -> None:
        self._media, self._positions = media, positions

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[Frame]:
        return frames_at(self._media, self._positions)


@final
@dataclass(frozen=True, slots=True, eq=False)
class FrameSet:
    """Frames, and what is known to be in them.

    Attributes:
        frames: Those that guide are kept decoded.
        truth: What is in each, by its name; `None` where that is not known.
    """

    frames: ReadFrames | tuple[Frame, ...]
    truth: Truth | None


@final
@dataclass(frozen=True, slots=True, eq=False)
class FrameSets:
    """What the search works with.

    Attributes:
        guide: Frames that the search looks at.
        judge: Frames that it never sees.
        apart: Whether the frames that calibrate and these are three sets.
    """

    guide: FrameSet
    judge: FrameSet
    apart: bool


def frame_sets(data: EvaluationData, calibrating: Iterable[UInt8Array]) -> FrameSets:
    """Divide frames into sets, none of which holds a frame of those that calibrate.

    Where other frames are labelled than those that are timed, the first judge and the second guide.

    Raises:
        MediaError: The media never end.
    """
    media, truth = (data.media, data.truth) if data.labelled is None else (data.labelled, data.labelled_truth)
    if data.media.facts().endless:
        raise MediaError("a live source never shows the same frames twice; record some, and name the file")
    used = frozenset(map(_key, calibrating))
    judging = JUDGING if truth is None else JUDGING_LABELLED
    if media is not data.media:
        guide, judge = _kept(data.media, _spread(data.media, GUIDING, used)), ReadFrames(media, _spread(media, judging, used))
        return FrameSets(FrameSet(guide, data.truth), FrameSet(judge, truth), apart=bool(guide and judge))
    spread = _spread(media, GUIDING + judging, used)
    chunk = max(1, len(spread) // CHUNKS) if media.facts().fps else 1
    guides = [position for number, position in enumerate(spread) if number // chunk % GUIDES == 1]
    if len(guides) < PICTURES_EACH:
        every = FrameSet(_kept(media, _spread(media, GUIDING + JUDGING, frozenset())), truth)
        return FrameSets(every, every, apart=False)
    judges = tuple(position for number, position in enumerate(spread) if number // chunk % GUIDES != 1)
    return FrameSets(FrameSet(_kept(media, guides), truth), FrameSet(ReadFrames(media, judges), truth), apart=True)


def _spread(media: Media, count: int, used: Collection[bytes]) -> tuple[int, ...]:
    """Return the positions of so many frames at equal distances, less those that were used."""
    total = media.facts().frames
    count = min(count + len(used), total)
    positions = (position * total // count for position in range(count))
    return tuple(frame.index for frame in frames_at(media, positions) if _key(frame.image_rgb) not in used)


def _kept(media: Media, positions: Sequence[int]) -> tuple[Frame, ...]:
    """Return frames that guide: at most so many, spread over those that could, and fewer where they are large."""
    first = next(frames_at(media, positions[:1]), None)
    if first is None:
        return ()
    count = max(1, min(GUIDING, MOST_BYTES // first.image_rgb.nbytes, len(positions)))
    return tuple(frames_at(media, (positions[number * len(positions) // count] for number in range(count))))


def _key(image: UInt8Array) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()


def calibration_counts(data: EvaluationData, wanted: int) -> tuple[int, int, int]:
    """Return how many frames calibrate to begin with, and two other numbers to try: half and twice as many.

    Of media with few frames, from which all calibrating ones come, as many are left to guide and to judge.
    """
    media = data.media if data.labelled is None else data.labelled
    candidates = data.calibration.frames()
    total = len(candidates)
    few = media.facts().frames <= total and _key(candidates[0]) in {_key(frame.image_rgb) for frame in media.frames()}
    first = max(1, min(wanted, total // GUIDES)) if few else wanted
    return first, max(1, first // 2), first if few else min(2 * first, MOST_CALIBRATION_FRAMES)

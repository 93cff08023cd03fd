"""Frames in sets that share none: those that calibrate, those that guide the search, and those that judge at the end."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import final

from workbench.datasets import Truth
from workbench.detections import UInt8Array
from workbench.errors import MediaError
from workbench.media import Frame, Media, frames_at
from workbench.opening import EvaluationData
from workbench.settings import MOST_CALIBRATION_FRAMES

GUIDING, JUDGING = 48, 96  # frames: agreement on them is sure within some .02 and .015
GUIDES = 3  # one of so many frames guides, the others judge
CHUNKS = 18  # of a video, which guide and judge by turns: neighbours are alike, and in one set
MOST_BYTES = 1 << 28  # of the decoded frames of a set: each network that is tried runs on them
PICTURES_EACH = 2  # frames that guide at least; with fewer, the sets are one


@final
@dataclass(frozen=True, slots=True, eq=False)
class FrameSet:
    """Frames, and what is known to be in them.

    Attributes:
        frames: In the order of the media.
        truth: What is in each, by its name; `None` where that is not known.
    """

    frames: tuple[Frame, ...]
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
    if media is not data.media:
        guide, judge = _spread(data.media, GUIDING, used), _spread(media, JUDGING * 2, used)
        return FrameSets(FrameSet(guide, data.truth), FrameSet(judge, truth), apart=bool(guide and judge))
    frames = _spread(media, GUIDING + JUDGING, used)
    chunk = max(1, len(frames) // CHUNKS) if media.facts().fps else 1
    guide = tuple(frame for number, frame in enumerate(frames) if number // chunk % GUIDES == 1)
    if len(guide) < PICTURES_EACH:
        every = FrameSet(_spread(media, GUIDING + JUDGING, frozenset()), truth)
        return FrameSets(every, every, apart=False)
    judge = tuple(frame for number, frame in enumerate(frames) if number // chunk % GUIDES != 1)
    return FrameSets(FrameSet(guide, truth), FrameSet(judge, truth), apart=True)


def _spread(media: Media, count: int, used: Collection[bytes]) -> tuple[Frame, ...]:
    """Return so many frames at equal distances, less those that were used; fewer where they are large."""
    total = media.facts().frames
    first = next(iter(media.frames()), None)
    if first is None:
        return ()
    count = max(1, min(count + len(used), MOST_BYTES // first.image_rgb.nbytes, total))
    positions = {position * total // count for position in range(count)}
    return tuple(frame for frame in frames_at(media, positions) if _key(frame.image_rgb) not in used)


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

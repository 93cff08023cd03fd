"""Video files, through OpenCV and its FFmpeg."""

import hashlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

from workbench.errors import MediaError
from workbench.hardware import usable_cores
from workbench.media.backend import opencv
from workbench.media.buffers import Buffers
from workbench.media.containers import missing_bytes
from workbench.media.frame import Frame, Media, frame_name
from workbench.media.orientation import Upright, as_stored, read_mirroring
from workbench.media.timeline import Timeline, go_to, read_timeline
from workbench.record import MediaFacts

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".ogv", ".wmv", ".flv")

# FFmpeg decodes ahead on as many threads as there are cores, as it does by default for everyone who uses OpenCV: a loop pays for a
# frame what it waits for it, and what the decoder takes from the cores shows in the other stages. Set, not left to chance.
DECODE_THREADS = usable_cores()

# A container's count can be an estimate, from a rate and a duration that includes the sound. A file that is all there but of which
# less than this decodes is damaged inside.
LEAST_SHARE_DECODED = 0.9


@final
class Video(Media):
    """A video file, shown as its edit list and display matrix say; alpha is left out, of more than 8 bits the upper 8 remain."""

    def __init__(self, source: str) -> None:
        self._path = path = Path(source)
        self._source = source
        _check_whole(path)
        self._upright = read_mirroring(str(path))
        first = next(self.frames(), None)
        if first is None:
            raise MediaError(f"{path} opens but no frame of it decodes; choose another video, or convert it to .mp4 or .webm")
        self._size_hw = first.size_hw

    def frames(self, start: int = 0) -> Iterator[Frame]:
        capture = self._opened()  # opening and seeking are not part of the first frame's time
        if start:
            capture = self._moved(capture, start)
        return self._decoded(capture, start)

    @property
    def jumps(self) -> bool:
        return self._timeline is not None and self._timeline.seekable

    def facts(self) -> MediaFacts:
        return self._facts

    @cached_property
    def _facts(self) -> MediaFacts:
        cv2 = opencv()
        capture = self._opened()
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        timeline = self._timeline
        fps = timeline.rate(fps) if timeline else fps
        frames = (len(timeline.seconds) if timeline else 0) or count_frames(capture)
        capture.release()
        with self._path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        return MediaFacts(
            name=self._path.name,
            source=self._source,
            kind="video",
            frames=frames,
            size_hw=self._size_hw,
            fps=fps if fps > 0 else None,
            sha256=content,
        )

    @cached_property
    def _timeline(self) -> Timeline | None:
        return read_timeline(str(self._path))

    def _opened(self) -> Any:
        cv2 = opencv()
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, DECODE_THREADS])
        if not capture.isOpened():
            raise MediaError(
                f"{self._path} is not a video that OpenCV can read, or is damaged; choose a video such as .mp4 (H.264) or .webm"
            )
        return as_stored(capture) if self._upright else capture

    def _moved(self, capture: Any, start: int) -> Any:
        cv2, timeline = opencv(), self._timeline
        if timeline is not None and timeline.seekable:
            if timeline.is_even(capture.get(cv2.CAP_PROP_FPS)):
                capture.set(cv2.CAP_PROP_POS_FRAMES, start)  # decodes from the key frame before it; no further than a header says
                if capture.get(cv2.CAP_PROP_POS_FRAMES) == start:
                    return capture
            if start <= len(timeline.seconds) and go_to(capture, timeline, start):
                return capture
            capture.release()
            capture = self._opened()
        count_frames(capture, start)
        return capture

    def _decoded(self, capture: Any, start: int) -> Iterator[Frame]:
        end = yield from decoded(capture, self._path.name, start, self._upright)
        if start < end.index < end.claimed * LEAST_SHARE_DECODED and not end.is_whole(self._timeline):
            raise MediaError(
                f"{self._path} is damaged: {end.index} of its {end.claimed} frames decode;"
                " choose a whole copy, or convert what is left of it"
            )


@dataclass(frozen=True, slots=True)
class End:
    """How decoding ended.

    Attributes:
        index: Behind the last frame.
        seconds: Of the last frame.
        claimed: How many frames there should have been; 0 where nobody says.
        claimed_seconds: How long they should have taken.
    """

    index: int
    seconds: float
    claimed: int
    claimed_seconds: float

    def is_whole(self, timeline: Timeline | None) -> bool:
        """Tell whether what was claimed was too much: an edit list leaves some out, or it was a guess of a rate that varies."""
        if timeline is None or timeline.counted:
            return timeline is not None and self.index >= timeline.counted * LEAST_SHARE_DECODED
        return self.seconds >= self.claimed_seconds * LEAST_SHARE_DECODED


def decoded(capture: Any, name: str, start: int, upright: Upright | None = None) -> Generator[Frame, None, End]:
    """Iterate over what one of OpenCV's captures reads, as `name#start` and so on, and give it back; returns how it ended."""
    cv2 = opencv()
    index, seconds = start, 0.0
    image_bgr, buffers = None, Buffers()
    try:
        while True:
            read, image_bgr = capture.read(image_bgr)  # into the same memory; the RGB array is the frame's own while anybody has it
            if not read:
                break
            # OpenCV says 0 for the last ones of some containers, where no packet tells it any more.
            seconds = max(seconds, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
            shown_bgr = upright(image_bgr) if upright else image_bgr
            image_rgb = cv2.cvtColor(shown_bgr, cv2.COLOR_BGR2RGB, dst=buffers.take(shown_bgr.shape))
            yield Frame(image_rgb, frame_name(name, index), index, seconds)
            del image_rgb  # this generator rests with the next frame's decoding, and must not hold the last one's memory
            index += 1
        claimed, fps = claimed_frames(capture), float(capture.get(cv2.CAP_PROP_FPS))
    finally:
        capture.release()
    return End(index, seconds, claimed, claimed / fps if fps > 0 else 0.0)


def is_video(path: Path) -> bool:
    """Tell by its name whether a file is a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def _check_whole(path: Path) -> None:
    size = path.stat().st_size
    if not size:
        raise MediaError(f"{path} is empty (0 bytes); choose a video")
    missing = missing_bytes(path)
    if missing:
        raise MediaError(
            f"{path} is cut short: {missing:,} of its {size + missing:,} bytes are missing;"
            " choose a whole copy, or convert what is left of it"
        )


def claimed_frames(capture: Any) -> int:
    """Return how many frames there are, by a container's count or a guess from its duration; 0 where nobody knows."""
    claimed = capture.get(opencv().CAP_PROP_FRAME_COUNT)
    return int(claimed) if claimed >= 1 else 0  # live recordings claim none, or less than none


def count_frames(capture: Any, most: int | None = None) -> int:
    """Pass over frames, to the end or at most so many, and return how many there were."""
    count = 0
    while (most is None or count < most) and capture.grab():
        count += 1
    return count

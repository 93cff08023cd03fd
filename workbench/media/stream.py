"""Streams and videos at a URL, through OpenCV's FFmpeg.

The tests serve what they open: by HTTP motion JPEG, files, stalls and dropped connections; a transport stream by UDP, and by RTSP
over TCP from a server of sixty lines. No real camera or RTSP server was ever tried; nor RTSP over UDP, RTMP or TLS, of which the
tests know only that what cannot be reached is refused.
"""

import threading
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, final
from urllib.parse import urlsplit

from workbench.errors import MediaError
from workbench.media.backend import opencv
from workbench.media.frame import Frame, Media
from workbench.media.live import TIMEOUT_SECONDS, LiveSource, live_frames
from workbench.media.orientation import as_stored, read_mirroring
from workbench.media.timeline import read_timeline
from workbench.media.urls import masked, why_unreachable
from workbench.media.video import DECODE_THREADS, LEAST_SHARE_DECODED, claimed_frames, count_frames, decoded
from workbench.record import MediaFacts

OPEN_SECONDS = 10.0  # FFmpeg looks at a stream for up to five seconds before it knows what is in it
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)  # a router is back within a quarter of a minute, a camera that starts anew is not always
LIVE_THREADS = 1  # each further thread of the decoder holds one frame back, and live pictures are to be of now
MOST_FRAMES = (
    10_000_000  # of a file, nearly four days at 30 a second: a header that says more is mistaken, and each frame has a name
)
MOST_FPS = 1000.0  # FFmpeg calls a stream whose rate it does not know one of 90000 frames a second, and JPEGs in a row one of 25
ELSE = "check the address, user name and password, and that it plays elsewhere, or choose other media"


@final
class Stream(Media):
    """A stream that never ends: the newest frame only. Where it stalls it is opened again, a few times.

    Args:
        url: Where; user name and password in it are used, and shown nowhere.
        facts: What it stated when it was first opened.
        pauses_seconds: Before each try to open it again in a row without a picture.
        timeout_seconds: Without a picture for so long, it has stalled.

    Attributes:
        reconnects: How often it was opened again so far, by all of its iterators.
    """

    def __init__(self, url: str, facts: MediaFacts, pauses_seconds: tuple[float, ...], timeout_seconds: float) -> None:
        self._url = url
        self._facts = facts
        self._pauses_seconds = pauses_seconds
        self._timeout_seconds = timeout_seconds
        self._counting = threading.Lock()
        self.reconnects = 0

    def frames(self, start: int = 0) -> Iterator[Frame]:
        tries = len(self._pauses_seconds)
        source = LiveSource(
            name=self._facts.name,
            opens=lambda: _opened(self._url, LIVE_THREADS, self._timeout_seconds),
            gone=f"{self._facts.name} gives no pictures any more, and {tries} tries to open it again did not help; {ELSE}",
            pauses_seconds=self._pauses_seconds,
            timeout_seconds=sum(self._pauses_seconds) + (tries + 1) * (OPEN_SECONDS + 2 * self._timeout_seconds),
            reopened=self._count,
        )
        return live_frames(source, start)

    def facts(self) -> MediaFacts:
        count = self.reconnects
        notes = (f"the stream stalled or ended and was opened again, {count} times so far",) if count else ()
        return self._facts.model_copy(update={"notes": notes})

    def _count(self) -> None:
        with self._counting:
            self.reconnects += 1


@final
class RemoteVideo(Media):
    """A video file on a server: its frames end, and each pass fetches it anew. To begin further in, all before is decoded."""

    def __init__(self, url: str, facts: MediaFacts) -> None:
        self._upright = read_mirroring(url)
        self._url = url
        self._facts = facts

    def frames(self, start: int = 0) -> Iterator[Frame]:
        capture = _opened(self._url, DECODE_THREADS, TIMEOUT_SECONDS)
        capture = as_stored(capture) if self._upright else capture
        if count_frames(capture, start) < start:
            capture.release()
            return iter(())
        return self._decoded(capture, start)

    @property
    def jumps(self) -> bool:
        return False

    def facts(self) -> MediaFacts:
        return self._facts

    def _decoded(self, capture: Any, start: int) -> Iterator[Frame]:
        end = yield from decoded(capture, self._facts.name, start, self._upright)
        is_short = end.seconds < end.claimed_seconds * LEAST_SHARE_DECODED and end.index < end.claimed * LEAST_SHARE_DECODED
        if is_short and not end.is_whole(read_timeline(self._url)):
            raise MediaError(
                f"{self._facts.source} broke off: {end.index} of its {end.claimed} frames came;"
                " check the network, or download it first"
            )


def open_stream(source: str, pauses_seconds: tuple[float, ...] = PAUSES_SECONDS, timeout_seconds: float = TIMEOUT_SECONDS) -> Media:
    """Open the stream, or the video file, at a URL: what says how many frames it has is a file. See `Stream`.

    Raises:
        MediaError: Nobody answers there, or not with a video.
    """
    facts = _ask(source, timeout_seconds)
    return Stream(source, facts, pauses_seconds, timeout_seconds) if facts.endless else RemoteVideo(source, facts)


def _ask(url: str, timeout_seconds: float) -> MediaFacts:
    capture = _opened(url, LIVE_THREADS, timeout_seconds)
    try:
        fps, frames = _stated_fps(capture), claimed_frames(capture)
        read, image = capture.read()
    finally:
        capture.release()
    shown = masked(url)
    if not read:
        raise MediaError(f"{shown} opens but gives no picture within {timeout_seconds:.0f} s; {ELSE}")
    if frames > MOST_FRAMES:
        raise MediaError(f"{shown} says that it has {frames:,} frames; at most {MOST_FRAMES:,} are read; download and convert it")
    height, width = image.shape[:2]
    kind, file = ("remote video", PurePosixPath(urlsplit(shown).path).name) if frames else ("stream", "")
    return MediaFacts(name=file or shown, source=shown, kind=kind, frames=frames, size_hw=(height, width), fps=fps)


def _stated_fps(capture: Any) -> float | None:
    """Return the rate; `None` where FFmpeg makes one up."""
    cv2 = opencv()
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    is_jpegs_in_a_row = claimed_frames(capture) == 0 and int(capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"MJPG")
    return fps if 0 < fps <= MOST_FPS and not is_jpegs_in_a_row else None


def _opened(url: str, threads: int, timeout_seconds: float) -> Any:
    if reason := why_unreachable(url):
        raise MediaError(f"{masked(url)} {reason}; {ELSE}")
    cv2 = opencv()
    options = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: int(OPEN_SECONDS * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: int(timeout_seconds * 1000),
        cv2.CAP_PROP_N_THREADS: threads,
    }
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, [number for option in options.items() for number in option])
    if not capture.isOpened():
        raise MediaError(f"{masked(url)} answers, but not with a video that OpenCV can read; {ELSE}")
    return capture

"""When each frame of a video file is shown, from its packets alone: nothing is decoded.

OpenCV counts frames as if they came at one rate, so that in a telephone's or a screen's recording, whose rate varies, it goes to
another frame than the one that was asked for, and tells a number of frames that are not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Any, NamedTuple, Self

from workbench.media.backend import opencv
from workbench.media.live import TIMEOUT_SECONDS

SAME_SECONDS = 1e-4  # apart; the coarsest clock of a container counts milliseconds
# FFmpeg's names of MP4 and MOV, and of Matroska and WebM: they list where key frames lie and when each is shown. Elsewhere FFmpeg
# looks for a place by halves, as in MPEG's streams, and ends behind the key frame, or counts as frames are decoded, as in an AVI.
INDEXED = frozenset({"mp4", "matroska"})
LOOK_BACK_SECONDS = (0.0, 2.0, 10.0)  # before the frame that is looked for, to find a key frame that does not lie behind it


@dataclass(frozen=True, slots=True)
class Timeline:
    """The frames of a video file.

    Attributes:
        seconds: When each is shown, in the order of showing, on OpenCV's clock.
        counted: How many its container says are shown, though a damaged one holds fewer; 0 where it says nothing and players guess.
        seekable: Whether FFmpeg's seeking can be trusted: its container says how long it is and lists key frames by their times, or
            is an AVI of key frames alone, and no edit list puts it together of several parts of what is stored.
    """

    seconds: tuple[float, ...]
    counted: int
    seekable: bool

    def rate(self, fps: float) -> float:
        """Return frames a second: what the container says where that is so, else their mean, which it need not know."""
        spent = self.seconds[-1] - self.seconds[0] if self.seconds else 0.0
        return fps if self.is_even(fps) or not spent else (len(self.seconds) - 1) / spent

    def is_even(self, fps: float) -> bool:
        """Tell whether a frame's time tells its number, as OpenCV believes when it seeks."""
        return all(int(at * fps + 0.5) == index for index, at in enumerate(self.seconds))


def read_timeline(source: str) -> Timeline | None:
    """Read all packets of a video, a file or the URL of one; `None` where that is impossible."""
    import av

    try:
        with av.open(source, timeout=TIMEOUT_SECONDS) as container:
            stream = container.streams.video[0]
            base, begins = float(stream.time_base or 0), stream.start_time or 0
            packets = [_Packet.of(packet) for packet in container.demux(stream) if packet.size]
            formats = set(container.format.name.split(","))
            has_length = bool(container.duration)  # OpenCV goes nowhere without it, as in what a browser recorded
            counted = stream.frames
    except (av.FFmpegError, IndexError, ValueError):
        return None
    shown = sorted(packet.time for packet in packets if packet.is_shown)
    has_edits = "mp4" in formats
    only_key_frames = formats == {"avi"} and all(packet.is_key for packet in packets)
    return Timeline(
        seconds=tuple((time - begins) * base for time in shown),
        counted=len(shown) if has_edits and counted else counted,  # what is stored is counted, not what an edit list shows of it
        seekable=has_length and (only_key_frames or (bool(INDEXED & formats) and not (has_edits and _is_pieced(packets, shown)))),
    )


class _Packet(NamedTuple):
    time: int
    is_shown: bool
    position: int
    is_key: bool

    @classmethod
    def of(cls, packet: Any) -> Self:
        time = packet.pts if packet.pts is not None else packet.dts
        return cls(time or 0, time is not None and not packet.is_discard, packet.pos or 0, packet.is_keyframe)


def _is_pieced(packets: Sequence[_Packet], shown: Sequence[int]) -> bool:
    """Tell whether something is decoded for a later part only, while an earlier one is shown, or the file is read backwards."""
    hidden = any(not packet.is_shown and shown[0] <= packet.time <= shown[-1] for packet in packets if shown)
    return hidden or any(after.position < before.position for before, after in pairwise(packets))


def go_to(capture: Any, timeline: Timeline, start: int) -> bool:
    """Let the frame at `start`, 1 or more, be the next that OpenCV's capture of the same file reads.

    False where seeking does not find it, which leaves the capture anywhere.
    """
    before = timeline.seconds[start - 1]
    earlier = takewhile(lambda back: back < before, LOOK_BACK_SECONDS)
    return any(_lands_on(capture, before, before - back) for back in earlier)


def _lands_on(capture: Any, wanted_seconds: float, from_seconds: float) -> bool:
    cv2 = opencv()
    capture.set(cv2.CAP_PROP_POS_MSEC, from_seconds * 1000)
    at = -1.0
    while at < wanted_seconds - SAME_SECONDS and capture.grab():
        at = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
    return abs(at - wanted_seconds) <= SAME_SECONDS

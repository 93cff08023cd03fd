"""What a run found, frame by frame, and which of the frames are shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

from workbench.datasets import Truth
from workbench.detections import Detections
from workbench.media import Frame, Media
from workbench.record import Picture
from workbench.stages import picture

PICTURES_EACH = 2  # shown of the timed and of the labelled frames


@final
@dataclass(slots=True)
class KeptDetections:
    """Detections by frame name, in order, and the frames that will be shown.

    Attributes:
        shown: Names of the frames that will be.
        by_name: Detections of all frames so far.
        frames: Those of them that will be shown.
    """

    shown: frozenset[str]
    by_name: dict[str, Detections] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget all: the next pass finds them again."""
        self.by_name.clear()
        self.frames.clear()

    def listen(self, frames: Sequence[Frame], found: Sequence[Detections]) -> None:
        """Keep what was found in a batch."""
        for frame, one in zip(frames, found, strict=True):
            self.by_name[frame.name] = one
            if frame.name in self.shown:
                self.frames[frame.name] = frame

    def pictures(self, truth: Truth | None) -> list[Picture]:
        """Return the frames that will be shown, with what was found and what is true."""
        known = truth.images if truth else {}
        return [picture(frame, self.by_name[name], known.get(name)) for name, frame in self.frames.items()]


def frames_to_show(media: Media, truth: Truth | None, limit: int | None) -> Iterator[str]:
    """Name the fullest frame of each of `PICTURES_EACH` equal parts; the middle ones where there is no truth."""
    names = media.frame_names()[:limit]
    part = max(1, len(names) // PICTURES_EACH)
    for start in range(0, min(len(names), part * PICTURES_EACH), part):
        candidates = names[start : start + part]
        known = truth.images if truth else {}
        fullest = max(candidates, key=lambda name: len(known[name]) if name in known else 0)
        yield fullest if known else candidates[len(candidates) // 2]

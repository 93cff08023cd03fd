"""What NMS and drawing take, run on kept outputs of an engine."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np

from workbench.detections import Detections
from workbench.media import Frame, Media
from workbench.pipeline import Pipeline
from workbench.sweep.kept_outputs import Raw
from workbench.sweep.loop_timing import Positions, Seconds
from workbench.timing import Clock

SPREAD_FRAMES = 16  # whose NMS and drawing are timed for each setting: from all over the media, since how much they hold differs
VISITS = 4  # in which a setting has its frames timed, a part in each: a disturbance that one falls into is not in the median of all
VISIT_SECONDS = 0.0125  # of NMS and drawing, after which no further frame of a visit is timed, once there are LEAST_TIMED
LEAST_TIMED = 2


@final
@dataclass(frozen=True, slots=True)
class NmsTiming:
    """NMS and drawing under one setting, a time per frame, and what was found in those frames.

    Attributes:
        positions: Of the frames in their media.
        nms: Seconds.
        draw: Seconds of drawing what the NMS left.
        found: What it left.
    """

    positions: Positions
    nms: Seconds
    draw: Seconds
    found: tuple[Detections, ...]

    @classmethod
    def of_all(cls, visits: Sequence["NmsTiming"]) -> "NmsTiming":
        """Return what several visits timed as one."""
        positions, nms, draw = (np.concatenate([getattr(one, name) for one in visits]) for name in ("positions", "nms", "draw"))
        return cls(positions, nms, draw, tuple(found for one in visits for found in one.found))

    def at(self, positions: Positions) -> tuple[Seconds, Seconds]:
        """Return what NMS and drawing took, for each frame of the media that of the nearest one."""
        nearest = np.abs(positions[:, None] - self.positions[None, :]).argmin(axis=1)
        return self.nms[nearest], self.draw[nearest]


def time_nms(
    pipeline: Pipeline, positions: Positions, frames: Sequence[Frame], raws: Sequence[Raw], clock: Clock = time.perf_counter
) -> NmsTiming:
    """Time a pipeline's NMS, and the drawing of what it leaves, frame by frame.

    Each frame is drawn right behind its NMS, as in the loop: an NMS that ran over and over would find its data in the caches. The
    engine's outputs are whole, since what an NMS leaves out at once takes its time, too; the first few frames are from all over.
    """
    pipeline.suppress(raws[:1], frames[:1])  # the first call traces
    nms: list[float] = []
    draw: list[float] = []
    found: list[Detections] = []
    began = clock()
    for frame, raw in zip(frames, raws, strict=True):
        before = clock()
        (one,) = pipeline.suppress([raw], [frame])
        between = clock()
        pipeline.draw(frame, one)
        after = clock()
        nms.append(between - before)
        draw.append(after - between)
        found.append(one)
        if len(found) >= LEAST_TIMED and after - began > VISIT_SECONDS:
            break
    return NmsTiming(positions[: len(found)], np.array(nms), np.array(draw), tuple(found))


def spread_positions(frames: int) -> Positions:
    """Return where in media of so many frames those are whose NMS is timed."""
    count = min(SPREAD_FRAMES, frames)
    return np.arange(count) * frames // max(1, count)


@lru_cache(maxsize=1)  # engines that take turns in a process use the same ones, and a frame has megabytes
def spread_frames(media: Media, frames: int) -> tuple[Positions, tuple[Frame, ...]]:
    """Return the frames at `spread_positions` and where they are, in no order, so that the first few are from all over, too."""
    wanted, last = set((positions := spread_positions(frames)).tolist()), int(positions[-1])
    found = {}
    for index, frame in enumerate(media.frames()):
        if index in wanted:
            found[index] = frame
        if index == last:
            break
    order = np.random.default_rng(0).permutation(sorted(found))
    return order, tuple(found[position] for position in order.tolist())

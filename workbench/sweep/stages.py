"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.catalog import Footage
from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.feeding import LoopSteps
from workbench.measure import Measured, Stopwatch, measure, time_frames
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, content_key, with_nms

LOOP_SECONDS = 3.0  # of frames in each of the two passes: medians of infer then move by a percent or two
LEAST_LOOPED = 16  # frames in each of them, however slow
SCREEN_FRAMES = 32  # whose NMS and drawing are timed for each setting: spread over all frames, since how much they hold differs
SCREEN_SECONDS = 0.1  # after which no further frame is, once there are LEAST_SCREENED
LEAST_SCREENED = 8
CONTEXT_SECONDS = 1.0  # of frames in the loop for each NMS method; of those that are screened, some are among them
LEAST_IN_CONTEXT = 16
SETTLING_FRAMES = 3
AFTER_INFER = ("nms", "draw")
DIGITS = 7  # of seconds that are kept: a tenth of a microsecond

Seconds = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class Screened:
    """NMS and drawing of the first frames, run on kept outputs, one time per frame."""

    nms: Seconds
    draw: Seconds
    found: tuple[Detections, ...]


@final
class LoopTimes:
    """An engine's frames in the loop, timed once, and what NMS costs after it.

    Args:
        pipeline: Compiled, under an NMS of the group.
        footage: Its media are timed.
        frames: How many of them a direct measurement would time; the same are looked at here, a slow engine's first ones only.
        tell: Called now and then, so that whoever watches sees it live.
    """

    def __init__(self, pipeline: Pipeline, footage: Footage, frames: int, tell: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._media = footage.media
        self._tell = tell
        self._drawn: dict[bytes, Seconds] = {}
        self._behind: dict[str, dict[str, float]] = {}
        self.measured: Measured = self._measure(frames)
        there = min(frames, footage.media.facts().frames)
        count = min(SCREEN_FRAMES, there)
        self._spread_positions = [position * there // count for position in range(count)]
        # In no order: where time is up after some of them, those too are from all over.
        order = np.random.default_rng(0).permutation(count)
        self._positions = [self._spread_positions[n] for n in order]
        spread = list(self._spread())
        self.frames: list[Frame] = [spread[n] for n in order]
        self._raws: list[Raw] = [raw for frame in self.frames for raw in self._inferred(frame)]

    @property
    def separate(self) -> bool:
        """Whether NMS is a stage of its own; where the network does its own, what is left of it counts as drawing."""
        return isinstance(self._raws[0], Candidates)

    def _measure(self, frames: int) -> Measured:
        def make_step() -> LoopSteps:
            taken = self._media.frames()
            return LoopSteps(lambda watch: self._pipeline.next_batch(taken, watch))

        wanted = max(LEAST_LOOPED, round(LOOP_SECONDS / _probe(make_step())))
        return measure(make_step, frames=min(frames, wanted), progress=lambda _, __: self._tell())

    def _spread(self) -> Iterator[Frame]:
        """Give the frames that are screened, in the order of the media."""
        wanted = iter(self._spread_positions)
        position = next(wanted, None)
        for index, frame in enumerate(self._media.frames()):
            if index == position:
                yield frame
                position = next(wanted, None)
            if position is None:
                return

    def _inferred(self, frame: Frame) -> list[Raw]:
        self._tell()
        return self._pipeline.infer([frame])

    def screen(self, nms: Nms) -> Screened:
        """Time an NMS, and the drawing of what it leaves, on the kept outputs."""
        pipeline = with_nms(self._pipeline, nms)
        pipeline.suppress(self._raws[:1], self.frames[:1])  # the first call traces, or fills caches
        seconds: list[float] = []
        found: list[Detections] = []
        began = time.perf_counter()
        for raw, frame in zip(self._raws, self.frames, strict=True):
            before = time.perf_counter()
            found += pipeline.suppress([raw], [frame])
            seconds.append(time.perf_counter() - before)
            if len(seconds) >= LEAST_SCREENED and time.perf_counter() - began > SCREEN_SECONDS:
                break
        key = content_key(found)
        if key not in self._drawn:
            self._drawn[key] = _draw_seconds(pipeline, self.frames, found)
        return Screened(np.array(seconds), self._drawn[key], tuple(found))

    def stage_seconds(self, nms: Nms, screened: Screened) -> dict[str, tuple[float, ...]]:
        """Return the seconds by stage of each screened frame: before NMS from the loop, NMS and drawing from the screening.

        Screening runs NMS over and over, which keeps its code and data at hand; after an engine it takes a little longer. How much,
        the loop has shown for the method.
        """
        looped = self.measured.stage_seconds
        length = len(next(iter(looped.values())))
        where = [self._looped(position, length) for position in self._positions[: len(screened.nms)]]
        stages = {name: np.array(seconds)[where] for name, seconds in looped.items() if name not in AFTER_INFER}
        behind = self._behind_of(nms)
        after = {"nms": screened.nms, "draw": screened.draw}
        if not self.separate:
            after = {"draw": screened.nms + screened.draw}
        for name, seconds in after.items():
            stages[name] = np.maximum(seconds + behind[name], 0.0)
        return {name: tuple(seconds.round(DIGITS).tolist()) for name, seconds in stages.items()}

    def _looped(self, position: int, length: int) -> int:
        """Return which of the frames in the loop stands for a screened one: itself, or where there are fewer, one as far along."""
        last = self._spread_positions[-1]
        return position if last < length else position * (length - 1) // last

    def unexplained_seconds(self) -> float:
        """Return what a frame of the loop takes beyond its stages: by how much the pass without timers was longer, or shorter."""
        count = min(len(self.measured.total_seconds), len(next(iter(self.measured.stage_seconds.values()))))
        explained = np.sum([seconds[:count] for seconds in self.measured.stage_seconds.values()], axis=0)
        return float(np.median(self.measured.total_seconds[:count]) - np.median(explained))

    def _behind_of(self, nms: Nms) -> dict[str, float]:
        """Return the seconds by which NMS and drawing take longer in the loop than in the screening, for an NMS method."""
        if nms.method not in self._behind:
            screened = self.screen(nms)
            here = {"nms": screened.nms, "draw": screened.draw}
            if not self.separate:
                here = {"draw": screened.nms + screened.draw}
            first, there = self._in_context(nms)
            self._behind[nms.method] = {
                name: self._middle_difference(there.get(name, ()), first, seconds) for name, seconds in here.items()
            }
            self._tell()
        return self._behind[nms.method]

    def _in_context(self, nms: Nms) -> tuple[int, dict[str, tuple[float, ...]]]:
        """Run the first frames through the loop; return the position of the first that counts, and the stages' seconds from it on.

        Frame after frame, as in the loop: a decoder that skipped some would be at work beside NMS.
        """
        pipeline = with_nms(self._pipeline, nms)
        frames = self._media.frames()
        step = LoopSteps(lambda watch: pipeline.next_batch(frames, watch))
        settled = len(time_frames(step, min(SETTLING_FRAMES, len(self.frames) - 1)))
        wanted = max(LEAST_IN_CONTEXT, round(CONTEXT_SECONDS / float(np.median(self.measured.total_seconds))))
        watch = Stopwatch()
        time_frames(step, min(wanted, self._spread_positions[-1] + 1 - settled), watch)
        return settled, watch.stage_seconds()

    def _middle_difference(self, there: Sequence[float], first: int, here: Seconds) -> float:
        """Return how much longer the same frames took there, in the middle; 0 where none ran in both."""
        screened = dict(zip(self._positions, here.tolist(), strict=False))
        pairs = [(seconds, screened[position]) for position, seconds in enumerate(there, start=first) if position in screened]
        return float(np.median([a - b for a, b in pairs])) if pairs else 0.0


def _draw_seconds(pipeline: Pipeline, frames: Sequence[Frame], found: Sequence[Detections]) -> Seconds:
    seconds = []
    for frame, one in zip(frames, found, strict=False):
        before = time.perf_counter()
        pipeline.draw(frame, one)
        seconds.append(time.perf_counter() - before)
    return np.array(seconds)


def _probe(step: LoopSteps) -> float:
    """Return about how long a frame takes: the faster of two, since the first one may still be setting things up."""
    return max(1e-6, min((*time_frames(step, 1), *time_frames(step, 1)), default=1.0))

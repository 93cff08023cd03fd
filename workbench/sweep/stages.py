"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.catalog import Footage
from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.feeding import LoopSteps, Passed
from workbench.measure import Measured, Stopwatch, Watch, measure, time_frames
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, content_key, with_nms

LOOP_SECONDS = 3.0  # of frames in each of the two passes: medians of infer then move by a percent or two
LOOP_FRAMES = (16, 64)  # at least and at most in each of them
SCREEN_FRAMES = 32  # whose NMS and drawing are timed for each setting
SCREEN_SECONDS = 0.1  # after which no further frame is, once there are LEAST_SCREENED
LEAST_SCREENED = 8
CONTEXT_FRAMES = 16  # whose NMS is timed in the loop as well, for each method
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
        tell: Called now and then, so that whoever watches sees it live.
    """

    def __init__(self, pipeline: Pipeline, footage: Footage, tell: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._media = footage.media
        self._tell = tell
        self._drawn: dict[bytes, Seconds] = {}
        self._behind: dict[str, dict[str, float]] = {}
        self._raws: list[Raw] = []
        self.measured: Measured = self._measure()
        count = min(SCREEN_FRAMES, len(self._raws), len(self.measured.split_total_seconds))
        self._raws = self._raws[:count]
        self.frames: list[Frame] = list(islice(self._media.frames(), count))

    @property
    def separate(self) -> bool:
        """Whether NMS is a stage of its own; where the network does its own, what is left of it counts as drawing."""
        return isinstance(self._raws[0], Candidates)

    def _measure(self) -> Measured:
        passes: list[list[Raw]] = []

        def make_step() -> LoopSteps:
            raws: list[Raw] = []
            passes[:] = [*passes[-1:], raws]
            frames = self._media.frames()

            def next_batch(watch: Watch) -> Passed | None:
                passed = self._pipeline.next_batch(frames, watch)
                if passed is not None and len(raws) < SCREEN_FRAMES:
                    raws.extend(passed.raw)
                return passed

            return LoopSteps(next_batch)

        per_frame = _probe(make_step())
        least, most = LOOP_FRAMES
        measured = measure(
            make_step,
            frames=max(least, min(most, round(LOOP_SECONDS / per_frame))),
            progress=lambda _, __: self._tell(),
        )
        self._raws = passes[-1]
        return measured

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
        count = len(screened.nms)
        stages = {
            name: np.array(seconds[:count]) for name, seconds in self.measured.stage_seconds.items() if name not in AFTER_INFER
        }
        behind = self._behind_of(nms)
        after = {"nms": screened.nms, "draw": screened.draw}
        if not self.separate:
            after = {"draw": screened.nms + screened.draw}
        for name, seconds in after.items():
            stages[name] = np.maximum(seconds + behind[name], 0.0)
        return {name: tuple(seconds.round(DIGITS).tolist()) for name, seconds in stages.items()}

    def unexplained_seconds(self) -> float:
        """Return what a frame of the loop takes beyond its stages: by how much the pass without timers was longer, or shorter."""
        count = min(len(self.measured.total_seconds), len(next(iter(self.measured.stage_seconds.values()))))
        explained = np.sum([seconds[:count] for seconds in self.measured.stage_seconds.values()], axis=0)
        return float(np.median(self.measured.total_seconds[:count]) - np.median(explained))

    def _behind_of(self, nms: Nms) -> dict[str, float]:
        """Return the seconds by which NMS and drawing take longer in the loop than in the screening, for an NMS method."""
        if nms.method not in self._behind:
            pipeline = with_nms(self._pipeline, nms)
            screened = self.screen(nms)
            frames = self._media.frames()
            step = LoopSteps(lambda watch: pipeline.next_batch(frames, watch))
            time_frames(step, SETTLING_FRAMES)
            watch = Stopwatch()
            time_frames(step, min(CONTEXT_FRAMES, max(1, len(self.frames) - SETTLING_FRAMES)), watch)
            there = watch.stage_seconds()
            here = {"nms": screened.nms, "draw": screened.draw}
            if not self.separate:
                here = {"draw": screened.nms + screened.draw}
            self._behind[nms.method] = {name: _middle_difference(there[name], here[name]) for name in here}
            self._tell()
        return self._behind[nms.method]


def _middle_difference(there: Sequence[float], here: Seconds) -> float:
    """Return how much longer the same frames took there, in the middle."""
    begin = min(SETTLING_FRAMES, len(here) - 1)
    same = here[begin : begin + len(there)]
    return float(np.median(there[: len(same)]) - np.median(same))


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

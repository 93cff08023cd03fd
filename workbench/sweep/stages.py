"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.catalog import Footage
from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.feeding import LoopSteps
from workbench.measure import Measured, Stopwatch, WarmedUp, Warmup, measure, time_frames
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, content_key, with_nms
from workbench.timing import kept_seconds

LOOKS = 4  # at the loop, spread over the whole task: a machine whose pace comes and goes shows more of it than in one long look
LOOK_SECONDS = 0.6  # of frames in each of the two passes of a look: medians of infer then move by a percent or two
LEAST_LOOPED = 8  # frames in each of them, however slow
LOOPED_KEPT = 66  # whose times a record holds: enough for p90
SCREEN_FRAMES = 32  # whose NMS and drawing are timed for each setting: spread over all frames, since how much they hold differs
SCREEN_SECONDS = 0.08  # after which no further frame is, once there are LEAST_SCREENED
LEAST_SCREENED = 8
CONTEXT_SECONDS = 0.7  # of frames in the loop for each NMS method
LEAST_IN_CONTEXT = 16
SETTLING = Warmup(minimum_steps=3, minimum_seconds=0.0, maximum_seconds=0.3)  # of an engine that is warm, after other work

Seconds = NDArray[np.float64]
Positions = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True)
class Screened:
    """NMS and drawing of some frames, run on kept outputs, one time per frame."""

    nms: Seconds
    draw: Seconds
    found: tuple[Detections, ...]


@final
@dataclass(slots=True)
class _Looped:
    """What the looks at the loop have shown.

    Attributes:
        positions: Of the frames whose stages were timed.
        stages: Seconds of each stage, one per such frame.
        beyond: For each look the seconds by which a frame takes longer, or shorter, than its stages.
    """

    positions: list[int] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    beyond: list[float] = field(default_factory=list)

    def add(self, measured: Measured, start: int) -> None:
        length = len(next(iter(measured.stage_seconds.values())))
        self.positions += range(start, start + length)
        for name, seconds in measured.stage_seconds.items():
            self.stages.setdefault(name, []).extend(seconds)
        explained = np.sum(list(measured.stage_seconds.values()), axis=0)
        self.beyond.append(float(np.median(measured.total_seconds[:length]) - np.median(explained)))

    def typical(self) -> Positions:
        """Return which frames a record holds: as many slow ones and fast ones as there were, in the order in which they ran."""
        order = np.argsort(np.sum(list(self.stages.values()), axis=0), kind="stable")
        count = min(LOOPED_KEPT, len(order))
        return np.sort(order[(2 * np.arange(count) + 1) * len(order) // (2 * count)])


@final
class LoopTimes:
    """An engine's frames in the loop, timed in several looks, and what NMS costs after it.

    Args:
        pipeline: Compiled, under an NMS of the group.
        footage: Its media are timed.
        frames: How many of them a direct measurement would time; the same are looked at here.
        tell: Called now and then, so that whoever watches sees it live.
    """

    def __init__(self, pipeline: Pipeline, footage: Footage, frames: int, tell: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._media = footage.media
        self._tell = tell
        self._there = min(frames, footage.media.facts().frames)
        self._looped = _Looped()
        self._looks = 0
        self._drawn: dict[bytes, Seconds] = {}
        self._alone: dict[str, Screened] = {}
        self._context: dict[str, tuple[list[float], list[int]]] = {}
        first = self._look(Warmup())
        self.warmed_up: WarmedUp = first.warmed_up
        self.warnings = first.warnings
        count = min(SCREEN_FRAMES, self._there)
        self._spread_positions = [position * self._there // count for position in range(count)]
        # In no order: where time is up after some of them, those too are from all over.
        order = np.random.default_rng(0).permutation(count)
        self._positions = np.array([self._spread_positions[n] for n in order])
        spread = list(self._spread())
        self.frames: list[Frame] = [spread[n] for n in order]
        self._raws: list[Raw] = [raw for frame in self.frames for raw in self._inferred(frame)]
        self._own = self.screen(pipeline.settings.nms)

    @property
    def separate(self) -> bool:
        """Whether NMS is a stage of its own; where the network does its own, what is left of it counts as drawing."""
        return isinstance(self._raws[0], Candidates)

    @property
    def infer_seconds(self) -> tuple[float, ...]:
        """Of every frame that was timed, in order."""
        return tuple(self._looped.stages.get("infer", ()))

    def look_again(self) -> None:
        """Time some more frames in the loop, others than before."""
        self._look(SETTLING)

    def _look(self, warmup: Warmup) -> Measured:
        start = self._looks % LOOKS * self._there // LOOKS

        def make_step() -> LoopSteps:
            taken = self._media.frames(start)
            return LoopSteps(lambda watch: self._pipeline.next_batch(taken, watch))

        wanted = max(LEAST_LOOPED, round(LOOK_SECONDS / _probe(make_step())))
        measured = measure(make_step, frames=min(self._there - start, wanted), warmup=warmup, progress=lambda _, __: self._tell())
        self._looped.add(measured, start)
        self._looks += 1
        return measured

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
        screened = Screened(np.array(seconds), self._drawn[key], tuple(found))
        if nms.method not in self._alone:
            self._alone[nms.method] = screened
            if self.separate and nms.method != self._pipeline.settings.nms.method:
                self._context[nms.method] = self._in_context(nms)
        return screened

    def times(self, nms: Nms, screened: Screened) -> tuple[dict[str, tuple[float, ...]], tuple[float, ...]]:
        """Return the seconds by stage, and of whole frames, as the loop would show them under an NMS.

        Before NMS they are those of the loop. Drawing is the loop's own and what the screening of this NMS took longer, or
        shorter, than that of the loop's NMS. NMS is that of the screening, and what its method takes longer after an engine:
        screening runs it over and over, which keeps its code and data at hand. That is some tenth of a millisecond, whether there
        is much to suppress or little.
        """
        kept = self._looped.typical()
        at = np.array(self._looped.positions)[kept]
        stages = {name: np.array(seconds)[kept] for name, seconds in self._looped.stages.items()}
        drawn = self._nearest(screened.draw, at) - self._nearest(self._own.draw, at)
        if self.separate:
            stages["nms"] = np.maximum(self._nearest(screened.nms, at) + self._longer_in_loop(nms.method), 0.0)
        else:
            drawn += self._nearest(screened.nms, at) - self._nearest(self._own.nms, at)
        stages["draw"] = np.maximum(stages["draw"] + drawn, 0.0)
        totals = np.sum(list(stages.values()), axis=0) + float(np.mean(self._looped.beyond))
        return {name: kept_seconds(seconds) for name, seconds in stages.items()}, kept_seconds(np.maximum(totals, 0.0))

    def _nearest(self, seconds: Seconds, at: Positions) -> Seconds:
        """Return for frames of the loop what the nearest screened one took."""
        nearest = np.abs(at[:, None] - self._positions[None, : len(seconds)]).argmin(axis=1)
        return np.asarray(seconds[nearest], np.float64)

    def _longer_in_loop(self, method: str) -> float:
        """Return by how many seconds NMS takes longer in the loop than in the screening, for a method that was screened."""
        if method == self._pipeline.settings.nms.method:
            there, at = self._looped.stages["nms"], self._looped.positions
        else:
            there, at = self._context[method]
        alone = self._nearest(self._alone[method].nms, np.array(at))
        return float(np.median(np.array(there) - alone))

    def _in_context(self, nms: Nms) -> tuple[list[float], list[int]]:
        """Run the first frames through the loop; return the seconds of NMS, and which frames they are of."""
        pipeline = with_nms(self._pipeline, nms)
        frames = self._media.frames()
        step = LoopSteps(lambda watch: pipeline.next_batch(frames, watch))
        settled = len(time_frames(step, min(SETTLING.minimum_steps, self._there - 1)))
        typical = float(np.median(np.sum(list(self._looped.stages.values()), axis=0)))
        wanted = max(LEAST_IN_CONTEXT, round(CONTEXT_SECONDS / max(typical, 1e-6)))
        watch = Stopwatch()
        time_frames(step, min(wanted, self._there - settled), watch)
        self._tell()
        seconds = watch.stage_seconds()["nms"]
        return list(seconds), list(range(settled, settled + len(seconds)))


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

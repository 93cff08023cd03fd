"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.catalog import Footage
from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.feeding import LoopSteps
from workbench.measure import Stopwatch, time_frames, warm_up
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, content_key, with_nms
from workbench.timing import kept_seconds

LOOKS = 8  # at the loop, spread over the whole task: a machine whose pace comes and goes shows more of it than in one long look
LOOK_SECONDS = 0.6  # of frames in each, in two passes that take turns
TURN_FRAMES = 2, 8  # of each pass, at least and at most: short against the moods of a machine, so that both passes see the same
LOOPED_KEPT = 66  # whose times a record holds: enough for p90
SCREEN_FRAMES = 32  # whose NMS and drawing are timed for each setting: spread over all frames, since how much they hold differs
SCREEN_SECONDS = 0.08  # after which no further frame is, once there are LEAST_SCREENED
LEAST_SCREENED = 8
PACE_FRAMES = 4  # by which one sees after each screening whether the machine had its usual pace
PACE_LIMIT = 1.15  # of the fastest pace so far: beyond it, the screening is done once more
CONTEXTS = 2  # times that each NMS method is run in the loop
CONTEXT_SECONDS = 0.35  # of frames in each of them
LEAST_IN_CONTEXT = 8
SETTLING_FRAMES = 3  # of an NMS in the loop

Seconds = NDArray[np.float64]
Positions = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True)
class Screened:
    """NMS and drawing of some frames, run on kept outputs, one time per frame."""

    nms: Seconds
    draw: Seconds
    found: tuple[Detections, ...]

    @property
    def typical_seconds(self) -> float:
        return float(np.median(self.nms) + np.median(self.draw))


@final
class LoopTimes:
    """An engine's frames in the loop, timed in several looks, and what NMS costs after it.

    Args:
        pipeline: Compiled, under an NMS of the group: best one that leaves neither much nor little, for what others take is told by
            how they differ from it.
        footage: Its media are timed.
        frames: How many of them a direct measurement would time; the same are looked at here, again and again.
        tell: Called now and then, so that whoever watches sees it live.
    """

    def __init__(self, pipeline: Pipeline, footage: Footage, frames: int, tell: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._media = footage.media
        self._tell = tell
        self._there = min(frames, footage.media.facts().frames)
        self._settle = pipeline.block_timer(footage.media)
        self._watch = Stopwatch()
        self._totals: list[float] = []
        self._positions: list[int] = []
        self._next = self._there  # so that the first turn opens the media
        self.warmed_up = warm_up(self._open)
        self._plain = self._split = self._open()
        self._take_turns()
        self._screened_at, self.frames = self._spread()
        self._raws: list[Raw] = [raw for frame in self.frames for raw in self._inferred(frame)]
        self._drawn: dict[bytes, Seconds] = {}
        self._best_pace = float("inf")
        self._alone: dict[str, Screened] = {}
        self._methods: dict[str, Nms] = {}
        self._longer: dict[str, list[float]] = {}
        self._own = [self.screen(pipeline.settings.nms)]

    @property
    def separate(self) -> bool:
        """Whether NMS is a stage of its own; where the network does its own, what is left of it counts as drawing."""
        return isinstance(self._raws[0], Candidates)

    @property
    def infer_seconds(self) -> tuple[float, ...]:
        """Of every frame that was timed, in order."""
        return self._watch.stage_seconds().get("infer", ())

    def look_again(self) -> None:
        """Time some more frames in the loop, and again the NMS that it has alone, and others in the loop."""
        self._take_turns()
        self._own.append(self._screen_afresh(self._pipeline))
        for method, nms in self._methods.items():
            if len(self._longer[method]) < CONTEXTS:
                self._longer[method].append(self._longer_in_context(nms))

    def _open(self) -> LoopSteps:
        taken = self._media.frames()
        return LoopSteps(lambda watch: self._pipeline.next_batch(taken, watch))

    def _take_turns(self) -> None:
        least, most = TURN_FRAMES
        (frame_seconds, *_) = self._settle(1)
        frames = min(most, max(least, round(LOOK_SECONDS / 2 / max(frame_seconds, 1e-6))))
        ends = time.perf_counter() + LOOK_SECONDS
        while time.perf_counter() < ends:
            self._turn(frames)
            self._tell()

    def _turn(self, frames: int) -> None:
        """Time the next frames without timers at their stages, and the same ones with them."""
        if self._next >= self._there:
            self._plain, self._split, self._next = self._open(), self._open(), 0
        count = min(frames, self._there - self._next)
        totals = time_frames(self._plain, count)
        time_frames(self._split, count, self._watch)
        self._totals += totals
        self._positions += range(self._next, self._next + len(totals))
        self._next = self._next + len(totals) if totals else self._there

    def _spread(self) -> tuple[Positions, list[Frame]]:
        """Return where frames all over the media are, and the frames: in no order, so that the first few are from all over too."""
        count = min(SCREEN_FRAMES, self._there)
        positions = np.arange(count) * self._there // count
        wanted, frames = set(positions.tolist()), {}
        for index, frame in enumerate(self._media.frames()):
            if index in wanted:
                frames[index] = frame
            if len(frames) == count:
                break
        order = np.random.default_rng(0).permutation(positions)
        return order, [frames[position] for position in order.tolist()]

    def _inferred(self, frame: Frame) -> list[Raw]:
        self._tell()
        return self._pipeline.infer([frame])

    def screen(self, nms: Nms) -> Screened:
        """Time an NMS, and the drawing of what it leaves, on the kept outputs; the first one of its method in the loop as well."""
        pipeline = with_nms(self._pipeline, nms)
        pipeline.suppress(self._raws[:1], self.frames[:1])  # the first call traces, or fills caches
        screened = self._screen(pipeline)
        if not self._has_its_pace():
            screened = min(screened, self._screen_afresh(pipeline), key=lambda one: one.typical_seconds)
        if nms.method not in self._alone:
            self._alone[nms.method] = screened
            if self.separate and nms.method != self._pipeline.settings.nms.method:
                self._methods[nms.method] = nms
                self._longer[nms.method] = [self._longer_in_context(nms)]
        return screened

    def _screen(self, pipeline: Pipeline) -> Screened:
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

    def _screen_afresh(self, pipeline: Pipeline) -> Screened:
        drawn = self._drawn
        self._drawn = {}
        again = self._screen(pipeline)
        self._drawn = drawn | self._drawn
        return again

    def _has_its_pace(self) -> bool:
        """Say whether the machine does what is always the same about as fast as it ever did."""
        seconds = []
        for raw, frame in zip(self._raws[:PACE_FRAMES], self.frames[:PACE_FRAMES], strict=True):
            before = time.perf_counter()
            (found,) = self._pipeline.suppress([raw], [frame])
            self._pipeline.draw(frame, found)
            seconds.append(time.perf_counter() - before)
        pace = float(np.median(seconds))
        self._best_pace = min(pace, self._best_pace)
        return pace <= PACE_LIMIT * self._best_pace

    def times(self, nms: Nms, screened: Screened) -> tuple[dict[str, tuple[float, ...]], tuple[float, ...]]:
        """Return the seconds by stage, and of whole frames, as the loop would show them under an NMS.

        Before NMS they are those of the loop. Drawing is the loop's own and what the screening of this NMS took longer, or
        shorter, than that of the loop's NMS. NMS is that of the screening, and what its method takes longer after an engine:
        screening runs it over and over, which keeps its code and data at hand. That is some tenth of a millisecond, whether there
        is much to suppress or little.
        """
        looped = {name: np.array(seconds) for name, seconds in self._watch.stage_seconds().items()}
        explained = np.sum(list(looped.values()), axis=0)
        beyond = float(np.median(np.array(self._totals) - explained))  # frame by frame: a pace that changes does so in both passes
        kept = _typical(explained)
        at = np.array(self._positions)[kept]
        stages = {name: seconds[kept] for name, seconds in looped.items()}
        drawn = self._nearest(screened.draw, at) - self._nearest(self._own_draw, at)
        if self.separate:
            stages["nms"] = np.maximum(self._nearest(screened.nms, at) + self._longer_in_loop(nms.method), 0.0)
        else:
            drawn += self._nearest(screened.nms, at) - self._nearest(self._own_nms, at)
        stages["draw"] = np.maximum(stages["draw"] + drawn, 0.0)
        totals = np.sum(list(stages.values()), axis=0) + beyond
        return {name: kept_seconds(seconds) for name, seconds in stages.items()}, kept_seconds(np.maximum(totals, 0.0))

    @property
    def _own_nms(self) -> Seconds:
        return _medians([one.nms for one in self._own])

    @property
    def _own_draw(self) -> Seconds:
        return _medians([one.draw for one in self._own])

    def _nearest(self, seconds: Seconds, at: Positions) -> Seconds:
        """Return for frames of the loop what the nearest screened one took."""
        nearest = np.abs(at[:, None] - self._screened_at[None, : len(seconds)]).argmin(axis=1)
        return np.asarray(seconds[nearest], np.float64)

    def _longer_in_loop(self, method: str) -> float:
        """Return by how many seconds NMS takes longer in the loop than in the screening, for a method that was screened."""
        if method != self._pipeline.settings.nms.method:
            return float(np.mean(self._longer[method]))
        there = np.array(self._watch.stage_seconds()["nms"])
        return float(np.median(there - self._nearest(self._own_nms, np.array(self._positions))))

    def _longer_in_context(self, nms: Nms) -> float:
        """Run the first frames through the loop under another NMS; return by how many seconds it takes longer there."""
        pipeline = with_nms(self._pipeline, nms)
        frames = self._media.frames()
        step = LoopSteps(lambda watch: pipeline.next_batch(frames, watch))
        settled = len(time_frames(step, min(SETTLING_FRAMES, self._there - 1)))
        wanted = max(LEAST_IN_CONTEXT, round(CONTEXT_SECONDS / max(float(np.median(self._totals)), 1e-6)))
        watch = Stopwatch()
        time_frames(step, min(wanted, self._there - settled), watch)
        self._tell()
        there = np.array(watch.stage_seconds()["nms"])
        at = np.arange(settled, settled + len(there))
        return float(np.median(there - self._nearest(self._alone[nms.method].nms, at)))


def _draw_seconds(pipeline: Pipeline, frames: Sequence[Frame], found: Sequence[Detections]) -> Seconds:
    seconds = []
    for frame, one in zip(frames, found, strict=False):
        before = time.perf_counter()
        pipeline.draw(frame, one)
        seconds.append(time.perf_counter() - before)
    return np.array(seconds)


def _medians(looks: Sequence[Seconds]) -> Seconds:
    """Return for each frame the median of all looks at it."""
    count = min(map(len, looks))
    return np.asarray(np.median([one[:count] for one in looks], axis=0), np.float64)


def _typical(seconds: Seconds) -> Positions:
    """Return which frames a record holds: as many slow ones and fast ones as there were, in the order in which they ran."""
    order = np.argsort(seconds, kind="stable")
    count = min(LOOPED_KEPT, len(order))
    return np.sort(order[(2 * np.arange(count) + 1) * len(order) // (2 * count)])

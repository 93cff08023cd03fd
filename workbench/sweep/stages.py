"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from workbench.catalog import Footage
from workbench.detections import Detections
from workbench.feeding import LoopSteps
from workbench.measure import SHARED_TURN_FRAMES, Clock, Stopwatch, time_frames, warm_up
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, with_nms
from workbench.sweep.looped import Added, longer_in_loop
from workbench.sweep.screening import WHOLE, Positions, Screening, Seconds
from workbench.timing import kept_seconds

LOOKS = 16  # at the loop, spread over the whole task: a machine whose pace comes and goes shows more of it than in one long look
LOOK_SECONDS = 0.25  # of frames in each, in passes that take turns
TURN_FRAMES = 2, SHARED_TURN_FRAMES  # of each pass, at least and at most: as where whole settings take turns
LOOPED_KEPT = 66  # whose times a record holds: enough for p90
SCREEN_FRAMES = 16  # whose NMS and drawing are timed for each setting: spread over all frames, since how much they hold differs


@final
class LoopTimes:
    """An engine's frames in the loop, timed in several looks, and what NMS and drawing make of them.

    Args:
        pipeline: Compiled, under an NMS of the group: best one that leaves neither much nor little, for what others take is told by
            how they differ from it.
        beside: Other NMS settings that are run in the loop as well: of each method one that leaves a middling number of boxes, and
            the one that leaves most, since what the loop adds may grow with what there is to do. Every method needs one.
        footage: Its media are timed.
        frames: How many of them a direct measurement would time; the same are looked at here, again and again.
        tell: Called now and then, so that whoever watches sees it live.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        beside: Sequence[Nms],
        footage: Footage,
        frames: int,
        tell: Callable[[], None],
        clock: Clock = time.perf_counter,
    ) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._media = footage.media
        self._tell = tell
        self._there = min(frames, footage.media.facts().frames)
        self._settle = pipeline.block_timer(footage.media)
        self._plain: list[float] = []  # of frames without timers at their stages
        self._split = _Pass(pipeline, clock)  # of the same ones with them
        self._positions: list[int] = []
        self._open()
        self.warmed_up = warm_up(lambda: _steps(pipeline, self._media.frames()), clock=clock)
        positions, self.frames = self._spread()
        raws = [raw for frame in self.frames for raw in self._inferred(frame)]
        self._screening = Screening(pipeline, self.frames, raws, positions, clock)
        self._screening.screen(self._own)
        self._beside = [_Beside(_Pass(with_nms(pipeline, nms), clock)) for nms in beside if nms != self._own]
        for one in self._beside:
            self._screening.screen(one.nms)
        self._turns = 0
        self._seen: dict[tuple[str, str], list[Added]] = {}
        self._take_turns()

    @property
    def infer_seconds(self) -> tuple[float, ...]:
        """Of every frame that was timed, in order."""
        return self._split.watch.stage_seconds().get("infer", ())

    def screen(self, nms: Nms) -> tuple[Detections, ...]:
        """Time an NMS, and the drawing of what it leaves, on the kept outputs.

        Returns:
            What it leaves in the first of `frames`; in all of them unless it is slow.
        """
        self._seen.clear()
        return self._screening.screen(nms)

    def look_again(self) -> None:
        """Time some more frames in the loop; and again what was screened while the machine was slow, unless it still is."""
        self._seen.clear()
        self._take_turns()
        self._screening.screen_again()

    @property
    def _own(self) -> Nms:
        return self._pipeline.settings.nms

    def _open(self) -> None:
        # One decoder for each pass: while the others have their turn it decodes ahead, of all of them alike.
        self._plain_frames, self._split_frames, self._beside_frames = (self._media.frames() for _ in range(3))
        self._next = 0

    def _take_turns(self) -> None:
        least, most = TURN_FRAMES
        (frame_seconds, *_) = self._settle(1)
        passes = 3 if self._beside else 2
        frames = min(most, max(least, round(LOOK_SECONDS / passes / max(frame_seconds, 1e-6))))
        ends = self._clock() + LOOK_SECONDS
        while self._clock() < ends or self._turns < len(self._beside):
            self._turn(frames)
            self._tell()

    def _turn(self, frames: int) -> None:
        """Time the next frames without timers at their stages, with them, and under another NMS."""
        if self._next >= self._there:
            self._open()
        count = min(frames, self._there - self._next)
        plain = time_frames(_steps(self._pipeline, self._plain_frames), count, clock=self._clock)
        self._split.time(self._split_frames, count, self._clock)
        if self._beside:
            one = self._beside[self._turns % len(self._beside)]
            one.timed.time(self._beside_frames, count, self._clock)
            one.own += range(len(self._plain), len(self._plain) + len(plain))
        self._plain += plain
        self._positions += range(self._next, self._next + len(plain))
        self._next = self._next + len(plain) if plain else self._there
        self._turns += 1

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

    def _inferred(self, frame: Frame) -> Sequence[Raw]:
        self._tell()
        return self._pipeline.infer([frame])

    def times(self, nms: Nms) -> tuple[dict[str, tuple[float, ...]], tuple[float, ...]]:
        """Return the seconds by stage, and of whole frames, as the loop would show them under an NMS that was screened.

        They are those of the loop under its own NMS, and what the other NMS and the drawing of what it leaves take longer, or
        shorter. Whole frames are those of both passes, which differ by a few microseconds of timers: a median that is put together
        from those of stages would not be theirs where now one stage is late and now another.

        What takes longer alone takes still longer in the loop: screening runs it over and over, which keeps its code and data at
        hand and leaves it the cores alone, and only while the machine is fast. It may also take up less than that: a decoder that
        works ahead gets further meanwhile. So the loop is run with some settings, and what it adds to others is told from those.
        """
        positions, split = np.array(self._positions), self._split.seconds(WHOLE)
        kept = _typical(split)
        stages = {name: np.array(seconds)[kept] for name, seconds in self._split.watch.stage_seconds().items()}
        for name in ("nms", "draw") if self._screening.separate else ("draw",):
            stages[name] = np.maximum(stages[name] + self._longer(name, nms, positions[kept]), 0.0)
        whole = np.concatenate([self._plain, split])
        kept = _typical(whole)
        whole = np.maximum(whole[kept] + self._longer(WHOLE, nms, np.tile(positions, 2)[kept]), 0.0)
        return {name: kept_seconds(seconds) for name, seconds in stages.items()}, kept_seconds(whole)

    def _longer(self, stage: str, nms: Nms, at: Positions) -> Seconds:
        """Return by how much an NMS makes a stage, or whole frames, longer than the loop's own does."""
        method = self._own.method if stage == "draw" else nms.method  # to drawing it does not matter who found what
        if (stage, method) not in self._seen:
            self._seen[stage, method] = [self._added(stage, one) for one in self._beside if one.nms.method == method]
            if method == self._own.method:
                alone = self._screening.seconds(stage, self._own, np.array(self._positions))
                self._seen[stage, method].append(Added(float(np.median(alone)), 0.0))
        alone = self._screening.seconds(stage, nms, at)
        return alone - self._screening.seconds(stage, self._own, at) + longer_in_loop(alone, self._seen[stage, method])

    def _added(self, stage: str, one: "_Beside") -> Added:
        at = np.array(self._positions)[one.own]
        alone = float(np.median(self._screening.seconds(stage, one.nms, at)))
        own_alone = float(np.median(self._screening.seconds(stage, self._own, at)))
        there = float(np.median(one.timed.seconds(stage)))
        own_there = float(np.median(self._split.seconds(stage)[one.own]))
        return Added(alone, (there - own_there) - (alone - own_alone))


@final
class _Pass:
    """Frames in the loop under one NMS, with timers at their stages."""

    def __init__(self, pipeline: Pipeline, clock: Clock) -> None:
        self.pipeline = pipeline
        self.watch = Stopwatch(clock)
        self._totals: list[float] = []

    def time(self, frames: Iterator[Frame], count: int, clock: Clock) -> None:
        """Time the next frames."""
        self._totals += time_frames(_steps(self.pipeline, frames), count, self.watch, clock)

    def seconds(self, stage: str) -> Seconds:
        """Return the seconds of a stage, or of whole frames."""
        return np.array(self._totals if stage == WHOLE else self.watch.stage_seconds()[stage])


@final
@dataclass(slots=True)
class _Beside:
    """Another NMS in the loop.

    Attributes:
        timed: Its frames.
        own: Which frames under the loop's own NMS they are: these ran in the same turns, so the pace of the machine was the same.
    """

    timed: _Pass
    own: list[int] = field(default_factory=list)

    @property
    def nms(self) -> Nms:
        """Under which it runs."""
        return self.timed.pipeline.settings.nms


def _steps(pipeline: Pipeline, frames: Iterator[Frame]) -> LoopSteps:
    return LoopSteps(lambda watch: pipeline.next_batch(frames, watch))


def _typical(seconds: Seconds) -> Positions:
    """Return which frames a record holds: as many slow ones and fast ones as there were, in the order in which they ran."""
    order = np.argsort(seconds, kind="stable")
    count = min(LOOPED_KEPT, len(order))
    return np.sort(order[(2 * np.arange(count) + 1) * len(order) // (2 * count)])

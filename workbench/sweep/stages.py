"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import final

import numpy as np

from workbench.catalog import Footage
from workbench.detections import Detections
from workbench.errors import MediaError
from workbench.feeding import LoopSteps
from workbench.measure import SHARED_TURN_FRAMES, Clock, Stopwatch, time_frames, warm_up
from workbench.media import Frame, Media
from workbench.patience import WorkProbe
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, with_nms
from workbench.sweep.looped import Added, longer_in_loop
from workbench.sweep.screening import WHOLE, Positions, Screening, Seconds
from workbench.timing import kept_seconds

LOOKS = 16  # at the loop, spread over the whole task: a machine whose pace comes and goes shows more of it than in one long look
LOOK_SECONDS = 0.25  # of frames in each, in passes that take turns
MOST_LOOK_SECONDS = 0.5  # a look, in the mean: long frames take more, and tell as much in fewer looks
LEAST_EVERY = 4  # looks, one of them at the least is taken, however long frames are
TURN_FRAMES = 2, SHARED_TURN_FRAMES  # of each pass, at least and at most: as where whole settings take turns
LEAST_FAST_PERCENT = 20  # of the looks that count at least: those while the machine was fastest
LOOPED_KEPT = 66  # whose times a record holds: enough for p90
SCREEN_FRAMES = 16  # whose NMS and drawing are timed for each setting: spread over all frames, since how much they hold differs

Pass = Mapping[str, Seconds]
"""Seconds of frames in the loop: by stage, and of whole frames."""


@final
class LoopTimes:
    """An engine's frames in the loop, timed in several looks, and what NMS and drawing make of them.

    Where frames are long, only some of the looks are taken.

    Each look begins with what is always the same work. Where that was slow the machine was in a slow spell, and the look does not
    count: whole measurements wait meanwhile, and are of the machine at its usual pace as well.

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
        self._turns: list[_Turn] = []
        self._open()
        self.warmed_up = warm_up(lambda: _steps(pipeline, self._media.frames()), clock=clock)
        positions, self.frames = _spread(self._media, self._there)
        self._probe = WorkProbe(lambda: pipeline.infer(self.frames[:1]), clock)
        raws = [raw for frame in self.frames for raw in self._inferred(frame)]
        self._screening = Screening(pipeline, self.frames, raws, positions, clock)
        self._screening.screen(self._own)
        self._beside = [with_nms(pipeline, nms) for nms in beside if nms != self._own]
        for one in self._beside:
            self._screening.screen(one.settings.nms)
        self._seen: dict[tuple[str, str], list[Added]] = {}
        self._looks, self._looks_seconds = 0, 0.0
        self._take_turns()

    @property
    def infer_seconds(self) -> tuple[float, ...]:
        """Of every frame that was timed, in order."""
        return tuple(seconds for turn in self._turns for seconds in turn.own["infer"])

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
        if self._looks % LEAST_EVERY == 0 or self._looks_seconds <= self._looks * MOST_LOOK_SECONDS:
            began = self._clock()
            self._take_turns()
            self._looks_seconds += self._clock() - began
        self._looks += 1
        self._screening.screen_again()

    @property
    def _own(self) -> Nms:
        return self._pipeline.settings.nms

    def _open(self) -> None:
        # One decoder for each pass: while the other has its turn it decodes ahead, of both alike.
        self._own_frames, self._beside_frames = self._media.frames(), self._media.frames()
        self._next = 0

    def _take_turns(self) -> None:
        least, most = TURN_FRAMES
        (frame_seconds, *_) = self._settle(1)
        pace_seconds = self._probe.look()
        passes = 2 if self._beside else 1
        frames = min(most, max(least, round(LOOK_SECONDS / passes / max(frame_seconds, 1e-6))))
        ends = self._clock() + LOOK_SECONDS
        while self._clock() < ends or len(self._turns) < len(self._beside):
            self._take_turn(frames, pace_seconds)
            self._tell()

    def _take_turn(self, frames: int, pace_seconds: float) -> None:
        """Time the next frames, and then again under another NMS."""
        if self._next >= self._there:
            self._open()
        count = min(frames, self._there - self._next)
        own = self._passed(self._pipeline, self._own_frames, count)
        if not len(own[WHOLE]):  # the media end before they said they would
            if not self._next:
                raise MediaError(
                    f"{self._media.facts().name} gave no frame when it was opened again; choose media that stay where they are"
                )
            self._next = self._there
            return
        turn = _Turn(pace_seconds, np.arange(self._next, self._next + len(own[WHOLE])), own)
        if self._beside:
            other = self._beside[len(self._turns) % len(self._beside)]
            turn = replace(turn, beside=other.settings.nms, other=self._passed(other, self._beside_frames, count))
        self._turns.append(turn)
        self._next += len(turn.positions)

    def _passed(self, pipeline: Pipeline, frames: Iterator[Frame], count: int) -> Pass:
        watch = Stopwatch(self._clock)
        whole = time_frames(_steps(pipeline, frames), count, watch, self._clock)
        stages = {stage: np.array(seconds) for stage, seconds in watch.stage_seconds().items()}
        return {WHOLE: np.array(whole)} | stages

    def _usual(self, turns: Sequence["_Turn"]) -> Sequence["_Turn"]:
        """Return those of some turns that were taken while the machine was at its usual pace; if there are none, all."""
        least_seconds = np.percentile([turn.pace_seconds for turn in self._turns], LEAST_FAST_PERCENT)
        return [one for one in turns if one.pace_seconds <= least_seconds or self._probe.is_fast(one.pace_seconds)] or turns

    def _inferred(self, frame: Frame) -> Sequence[Raw]:
        self._tell()
        return self._pipeline.infer([frame])

    def times(self, nms: Nms) -> tuple[dict[str, tuple[float, ...]], tuple[float, ...]]:
        """Return the seconds by stage, and of whole frames, as the loop would show them under an NMS that was screened.

        They are those of the loop under its own NMS, and what the other NMS and the drawing of what it leaves take longer, or
        shorter. Whole frames are timed as such: a median that is put together from those of stages would not be theirs where now
        one stage is late and now another. Timers at the stages add a few microseconds.

        What takes longer alone takes still longer in the loop: screening runs it over and over, which keeps its code and data at
        hand and leaves it the cores alone, and only while the machine is fast. It may also take up less than that: a decoder that
        works ahead gets further meanwhile. So the loop is run with some settings, and what it adds to others is told from those.
        """
        turns = self._usual(self._turns)
        loop = _joined([turn.own for turn in turns])
        kept = _typical(loop[WHOLE])
        at = _positions(turns)[kept]
        times = {stage: seconds[kept] for stage, seconds in loop.items()}
        for name in ("nms", "draw", WHOLE) if self._screening.separate else ("draw", WHOLE):
            times[name] = np.maximum(times[name] + self._longer(name, nms, at), 0.0)
        return {name: kept_seconds(seconds) for name, seconds in times.items() if name != WHOLE}, kept_seconds(times[WHOLE])

    def _longer(self, stage: str, nms: Nms, at: Positions) -> Seconds:
        """Return by how much an NMS makes a stage, or whole frames, longer than the loop's own does."""
        method = self._own.method if stage == "draw" else nms.method  # to drawing it does not matter who found what
        if (stage, method) not in self._seen:
            some = [pipeline.settings.nms for pipeline in self._beside if pipeline.settings.nms.method == method]
            self._seen[stage, method] = [self._added(stage, one) for one in some]
            if method == self._own.method:
                alone = self._screening.seconds(stage, self._own, _positions(self._turns))
                self._seen[stage, method].append(Added(float(np.median(alone)), 0.0))
        alone = self._screening.seconds(stage, nms, at)
        return alone - self._screening.seconds(stage, self._own, at) + longer_in_loop(alone, self._seen[stage, method])

    def _added(self, stage: str, nms: Nms) -> Added:
        """Return what a setting that ran in the loop was seen to add, against the loop's own in the same turns."""
        turns = self._usual([turn for turn in self._turns if turn.beside == nms])
        at = _positions(turns)
        alone = float(np.median(self._screening.seconds(stage, nms, at)))
        own_alone = float(np.median(self._screening.seconds(stage, self._own, at)))
        there = float(np.median(_joined([turn.other for turn in turns if turn.other])[stage]))
        own_there = float(np.median(_joined([turn.own for turn in turns])[stage]))
        return Added(alone, (there - own_there) - (alone - own_alone))


@final
@dataclass(frozen=True, slots=True)
class _Turn:
    """The same frames in two passes.

    Attributes:
        pace_seconds: What took the same work as in every look just before.
        positions: Of the frames in their media.
        own: Under the loop's own NMS.
        beside: Another NMS.
        other: Under that one.
    """

    pace_seconds: float
    positions: Positions
    own: Pass
    beside: Nms | None = None
    other: Pass | None = None


@lru_cache(maxsize=1)  # engines that take turns in a process look at the same ones
def _spread(media: Media, there: int) -> tuple[Positions, tuple[Frame, ...]]:
    """Return where some of the first frames are, and the frames: in no order, so that the first few are from all over too."""
    count = min(SCREEN_FRAMES, there)
    positions = np.arange(count) * there // count
    wanted, frames = set(positions.tolist()), {}
    for index, frame in enumerate(media.frames()):
        if index in wanted:
            frames[index] = frame
        if len(frames) == count:
            break
    order = np.random.default_rng(0).permutation(positions)
    return order, tuple(frames[position] for position in order.tolist())


def _joined(passes: Sequence[Pass]) -> Pass:
    return {name: np.concatenate([one[name] for one in passes]) for name in passes[0]}


def _positions(turns: Sequence[_Turn]) -> Positions:
    return np.concatenate([turn.positions for turn in turns])


def _steps(pipeline: Pipeline, frames: Iterator[Frame]) -> LoopSteps:
    return LoopSteps(lambda watch: pipeline.next_batch(frames, watch))


def _typical(seconds: Seconds) -> Positions:
    """Return which frames a record holds: as many slow ones and fast ones as there were, in the order in which they ran."""
    order = np.argsort(seconds, kind="stable")
    count = min(LOOPED_KEPT, len(order))
    return np.sort(order[(2 * np.arange(count) + 1) * len(order) // (2 * count)])

"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from workbench.catalog import Footage
from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.feeding import LoopSteps
from workbench.measure import Clock, Stopwatch, time_frames, warm_up
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, content_key, with_nms
from workbench.sweep.looped import Added, Looped, Positions, Seconds, in_loop
from workbench.timing import kept_seconds

LOOKS = 16  # at the loop, spread over the whole task: a machine whose pace comes and goes shows more of it than in one long look
LOOK_SECONDS = 0.25  # of frames in each, in two passes that take turns
TURN_FRAMES = 2, 8  # of each pass, at least and at most: short against the moods of a machine, so that both passes see the same
LOOPED_KEPT = 66  # whose times a record holds: enough for p90
SCREEN_FRAMES = 32  # whose NMS and drawing are timed for each setting: spread over all frames, since how much they hold differs
SCREEN_SECONDS = 0.08  # after which no further frame is, once there are LEAST_SCREENED
LEAST_SCREENED = 8
PACE_FRAMES = 4  # by which one sees after each screening whether the machine had its usual pace
PACE_LIMIT = 1.15  # of the fastest pace so far: beyond it, the screening is done again later
RETRIES = 2  # of one screening, or of an NMS in the loop, at most: a machine that has grown slow for good need not be waited for
CONTEXTS = 2  # times that an NMS is run in the loop while the machine has its usual pace, at different looks
CONTEXT_SECONDS = 0.25  # of frames in each of them
LEAST_IN_CONTEXT = 8
SETTLING_FRAMES = 3  # of an NMS in the loop


@final
@dataclass(frozen=True, slots=True)
class Screened:
    """NMS and drawing of some frames, run on kept outputs, one time per frame."""

    nms: Seconds
    draw: Seconds
    found: tuple[Detections, ...]
    pace_seconds: float
    """What the same work took just after it, or after the drawing or before both, whichever was slowest."""


@final
class LoopTimes:
    """An engine's frames in the loop, timed in several looks, and what NMS costs after it.

    Args:
        pipeline: Compiled, under an NMS of the group: best one that leaves neither much nor little, for what others take is told by
            how they differ from it.
        in_loop: Which NMS settings are run in the loop as well when they are screened: of each method one that leaves a middling
            number of boxes, and the one that leaves most, since what the loop adds may grow with what there is to do.
        footage: Its media are timed.
        frames: How many of them a direct measurement would time; the same are looked at here, again and again.
        tell: Called now and then, so that whoever watches sees it live.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        in_loop: Collection[Nms],
        footage: Footage,
        frames: int,
        tell: Callable[[], None],
        clock: Clock = time.perf_counter,
    ) -> None:
        self._pipeline = pipeline
        self._looped = {nms.model_dump_json() for nms in (pipeline.settings.nms, *in_loop)}
        self._clock = clock
        self._media = footage.media
        self._tell = tell
        self._there = min(frames, footage.media.facts().frames)
        self._settle = pipeline.block_timer(footage.media)
        self._watch = Stopwatch(clock)
        self._totals: list[float] = []
        self._positions: list[int] = []
        self._next = self._there  # so that the first turn opens the media
        self.warmed_up = warm_up(self._open, clock=clock)
        self._plain = self._split = self._open()
        self._take_turns()
        self._screened_at, self.frames = self._spread()
        self._raws: list[Raw] = [raw for frame in self.frames for raw in self._inferred(frame)]
        self._drawn: dict[bytes, tuple[Seconds, float]] = {}
        self._results: dict[str, Screened] = {}
        self._tries: dict[str, int] = {}
        self._best_pace = float("inf")
        self._contexts: dict[str, list[Looped]] = {}
        self.screen(pipeline.settings.nms)

    @property
    def separate(self) -> bool:
        """Whether NMS is a stage of its own; where the network does its own, what is left of it counts as drawing."""
        return isinstance(self._raws[0], Candidates)

    @property
    def infer_seconds(self) -> tuple[float, ...]:
        """Of every frame that was timed, in order."""
        return self._watch.stage_seconds().get("infer", ())

    def look_again(self) -> None:
        """Time some more frames in the loop; and again what was screened while the machine was slow, unless it still is."""
        self._take_turns()
        if not self._is_usual(self._pace_seconds()):
            return
        for key, screened in list(self._results.items()):
            if not self._is_usual(screened.pace_seconds) and self._tries[key] <= RETRIES:
                self._screen_and_keep(Nms.model_validate_json(key))
        for key, runs in self._contexts.items():
            if sum(self._is_usual(run.pace_seconds) for run in runs) < CONTEXTS and len(runs) < CONTEXTS + RETRIES:
                runs.append(self._in_context(Nms.model_validate_json(key)))

    def _open(self) -> LoopSteps:
        taken = self._media.frames()
        return LoopSteps(lambda watch: self._pipeline.next_batch(taken, watch))

    def _take_turns(self) -> None:
        least, most = TURN_FRAMES
        (frame_seconds, *_) = self._settle(1)
        frames = min(most, max(least, round(LOOK_SECONDS / 2 / max(frame_seconds, 1e-6))))
        ends = self._clock() + LOOK_SECONDS
        while self._clock() < ends:
            self._turn(frames)
            self._tell()

    def _turn(self, frames: int) -> None:
        """Time the next frames without timers at their stages, and the same ones with them."""
        if self._next >= self._there:
            self._plain, self._split, self._next = self._open(), self._open(), 0
        count = min(frames, self._there - self._next)
        totals = time_frames(self._plain, count, clock=self._clock)
        time_frames(self._split, count, self._watch, self._clock)
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

    def screen(self, nms: Nms) -> tuple[Detections, ...]:
        """Time an NMS, and the drawing of what it leaves, on the kept outputs; in the loop as well if it is one of those.

        Returns:
            What it leaves in the first of `frames`; in all of them unless it is slow.
        """
        with_nms(self._pipeline, nms).suppress(self._raws[:1], self.frames[:1])  # the first call traces, or fills caches
        screened = self._screen_and_keep(nms)
        key = nms.model_dump_json()
        if key in self._looped and nms != self._pipeline.settings.nms and key not in self._contexts:
            self._contexts[key] = [self._in_context(nms)]
        return screened.found

    def _screen_and_keep(self, nms: Nms) -> Screened:
        """Screen an NMS, and keep of all its screenings the one while the machine was fastest.

        On what runs in the loop as well others are built, so the machine has to be fast before it too.
        """
        key = nms.model_dump_json()
        before = self._pace_seconds() if key in self._looped else 0.0
        screened = self._screen(with_nms(self._pipeline, nms))
        screened = replace(screened, pace_seconds=max(before, screened.pace_seconds))
        known = self._results.get(key, screened)
        self._results[key] = min(known, screened, key=lambda one: one.pace_seconds)
        self._tries[key] = self._tries.get(key, 0) + 1
        return screened

    def _screen(self, pipeline: Pipeline) -> Screened:
        seconds: list[float] = []
        found: list[Detections] = []
        began = self._clock()
        for raw, frame in zip(self._raws, self.frames, strict=True):
            before = self._clock()
            found += pipeline.suppress([raw], [frame])
            seconds.append(self._clock() - before)
            if len(seconds) >= LEAST_SCREENED and self._clock() - began > SCREEN_SECONDS:
                break
        key = content_key(found)
        drawn = self._drawn.get(key)
        if drawn is None or not self._is_usual(drawn[1]):
            draw_seconds = self._draw_seconds(pipeline, found)
            pace_seconds = self._pace_seconds()
            self._drawn[key] = draw_seconds, pace_seconds
        else:
            draw_seconds, pace_seconds = drawn[0], max(drawn[1], self._pace_seconds())
        return Screened(np.array(seconds), draw_seconds, tuple(found), pace_seconds)

    def _draw_seconds(self, pipeline: Pipeline, found: Sequence[Detections]) -> Seconds:
        seconds = []
        for frame, one in zip(self.frames, found, strict=False):
            before = self._clock()
            pipeline.draw(frame, one)
            seconds.append(self._clock() - before)
        return np.array(seconds)

    def _is_usual(self, pace_seconds: float) -> bool:
        """Say whether that was about as fast as the machine ever was; a first one may turn out later to have been slow."""
        return pace_seconds <= PACE_LIMIT * self._best_pace

    def _pace_seconds(self) -> float:
        """Time what is always the same."""
        seconds = []
        for raw, frame in zip(self._raws[:PACE_FRAMES], self.frames[:PACE_FRAMES], strict=True):
            before = self._clock()
            (found,) = self._pipeline.suppress([raw], [frame])
            self._pipeline.draw(frame, found)
            seconds.append(self._clock() - before)
        pace = float(np.median(seconds))
        self._best_pace = min(pace, self._best_pace)
        return pace

    def times(self, nms: Nms) -> tuple[dict[str, tuple[float, ...]], tuple[float, ...]]:
        """Return the seconds by stage, and of whole frames, as the loop would show them under an NMS that was screened.

        Before NMS they are those of the loop, and whole frames are those of its pass without timers at the stages: what the two
        passes differ in is not the same for every frame, so neither can be told from the other's median. NMS and drawing are those
        of the screening and what the loop adds: screening runs them over and over, which keeps their code and data at hand and
        leaves them the processor alone. Whole frames take as much longer, or shorter, than the loop's own as those two.
        """
        totals = np.array(self._totals)
        kept = _typical(totals)
        at = np.array(self._positions)[kept]
        stages = {name: np.array(seconds)[kept] for name, seconds in self._watch.stage_seconds().items()}
        screened = self._results[nms.model_dump_json()]
        method = self._pipeline.settings.nms.method
        drawn = self._in_loop("draw", method, screened, at) - self._in_loop("draw", method, self._own, at)
        stages["draw"] = np.maximum(stages["draw"] + drawn, 0.0)
        longer = drawn
        if self.separate:
            stages["nms"] = self._in_loop("nms", nms.method, screened, at)
            longer = drawn + stages["nms"] - self._in_loop("nms", method, self._own, at)
        whole = np.maximum(totals[kept] + longer, 0.0)
        return {name: kept_seconds(seconds) for name, seconds in stages.items()}, kept_seconds(whole)

    def _in_loop(self, stage: str, method: str, screened: Screened, at: Positions) -> Seconds:
        """Return what a screened stage takes in frames of the loop."""
        return in_loop(self._nearest(self._alone(stage, screened), at), self._seen(stage, method))

    def _seen(self, stage: str, method: str) -> list[Added]:
        """Return what the loop adds to a stage, for each NMS of a method that ran in it."""
        own = self._pipeline.settings.nms
        runs = {key: some for key, some in self._contexts.items() if Nms.model_validate_json(key).method == method}
        if method == own.method:
            stages = {name: np.array(seconds) for name, seconds in self._watch.stage_seconds().items()}
            runs[own.model_dump_json()] = [Looped(stages, np.array(self._positions), self._best_pace)]
        return [self._added(stage, self._results[key], some) for key, some in runs.items()]

    def _added(self, stage: str, screened: Screened, runs: Sequence[Looped]) -> Added:
        runs = [run for run in runs if self._is_usual(run.pace_seconds)] or runs
        alone = np.concatenate([self._nearest(self._alone(stage, screened), run.at) for run in runs])
        there = np.concatenate([run.stages[stage] for run in runs])
        return Added(float(np.median(alone)), float(np.median(there - alone)))

    def _alone(self, stage: str, screened: Screened) -> Seconds:
        """Return what a stage takes in the screening; drawing with what is left of NMS where the network does its own."""
        if stage == "nms":
            return screened.nms
        return screened.draw if self.separate else screened.draw + screened.nms

    @property
    def _own(self) -> Screened:
        return self._results[self._pipeline.settings.nms.model_dump_json()]

    def _nearest(self, seconds: Seconds, at: Positions) -> Seconds:
        """Return for frames of the loop what the nearest screened one took."""
        nearest = np.abs(at[:, None] - self._screened_at[None, : len(seconds)]).argmin(axis=1)
        return np.asarray(seconds[nearest], np.float64)

    def _in_context(self, nms: Nms) -> Looped:
        """Run the first frames through the loop under another NMS."""
        before = self._pace_seconds()
        pipeline = with_nms(self._pipeline, nms)
        frames = self._media.frames()
        step = LoopSteps(lambda watch: pipeline.next_batch(frames, watch))
        settled = len(time_frames(step, min(SETTLING_FRAMES, self._there - 1), clock=self._clock))
        wanted = max(LEAST_IN_CONTEXT, round(CONTEXT_SECONDS / max(float(np.median(self._totals)), 1e-6)))
        watch = Stopwatch(self._clock)
        time_frames(step, min(wanted, self._there - settled), watch, self._clock)
        self._tell()
        stages = {name: np.array(seconds) for name, seconds in watch.stage_seconds().items()}
        return Looped(stages, np.arange(settled, settled + len(stages["draw"])), max(before, self._pace_seconds()))


def _typical(seconds: Seconds) -> Positions:
    """Return which frames a record holds: as many slow ones and fast ones as there were, in the order in which they ran."""
    order = np.argsort(seconds, kind="stable")
    count = min(LOOPED_KEPT, len(order))
    return np.sort(order[(2 * np.arange(count) + 1) * len(order) // (2 * count)])

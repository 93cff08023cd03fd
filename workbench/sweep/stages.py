"""Times of single stages, from which those of whole frames are put together."""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import final

import numpy as np

from workbench.detections import Detections
from workbench.measuring import warm_up
from workbench.media import Frame, Media
from workbench.opening import Footage
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, with_nms
from workbench.sweep.looks import Looks, in_steps, joined, positions_of
from workbench.sweep.looped import Added, longer_in_loop
from workbench.sweep.screening import WHOLE, Positions, Screening, Seconds
from workbench.timing import Clock, kept_seconds

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
        frames: How many of them a direct measurement would time.
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
        self._tell = tell
        media = footage.media
        there = min(frames, media.facts().frames)
        self.warmed_up = warm_up(lambda: in_steps(pipeline, media.frames()), clock=clock)
        positions, self.frames = _spread(media, there)
        raws = [raw for frame in self.frames for raw in self._inferred(frame)]
        self._screening = Screening(pipeline, self.frames, raws, positions, clock)
        self._screening.screen(self._own)
        others = [with_nms(pipeline, nms) for nms in beside if nms != self._own]
        for one in others:
            self._screening.screen(one.settings.nms)
        self._seen: dict[tuple[str, str], list[Added]] = {}
        self._looks = Looks(pipeline, others, media, there, self.frames[0], tell, clock)

    @property
    def infer_seconds(self) -> tuple[float, ...]:
        """Of every frame that was timed, in order."""
        return tuple(seconds for turn in self._looks.turns for seconds in turn.own["infer"])

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
        self._looks.look_again()
        self._screening.screen_again()

    @property
    def _own(self) -> Nms:
        return self._pipeline.settings.nms

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
        turns = self._looks.usual()
        loop = joined([turn.own for turn in turns])
        kept = _typical(loop[WHOLE])
        at = positions_of(turns)[kept]
        times = {stage: seconds[kept] for stage, seconds in loop.items()}
        for name in ("nms", "draw", WHOLE) if self._screening.separate else ("draw", WHOLE):
            times[name] = np.maximum(times[name] + self._longer(name, nms, at), 0.0)
        return {name: kept_seconds(seconds) for name, seconds in times.items() if name != WHOLE}, kept_seconds(times[WHOLE])

    def _longer(self, stage: str, nms: Nms, at: Positions) -> Seconds:
        """Return by how much an NMS makes a stage, or whole frames, longer than the loop's own does."""
        method = self._own.method if stage == "draw" else nms.method  # to drawing it does not matter who found what
        if (stage, method) not in self._seen:
            some = [one for one in self._looks.beside if one.method == method]
            self._seen[stage, method] = [self._added(stage, one) for one in some]
            if method == self._own.method:
                alone = self._screening.seconds(stage, self._own, positions_of(self._looks.turns))
                self._seen[stage, method].append(Added(float(np.median(alone)), 0.0))
        alone = self._screening.seconds(stage, nms, at)
        return alone - self._screening.seconds(stage, self._own, at) + longer_in_loop(alone, self._seen[stage, method])

    def _added(self, stage: str, nms: Nms) -> Added:
        """Return what a setting that ran in the loop was seen to add, against the loop's own in the same turns."""
        turns = self._looks.usual([turn for turn in self._looks.turns if turn.beside == nms])
        at = positions_of(turns)
        alone = float(np.median(self._screening.seconds(stage, nms, at)))
        own_alone = float(np.median(self._screening.seconds(stage, self._own, at)))
        there = float(np.median(joined([turn.other for turn in turns if turn.other])[stage]))
        own_there = float(np.median(joined([turn.own for turn in turns])[stage]))
        return Added(alone, (there - own_there) - (alone - own_alone))


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


def _typical(seconds: Seconds) -> Positions:
    """Return which frames a record holds: as many slow ones and fast ones as there were, in the order in which they ran."""
    order = np.argsort(seconds, kind="stable")
    count = min(LOOPED_KEPT, len(order))
    return np.sort(order[(2 * np.arange(count) + 1) * len(order) // (2 * count)])

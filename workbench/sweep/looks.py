"""Looks at an engine in the loop: now and then some frames of whole passes, on a machine whose pace comes and goes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from workbench.errors import MediaError
from workbench.measuring import SHARED_TURN_FRAMES, SLOW, WorkProbe
from workbench.media import Frame, Media
from workbench.pipeline import LoopSteps, Pipeline
from workbench.settings import Nms
from workbench.sweep.screening import WHOLE, Positions, Seconds
from workbench.timing import Clock, Stopwatch, time_frames

LOOKS = 12  # at the loop, spread over the whole task: a machine whose pace comes and goes shows more of it than in one long look
LOOK_SECONDS = 0.25  # of frames in each, in passes that take turns
MOST_LOOK_SECONDS = 0.5  # a look, in the mean: long frames take more, and tell as much in fewer looks
LEAST_EVERY = 4  # looks, one of them at the least is taken, however long frames are
TURN_FRAMES = 2, SHARED_TURN_FRAMES  # of each pass, at least and at most: as where whole settings take turns
USUAL_PERCENT = 40  # of the looks were at the usual pace or a faster one: with fewer fast ones whole measurements, which wait
# for them only so long, are of the slow pace as well

Pass = Mapping[str, Seconds]
"""Seconds of frames in the loop: by stage, and of whole frames."""


@final
@dataclass(frozen=True, slots=True)
class Turn:
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


@final
class Looks:
    """Frames of an engine in the loop, timed in several looks.

    Where frames are long, only some of the looks are taken.

    Each look begins with what is always the same work. Where that was slower than usual the machine was in a slow spell, and the
    look does not count: whole measurements wait meanwhile, and are of the machine at its usual pace as well.

    Args:
        pipeline: Warm.
        beside: Others of the same engine, which have passes over the same frames, one after the other.
        media: Whose frames are timed.
        frames: How many of them a direct measurement would time; the same are looked at here, again and again.
        probed: What is always the same work, by which the pace is told.
        tell: Called now and then, so that whoever watches sees it live.
        clock: Seconds that only go forward.

    Attributes:
        turns: All that were taken, in order.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        beside: Sequence[Pipeline],
        media: Media,
        frames: int,
        probed: Frame,
        tell: Callable[[], None],
        clock: Clock = time.perf_counter,
    ) -> None:
        self.turns: list[Turn] = []
        self._pipeline = pipeline
        self._beside = beside
        self._media = media
        self._there = frames
        self._tell = tell
        self._clock = clock
        self._settle = pipeline.block_timer(media)
        self._probe = WorkProbe(lambda: pipeline.infer([probed]), clock)
        self._paces_seconds: list[float] = []
        self._looks, self._looks_seconds = 0, 0.0
        self._open()
        self._take_turns()

    @property
    def beside(self) -> list[Nms]:
        """What has passes of its own."""
        return [pipeline.settings.nms for pipeline in self._beside]

    def look_again(self) -> None:
        """Time some more frames."""
        if self._looks % LEAST_EVERY == 0 or self._looks_seconds <= self._looks * MOST_LOOK_SECONDS:
            began = self._clock()
            self._take_turns()
            self._looks_seconds += self._clock() - began
        self._looks += 1

    def usual(self, turns: Sequence[Turn] | None = None) -> Sequence[Turn]:
        """Return those of some turns, all by default, that were taken while the machine was at its usual pace; if none was, all."""
        some = self.turns if turns is None else turns
        usual_seconds = np.percentile(self._paces_seconds, USUAL_PERCENT)
        return [one for one in some if one.pace_seconds <= SLOW * usual_seconds] or some

    def _open(self) -> None:
        # One decoder for each pass: while the other has its turn it decodes ahead, of both alike.
        self._own_frames, self._beside_frames = self._media.frames(), self._media.frames()
        self._next = 0

    def _take_turns(self) -> None:
        least, most = TURN_FRAMES
        (frame_seconds, *_) = self._settle(1)
        pace_seconds = self._probe.look()
        self._paces_seconds.append(pace_seconds)
        passes = 2 if self._beside else 1
        frames = min(most, max(least, round(LOOK_SECONDS / passes / max(frame_seconds, 1e-6))))
        ends = self._clock() + LOOK_SECONDS
        while self._clock() < ends or len(self.turns) < len(self._beside):
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
        turn = Turn(pace_seconds, np.arange(self._next, self._next + len(own[WHOLE])), own)
        if self._beside:
            other = self._beside[len(self.turns) % len(self._beside)]
            turn = replace(turn, beside=other.settings.nms, other=self._passed(other, self._beside_frames, count))
        self.turns.append(turn)
        self._next += len(turn.positions)

    def _passed(self, pipeline: Pipeline, frames: Iterator[Frame], count: int) -> Pass:
        watch = Stopwatch(self._clock)
        whole = time_frames(in_steps(pipeline, frames), count, watch, self._clock)
        stages = {stage: np.array(seconds) for stage, seconds in watch.stage_seconds().items()}
        return {WHOLE: np.array(whole)} | stages


def in_steps(pipeline: Pipeline, frames: Iterator[Frame]) -> LoopSteps:
    """Return a pass over frames."""
    return LoopSteps(lambda watch: pipeline.next_batch(frames, watch))


def joined(passes: Sequence[Pass]) -> Pass:
    """Return the frames of several passes as those of one."""
    return {name: np.concatenate([one[name] for one in passes]) for name in passes[0]}


def positions_of(turns: Sequence[Turn]) -> Positions:
    """Return where the frames of turns are in their media."""
    return np.concatenate([turn.positions for turn in turns])

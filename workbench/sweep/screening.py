"""What NMS and drawing take, run on kept outputs of an engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.settings import Nms
from workbench.sweep.kept import Raw, content_key, with_nms
from workbench.timing import Clock

SCREEN_SECONDS = 0.05  # of NMS, or of drawing, after which no further frame is, once there are LEAST_SCREENED
LEAST_SCREENED = 8
PACE_FRAMES = 4  # whose NMS and drawing, always the same, show the pace of the machine
PACE_EVERY = 4  # frames of a screening, one of those is run
PACE_LIMIT = 1.15  # of the fastest pace so far: beyond it, the screening is done again later
RETRIES = 1  # of one screening: a machine that has grown slow for good need not be waited for

WHOLE = "whole"  # frames, beside the names of stages

Seconds = NDArray[np.float64]
Positions = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True)
class Timed:
    """Work on some frames, one time per frame, and what the same work as ever took in between."""

    seconds: Seconds
    pace_seconds: float


@final
@dataclass(frozen=True, slots=True)
class Screened:
    """NMS, drawing, and what was found in the frames."""

    nms: Timed
    draw: Timed
    found: tuple[Detections, ...]

    @property
    def pace_seconds(self) -> float:
        """The slower one of the two."""
        return max(self.nms.pace_seconds, self.draw.pace_seconds)


@final
class Screening:
    """Times NMS and drawing of some frames, setting by setting, on a machine whose pace comes and goes.

    Args:
        pipeline: Under the NMS by which the pace is told.
        frames: Spread over the media, in no order, so that the first few are from all over too.
        raws: The engine's outputs for them.
        at: Where the frames are in their media.
        clock: Seconds that only go forward.
    """

    def __init__(self, pipeline: Pipeline, frames: Sequence[Frame], raws: Sequence[Raw], at: Positions, clock: Clock) -> None:
        self._pipeline = pipeline
        self._frames = frames
        self._raws = raws
        self._at = at
        self._clock = clock
        self._paces: list[float] = []
        self._best_pace = float("inf")
        self._drawn: dict[bytes, Timed] = {}
        self._results: dict[str, Screened] = {}
        self._tries: dict[str, int] = {}

    @property
    def separate(self) -> bool:
        """Whether NMS is a stage of its own; where the network does its own, what is left of it counts as drawing."""
        return isinstance(self._raws[0], Candidates)

    def screen(self, nms: Nms) -> tuple[Detections, ...]:
        """Time an NMS, and the drawing of what it leaves.

        Returns:
            What it leaves in the first of the frames; in all of them unless it is slow.
        """
        with_nms(self._pipeline, nms).suppress(self._raws[:1], self._frames[:1])  # the first call traces, or fills caches
        return self._screen_and_keep(nms).found

    def screen_again(self) -> None:
        """Time again what was screened while the machine was slow, unless it still is."""
        if not self._is_usual(self._told([self._own_seconds(n) for n in range(PACE_FRAMES)])):
            return
        for key, screened in list(self._results.items()):
            if not self._is_usual(screened.pace_seconds) and self._tries[key] <= RETRIES:
                self._screen_and_keep(Nms.model_validate_json(key))

    def seconds(self, stage: str, nms: Nms, at: Positions) -> Seconds:
        """Return what `nms`, `draw`, or for whole frames both, take alone: for each frame of the media what the nearest one took.

        What was only ever timed while the machine was slow is as much shorter as its usual pace is. Where the network does its own
        NMS, drawing is both.
        """
        screened = self._results[nms.model_dump_json()]
        if stage == "nms":
            return self._nearest(screened.nms, at)
        drawn = self._nearest(screened.draw, at)
        return drawn if stage == "draw" and self.separate else drawn + self._nearest(screened.nms, at)

    def _nearest(self, timed: Timed, at: Positions) -> Seconds:
        nearest = np.abs(at[:, None] - self._at[None, : len(timed.seconds)]).argmin(axis=1)
        slower = 1.0 if self._is_usual(timed.pace_seconds) else timed.pace_seconds / self._usual_pace
        return np.asarray(timed.seconds[nearest] / slower, np.float64)

    def _screen_and_keep(self, nms: Nms) -> Screened:
        """Screen an NMS, and keep of all its screenings the one while the machine was fastest."""
        key = nms.model_dump_json()
        screened = self._screen(with_nms(self._pipeline, nms))
        known = self._results.get(key, screened)
        self._results[key] = min(known, screened, key=lambda one: one.pace_seconds)
        self._tries[key] = self._tries.get(key, 0) + 1
        return screened

    def _screen(self, pipeline: Pipeline) -> Screened:
        found: list[Detections] = []

        def suppress(n: int) -> None:
            found.extend(pipeline.suppress([self._raws[n]], [self._frames[n]]))

        suppressed = self._timed(suppress, len(self._raws))
        key = content_key(found)
        drawn = self._drawn.get(key)
        if drawn is None or not self._is_usual(drawn.pace_seconds):
            drawn = self._timed(lambda n: pipeline.draw(self._frames[n], found[n]), len(found))
            self._drawn[key] = drawn
        return Screened(suppressed, drawn, tuple(found))

    def _timed(self, work: Callable[[int], object], count: int) -> Timed:
        """Run work on each frame, and now and then what shows the pace of the machine."""
        taken: list[float] = []
        paces: list[float] = []
        began = self._clock()
        for n in range(count):
            before = self._clock()
            work(n)
            taken.append(self._clock() - before)
            if n % PACE_EVERY == 0:
                paces.append(self._own_seconds(len(paces) % PACE_FRAMES))
            if n + 1 >= LEAST_SCREENED and self._clock() - began > SCREEN_SECONDS:
                break
        paces += [self._own_seconds(n % PACE_FRAMES) for n in range(len(paces), PACE_FRAMES)]
        return Timed(np.array(taken), self._told(paces))

    def _own_seconds(self, n: int) -> float:
        """Time what is always the same."""
        n = min(n, len(self._raws) - 1)
        raws, frames = self._raws[n : n + 1], self._frames[n : n + 1]
        before = self._clock()
        (found,) = self._pipeline.suppress(raws, frames)
        self._pipeline.draw(frames[0], found)
        return self._clock() - before

    def _told(self, seconds: Sequence[float]) -> float:
        pace = float(np.median(seconds))
        self._paces.append(pace)
        self._best_pace = min(self._best_pace, pace)
        return pace

    def _is_usual(self, pace_seconds: float) -> bool:
        """Say whether that was about as fast as the machine ever was; a first one may turn out later to have been slow."""
        return pace_seconds <= PACE_LIMIT * self._best_pace

    @property
    def _usual_pace(self) -> float:
        return float(np.median([pace for pace in self._paces if self._is_usual(pace)]))

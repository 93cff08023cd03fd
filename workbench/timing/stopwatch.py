"""Who watches a pipeline's steps: a stopwatch that takes the time of each stage, or nobody."""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, final

from workbench.timing.timing import StageSpan

Clock = Callable[[], float]
MAIN_THREAD = "main"
TIMELINE_FRAMES = 36  # whose spans are kept: a few dozen show how stages interlock, and a record stays small
SPAN_DIGITS = 6  # of seconds: microseconds


class Span(NamedTuple):
    """One stage of one step, on the clock that times it."""

    stage: str
    thread: str
    began_seconds: float
    ended_seconds: float


class Watch(ABC):
    """What a pipeline's step tells at the end of each stage."""

    @abstractmethod
    def start(self) -> None:
        """Begin a step: the next `lap` counts from here."""

    @abstractmethod
    def lap(self, stage: str) -> None:
        """Give the time since the last lap to a stage; a stage may have several laps in one step."""

    @abstractmethod
    def skip(self) -> None:
        """Give the time since the last lap to no stage: the next one counts from here."""

    @abstractmethod
    def add(self, span: Span) -> None:
        """Take a span that passed elsewhere, as on another thread; the running lap is not touched."""


@final
class NoWatch(Watch):
    """Listens to nothing: for warming up, and for the pass that gives the total latency."""

    def start(self) -> None:
        pass

    def lap(self, stage: str) -> None:
        pass

    def skip(self) -> None:
        pass

    def add(self, span: Span) -> None:
        pass


@final
class Stopwatch(Watch):
    """Collects seconds per stage and frame, and the spans of the last frames. One thread at a time.

    Args:
        clock: Seconds that only go forward.
        thread: What to call the thread that laps.
    """

    def __init__(self, clock: Clock = time.perf_counter, thread: str = MAIN_THREAD) -> None:
        self._clock = clock
        self._thread = thread
        self._last = clock()
        self._step: list[Span] = []
        self._frames = 0
        self._stages: dict[str, list[float]] = {}
        self._last_steps: deque[tuple[int, int, list[Span]]] = deque(maxlen=TIMELINE_FRAMES)

    def start(self) -> None:
        self._step = []
        self._last = self._clock()

    def lap(self, stage: str) -> None:
        now = self._clock()
        self._step.append(Span(stage, self._thread, self._last, now))
        self._last = now

    def skip(self) -> None:
        self._last = self._clock()

    def add(self, span: Span) -> None:
        self._step.append(span)

    def taken(self) -> tuple[Span, ...]:
        """Return the spans of the step that is not closed yet."""
        return tuple(self._step)

    def close_step(self, frames: int) -> None:
        """Divide the step's seconds equally over its frames; a stage that it did not pass gets zeros."""
        taken: dict[str, float] = {}
        for stage, _, began, ended in self._step:
            taken[stage] = taken.get(stage, 0.0) + (ended - began) / frames
        for stage in taken:
            self._stages.setdefault(stage, [0.0] * self._frames)
        for stage, seconds in self._stages.items():
            seconds += [taken.get(stage, 0.0)] * frames  # noqa: PLW2901 - extends the list in place
        self._last_steps.append((self._frames, frames, self._step))
        self._frames += frames
        self._step = []

    def timeline(self) -> tuple[StageSpan, ...]:
        """Return what the last `TIMELINE_FRAMES` frames passed, from the first of these spans on."""
        steps = [step for step in self._last_steps if step[0] >= self._frames - TIMELINE_FRAMES]
        began = min((span.began_seconds for _, _, spans in steps for span in spans), default=0.0)
        return tuple(
            StageSpan(frame, frames, stage, thread, round(start - began, SPAN_DIGITS), round(end - start, SPAN_DIGITS))
            for frame, frames, spans in steps
            for stage, thread, start, end in spans
        )

    def stage_seconds(self) -> dict[str, tuple[float, ...]]:
        """Return the seconds by stage, one per frame, all of equal length."""
        return {stage: tuple(seconds) for stage, seconds in self._stages.items()}


Progress = Callable[[int, int], object]
"""Called after each step with the frames done and the frames asked for."""

Step = Callable[[Watch], int]
"""Handles the next batch, decode to draw, with results ready when it returns; says how many frames: 0 at the end of the media."""


def time_frames(step: Step, frames: int, watch: Watch | None = None, clock: Clock = time.perf_counter) -> tuple[float, ...]:
    """Return the raw seconds of at least `frames` frames in order, fewer where the media ends.

    A batch is never cut: its seconds are divided equally over its frames, so the last batch may bring a few more frames than asked
    for, and a short tail carries the whole cost of its batch.
    """
    seconds: list[float] = []
    time_into(seconds, step, frames, watch or NoWatch(), clock)
    return tuple(seconds)


def time_into(seconds: list[float], step: Step, frames: int, watch: Watch, clock: Clock, progress: Progress | None = None) -> None:
    """Add the seconds of frames to a list; what was added stays there where a step raises. Progress is told outside of them."""
    timed = 0
    while timed < frames:
        began = clock()
        watch.start()
        handled = step(watch)
        spent = clock() - began
        if not handled:
            break
        if isinstance(watch, Stopwatch):
            watch.close_step(handled)
        seconds += [spent / handled] * handled
        timed += handled
        if progress:
            progress(timed, frames)

"""Measuring one setting: warm up, then time whole frames in one pass, and the same frames with a timer at each stage in another.

Both passes take turns, so that a machine that changes its pace does so for both. Python's garbage collector stays on, because it is
on in production; it runs once before so that the rubbish of loading and compiling is not charged to a frame.
"""

import gc
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from workbench.errors import MediaError
from workbench.machine import WorkMeter
from workbench.timing import Clock, NoWatch, Progress, StageSpan, Step, Stopwatch, Timing, kept_seconds, time_into

T = TypeVar("T")


WARM_STEPS, WARM_SECONDS = 8, 0.3  # a warm-up has at least; it ends once it is stable
MOST_WARM_SECONDS = 5.0  # wins over the other two once `WINDOW` steps are done: a slow detector does not warm up for minutes
WINDOW = 4  # steps whose median is compared with that of as many before them: of three, one outlier more would decide
STABLE_CHANGE = 0.05  # between two such medians: below it, more warming would change no verdict on a whole pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmedUp:
    """What the warm-up showed; its frames are not in any statistic."""

    first_call_seconds: float
    """Of the whole first step, a batch or a frame."""
    steps: int
    stable: bool

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.stable:
            return ()
        return (f"the times still changed by over {STABLE_CHANGE:.0%} when the warm-up ended after {self.steps} steps",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Times of one setting, before what only the engine knows is added."""

    warmed_up: WarmedUp
    timing: Timing
    """As a record keeps it, but for what opening took."""
    timeline: tuple[StageSpan, ...]


TURN_FRAMES = 32  # that one pass times before the other has its turn: long against the first, which its decoder has ready
SHARED_TURN_FRAMES = 16  # where other settings have turns too: short against slow spells of a machine
SPLIT_SECONDS = 5.0  # of frames whose stages are timed: the split is a share of the total, and needs no tail
SPLIT_FRAMES = 32  # whose stages are timed at least: enough for medians


Turns = Generator[None, None, T]
"""Work that stops now and then for others to have their turn; what it returns is its outcome."""


def measure_in_turns(
    make_step: Callable[[], Step],
    *,
    frames: int,
    overlapped: bool = False,
    clock: Clock = time.perf_counter,
    meter: WorkMeter | None = None,
    on_stop: Callable[[Measured], None] | None = None,
    between: Callable[[], None] | None = None,
    progress: Progress | None = None,
    turn_frames: int = TURN_FRAMES,
    settle: Callable[[], object] | None = None,
) -> Turns[Measured]:
    """Warm up, then time `frames` frames without stage timers for the total, and the first of them again with them for the split.

    The two passes take turns; after each the generator stops, for others to have theirs. A slow setting's split rests on fewer
    frames: `SPLIT_SECONDS` of them, but `SPLIT_FRAMES` at least. What else has to be done with the setting is best done in the
    middle: a machine whose pace comes and goes shows more of it than in one go. Where stages overlap, their workers time them
    anyway, off the path of whoever waits for a frame; so there is one pass, and no turns: what works ahead would have the next
    turn's frames ready.

    Args:
        make_step: Opens the media at their first frame and returns the step over them; called anew for each pass.
        frames: Frames of the first pass, and of the second at most; fewer are timed where the step ends before.
        overlapped: Whether the step waits for what others do.
        clock: Seconds that only go forward.
        meter: Told when the pass that gives the total begins and ends; one of this process by default.
        on_stop: Told what was measured so far where a step raises; the error goes on.
        between: Called once, when half of the frames are timed, outside any timed part; not where stages overlap.
        progress: Called after each timed step with the frames done and the frames of both passes.
        turn_frames: Frames of a turn in each pass.
        settle: Called at the beginning of each turn, outside any timed part: others may have filled the caches.

    Raises:
        MediaError: The media hold no frame.
    """
    warmed_up = warm_up(make_step, clock)
    watch, work = Stopwatch(clock), meter or WorkMeter()
    total_seconds: list[float] = []
    split_seconds: list[float] = []

    def so_far() -> Measured:
        timing = Timing(
            compile_seconds=0.0,
            first_call_seconds=warmed_up.first_call_seconds,
            total_seconds=kept_seconds(total_seconds),
            stage_seconds={stage: kept_seconds(seconds) for stage, seconds in watch.stage_seconds().items()},
            split_total_seconds=kept_seconds(split_seconds),
            overlapped=overlapped,
            cpu_seconds=work.cpu_seconds / len(total_seconds) if total_seconds else None,
            joules=work.joules / len(total_seconds) if total_seconds and work.joules is not None else None,
            core_busy=work.core_busy,
        )
        return Measured(warmed_up=warmed_up, timing=timing, timeline=watch.timeline())

    plain, split = make_step(), None if overlapped else make_step()
    gc.collect()
    if split is None:
        with _keeping(on_stop, so_far), work.running():
            time_into(total_seconds, plain, frames, watch, clock, progress)
        return so_far()
    with _keeping(on_stop, so_far):
        while len(total_seconds) < frames:
            turn = min(turn_frames, frames - len(total_seconds))
            done = len(total_seconds)
            if settle:
                settle()
            with work.running():
                time_into(total_seconds, plain, turn, NoWatch(), clock, _after(progress, done + len(split_seconds), frames))
            again = min(len(total_seconds), _split_frames(total_seconds)) - len(split_seconds)
            time_into(split_seconds, split, again, watch, clock, _after(progress, len(total_seconds) + len(split_seconds), frames))
            ended = len(total_seconds) - done < turn
            if between and (ended or 2 * len(total_seconds) >= frames):
                between()
                between = None
                gc.collect()
            if ended:
                break
            yield
    if progress and len(split_seconds) < frames:
        progress(2 * frames, 2 * frames)
    return so_far()


@contextmanager
def _keeping(on_stop: Callable[[Measured], None] | None, so_far: Callable[[], Measured]) -> Iterator[None]:
    try:
        yield
    except (Exception, KeyboardInterrupt):
        if on_stop is not None:
            on_stop(so_far())
        raise


def _split_frames(total_seconds: Sequence[float]) -> int:
    return max(SPLIT_FRAMES, round(SPLIT_SECONDS / max(float(np.median(total_seconds)), 1e-9)))


def warm_up(make_step: Callable[[], Step], clock: Clock = time.perf_counter) -> WarmedUp:
    """Run steps until their times are stable or the warm-up's time is over; media that end are opened again.

    Raises:
        MediaError: The media hold no frame.
    """
    began = clock()
    per_frame: list[float] = []
    first_call_seconds = 0.0
    step, fresh, watch = make_step(), True, NoWatch()
    while not _warm(per_frame, clock() - began):
        before = clock()
        handled = step(watch)
        spent = clock() - before
        if not handled and fresh:
            raise MediaError("the media hold no frame; choose media with at least one")
        fresh = not handled
        if not handled:
            step = make_step()
            continue
        first_call_seconds = first_call_seconds if per_frame else spent
        per_frame.append(spent / handled)
    return WarmedUp(first_call_seconds=first_call_seconds, steps=len(per_frame), stable=_stable(per_frame))


def _warm(per_frame: Sequence[float], spent: float) -> bool:
    if spent >= MOST_WARM_SECONDS and len(per_frame) >= WINDOW:
        return True
    return len(per_frame) >= WARM_STEPS and spent >= WARM_SECONDS and _stable(per_frame)


def _stable(per_frame: Sequence[float]) -> bool:
    if len(per_frame) < 2 * WINDOW:
        return False
    before, after = np.median(per_frame[-2 * WINDOW : -WINDOW]), np.median(per_frame[-WINDOW:])
    return bool(abs(after - before) <= STABLE_CHANGE * before)


def _after(progress: Progress | None, before: int, frames: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, _: progress(min(before + done, 2 * frames), 2 * frames)

"""How frames are fed through a pipeline: one after the other, or with stages of different frames at the same time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.media import Frame
from workbench.timing import Watch, time_frames

SETTLING_FRAMES = 2  # litert-int8 after a block of naive: the first frame took 37 % longer than later ones, the second 3 %
SETTLING_SECONDS = 0.1  # naive (140 ms a frame) after a block of litert-int8: the first frame took no longer than later ones

Listener = Callable[[Sequence[Frame], Sequence[Detections]], None]
"""Called at the end of each batch with the frames and what was found in them; it has to be quick, for it is timed."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One batch behind its last stage.

    Attributes:
        frames: What came in, at most the engine's batch.
        raw: What the engine gave for each of them, as `Pipeline.suppress` takes it.
        found: What NMS left of that, in pixels of each frame.
    """

    frames: tuple[Frame, ...]
    raw: tuple[Candidates | Detections, ...]
    found: tuple[Detections, ...]


@final
class Steps:
    """Frames of some media through a pipeline; called with a watch it handles the next batch and says how many frames it had.

    Args:
        next_batch: Returns the next batch behind its last stage; `None` at the end of the media.
        listener: Told the frames and detections of each batch.
        close: Ends what runs in the background.
        last_stage: To which whatever a step leaves behind belongs; `None` where its stages were told by other threads.
    """

    def __init__(
        self,
        next_batch: Callable[[Watch], Passed | None],
        listener: Listener | None = None,
        *,
        close: Callable[[], object] = lambda: None,
        last_stage: str | None = None,
    ) -> None:
        self._next_batch = next_batch
        self._listener = listener
        self._last_stage = last_stage
        self.close = close

    def __call__(self, watch: Watch) -> int:
        passed = self._next_batch(watch)
        if passed is None:
            return 0
        if self._listener:
            self._listener(passed.frames, passed.found)
        handled = len(passed.frames)
        del passed  # giving the frames' memory back takes time as well
        if self._last_stage:
            watch.lap(self._last_stage)
        return handled


def loop_blocks(open_steps: Callable[[], Steps], begin: Callable[[], None]) -> Callable[[int], Sequence[float]]:
    """Return what times the next frames when called, after `begin`; media that end begin again."""
    steps = open_steps()

    def run(count: int) -> list[float]:
        nonlocal steps
        seconds: list[float] = []
        while len(seconds) < count:
            seconds += time_frames(steps, count - len(seconds))
            if len(seconds) < count:
                steps = open_steps()
        return seconds

    def time_block(count: int) -> Sequence[float]:
        begin()
        ends = time.perf_counter() + SETTLING_SECONDS
        for _ in range(SETTLING_FRAMES):
            run(1)
            if time.perf_counter() >= ends:
                break
        return run(count)

    return time_block


def overlapped_blocks(open_steps: Callable[[int], Steps], length: int, filling: int) -> Callable[[int], Sequence[float]]:
    """Return what starts overlapped stages when called, times frames once `filling` have filled their queues, and ends them."""
    position = 0

    def time_block(count: int) -> Sequence[float]:
        nonlocal position
        steps = open_steps(position)
        try:
            time_frames(steps, filling)
            return time_frames(steps, count)
        finally:
            steps.close()
            position = (position + filling + count) % max(length, 1)

    return time_block

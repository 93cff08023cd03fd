"""What the loop takes for a frame up to the network's outputs, timed in short slices between which other engines have theirs."""

import time
from collections.abc import Mapping
from typing import final

import numpy as np
from numpy.typing import NDArray

from workbench.errors import MediaError
from workbench.measuring import WarmedUp, warm_up
from workbench.media import Media
from workbench.pipeline import SETTLING_FRAMES, Pipeline, Steps
from workbench.timing import Clock, Stopwatch, time_frames

SLICE_SECONDS = 0.25  # of frames: several short slices show more of a machine whose speed comes and goes than one long one
LEAST_FRAMES = 2  # in a slice, however long they take
BACK = ("nms", "draw")  # stages that the NMS decides; all before them are the front

Seconds = NDArray[np.float64]
Positions = NDArray[np.int64]


@final
class LoopTiming:
    """An engine's frames in the loop. Warms it up when made.

    Whole frames pass, decode to draw, so that caches, threads and the decoder behind are as in use; what counts is the front.

    Args:
        pipeline: Compiled.
        media: Whose first frames are timed, again and again.
        frames: How many of them: as many as a whole measurement would time.

    Raises:
        MediaError: The media hold no frame.
    """

    def __init__(self, pipeline: Pipeline, media: Media, frames: int, clock: Clock = time.perf_counter) -> None:
        self._pipeline = pipeline
        self._media = media
        self._frames = frames
        self._clock = clock
        self._watch = Stopwatch(clock)
        self._positions: list[int] = []
        self.warmed_up: WarmedUp = warm_up(self._open, clock=clock)
        self._steps = self._open()

    def _open(self) -> Steps:
        self._next = 0
        return self._pipeline.steps(self._media)

    def time_slice(self) -> None:
        """Time the next frames, after some that settle: others have filled the caches, and their threads OpenCV's."""
        self._pipeline.take_threads()
        for _ in range(SETTLING_FRAMES):
            self._step(None)
        ends, timed = self._clock() + SLICE_SECONDS, 0
        while timed < LEAST_FRAMES or self._clock() < ends:
            first, handled = self._step(self._watch)
            self._positions += range(first, first + handled)
            timed += handled

    def _step(self, watch: Stopwatch | None) -> tuple[int, int]:
        """Take the next batch through; return the position of its first frame, and how many it had."""
        if self._next >= self._frames:
            self._steps = self._open()
        handled = len(time_frames(self._steps, 1, watch, self._clock))
        if not handled:  # they end before they said they would
            self._steps = self._open()
            handled = len(time_frames(self._steps, 1, watch, self._clock))
        if not handled:
            name = self._media.facts().name
            raise MediaError(f"{name} gave no frame when it was opened again; choose media that stay where they are")
        self._next += handled
        return self._next - handled, handled

    @property
    def infer_seconds(self) -> tuple[float, ...]:
        """Of every frame that was timed, in order."""
        return self._watch.stage_seconds().get("infer", ())

    def front(self, most: int) -> tuple[Positions, Mapping[str, Seconds]]:
        """Return where frames are in their media, and what each stage before the NMS took: `decode` to `infer`, in their order.

        Args:
            most: Frames; where there were more, as many slow and fast ones as there were, in the order in which they ran.
        """
        stages = {stage: np.array(seconds) for stage, seconds in self._watch.stage_seconds().items() if stage not in BACK}
        whole = np.sum(list(stages.values()), axis=0)
        order = np.argsort(whole, kind="stable")
        count = min(most, len(order))
        typical = np.sort(order[(2 * np.arange(count) + 1) * len(order) // (2 * count)])
        return np.array(self._positions)[typical], {stage: seconds[typical] for stage, seconds in stages.items()}

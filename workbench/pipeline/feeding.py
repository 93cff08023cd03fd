"""How frames are fed through a pipeline: one after the other, or with stages of different frames at the same time."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from workbench.detections import Detections
from workbench.engines import Candidates
from workbench.media import Frame
from workbench.pipeline.overlapped import Overlapped
from workbench.pipeline.tfdata import Fed, FedFrames
from workbench.timing import Stopwatch, Watch, time_frames

SETTLING_FRAMES = 2  # litert-int8 after a block of naive: the first frame took 37 % longer than later ones, the second 3 %
SETTLING_SECONDS = (
    0.1  # naive, of 140 ms a frame, after a block of litert-int8: already the first frame took no longer than later ones
)

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


class Steps(ABC):
    """Frames of some media through a pipeline; called with a watch it handles the next batch and says how many frames it had."""

    def __init__(self, listener: Listener | None = None) -> None:
        self._listener = listener

    def __call__(self, watch: Watch) -> int:
        passed = self.next(watch)
        if passed is None:
            return 0
        if self._listener:
            self._listener(passed.frames, passed.found)
        handled = len(passed.frames)
        del passed  # giving the frames' memory back takes time as well
        self.end(watch)
        return handled

    @abstractmethod
    def next(self, watch: Watch) -> Passed | None:
        """Return the next batch behind its last stage; `None` at the end of the media."""

    @abstractmethod
    def end(self, watch: Watch) -> None:
        """Tell the watch of the step's end, once the listener has had its batch."""

    @abstractmethod
    def close(self) -> None:
        """End what runs in the background."""


@final
class LoopSteps(Steps):
    """One batch after the other, one stage after the other."""

    def __init__(self, next_batch: Callable[[Watch], Passed | None], listener: Listener | None = None) -> None:
        super().__init__(listener)
        self._next_batch = next_batch

    def next(self, watch: Watch) -> Passed | None:
        return self._next_batch(watch)

    def end(self, watch: Watch) -> None:
        watch.lap("draw")  # whatever the last stage leaves behind belongs to it

    def close(self) -> None:
        pass


@final
class OverlappedSteps(Steps):
    """Batches on several threads; a step waits for the next one that is through."""

    def __init__(self, overlapped: Overlapped[Passed], listener: Listener | None = None) -> None:
        super().__init__(listener)
        self._overlapped = overlapped

    def next(self, watch: Watch) -> Passed | None:
        return self._overlapped.next(watch)

    def end(self, watch: Watch) -> None:
        pass  # its workers have told their stages; this thread has waited

    def close(self) -> None:
        self._overlapped.close()


@final
class DatasetSteps(Steps):
    """Batches that tf.data has decoded and prepared ahead; a step waits for the next and takes it through the other stages."""

    def __init__(self, fed: FedFrames, pass_fed: Callable[[Fed, Watch], Passed], listener: Listener | None = None) -> None:
        super().__init__(listener)
        self._fed = fed
        self._pass_fed = pass_fed

    def next(self, watch: Watch) -> Passed | None:
        fed = self._fed.next()
        if fed is None:
            return None
        own = Stopwatch()  # the step's own began before the waiting
        own.start()
        passed = self._pass_fed(fed, own)
        for span in (*fed.spans, *own.taken()):
            watch.add(span)
        return passed

    def end(self, watch: Watch) -> None:
        pass

    def close(self) -> None:
        self._fed.close()


@final
class LoopBlocks:
    """Times the next frames when called; media that end begin again.

    Args:
        open_steps: From the first frame.
        begin: Called before each block, for others have had theirs.
    """

    def __init__(self, open_steps: Callable[[], Steps], begin: Callable[[], None]) -> None:
        self._open_steps = open_steps
        self._begin = begin
        self._steps = open_steps()

    def __call__(self, count: int) -> Sequence[float]:
        self._begin()
        ends = time.perf_counter() + SETTLING_SECONDS
        for _ in range(SETTLING_FRAMES):
            self._run(1)
            if time.perf_counter() >= ends:
                break
        return self._run(count)

    def _run(self, count: int) -> list[float]:
        seconds: list[float] = []
        while len(seconds) < count:
            seconds += time_frames(self._steps, count - len(seconds))
            if len(seconds) < count:
                self._steps = self._open_steps()
        return seconds


@final
class OverlappedBlocks:
    """Starts overlapped stages when called, times frames once their queues are full, and ends them.

    Args:
        open_steps: From the position to begin at.
        length: Frames of the media.
        filling: Frames that fill the queues.
    """

    def __init__(self, open_steps: Callable[[int], Steps], length: int, filling: int) -> None:
        self._open_steps = open_steps
        self._length = length
        self._filling = filling
        self._position = 0

    def __call__(self, count: int) -> Sequence[float]:
        steps = self._open_steps(self._position)
        try:
            time_frames(steps, self._filling)
            return time_frames(steps, count)
        finally:
            steps.close()
            self._position = (self._position + self._filling + count) % max(self._length, 1)

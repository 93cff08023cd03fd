"""Before frames are timed, waiting while the machine is slower than it was a moment ago.

Virtual cores that come to share a physical one, or a neighbour on its other half, make everything up to 1.6 times slower, for
seconds at a time, and no counter tells. A measurement that falls into such a spell is of the spell. Work that is always the same
shows it.
"""

import time
from collections.abc import Callable
from typing import final

import numpy as np

from workbench.timing import Clock

SLOW = 1.12  # times as long as the same work took at best: beyond it the machine is in a spell, and not just uneven
WORK_SECONDS = 0.06  # of work that show how fast the machine is: of a quick detector's, many calls, whose median a few cannot sway
WORK_TIMES = 3  # that it is run at least: one slow call of a slow detector is no spell yet
PAUSE_SECONDS = 0.1  # between two tries
MOST_AT_ONCE_SECONDS = 3.0  # most spells are shorter; whoever watches sees nothing move meanwhile
MOST_SECONDS = 10.0  # in all: a machine that has grown slow for good need not be waited for
SHARED_MOST_SECONDS = 2.0  # in all, for each of several that take turns: a spell is over for all of them


@final
class SteadyWait:
    """Waits for the machine to be about as fast as it ever was.

    Args:
        work: Always the same, of the kind that is to be timed, warm.
        most_seconds: To wait in all.

    Attributes:
        waited_seconds: In all.
    """

    def __init__(
        self,
        work: Callable[[], object],
        clock: Clock = time.perf_counter,
        sleep: Callable[[float], object] = time.sleep,
        most_seconds: float = MOST_SECONDS,
    ) -> None:
        self._work = work
        self._clock = clock
        self._sleep = sleep
        self._most_seconds = most_seconds
        self._best_seconds = float("inf")
        self.waited_seconds = 0.0

    def wait(self) -> None:
        """Return once the machine is fast, or has been waited for long enough."""
        began = self._clock()
        if self.waited_seconds >= self._most_seconds or self._fast():
            return
        ends = began + min(MOST_AT_ONCE_SECONDS, self._most_seconds - self.waited_seconds)
        while self._clock() < ends:
            self._sleep(PAUSE_SECONDS)
            if self._fast():
                break
        self.waited_seconds += self._clock() - began

    def _fast(self) -> bool:
        """Say whether the work takes about as long as ever; the first time may turn out later to have been a slow one."""
        ends = self._clock() + WORK_SECONDS
        times: list[float] = []
        while len(times) < WORK_TIMES or self._clock() < ends:
            before = self._clock()
            self._work()
            times.append(self._clock() - before)
        took = float(np.median(times))
        self._best_seconds = min(self._best_seconds, took)
        return took <= SLOW * self._best_seconds

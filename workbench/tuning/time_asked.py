"""The time that was asked for, and what fits into what is left of it."""

import time
from typing import NamedTuple, final

from workbench.timing import Clock

# Of what is left when a step begins; what it does not use is left to those behind it.
REPAIR_SHARE, CONFIRM_SHARE, EXPLAIN_SHARE = 0.5, 0.6, 0.7
SCREEN_SHARE = 0.4  # of all that was asked for, whatever is left: started again, the same grid is screened
LEAST_REPAIR_SECONDS = 40.0  # for the small sample; with less it would end before its first network is judged
PROCESS_SECONDS = 9.0  # for one that loads TensorFlow
WHOLE_SECONDS = 6.0  # of a row measured whole, beside its frames: opened, warmed up, compared
STEP_SECONDS, LEAST_STEP_SECONDS = 5.0, 1.0  # of one setting of a waterfall, compared in one order
OPENING_SECONDS = 3.0  # of its engine


@final
class TimeAsked:
    """Counts from when it is made."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._ends = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds; 0 once they are gone."""
        return max(0.0, self._ends - self._clock())


class Cost(NamedTuple):
    """What measuring frames takes.

    Attributes:
        frames: That are timed, twice.
        labelled: That are judged.
        baseline_seconds: Of a frame of what runs now.
    """

    frames: int
    labelled: int
    baseline_seconds: float

    def whole(self, frame_seconds: float) -> float:
        """Guess how long a setting takes to be measured whole."""
        return WHOLE_SECONDS + (2 * self.frames + self.labelled) * frame_seconds


def count_that_fits(cost: Cost, frame_seconds: float, seconds: float) -> int:
    """Return how many settings that take so long fit beside what runs now; where not even one does, one.

    >>> count_that_fits(Cost(frames=150, labelled=0, baseline_seconds=0.1), 0.01, 63)
    2
    """
    return max(1, int((seconds - PROCESS_SECONDS - cost.whole(cost.baseline_seconds)) // cost.whole(frame_seconds)))


class StepsThatFit(NamedTuple):
    """How long each step of a waterfall may take, and whether the settings between are judged."""

    seconds: float
    judged: bool


def steps_that_fit(cost: Cost, changes: int, seconds: float) -> StepsThatFit | None:
    """Return how much of a waterfall fits; `None` where nothing of it does.

    >>> steps_that_fit(Cost(frames=150, labelled=200, baseline_seconds=0.1), 4, 50)
    StepsThatFit(seconds=3.25, judged=False)
    """
    steps = 2 * changes
    judging = max(0, steps - 2) * cost.labelled * cost.baseline_seconds
    for judged in (True, False):
        each = (seconds - judged * judging) / steps - OPENING_SECONDS
        if each >= LEAST_STEP_SECONDS:
            return StepsThatFit(min(STEP_SECONDS, each), judged)
    return None

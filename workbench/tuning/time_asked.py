"""The time that was asked for, what steps are going to take of it, and what fits into what is left."""

import math
import time
from collections.abc import Iterator
from typing import NamedTuple, final

from workbench.catalogue import engine_row
from workbench.timing import Clock

SLACK = 0.1  # of the time that was asked for: what is nearly done may take so much longer
SCREEN_SHARE = 0.4  # of it, at most: more settings are screened than are worth it
# On two cores of a server's processor, for detectors of a few megabytes; `Costs.pace` corrects them by what the first step took.
PROCESS_SECONDS = 6.0  # for one that loads TensorFlow
OPENING_SECONDS = 5.0  # of an engine, tried first in another process
WHOLE_SECONDS = 5.0  # of a row measured whole, beside its frames: opened, warmed up
LEAST_SCREENING_SECONDS = 15.0  # for one more engine
LEAST_REPAIR_SECONDS = 40.0  # for the small sample; with less it would end before its first network is judged
REPORT_SECONDS, EXPORT_SECONDS = 4.0, 10.0  # of a folder, as long as it is not known with which engine
COMPARED_FRAMES = 75  # of the slower of two that are compared in turns: the fewest that an interval rests on
STEP_SECONDS, SHORT_STEP_SECONDS = 5.0, 2.0  # of one setting of a waterfall, compared in turns
FEW_JUDGED = 50  # labelled frames: AP of fewer says nothing about one setting
SURE_SHARE = 0.8  # of what is left, for an explanation: one whose time is up has nothing to show
QUICKER = 8.0  # times than what runs now: what others are guessed to be
WORTH_CONFIRMING = 2  # settings that time is kept for: a screening is right about the fastest more often than not


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

    @property
    def spent(self) -> float:
        """Seconds since it was made."""
        return self.seconds - (self._ends - self._clock())

    def lengthen(self, seconds: float) -> None:
        """Give more: for what nobody here can make faster."""
        self.seconds += seconds
        self._ends += seconds

    @property
    def most(self) -> float:
        """Seconds that something may take that is worth being late for."""
        return max(0.0, self._ends - self._clock() + SLACK * self.seconds)


class Way(NamedTuple):
    """How much of a waterfall is measured.

    Attributes:
        seconds: For a step.
        both_orders: Whether the steps are taken in the reverse order too.
        judged: Frames that the settings between are judged on; 0 for none.
    """

    seconds: float
    both_orders: bool
    judged: int


class Costs(NamedTuple):
    """What steps are going to take, in seconds.

    Attributes:
        frames: That are timed, twice.
        labelled: That are judged.
        baseline_seconds: Of a frame of what runs now.
        pace: How many times longer than these guesses something takes here.
        changes: Settings between what runs now and what is going to be chosen.
    """

    frames: int
    labelled: int
    baseline_seconds: float
    pace: float = 1.0
    changes: int = 5

    @property
    def quick_seconds(self) -> float:
        """Of a frame of what may be chosen, as long as nothing is known of it."""
        return self.baseline_seconds / QUICKER

    @property
    def measuring(self) -> float:
        """What runs now, measured whole."""
        return self.pace * (2 * PROCESS_SECONDS + OPENING_SECONDS + self._whole(self.baseline_seconds))

    def confirming(self, count: int, frame_seconds: float) -> float:
        """So many settings measured whole, and compared in turns with what runs now.

        >>> Costs(frames=64, labelled=200, baseline_seconds=0.1).confirming(2, 0.01)
        42.56
        """
        each = self._whole(frame_seconds) + COMPARED_FRAMES * self.baseline_seconds
        return self.pace * (PROCESS_SECONDS + OPENING_SECONDS + count * each)

    def explaining(self, way: Way, changes: int, chosen_seconds: float) -> float:
        """A waterfall of so many changes. What runs now stands beside the first step, and in the reverse order beside most."""
        between = math.sqrt(self.baseline_seconds * chosen_seconds)  # of a frame of settings on the way
        slow = OPENING_SECONDS + max(way.seconds, COMPARED_FRAMES * self.baseline_seconds)
        seconds = OPENING_SECONDS + slow + (changes - 1) * (OPENING_SECONDS + way.seconds + way.judged * between)
        if way.judged < self.labelled:  # both ends were judged on all of them
            seconds += way.judged * (self.baseline_seconds + chosen_seconds)
        if way.both_orders:
            seconds += changes * slow + (changes - 1) * way.judged * self.baseline_seconds
        return self.pace * seconds

    def writing(self, engine: str | None = None) -> float:
        """Report and folder: with that engine, where it is known."""
        folder = EXPORT_SECONDS if engine is None else engine_row(engine).exporting_seconds
        return self.pace * (REPORT_SECONDS + folder)

    @property
    def least_explaining(self) -> float:
        """The shortest waterfall, as long as nothing is known of what is chosen."""
        return self._usual_explaining(Way(SHORT_STEP_SECONDS, both_orders=False, judged=0))

    def searching(self, left: float) -> float:
        """How much of what is left there is for more than what is known: a waterfall has its time first, where it fits at all."""
        judged = self._usual_explaining(Way(STEP_SECONDS, both_orders=False, judged=min(self.labelled, FEW_JUDGED)))
        if left - judged >= self.confirming(1, self.quick_seconds):
            return left - judged
        return left - self.least_explaining if left >= self.least_explaining else left

    def _usual_explaining(self, way: Way) -> float:
        return self.explaining(way, self.changes, self.quick_seconds) / SURE_SHARE

    def _whole(self, frame_seconds: float) -> float:
        return WHOLE_SECONDS + (2 * self.frames + self.labelled) * frame_seconds


def screening_seconds(costs: Costs, left: float, seconds: float) -> float:
    """Return how much of what is left of the time is for screening at first.

    What has to come behind has its time: where there is enough for it, confirming two and explaining; else confirming one.
    """
    least = left - costs.confirming(1, costs.quick_seconds) - costs.writing()
    free = left - costs.confirming(WORTH_CONFIRMING, costs.quick_seconds) - costs.least_explaining - costs.writing()
    return min(SCREEN_SHARE * seconds, free if free >= LEAST_SCREENING_SECONDS * costs.pace else max(0.0, least))


def count_that_fits(costs: Costs, frame_seconds: float, seconds: float) -> int:
    """Return how many settings of that time a frame can be confirmed.

    >>> costs = Costs(frames=64, labelled=200, baseline_seconds=0.1)
    >>> [count_that_fits(costs, 0.01, seconds) for seconds in (50, 30, 20)]
    [2, 1, 0]
    """
    first, second = (costs.confirming(count, frame_seconds) for count in (1, 2))
    return max(0, 1 + math.floor((seconds - first) / (second - first)))


def way_that_fits(costs: Costs, changes: int, chosen_seconds: float, seconds: float) -> Way | None:
    """Return how much of a waterfall fits; `None` where nothing of it does.

    >>> costs = Costs(frames=64, labelled=200, baseline_seconds=0.1)
    >>> [way_that_fits(costs, 4, 0.01, seconds) for seconds in (300, 90, 64, 50, 20)]  # doctest: +NORMALIZE_WHITESPACE
    [Way(seconds=5.0, both_orders=True, judged=200), Way(seconds=5.0, both_orders=False, judged=200),
     Way(seconds=5.0, both_orders=False, judged=50), Way(seconds=2.0, both_orders=False, judged=50), None]
    """
    ways = _ways(costs.labelled)
    return next((way for way in ways if costs.explaining(way, changes, chosen_seconds) <= seconds), None)


def _ways(labelled: int) -> Iterator[Way]:
    few = min(labelled, FEW_JUDGED)
    yield Way(STEP_SECONDS, both_orders=True, judged=labelled)
    for judged in dict.fromkeys((labelled, few)):
        yield Way(STEP_SECONDS, both_orders=False, judged=judged)
    for judged in dict.fromkeys((few, 0)):
        yield Way(SHORT_STEP_SECONDS, both_orders=False, judged=judged)

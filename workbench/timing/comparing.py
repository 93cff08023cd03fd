"""Comparing: two settings timed in interleaved blocks A B B A, so that what the machine does meanwhile falls on both alike."""

import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from workbench.timing.statistics import ratio_interval
from workbench.timing.timing import Comparison, Ratio

HALF_WIDTH = 0.012  # rounds are added while the interval is wider to either side: with MARGIN, a real 5 % stands clear of 1
FAR_SHARE = 0.1  # of the distance from 1, in logarithms: nobody waits to learn whether 3 times faster is 2.9 or 3.1
ROUNDS_AT_LEAST = 8  # with fewer, a bootstrap interval rests on too few different resamples
CHECK_AGAIN = 1.1  # times the rounds of the last look: the resampling takes its time too
BLOCK_SECONDS = 0.1  # of A and B together per pair of blocks: long against a timer interrupt, short against a burst of foreign load
BLOCK_FRAMES = (3, 64)  # at least, so that a block has a median; at most, so that fast settings take turns often

TimeBlock = Callable[[int], Sequence[float]]
"""Runs that many frames (a whole last batch at most more) and returns their raw seconds; the same frames for A and for B."""


class Compared(NamedTuple):
    """What comparing in blocks found. `ratio` is A's time over B's."""

    ratio: Ratio
    blocks: int
    frames: int
    """Of both together."""

    def comparison(self, a: str, b: str, a_id: str | None = None) -> Comparison:
        """Return the value that a record keeps, of the names of both and the id of A's record where it has one."""
        return Comparison(a=a, b=b, a_id=a_id, ratio=self.ratio, frames=self.frames, blocks=self.blocks)


def compare_blocks(
    time_a: TimeBlock,
    time_b: TimeBlock,
    *,
    maximum_seconds: float = 20.0,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[int, int], object] | None = None,
) -> Compared:
    """Time two warmed-up settings in rounds of four blocks, A B B A, until the ratio is known well or the time is over.

    A slow drift falls on both alike within a round, and a round gives one ratio of medians; rounds are what is resampled, because
    the frames within one share their luck. Near 1, rounds are added by the width of the interval alone, not by its place: stopping
    as soon as a difference appears would find one in everything. Where the machine is too noisy, the interval stays wide and
    nobody can tell.

    Args:
        time_a: Times frames of A; both must be warm.
        time_b: Times frames of B.
        maximum_seconds: No round begins after it, but for the first `ROUNDS_AT_LEAST`.
        clock: Seconds that only go forward.
        progress: Called after each round with the rounds done and the rounds expected at least.
    """
    began = clock()
    rounds = BlockRounds(time_a, time_b)
    while True:
        rounds.add()
        if progress:
            progress(len(rounds), max(len(rounds), ROUNDS_AT_LEAST))
        compared = rounds.so_far()
        if compared and (rounds.clear or clock() - began >= maximum_seconds):
            return compared


class BlockRounds:
    """Rounds A B B A as they are added, one at a time: for whoever has other things to do between them. Both must be warm."""

    def __init__(self, time_a: TimeBlock, time_b: TimeBlock) -> None:
        self._time_a = time_a
        self._time_b = time_b
        self._ratios: list[float] = []
        self._per_block = 0
        self._frames = 0
        self._next_check = ROUNDS_AT_LEAST
        self.clear = False
        """Whether the last check's interval was narrow enough to stop."""

    def __len__(self) -> int:
        return len(self._ratios)

    def add(self) -> None:
        """Time one round; the first one tries both settings before, to choose how many frames a block has."""
        time_a, time_b = self._time_a, self._time_b
        if not self._per_block:
            self._per_block, self._frames = _block_frames(time_a, time_b)
        count = self._per_block
        first_a, first_b, second_b, second_a = time_a(count), time_b(count), time_b(count), time_a(count)
        a, b = [*first_a, *second_a], [*first_b, *second_b]
        self._ratios.append(float(np.median(a) / np.median(b)))
        self._frames += len(a) + len(b)

    def so_far(self) -> Compared | None:
        """Return what the rounds show once there are enough; `None` before, and between checks, which take time as well."""
        if len(self) < self._next_check:
            return None
        self._next_check = math.ceil(len(self) * CHECK_AGAIN)
        ratio = Ratio(**dict(zip(("median", "low", "high"), ratio_interval(self._ratios), strict=True)))
        self.clear = _narrow(ratio)
        return Compared(ratio, 4 * len(self), self._frames)


def _narrow(ratio: Ratio) -> bool:
    low, middle, high = np.log([ratio.low, ratio.median, ratio.high])
    return bool(max(high - middle, middle - low) <= max(HALF_WIDTH, FAR_SHARE * abs(middle)))


def _block_frames(time_a: TimeBlock, time_b: TimeBlock) -> tuple[int, int]:
    """Choose the frames of a block by a first try of both; return them and how many frames that took."""
    least, most = BLOCK_FRAMES
    a, b = time_a(least), time_b(least)
    pair_seconds = float(np.median(a) + np.median(b))
    wanted = round(BLOCK_SECONDS / pair_seconds) if pair_seconds > 0 else most
    return min(most, max(least, wanted)), len(a) + len(b)

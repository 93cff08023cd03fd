"""The fewest blocks to keep in float: the worst so many, found by doubling and halving, less those that were not needed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import final

MOST_SHARE, FEW = 0.25, 4  # of the blocks are kept in float, or a few: more cost most of what integers bring
SAME = 0.01  # loss within which fewer blocks are as good: agreement on some fifty frames is no surer
TAKEN_BACK = 24  # blocks at most that are tried again one by one, each a network to make and to run


@final
@dataclass(frozen=True, slots=True)
class Quality:
    """How right a network is beside the float one.

    Attributes:
        loss: Of AP where truth is known, else of the agreement; below 0 where it is better.
        score_drift: Mean score of the boxes that both find, less that of the float network's; 0 where none are.
    """

    loss: float
    score_drift: float


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """What a network may lose.

    Attributes:
        loss: As `Quality` has it.
        score_drift: By how much scores may be lower or higher in the mean: F1 hides it, thresholds feel it.
    """

    loss: float
    score_drift: float

    def kept_by(self, quality: Quality) -> bool:
        return quality.loss <= self.loss and abs(quality.score_drift) <= self.score_drift

    def excess(self, quality: Quality) -> float:
        """How far a network is beyond them, in losses; 0 within."""
        return max(0.0, quality.loss - self.loss) + max(0.0, abs(quality.score_drift) - self.score_drift)


Blocks = frozenset[int]
"""Ranks of those in float, 0 the worst."""


def fewest_in_float(count: int, quality_of: Callable[[Blocks], Quality], limits: Limits) -> Blocks:
    """Return which blocks to keep in float.

    Where no number of them keeps the limits, it is the one that comes nearest; of those as near, the fewest.

    Args:
        count: Of blocks, ranked.
        quality_of: Tries some of them in float; what it raises ends the search.
        limits: What may be lost.
    """
    tried: dict[Blocks, Quality] = {}

    def keeps(blocks: Blocks) -> bool:
        if blocks not in tried:
            tried[blocks] = quality_of(blocks)
        return limits.kept_by(tried[blocks])

    good = next((number for number in _doubling(count) if keeps(_worst(number))), 0)
    if not good:
        nearest = min(map(limits.excess, tried.values()), default=0.0)
        return min((one for one in tried if limits.excess(tried[one]) <= nearest + SAME), key=len, default=Blocks())
    bad = max((len(one) for one in tried if len(one) < good), default=0)
    while good - bad > 1:
        middle = (bad + good) // 2
        good, bad = (middle, bad) if keeps(_worst(middle)) else (good, middle)
    blocks = _worst(good)
    for rank in sorted(blocks, reverse=True)[1 : TAKEN_BACK + 1]:  # without the last of them it was tried
        if keeps(blocks - {rank}):
            blocks -= {rank}
    return blocks


def _worst(count: int) -> Blocks:
    return frozenset(range(count))


def _doubling(count: int) -> Iterator[int]:
    number, most = 1, min(count, max(FEW, int(count * MOST_SHARE)))
    while number < most:
        yield number
        number *= 2
    yield most

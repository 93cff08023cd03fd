"""The frontier: settings than which nothing is both faster and as right."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeVar

from workbench.record import AP_LOSS_NOTED, SCREENING_ERROR, Record

Point = tuple[float, float]
"""Median milliseconds a frame, and how right: average precision, or agreement with the baseline where there is no truth."""

T = TypeVar("T")
LEAST_GAIN = 0.002  # of AP between two steps of the frontier; less is within what another set of pictures would change


def place(record: Record) -> Point | None:
    """Return where a record stands; `None` where it has a problem, breaks the detector, or has no figures."""
    timing = record.timing
    if record.problem or record.broken or timing is None or timing.median_ms is None:
        return None
    if record.accuracy is not None and record.accuracy.ap is not None:
        return timing.median_ms, record.accuracy.ap
    return (timing.median_ms, record.agreement.ratio) if record.agreement is not None else None


def frontier(rows: Iterable[T], where: Callable[[T], Point | None]) -> tuple[T, ...]:
    """Return the rows on the frontier, the fastest first; each is more right than all that are faster.

    Args:
        rows: Records, summaries of records, or anything else.
        where: A row's place; `place` for records. Rows without one are left out.

    >>> frontier([(2.0, 0.5), (1.0, 0.4), (3.0, 0.45), (4.0, 0.6), (1.0, 0.3)], lambda point: point)
    ((1.0, 0.4), (2.0, 0.5), (4.0, 0.6))
    """
    placed = [(row, point) for row in rows if (point := where(row)) is not None]
    chosen: list[T] = []
    best = float("-inf")
    for row, (_, right) in sorted(placed, key=lambda one: (one[1][0], -one[1][1])):
        if right > best:
            chosen.append(row)
            best = right
    return tuple(chosen)


def contenders(rows: Iterable[T], where: Callable[[T], Point | None], group: Callable[[T], object], most: int) -> tuple[T, ...]:
    """Choose what decides, to be measured whole: whatever may be the pick, and then the frontier.

    The pick is the fastest row that is at most `AP_LOSS_NOTED` less right than the best; what is as right and within
    `SCREENING_ERROR` of its time may be faster in truth. These come first, of each group its fastest before the second of any,
    since times within a group err alike. Half of the places are theirs, and those that a frontier without steps of less than
    `LEAST_GAIN` leaves; where it is too long, its ends and its largest steps are taken.

    Args:
        rows: All rows.
        where: A row's place.
        group: Equal for rows of one group.
        most: Rows in all.
    """
    placed = [(row, point) for row in rows if (point := where(row)) is not None]
    if not placed:
        return ()
    enough = max(right for _, (_, right) in placed) - AP_LOSS_NOTED
    right_enough = sorted((one for one in placed if one[1][1] >= enough), key=lambda one: one[1][0])
    slowest = right_enough[0][1][0] * (1 + SCREENING_ERROR)
    before: Counter[object] = Counter()
    ranked: list[tuple[int, int, T]] = []
    for number, (row, (ms, _)) in enumerate(right_enough):
        if ms <= slowest:
            ranked.append((before[group(row)], number, row))
            before[group(row)] += 1
    near = [row for _, _, row in sorted(ranked, key=lambda one: one[:2])]
    steps: list[tuple[T, Point]] = []
    for row, point in frontier(placed, lambda one: one[1]):
        if row not in near and (not steps or point[1] - steps[-1][1][1] >= LEAST_GAIN):
            steps.append((row, point))
    chosen = near[: max(most - len(steps), (most + 1) // 2)]
    return (*chosen, *(row for row, _ in _fewest(steps, most - len(chosen))))


def _fewest(steps: list[tuple[T, Point]], most: int) -> list[tuple[T, Point]]:
    """Take out inner steps of a frontier, the one that wins the least first, until at most `most` are left."""
    left = list(steps)
    while len(left) > max(2, most):
        gains = [after[1] - before[1] for (_, before), (_, after) in pairwise(left[:-1])]
        del left[1 + gains.index(min(gains))]
    return left[:most]

"""What decides a sweep: the rows to measure whole."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeVar

from workbench.record import AP_LOSS_NOTED, SCREENING_ERROR, Point, fastest_first, frontier

T = TypeVar("T")
LEAST_GAIN = 0.002  # of AP between two steps of the frontier; less is within what another set of pictures would change


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
    right_enough = fastest_first((one for one in placed if one[1][1] >= enough), lambda one: one[1])
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

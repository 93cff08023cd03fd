"""The frontier: settings than which nothing is both faster and as right."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from workbench.record import Record

Point = tuple[float, float]
"""Median milliseconds a frame, and how right: average precision, or agreement with the baseline where there is no truth."""

T = TypeVar("T")
RIVALS_PART = 3  # one in so many of the places is for rivals


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


def contenders(
    rows: Iterable[T],
    where: Callable[[T], Point | None],
    group: Callable[[T], object],
    *,
    least_gain: float,
    slack: float,
    most: int,
) -> tuple[T, ...]:
    """Choose what is worth measuring directly: the frontier thinned out, and rivals of other groups that are nearly as fast.

    Args:
        rows: All rows.
        where: A row's place.
        group: Equal for rows of one group; a row's rival comes from another one, since composed times within a group err alike.
        least_gain: In being right, by which a row of the frontier has to beat the one before to count as another choice.
        slack: Share by which a rival may be slower: about what composed times err.
        most: Rows in all. Where there are more, the frontier's ends and its largest steps are taken, and rivals have a third of
            the places: those that are nearest to their step.
    """
    all_rows = list(rows)
    thinned: list[T] = []
    for row in frontier(all_rows, where):
        if not thinned or _right(row, where) - _right(thinned[-1], where) >= least_gain:
            thinned.append(row)
    rivals = _rivals(thinned, all_rows, where, group, slack)
    steps = _fewest(thinned, where, most - min(len(rivals), most // RIVALS_PART))
    near = sorted((one for one in rivals if one.step in steps), key=lambda one: one.ratio)
    return (*steps, *(one.row for one in near[: most - len(steps)]))


def _rivals(
    steps: list[T], rows: list[T], where: Callable[[T], Point | None], group: Callable[[T], object], slack: float
) -> "list[_Rival[T]]":
    """Return for steps of a frontier the fastest row of another group that is as right; one row is the rival of one step only."""
    found: list[_Rival[T]] = []
    for step in steps:
        ms, right = _placed(step, where)
        others = [
            other
            for other in rows
            if group(other) != group(step)
            and (point := where(other)) is not None
            and point[0] <= ms * (1 + slack)
            and point[1] >= right
        ]
        rival = min(others, key=lambda other: _placed(other, where)[0], default=None)
        if rival is not None and rival not in steps and all(rival != one.row for one in found):
            found.append(_Rival(step, rival, _placed(rival, where)[0] / ms))
    return found


class _Rival(NamedTuple, Generic[T]):
    step: T
    row: T
    ratio: float
    """Its time over that of the step."""


def _fewest(rows: list[T], where: Callable[[T], Point | None], most: int) -> list[T]:
    """Take out inner rows of a frontier, the one that wins the least first, until at most `most` are left."""
    left = list(rows)
    while len(left) > max(2, most):
        gains = [_right(after, where) - _right(before, where) for before, after in pairwise(left[:-1])]
        del left[1 + gains.index(min(gains))]
    return left[:most]


def _placed(row: T, where: Callable[[T], Point | None]) -> Point:
    point = where(row)
    assert point is not None, "rows of a frontier have a place"
    return point


def _right(row: T, where: Callable[[T], Point | None]) -> float:
    return _placed(row, where)[1]

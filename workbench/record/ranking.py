"""Times against accuracy: which rows come first, and which nothing beats in both. Rows are whatever has the two figures."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from workbench.record.evidence import ap, median_ms
from workbench.record.record import Record

Point = tuple[float, float]
"""Milliseconds a frame, and how right: average precision, or agreement with the baseline where there is no truth."""
Figures = tuple[float | None, float | None]
"""As `Point`, where either may be unknown."""

T = TypeVar("T")


def fastest_first(rows: Iterable[T], figures: Callable[[T], Figures]) -> list[T]:
    """Sort rows by their times; of equally fast ones the more accurate comes first, and those without a time come last.

    >>> fastest_first([(2.0, 0.5), (1.0, 0.4), (None, 0.9), (1.0, 0.6)], lambda row: row)
    [(1.0, 0.6), (1.0, 0.4), (2.0, 0.5), (None, 0.9)]
    """

    def order(row: T) -> tuple[bool, float, float]:
        ms, right = figures(row)
        return ms is None, ms or 0.0, -(right or 0.0)

    return sorted(rows, key=order)


def best(rows: Iterable[T], figures: Callable[[T], Figures], *, least_right: float | None = None) -> T | None:
    """Return the fastest row that is right enough; `None` where none is, or none has a time.

    Args:
        rows: Those that may be chosen.
        figures: Of a row.
        least_right: How right it has to be; a row of which that is unknown then is not chosen.

    >>> best([(1.0, 0.4), (2.0, 0.59), (3.0, 0.6)], lambda row: row, least_right=0.58)
    (2.0, 0.59)
    """
    for row in fastest_first(rows, figures):
        ms, right = figures(row)
        if ms is not None and (least_right is None or (right is not None and right >= least_right)):
            return row
    return None


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
    most = float("-inf")
    for row, (_, right) in fastest_first(placed, lambda one: one[1]):
        if right > most:
            chosen.append(row)
            most = right
    return tuple(chosen)


def ms_and_ap(record: Record) -> Figures:
    """Return a record's median milliseconds a frame and its average precision."""
    return median_ms(record), ap(record)


def place(record: Record) -> Point | None:
    """Return where a record stands; `None` where it has a problem, breaks the detector, or has no figures."""
    agreed = record.agreement.ratio if record.agreement is not None else None
    return None if record.problem or record.broken else point_of(*ms_and_ap(record), agreed)


def point_of(ms: float | None, ap: float | None, agreement: float | None) -> Point | None:
    """Return where these figures are, AP before agreement; `None` where there is no time, or neither of the two.

    >>> point_of(10.0, None, 0.9)
    (10.0, 0.9)
    """
    right = agreement if ap is None else ap
    return None if ms is None or right is None else (ms, right)

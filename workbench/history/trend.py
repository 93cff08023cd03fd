"""Trends: what the same setting took, time after time, on each machine by itself."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from workbench.history.summary import Summary


class Run(NamedTuple):
    """One measurement of a trend. Changes are against the run before; `None` for the first, and where a figure is not known."""

    summary: Summary
    median_change: float | None
    """As a share: .1 takes a tenth longer."""
    ap_change: float | None
    """As a difference; `None` also where the truth is another."""
    same_truth: bool
    """Whether no AP was found by another truth than that of the run before."""
    same_model: bool
    """Whether the model's file is that of the run before."""


class Trend(NamedTuple):
    """Successive runs of one detector, by name, under the same settings, on the same frames and the same machine."""

    runs: tuple[Run, ...]

    @property
    def newest(self) -> Summary:
        return self.runs[-1].summary


def trends(summaries: Iterable[Summary], *, least: int = 2) -> tuple[Trend, ...]:
    """Sort what was measured into trends; the one whose newest run is newest comes last.

    Settings that did not run have no figure and are left out, and so are composed times: they were not measured as a whole.

    Args:
        summaries: In the order in which they were measured.
        least: Runs that make a trend.
    """
    groups: dict[tuple[str, ...], list[Summary]] = {}
    for row in summaries:
        if row.problem is None and row.median_ms is not None and not row.composed:
            key = (row.detector_name, row.settings_key, row.media_key, row.machine_id)
            groups.setdefault(key, []).append(row)
            groups[key] = groups.pop(key)  # the newest last
    return tuple(Trend(_runs(rows)) for rows in groups.values() if len(rows) >= least)


def _runs(rows: list[Summary]) -> tuple[Run, ...]:
    first = Run(rows[0], None, None, same_truth=True, same_model=True)
    return (first, *(_run(before, after) for before, after in pairwise(rows)))


def _run(before: Summary, after: Summary) -> Run:
    old_ms, new_ms, old_ap, new_ap = before.median_ms, after.median_ms, before.ap, after.ap
    same_truth = before.judged_by is None or after.judged_by is None or after.judged_by.is_same_truth(before.judged_by)
    return Run(
        summary=after,
        median_change=new_ms / old_ms - 1 if old_ms and new_ms is not None else None,
        ap_change=new_ap - old_ap if old_ap is not None and new_ap is not None and same_truth else None,
        same_truth=same_truth,
        same_model=before.detector_sha256 == after.detector_sha256,
    )

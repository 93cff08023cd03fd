"""What the preset `fast` means: the fastest sound setting that was measured on a machine."""

from collections.abc import Iterable, Mapping

from workbench.history.summary import Summary

AP_LOSS_LIMIT = 0.02  # what `fast` may cost against the best AP known: about the run-to-run spread of training the same model


def fastest(summaries: Iterable[Summary], machine_id: str) -> Summary | None:
    """Return the fastest sound row of a machine, from a detector's rows: all of that machine, of others those with the best AP.

    Sound is: without problem, not broken, whole frames measured, and an AP at most `AP_LOSS_LIMIT` below the best that any row
    reached on the same truth, whatever its machine. Where an AP is known, rows without one do not qualify.
    """
    rows = tuple(summaries)
    best: dict[str | None, float] = {}
    for row in rows:
        if row.ap is not None:
            best[row.ap_truth] = max(row.ap, best.get(row.ap_truth, 0.0))
    sound = (row for row in rows if row.machine_id == machine_id and _qualifies(row, best))
    return min(sound, key=lambda row: row.median_ms or 0.0, default=None)


def _qualifies(row: Summary, best_ap: Mapping[str | None, float]) -> bool:
    if not row.sound or row.composed:
        return False
    return not best_ap if row.ap is None else row.ap >= best_ap[row.ap_truth] - AP_LOSS_LIMIT

"""What the preset `fast` means: the fastest sound setting that was measured on a machine."""

from collections.abc import Iterable

from workbench.history.summary import Summary
from workbench.record import best

AP_LOSS_LIMIT = 0.02  # what `fast` may cost against the best AP known: about the run-to-run spread of training the same model


def fastest(summaries: Iterable[Summary], machine_id: str) -> Summary | None:
    """Return the fastest sound row of a machine, from a detector's rows: all of that machine, of others those with the best AP.

    Sound is: without problem, not broken, whole frames measured, and an AP at most `AP_LOSS_LIMIT` below the best that any row
    reached on the same truth, whatever its machine. Where an AP is known, rows without one do not qualify.
    """
    rows = tuple(summaries)
    most: dict[str | None, float] = {}
    for row in rows:
        if row.ap is not None:
            most[row.ap_truth] = max(row.ap, most.get(row.ap_truth, 0.0))
    sound = [row for row in rows if row.machine_id == machine_id and row.sound and not row.composed]
    if not most:
        return best(sound, _ms_and_ap)
    by_truth = ([row for row in sound if row.ap_truth == truth] for truth in most)
    chosen = (best(some, _ms_and_ap, least_right=ap - AP_LOSS_LIMIT) for some, ap in zip(by_truth, most.values(), strict=True))
    return best((row for row in chosen if row is not None), _ms_and_ap)


def _ms_and_ap(row: Summary) -> tuple[float | None, float | None]:
    return row.median_ms, row.ap

"""What the preset `fast` means: the fastest sound setting that was measured on a machine."""

from collections.abc import Iterable
from pathlib import Path

from workbench.detections import JudgedBy
from workbench.history.store import History, default_path
from workbench.history.summary import Summary, of_newest_truth
from workbench.machine import environment
from workbench.record import best
from workbench.settings import FAST

AP_LOSS_LIMIT = 0.02  # what `fast` may cost against the best AP known: about the run-to-run spread of training the same model


def fast_values(text: str, detector_sha256: str, path: Path | None = None) -> dict[str, object] | None:
    """Return what the preset `fast` means for a detector on this machine, by `group.field`.

    `None` where a variant's text names another preset, or the history at `path`, by default the user's own, knows no such setting.

    Raises:
        RecordError: The history cannot be read.
    """
    if text.partition(",")[0].strip() != FAST:
        return None
    place = path or default_path()
    if not place.exists():
        return None
    machine_id = environment().machine_id
    with History(place, create=False) as history:
        found = fastest(history.choices(machine_id, detector_sha256=detector_sha256), machine_id)
    return found.settings.flat() if found else None


def fastest(summaries: Iterable[Summary], machine_id: str) -> Summary | None:
    """Return the fastest sound row of a machine, from a detector's rows: all of that machine, of others those with the best AP.

    Sound is: without problem, not broken, whole frames measured, and an AP at most `AP_LOSS_LIMIT` below the best that any row
    reached on the same truth, whatever its machine. Where an AP is known, rows without one do not qualify.
    """
    rows = tuple(summaries)
    most: dict[JudgedBy, float] = {}
    for row in rows:
        if row.ap is not None and row.judged_by is not None:
            most[row.judged_by] = max(row.ap, most.get(row.judged_by, 0.0))
    settings: dict[tuple[str, str], list[Summary]] = {}
    for row in rows:
        if row.machine_id == machine_id:
            settings.setdefault((row.media_key, row.settings_json), []).append(row)
    sound = [row for same in settings.values() for row in of_newest_truth(same) if row.sound and not row.composed]
    if not most:
        return best(sound, _ms_and_ap)

    def is_right(row: Summary) -> bool:
        by = row.judged_by
        same = max((ap for one, ap in most.items() if by is not None and by.is_same_truth(one)), default=0.0)
        return row.ap is not None and row.ap >= same - AP_LOSS_LIMIT

    return best(filter(is_right, sound), _ms_and_ap)


def _ms_and_ap(row: Summary) -> tuple[float | None, float | None]:
    return row.median_ms, row.ap

"""Picking the setting that keeps to a budget."""

from collections.abc import Sequence

import numpy as np

from workbench.errors import RecordError
from workbench.lessons.answers import Choice
from workbench.lessons.figures import figures_of, noisy, timing_of
from workbench.lessons.speeds import speed
from workbench.record import Record
from workbench.report.summary import Summary, median_ms, ran


def fastest_within(
    records: Sequence[Record],
    *,
    max_ms: float | None = None,
    min_fps: float | None = None,
    max_ap_loss: float | None = None,
) -> Record:
    """Pick the fastest record that keeps to a budget and does not break the detector.

    Args:
        records: What was measured; AP losses are against the record that the others were compared with.
        max_ms: Median milliseconds of a frame.
        min_fps: Frames a second.
        max_ap_loss: AP that may be lost, a fraction. A record whose AP is unknown does not keep to it.

    Raises:
        RecordError: Nothing keeps to it; says what comes nearest.
    """
    if not any(map(ran, records)):
        raise RecordError("there is nothing to pick from; measure at least one setting")
    summary = Summary.of(records)
    sound = sorted((record for record in records if ran(record) and not record.broken), key=lambda record: median_ms(record) or 0.0)
    excess = {record.id: _excess(record, summary.loss(record), max_ms, min_fps, max_ap_loss) for record in sound}
    within = [record for record in sound if excess[record.id] <= 1]
    if within:
        return within[0]
    nearest = min(sound, key=lambda record: excess[record.id], default=None)
    told = "all of them break the detector" if nearest is None else f"{nearest.name} comes nearest ({figures_of(nearest)})"
    raise RecordError(f"no setting keeps to this budget; {told}: widen the budget, or measure other settings")


def _excess(record: Record, loss: float | None, max_ms: float | None, min_fps: float | None, max_ap_loss: float | None) -> float:
    """Return how far a record is beyond a budget, as the worst factor; at most 1 is within it."""
    timing = timing_of(record)
    excess = [(timing.median_ms or np.inf) / max_ms if max_ms else 0.0, min_fps / (timing.fps or 1e-9) if min_fps else 0.0]
    if max_ap_loss is not None:
        beyond = np.inf if loss is None else round(loss - max_ap_loss, 6)  # .62 - .60 is a little more than .02 in floats
        excess.append(0.0 if beyond <= 0 else 1.0 + beyond)
    return float(max(excess))


def chosen(record: Record, *, over: Record) -> Choice:
    """Answer with a record that was picked, and what it brings against another.

    Raises:
        RecordError: It cannot be compared with that one.
    """
    against = "" if record.id == over.id else f" {speed(record, over=over).sentence}"
    return Choice(sentence=f"{record.name} is picked: {figures_of(record)}.{against}", caution=noisy(record), names=(record.name,))

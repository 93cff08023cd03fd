"""Picking the setting that keeps to a budget."""

from collections.abc import Sequence

from workbench.choosing import Budget, pick, sentence
from workbench.errors import RecordError
from workbench.history import Summary
from workbench.lessons.answers import Choice
from workbench.lessons.figures import figures_of, noisy
from workbench.lessons.speeds import speed
from workbench.record import Record, choose_baseline, ran


def fastest_within(
    records: Sequence[Record],
    *,
    max_ms: float | None = None,
    min_fps: float | None = None,
    max_ap_loss: float | None = None,
) -> Record:
    """Pick the fastest record that keeps to a budget and does not break the detector, as `workbench pick` does.

    Args:
        records: What was measured; AP losses are against the record that the others were compared with.
        max_ms: Median milliseconds of a frame.
        min_fps: Frames a second.
        max_ap_loss: AP that may be lost, a fraction. A record whose AP is unknown does not keep to it.

    Raises:
        RecordError: Nothing keeps to it; says what stands in the way.
    """
    if not any(map(ran, records)):
        raise RecordError("there is nothing to pick from; measure at least one setting")
    by_id = {record.id: record for record in records}
    budget = Budget(min_fps=min_fps, max_ms=max_ms, max_ap_loss=max_ap_loss)
    picked = pick(map(Summary.of, records), budget, baseline=Summary.of(choose_baseline(records)))
    if picked.chosen is None:
        raise RecordError(f"{sentence(picked)} Widen the budget, or measure other settings")
    return by_id[picked.chosen.summary.id]


def chosen(record: Record, *, over: Record) -> Choice:
    """Answer with a record that was picked, and what it brings against another.

    Raises:
        RecordError: It cannot be compared with that one.
    """
    against = "" if record.id == over.id else f" {speed(record, over=over).sentence}"
    return Choice(sentence=f"{record.name} is picked: {figures_of(record)}.{against}", caution=noisy(record), names=(record.name,))

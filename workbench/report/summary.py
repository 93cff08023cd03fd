"""What the records come to: the baseline, the best setting, and how much faster each is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.detections import JudgedBy
from workbench.record import (
    AP_LOSS_NOTED,
    Record,
    Speed,
    ap_change,
    best,
    choose_baseline,
    differing_medians,
    labels_by_id,
    ms_and_ap,
    ran,
    speed_against,
    unique,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the records come to."""

    records: tuple[Record, ...]
    baseline: Record
    best: Record | None
    """The fastest measured whole that is measurably faster than the baseline and does not break the detector."""
    within_loss: Record | None
    """Where the best loses more than `AP_LOSS_NOTED`: the fastest that does not."""
    labels: dict[str, str]
    budgeted: bool = False
    """Whether the best was chosen for a budget, which says how much AP may be lost."""

    @classmethod
    def of(cls, records: Iterable[Record], chosen_id: str | None = None) -> "Summary":
        """Choose baseline and best among records, of which there is at least one.

        Args:
            records: All of them.
            chosen_id: Of the best, where somebody has chosen it already, for a budget that records do not know.
        """
        rows = unique(records)
        baseline = choose_baseline(rows)
        faster = _faster(rows, baseline)
        asked_for = next((record for record in rows if record.id == chosen_id), None)
        chosen, within = asked_for or best(faster, ms_and_ap), None
        if asked_for is None and chosen is not None and (_loss(chosen, baseline) or 0.0) > AP_LOSS_NOTED:
            losses = [(record, loss) for record in faster if (loss := _loss(record, baseline)) is not None]
            within = best((record for record, loss in losses if loss <= AP_LOSS_NOTED), ms_and_ap)
        return cls(rows, baseline, chosen, within, labels_by_id(rows, baseline), budgeted=asked_for is not None)

    def label(self, record: Record) -> str:
        return self.labels[record.id]

    def speed(self, record: Record) -> Speed | None:
        """Return a record's speed against the baseline; `None` for the baseline itself."""
        return None if record.id == self.baseline.id else speed_against(record, self.baseline)

    def doubt(self, record: Record) -> str:
        """Say where a record's run by itself and the baseline's differ from its speed; else nothing."""
        speed = self.speed(record)
        return "" if speed is None else differing_medians(speed, record, self.baseline)

    def loss(self, record: Record) -> float | None:
        """Return how much AP a record loses against the baseline; `None` where that is unknown."""
        return _loss(record, self.baseline)

    @property
    def judged_by(self) -> JudgedBy | None:
        """By which truth APs are compared: the baseline's, or where it has no AP that of the first record with one."""
        return next((one.accuracy.judged_by for one in (self.baseline, *self.records) if one.accuracy is not None), None)

    def ap(self, record: Record) -> float | None:
        """Return the average precision where it can be compared: `None` where it is of another truth."""
        by, accuracy = self.judged_by, record.accuracy
        return accuracy.ap if accuracy is not None and by is not None and accuracy.judged_by.is_same_truth(by) else None

    def agreement(self, record: Record) -> float | None:
        """Return the agreement with the baseline, which agrees with itself."""
        if record.agreement is not None:
            return record.agreement.ratio
        return 1.0 if record.id == self.baseline.id and ran(record) else None

    @property
    def right(self) -> Record | None:
        """The record to set beside the baseline: the best, else the fastest other one that ran whole."""
        others = [record for record in self.records if ran(record) and not record.composed and record.id != self.baseline.id]
        return self.best or best((record for record in others if not record.broken), ms_and_ap) or best(others, ms_and_ap)


def _loss(record: Record, baseline: Record) -> float | None:
    change = ap_change(record, baseline)
    return None if change is None else -change


def _faster(records: Sequence[Record], baseline: Record) -> list[Record]:
    if baseline.composed:  # composed times decide nothing
        return []
    others = (record for record in records if record.id != baseline.id and not record.broken and not record.composed)
    return [record for record in others if (speed := speed_against(record, baseline)) is not None and speed.verdict == "faster"]

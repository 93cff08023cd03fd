"""What the records come to: the baseline, the best setting, and how much faster each is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.blocks import verdict_of
from workbench.record import Record
from workbench.timing import Ratio, Verdict

AP_LOSS_NOTED = 0.02  # COCO's own results differ by about .01 between trainings; twice that is a loss someone will notice
SEPARATE_RUNS_MARGIN = 1.10  # identical runs minutes apart differ by several percent; less than this is not called a difference

Basis = Literal["interleaved", "both against the baseline", "separate runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast B is against A. `ratio` is A's time over B's; without interleaving there is no interval."""

    ratio: float
    interval: Ratio | None
    verdict: Verdict
    basis: Basis


def speed_against(record: Record, other: Record) -> Speed | None:
    """Return how fast a record is against another, from the best evidence there is.

    Blocks that interleaved the two count most; then two comparisons with the same baseline, whose intervals are divided end by end
    (wider than need be, never narrower); then the medians of separate runs. `None` where either has no times, or they ran on
    different machines or media.
    """
    if not comparable(record, other):
        return None
    own, others = record.comparison, other.comparison
    if own is not None and names(own.a, other):
        return Speed(ratio=own.ratio.median, interval=own.ratio, verdict=own.verdict, basis="interleaved")
    if others is not None and names(others.a, record):
        turned = _divided(Ratio(median=1, low=1, high=1), others.ratio)
        return Speed(ratio=turned.median, interval=turned, verdict=verdict_of(turned), basis="interleaved")
    if own is not None and others is not None and own.a == others.a:
        quotient = _divided(own.ratio, others.ratio)
        verdict = verdict_of(quotient)
        return Speed(ratio=quotient.median, interval=quotient, verdict=verdict, basis="both against the baseline")
    return _speed_of_medians(record, other)


def _speed_of_medians(record: Record, other: Record) -> Speed | None:
    new, old = median_ms(record), median_ms(other)
    if not new or not old:
        return None
    ratio = old / new
    verdict = verdict_of(Ratio(median=ratio, low=ratio / SEPARATE_RUNS_MARGIN, high=ratio * SEPARATE_RUNS_MARGIN))
    return Speed(ratio=ratio, interval=None, verdict=verdict, basis="separate runs")


def _divided(upper: Ratio, lower: Ratio) -> Ratio:
    return Ratio(median=upper.median / lower.median, low=upper.low / lower.high, high=upper.high / lower.low)


def names(text: str, record: Record) -> bool:
    """Tell whether a comparison's text names this record."""
    return text in (record.name, record.id)


def median_ms(record: Record) -> float | None:
    """Return the median milliseconds of a frame; `None` without times."""
    return record.timing.median_ms if record.timing is not None else None


def ran(record: Record) -> bool:
    """Tell whether a record holds times."""
    return record.problem is None and bool(median_ms(record))


def comparable(record: Record, other: Record) -> bool:
    """Tell whether two records' times may be set side by side: both ran, on one machine, on the same frames."""
    same_media = _media(record) == _media(other)
    return ran(record) and ran(other) and same_media and record.environment.machine_id == other.environment.machine_id


def _media(record: Record) -> str:
    return record.media.sha256 or record.media.source


def ap(record: Record | None) -> float | None:
    """Return the average precision, where there is one."""
    return record.accuracy.ap if record is not None and record.accuracy is not None else None


def agreement(record: Record, baseline: Record | None) -> float | None:
    """Return the agreement with the baseline; the baseline agrees with itself."""
    if record.agreement is not None:
        return record.agreement.ratio
    return 1.0 if baseline is not None and record.id == baseline.id and ran(record) else None


def unique(records: Iterable[Record]) -> tuple[Record, ...]:
    """Drop records that were given twice."""
    return tuple({record.id: record for record in records}.values())


def labels_by_id(records: Sequence[Record]) -> dict[str, str]:
    """Name every record so that no two share a name: the detector where there are several, a number where names repeat."""
    several = len({record.detector.name for record in records}) > 1
    plain = {record.id: f"{record.detector.name} · {record.name}" if several else record.name for record in records}
    total = Counter(plain.values())
    seen: Counter[str] = Counter()
    labels = {}
    for key, label in plain.items():
        seen[label] += 1
        labels[key] = f"{label} ({seen[label]})" if total[label] > 1 else label
    return labels


def choose_baseline(records: Sequence[Record]) -> Record:
    """Return the record that the others were compared with; where none was, the first that ran."""
    votes: Counter[str] = Counter()
    for record in records:
        votes.update([record.comparison.a] if record.comparison is not None else [])
        votes.update([record.agreement.baseline] if record.agreement is not None else [])
    for text, _ in votes.most_common():
        named = [record for record in records if names(text, record)]
        if named:
            return max(named, key=lambda record: (ran(record), record.created))
    return next(filter(ran, records), records[0])


@dataclass(frozen=True, slots=True)
class Summary:
    """What the records come to."""

    records: tuple[Record, ...]
    baseline: Record
    best: Record | None
    """The fastest that is measurably faster than the baseline and does not break the detector."""
    within_loss: Record | None
    """Where the best loses more than `AP_LOSS_NOTED`: the fastest that does not."""
    labels: dict[str, str]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Summary":
        """Choose baseline and best among records, of which there is at least one."""
        rows = unique(records)
        baseline = choose_baseline(rows)
        faster = sorted(_faster(rows, baseline), key=lambda record: median_ms(record) or 0.0)
        best = faster[0] if faster else None
        within = None
        if best is not None and _loss(best, baseline) > AP_LOSS_NOTED:
            within = next((record for record in faster if _loss(record, baseline) <= AP_LOSS_NOTED), None)
        return cls(rows, baseline, best, within, labels_by_id(rows))

    def label(self, record: Record) -> str:
        return self.labels[record.id]

    def speed(self, record: Record) -> Speed | None:
        """Return a record's speed against the baseline; `None` for the baseline itself."""
        return None if record.id == self.baseline.id else speed_against(record, self.baseline)

    def loss(self, record: Record) -> float | None:
        """Return how much AP a record loses against the baseline; `None` where either is unknown."""
        old, new = ap(self.baseline), ap(record)
        return None if old is None or new is None else old - new

    def agreement(self, record: Record) -> float | None:
        return agreement(record, self.baseline)

    @property
    def right(self) -> Record | None:
        """The record to set beside the baseline: the best, else the fastest other one that ran."""
        others = [record for record in self.records if ran(record) and record.id != self.baseline.id]
        return self.best or min(others, key=lambda record: (record.broken, median_ms(record) or 0.0), default=None)


def _loss(record: Record, baseline: Record) -> float:
    old, new = ap(baseline), ap(record)
    return 0.0 if old is None or new is None else old - new


def _faster(records: Sequence[Record], baseline: Record) -> list[Record]:
    found = []
    for record in records:
        if record.id == baseline.id or record.broken:
            continue
        speed = speed_against(record, baseline)
        if speed is not None and speed.verdict == "faster":
            found.append(record)
    return found

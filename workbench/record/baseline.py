"""Records side by side: which of them is the baseline, and what each is called."""

from collections import Counter
from collections.abc import Iterable, Sequence

from workbench.record.evidence import names, ran
from workbench.record.record import Record


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
    """Return the record that the others were compared with; where none was, the first that ran, whole if any did."""
    votes: Counter[tuple[str | None, str]] = Counter()
    for record in records:
        votes.update([(record.comparison.a_id, record.comparison.a)] if record.comparison is not None else [])
        votes.update([(record.agreement.baseline_id, record.agreement.baseline)] if record.agreement is not None else [])
    for (key, name), _ in votes.most_common():
        named = [record for record in records if names(key, name, record) and not record.composed]
        if named:
            return max(named, key=lambda record: (ran(record), record.created))
    return next(filter(ran, sorted(records, key=lambda record: record.composed)), records[0])

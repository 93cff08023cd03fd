"""Records side by side: which of them is the baseline, and what each is called."""

from collections import Counter
from collections.abc import Iterable, Sequence

from workbench.record.evidence import names, ran
from workbench.record.record import Record
from workbench.settings import assignments

LONG_NAME = 32  # letters: more are cut wherever several names stand below each other
SPEAKING = {"input.size_hw", "runtime.engine", "runtime.precision"}  # nothing else has values such as 288x512, litert or int8


def unique(records: Iterable[Record]) -> tuple[Record, ...]:
    """Drop records that were given twice."""
    return tuple({record.id: record for record in records}.values())


def labels_by_id(records: Sequence[Record], baseline: Record) -> dict[str, str]:
    """Label every record so that no two share a label, in few letters; its name is whole, and longer.

    A long name gives way to what differs from the baseline; the detector stands before it where there are several, and a number
    behind it where labels repeat.
    """
    several = len({record.detector.name for record in records}) > 1
    short = {record.id: record.name if len(record.name) <= LONG_NAME else _differing(record, baseline) for record in records}
    plain = {record.id: _with_detector(record, short[record.id]) if several else short[record.id] for record in records}
    total = Counter(plain.values())
    seen: Counter[str] = Counter()
    labels = {}
    for key, label in plain.items():
        seen[label] += 1
        labels[key] = f"{label} ({seen[label]})" if total[label] > 1 else label
    return labels


def _with_detector(record: Record, label: str) -> str:
    """Put the detector before a label; a function's own name is in it."""
    return label if record.settings.are_a_function else f"{record.detector.name} · {label}"


def _differing(record: Record, baseline: Record) -> str:
    """Write what differs from the baseline, fields without their groups and values alone where they speak for themselves."""
    if record.settings.are_a_function or baseline.settings.are_a_function:
        return record.name
    own, others = record.settings.flat(), baseline.settings.flat()
    differing = [name for name in own if own[name] != others[name]]
    words = (word.partition("=") for word in assignments(record.settings, differing))
    return " ".join(value if name in SPEAKING else f"{name.partition('.')[2]}={value}" for name, _, value in words) or record.name


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

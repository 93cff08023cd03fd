"""The pool: records of one detector on the same frames and machine, and which of them differ in what."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import final

from workbench.advice.card import Measured
from workbench.record import Record, fastest_first, ms_and_ap, speed_against

NAMES_TOLD = 4  # of records in one sentence; the table has them all

Key = tuple[object, ...]


@final
class Pool:
    """Records whose times may be set side by side: they all ran, on one machine, with one detector, on the same frames.

    Args:
        records: All of them.
        subjects: Those that people ask about.
        baseline: The one that the others are compared with.
        labels: What each is called, by id.
    """

    def __init__(self, records: Iterable[Record], subjects: Sequence[Record], baseline: Record, labels: Mapping[str, str]) -> None:
        self.subjects = tuple(subjects)
        self.baseline = baseline
        asked = {record.id for record in subjects}
        others = sorted((one for one in fastest_first(records, ms_and_ap) if one.id not in asked), key=lambda one: one.broken)
        self.records = (*subjects, *others)
        self._labels = labels
        self._flat = {record.id: _flat(record) for record in self.records}
        self._indexes: dict[frozenset[str], dict[Key, list[Record]]] = {}

    def label(self, record: Record) -> str:
        return self._labels[record.id]

    def values(self, record: Record) -> Mapping[str, object]:
        """Return every setting of a record by its `group.field` name; sizes are tuples."""
        return self._flat[record.id]

    def siblings(self, record: Record, free: Collection[str], *, broken: bool = False) -> tuple[Record, ...]:
        """Return the other records that are set as this one in all but the `group.field` names in `free`.

        Those that differ in fewer names come first, then those measured in whole frames, then the newest. Those that break the
        detector come along where `broken` is set.
        """
        own = self._flat[record.id]
        index = self._index(frozenset(free))
        others = [other for other in index[_key(own, free)] if other.id != record.id and (broken or not other.broken)]
        return tuple(sorted(others, key=lambda other: (len(self.differing(record, other)), other.composed)))

    def differing(self, record: Record, other: Record) -> tuple[str, ...]:
        """Name the settings that differ between two records."""
        own, others = self._flat[record.id], self._flat[other.id]
        return tuple(name for name in own if own[name] != others[name])

    def twin(self, record: Record, change: Mapping[str, object]) -> Record | None:
        """Return the sound record that is set as this one after the change; `None` where there is none."""
        wanted = {name: value for name, value in change.items() if self._flat[record.id][name] != value}
        return next((other for other in self.siblings(record, wanted) if self.has(other, wanted)), None)

    def has(self, record: Record, values: Mapping[str, object]) -> bool:
        """Tell whether a record is set so."""
        own = self._flat[record.id]
        return all(own[name] == value for name, value in values.items())

    def measured(self, record: Record, other: Record | None) -> Measured | None:
        """Return how fast another record is against this one; `None` where there is no such record."""
        speed = None if other is None else speed_against(other, record)
        if other is None or speed is None:
            return None
        return Measured(label=self.label(other), record_id=other.id, speed=speed, composed=record.composed or other.composed)

    def _index(self, free: frozenset[str]) -> dict[Key, list[Record]]:
        if free not in self._indexes:
            found: dict[Key, list[Record]] = {}
            for record in sorted(self.records, key=lambda record: record.created, reverse=True):
                found.setdefault(_key(self._flat[record.id], free), []).append(record)
            self._indexes[free] = found
        return self._indexes[free]


def _flat(record: Record) -> dict[str, object]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in record.settings.flat().items()}


def _key(flat: Mapping[str, object], free: Collection[str]) -> Key:
    return tuple(value for name, value in flat.items() if name not in free)

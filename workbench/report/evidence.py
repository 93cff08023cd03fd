"""Evidence for a finding: two records that differ in one setting, and in as little else as there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.record import Record, Speed, comparable, median_ms, ran, speed_against
from workbench.report.summary import Summary
from workbench.wording import format_interval, format_number, inverse, listed

TOO_DIFFERENT = 4  # with more other differences than this, a pair says nothing about the one setting


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that differ in one setting, and perhaps in others."""

    before: Record
    after: Record
    speed: Speed | None
    others: tuple[str, ...]
    """Names of the other settings that differ."""


def closest_pair(summary: Summary, name: str, before: object, after: object, same: Sequence[str] = ()) -> Pair | None:
    """Find two sound records, one with each value of a setting, that differ least in all others.

    Args:
        summary: Where to look.
        name: The setting, as `group.field`.
        before: Its value in the first record.
        after: Its value in the second.
        same: Settings that must not differ.
    """
    flats = {record.id: record.settings.flat() for record in summary.records if ran(record) and not record.broken}
    rows = [record for record in summary.records if record.id in flats]
    olds, news = ([record for record in rows if flats[record.id][name] == value] for value in (before, after))
    found = _twins(olds, news, flats, name) or _relatives(olds, news, flats, name, frozenset(same))
    if found is None:
        return None
    old, new, others = found
    return Pair(old, new, speed_against(new, old), others)


Flat = Mapping[str, object]
Found = tuple[Record, Record, tuple[str, ...]]


def _twins(olds: Sequence[Record], news: Sequence[Record], flats: Mapping[str, Flat], name: str) -> Found | None:
    """Return the first two records that differ in nothing else; looked up, since among hundreds there are many pairs."""
    by_rest: dict[str, list[Record]] = {}
    for new in news:
        by_rest.setdefault(_rest(flats[new.id], name), []).append(new)
    pairs = ((old, new) for old in olds for new in by_rest.get(_rest(flats[old.id], name), ()))
    return next(((old, new, ()) for old, new in pairs if _of_one_kind(old, new)), None)


def _rest(flat: Flat, name: str) -> str:
    return repr([value for key, value in flat.items() if key != name])


def _relatives(
    olds: Sequence[Record], news: Sequence[Record], flats: Mapping[str, Flat], name: str, same: frozenset[str]
) -> Found | None:
    pairs = (
        (old, new, others)
        for old in olds
        for new in news
        if len(others := _differing(flats[old.id], flats[new.id], name)) <= TOO_DIFFERENT
        if same.isdisjoint(others) and _of_one_kind(old, new)
    )
    return min(pairs, key=lambda pair: len(pair[2]), default=None)


def _of_one_kind(old: Record, new: Record) -> bool:
    return old.detector.name == new.detector.name and comparable(new, old)


def _differing(before: Flat, after: Flat, name: str) -> tuple[str, ...]:
    return tuple(key for key, value in before.items() if value != after[key] and key != name)


def speed_words(pair: Pair, summary: Summary) -> str:
    """Say both medians and the ratio's interval, where there is one."""
    before, after = (f"{format_number(median_ms(record))} ms with {summary.label(record)}" for record in (pair.before, pair.after))
    ratio = pair.speed.interval if pair.speed is not None else None
    turned = ratio if ratio is None or ratio.median >= 1 else inverse(ratio)
    return f"{before}, {after}{f', 95 % interval {format_interval(turned)}' if turned is not None else ''}."


def difference_words(pair: Pair) -> str:
    """Say what else differs between the two, so that no one takes it for the one setting's doing."""
    return f" They differ in {listed(pair.others)} too." if pair.others else ""

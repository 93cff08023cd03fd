"""Evidence for a finding: two records that differ in one setting, and in as little else as there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.record import Record
from workbench.report.summary import Speed, Summary, comparable, median_ms, speed_against
from workbench.report.wording import format_interval, format_number, inverse, listed

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
    olds = [record for record in summary.records if record.settings.flat()[name] == before]
    news = [record for record in summary.records if record.settings.flat()[name] == after]
    pairs = [
        (old, new, others)
        for old in olds
        for new in news
        if old.detector.name == new.detector.name and comparable(new, old) and not old.broken and not new.broken
        if not set(same) & set(others := _differing(old, new, name)) and len(others) <= TOO_DIFFERENT
    ]
    if not pairs:
        return None
    old, new, others = min(pairs, key=lambda pair: len(pair[2]))
    return Pair(old, new, speed_against(new, old), others)


def _differing(old: Record, new: Record, name: str) -> tuple[str, ...]:
    before, after = old.settings.flat(), new.settings.flat()
    return tuple(key for key in before if key != name and before[key] != after[key])


def speed_words(pair: Pair, summary: Summary) -> str:
    """Say both medians and the ratio's interval, where there is one."""
    before, after = (f"{format_number(median_ms(record))} ms with {summary.label(record)}" for record in (pair.before, pair.after))
    ratio = pair.speed.interval if pair.speed is not None else None
    turned = ratio if ratio is None or ratio.median >= 1 else inverse(ratio)
    return f"{before}, {after}{f', 95 % interval {format_interval(turned)}' if turned is not None else ''}."


def difference_words(pair: Pair) -> str:
    """Say what else differs between the two, so that no one takes it for the one setting's doing."""
    return f" They differ in {listed(pair.others)} too." if pair.others else ""

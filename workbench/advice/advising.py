"""The rules, in one table, and the cards that they draw up for records.

A new rule is a function in a file beside this one and a line in the table, which is a list: a program that brings a rule of its own
appends it.
"""

from collections.abc import Iterable, Sequence

from workbench.advice.card import Card
from workbench.advice.detected import class_agnostic_trap, max_detections_trap, score_floods_nms, small_objects_lost
from workbench.advice.engines import call_overhead, int8_not_worth_it, recompiling, slow_start, xla_slower
from workbench.advice.machine import noisy_machine, threads_unequal
from workbench.advice.pool import Pool
from workbench.advice.rule import Rule
from workbench.advice.stages import cores_idle, decoding_bounds, nms_dominates, resize_dominates, stop_quantising
from workbench.record import Record, best, choose_baseline, labels_by_id, ms_and_ap, ran, unique

RULES: list[Rule] = [
    Rule(nms_dominates),
    Rule(score_floods_nms),
    Rule(call_overhead),
    Rule(resize_dominates),
    Rule(decoding_bounds),
    Rule(cores_idle),
    Rule(threads_unequal, anywhere=True),
    Rule(xla_slower, anywhere=True),
    Rule(int8_not_worth_it, anywhere=True),
    Rule(recompiling, anywhere=True),
    Rule(small_objects_lost),
    Rule(max_detections_trap, anywhere=True),
    Rule(class_agnostic_trap, anywhere=True),
    Rule(stop_quantising),
    Rule(slow_start),
    Rule(noisy_machine, anywhere=True),
]


def advise(records: Iterable[Record], baseline: Record | None = None) -> tuple[Card, ...]:
    """Return the cards that the records support, those with most to gain first.

    Records of different machines, detectors or media are never set side by side: each group is advised by itself.

    Args:
        records: What was measured; those that did not run are left out.
        baseline: The record whose setting people ask about; only its group is advised then. By default, in each group, the
            fastest that does not break the detector, and the one that the others were compared with. One that did not run has none.
    """
    rows = unique((*records, baseline) if baseline is not None else records)
    labels = labels_by_id(rows)
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in filter(ran, rows):
        groups.setdefault(_group(record), []).append(record)
    chosen = groups.values() if baseline is None else [groups[_group(baseline)]] if ran(baseline) else []
    pools = [Pool(group, _subjects(group, baseline), labels) for group in chosen]
    cards = [card for pool in pools for card in _cards(pool)]
    return tuple(sorted(cards, key=lambda card: -card.gain))


def _group(record: Record) -> tuple[str, str, str]:
    return record.environment.machine_id, record.detector.sha256, record.media.key


def _subjects(group: Sequence[Record], baseline: Record | None) -> tuple[Record, ...]:
    if baseline is not None:
        return (baseline,)
    fastest = best((record for record in group if not record.broken), ms_and_ap)
    chosen = (fastest, choose_baseline(group))
    return unique(record for record in chosen if record is not None)


def _cards(pool: Pool) -> list[Card]:
    found: list[Card] = []
    for rule in RULES:
        cards = (card for record in (pool.records if rule.anywhere else pool.subjects) if (card := rule.find(pool, record)))
        found += [card for card in (next(cards, None),) if card is not None] if rule.anywhere else cards
    return found

"""What records show: the rules in one table, and the cards that they draw up.

A new rule is a function in a file beside this one and a line in the table, which is a list: a program that brings a rule of its own
appends it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from workbench.advice.card import Card
from workbench.advice.detected import (
    breaks,
    class_agnostic_trap,
    max_detections_trap,
    score_floods_nms,
    small_objects_lost,
    small_objects_paid,
)
from workbench.advice.engines import LITERT_THEORY, XLA_THEORY, against_graph, call_overhead, integers, recompiling
from workbench.advice.frame import largest_stage, slow_start, start_paid_back, unexplained
from workbench.advice.inside import INSIDE, transposes_left_out
from workbench.advice.machine import noisy_machine, threads_unequal
from workbench.advice.pool import Pool
from workbench.advice.precisions import INT4_THEORY, nothing_quantised, repairable
from workbench.advice.rule import Rule
from workbench.advice.stages import (
    cores_idle,
    decoding_bounds,
    filter_told,
    nms_apart,
    nms_dominates,
    resize_dominates,
    stop_quantising,
)
from workbench.advice.thresholds import class_scores_misplaced, score_misplaced
from workbench.record import Record, best, choose_baseline, labels_by_id, ms_and_ap, ran, unique

RULES: list[Rule] = [
    Rule(breaks, "any"),
    Rule(largest_stage),
    Rule(nms_dominates),
    Rule(nms_apart, "baseline"),
    Rule(score_floods_nms),
    Rule(call_overhead, "any"),
    Rule(resize_dominates),
    Rule(filter_told),
    Rule(decoding_bounds),
    Rule(cores_idle),
    Rule(threads_unequal, "any"),
    Rule(against_graph("xla", "XLA", XLA_THEORY), "any"),
    Rule(against_graph("litert", "LiteRT", LITERT_THEORY), "any"),
    Rule(integers("dynamic-int8"), "any"),
    Rule(integers("int8"), "any"),
    Rule(integers("int16x8"), "any"),
    Rule(integers("weight-int8"), "any"),
    Rule(integers("weight-int4", INT4_THEORY), "any"),
    Rule(repairable, "any"),
    Rule(nothing_quantised, "any"),
    Rule(transposes_left_out, "any"),
    *(Rule(find, "any") for find in INSIDE),
    Rule(stop_quantising),
    Rule(score_misplaced),
    Rule(class_scores_misplaced),
    Rule(small_objects_lost),
    Rule(small_objects_paid, "baseline"),
    Rule(max_detections_trap, "any"),
    Rule(class_agnostic_trap, "any"),
    Rule(recompiling, "any"),
    Rule(slow_start),
    Rule(start_paid_back),
    Rule(unexplained, "any"),
    Rule(noisy_machine, "any"),
]


def advise(records: Iterable[Record], baseline: Record | None = None) -> tuple[Card, ...]:
    """Return the cards that the records support, those with most to gain first; without anything to gain in the table's order.

    Records of different machines, detectors or media are never set side by side: each group is advised by itself.

    Args:
        records: What was measured; those that did not run are left out, and functions of the user's: nothing can be set in one.
        baseline: The record whose setting people ask about; only its group is advised then. By default, in each group, the
            fastest that does not break the detector, and the one that the others were compared with. One that did not run has none.
    """
    rows = unique((*records, baseline) if baseline is not None else records)
    labels = labels_by_id(rows, baseline or choose_baseline(rows)) if rows else {}
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in filter(_advised, rows):
        groups.setdefault(_group(record), []).append(record)
    chosen = groups.values() if baseline is None else [groups[_group(baseline)]] if _advised(baseline) else []
    cards = [card for group in chosen for card in _cards(_pool(group, baseline, labels))]
    return tuple(sorted(cards, key=lambda card: -card.gain))


def _advised(record: Record) -> bool:
    return ran(record) and not record.settings.are_a_function


def _group(record: Record) -> tuple[str, str, str]:
    return record.environment.machine_id, record.detector.sha256, record.media.key


def _pool(group: Sequence[Record], baseline: Record | None, labels: Mapping[str, str]) -> Pool:
    if baseline is not None:
        return Pool(group, (baseline,), baseline, labels)
    fastest = best((record for record in group if not record.broken), ms_and_ap)
    compared_with = choose_baseline(group)
    return Pool(group, unique(record for record in (fastest, compared_with) if record is not None), compared_with, labels)


def _cards(pool: Pool) -> Iterator[Card]:
    for rule in RULES:
        looked_at = {"subjects": pool.subjects, "any": pool.records, "baseline": (pool.baseline,)}[rule.looks_at]
        cards = (card for record in looked_at if (card := rule.find(pool, record)) is not None)
        yield from islice(cards, 1 if rule.looks_at == "any" else None)

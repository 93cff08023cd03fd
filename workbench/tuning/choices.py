"""What tuning decides between its steps. Pure: rows of the history in, settings out."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from workbench.choosing import Budget, Choice
from workbench.history import Summary
from workbench.record import AP_LOSS_NOTED, SCREENING_ERROR
from workbench.repair import AGREEMENT_OF_AP
from workbench.settings import Settings
from workbench.sweep import contenders
from workbench.wording import format_fraction

MOST_CONFIRMED = 5  # settings measured whole: what a screening takes for the fastest is among its first few
REPAIRED, FLOAT = "int8", "float32"
REPAIR_SHARE = 0.5  # of what may still be lost: the frames that judge may be less kind than those that guide


class Repairable(NamedTuple):
    """A setting in integers that a repair may save, and the AP that this may lose."""

    row: Summary
    most_loss: float


def kept_budget(asked: Budget, no_ap: str) -> tuple[Budget, str]:
    """Return what a setting has to keep, and what there is to say of that: without AP, agreement stands for it.

    Args:
        asked: What was asked for.
        no_ap: Why no AP is known; empty where it is.

    >>> budget, _ = kept_budget(Budget(min_fps=30), "no truth is known of these frames")
    >>> budget.min_fps, budget.max_ap_loss, budget.min_agreement
    (30, None, 0.9)
    """
    if asked.max_ap_loss is None and asked.min_agreement is not None:
        return asked, ""
    loss = AP_LOSS_NOTED if asked.max_ap_loss is None else asked.max_ap_loss
    if not no_ap:
        return replace(asked, max_ap_loss=loss), ""
    least = asked.min_agreement
    if least is None:
        least = max(0.0, round(1 - AGREEMENT_OF_AP * loss, 3))
    said = (
        f"{no_ap}, so an agreement of at least {format_fraction(least)} with what runs now stands for at"
        f" most {format_fraction(loss)} AP lost"
    )
    return replace(asked, max_ap_loss=None, min_agreement=least), said


def to_repair(rows: Iterable[Summary], kept: Sequence[Choice]) -> Repairable | None:
    """Choose what a repair may make the fastest: integers that lose too much, and whose network in float loses little.

    Args:
        rows: All that was screened, what breaks the detector too.
        kept: What keeps the limit of quality, the fastest first.
    """
    right = {_in_float(choice.summary): choice for choice in kept if choice.summary.precision == FLOAT}
    good = {choice.summary.id for choice in kept}
    fastest = kept[0].ms if kept else None
    broken = [row for row in rows if row.precision == REPAIRED and row.id not in good and row.problem is None]
    for row in sorted(broken, key=lambda row: row.median_ms or 0.0):
        partner = right.get(_in_float(row))
        if partner is None or fastest is None or not row.median_ms or row.median_ms * (1 + SCREENING_ERROR) >= fastest:
            continue
        (margin,) = partner.margins  # of quality alone
        room = (margin.room or 0.0) * REPAIR_SHARE
        if room > 0:
            return Repairable(row, room / AGREEMENT_OF_AP if margin.limit == "min_agreement" else room)
    return None


def _in_float(row: Summary) -> str:
    return row.settings.with_values({"runtime.precision": FLOAT}).model_dump_json()


def to_confirm(kept: Sequence[Choice], baseline_ms: float, repaired: Settings | None) -> list[Settings]:
    """Choose what is worth measuring whole: what was repaired, and what may be the fastest; of each kind its fastest first.

    Args:
        kept: Composed rows that keep the limit of quality.
        baseline_ms: Of what runs now.
        repaired: What a repair came to.
    """
    faster = [choice.summary for choice in kept if (choice.ms or 0.0) < baseline_ms * (1 + SCREENING_ERROR)]
    rows = contenders(faster, lambda row: (row.median_ms or 0.0, 1.0), _kind, MOST_CONFIRMED)  # all of them are right enough
    return [*([repaired] if repaired else []), *(row.settings for row in rows if row.settings != repaired)]


def _kind(row: Summary) -> tuple[object, ...]:
    return row.engine, row.precision, row.height, row.width

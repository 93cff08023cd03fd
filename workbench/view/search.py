"""What the tabs "Advice" and "Sweep and pick" show, in the words of the command line."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.advice import REPAIR, Card, advise
from workbench.choosing import Budget, sentence, setting_words
from workbench.errors import one_line
from workbench.history import Summary
from workbench.record import Record, frontier, point_of
from workbench.session import Search
from workbench.settings import Settings, describe_changes
from workbench.wording import format_fraction, format_milliseconds

Told = dict[str, Any]

LONGEST_CHANGE = 200  # characters
MOST_POINTS = 600  # that a small chart still tells apart: all of the frontier, and an even choice of the rest
NONE_KNOWN = (
    "Nothing is known yet of this detector on these frames. A sweep tries every sensible setting and keeps what it measures."
)


def cards(records: Sequence[Record]) -> list[Told]:
    """Tell the advice that records support, those with most to gain first."""
    settings = {record.id: record.settings for record in records}
    return [_card(card, settings[card.record_id]) for card in advise(records)]


def _card(card: Card, settings: Settings) -> Told:
    changed = settings.with_values(card.change or {})
    return card.tree() | {
        "id": f"{card.key} {card.record_id}",
        "expected": card.expected.words if card.expected else None,
        "arithmetic": card.expected.arithmetic if card.expected else None,
        "measured": card.measured.words if card.measured else None,
        "change_words": one_line(", ".join(describe_changes(settings, changed)), LONGEST_CHANGE) or None,
        "repairs": card.key == REPAIR and card.change is None,
    }


def search(found: Search | None) -> Told:
    """Tell what is known of the detector's settings, how far a sweep is, and what the budget picks."""
    if found is None:
        return {"ready": False}
    rows = found.rows
    placed = {row.id: point for row in rows if (point := _place(row)) is not None}
    edge = frontier([row for row in rows if row.id in placed], lambda row: placed[row.id])
    shown = _thinned([row for row in rows if row.id in placed], {row.id for row in edge})
    return {
        "ready": True,
        "running": found.running,
        "known": len(rows),
        "axis": "AP" if any(row.ap is not None for row in rows) else "agreement",
        "points": [[round(placed[row.id][0], 3), round(placed[row.id][1], 4), row.id, row.composed, _words(row)] for row in shown],
        "frontier": [[round(placed[row.id][0], 3), round(placed[row.id][1], 4)] for row in edge],
        **_picked(found),
    }


def _place(row: Summary) -> tuple[float, float] | None:
    return None if row.problem or row.broken else point_of(row.median_ms, row.ap, row.agreement)


def _thinned(rows: Sequence[Summary], kept: set[str]) -> list[Summary]:
    step = max(1, len(rows) // MOST_POINTS)
    return [row for number, row in enumerate(rows) if row.id in kept or not row.composed or number % step == 0]


def _words(row: Summary) -> str:
    right = f"AP {format_fraction(row.ap)}" if row.ap is not None else f"agreement {format_fraction(row.agreement)}"
    composed = ", composed of stages" if row.composed else ""
    return f"{setting_words(row)}: {format_milliseconds(row.median_ms)} ms, {right}{composed}"


def _picked(found: Search) -> Told:
    picked, budget = found.pick(), found.budget
    chosen = picked.chosen if picked else None
    return {
        "budget": {"max_ms": budget.max_ms, "max_ap_loss": budget.max_ap_loss},
        "sentence": sentence(picked, accuracy=found.accuracy_of(picked)) if picked else NONE_KNOWN,
        "chosen": chosen.summary.id if chosen else None,
        "unconfirmed": picked.unconfirmed.summary.id if picked and picked.unconfirmed else None,
        "chosen_at": list(point) if chosen and (point := _place(chosen.summary)) else None,
    }


def budget_of(content: Mapping[str, Any]) -> Budget:
    """Read what sliders and fields say; an empty one asks for nothing.

    Raises:
        SettingsError: A limit that nothing could be measured against.
    """
    fps, ms, loss, agreement = (_number(content.get(name)) for name in ("min_fps", "max_ms", "max_ap_loss", "min_agreement"))
    return Budget(min_fps=fps, max_ms=ms, max_ap_loss=loss, min_agreement=agreement)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

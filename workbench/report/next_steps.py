"""What to try next: the cards of advice, as the page shows them."""

from dataclasses import dataclass

from workbench.advice import Card, advise
from workbench.record import Record
from workbench.report.summary import Summary
from workbench.settings import assignments

MOST_STEPS = 12  # more than a reader takes in; those with most to gain come first


@dataclass(frozen=True, slots=True)
class Step:
    """One card.

    Attributes:
        card: What it says.
        changes: The settings to change, as `group.field=value`.
        tone: `good` where a gain was measured, `bad` where the alternative was measured slower, else empty.
    """

    card: Card
    changes: tuple[str, ...]
    tone: str


def steps(summary: Summary) -> tuple[Step, ...]:
    """Return the cards that the records support, those with most to gain first."""
    records = {record.id: record for record in summary.records}
    return tuple(_step(card, records[card.record_id]) for card in advise(summary.records)[:MOST_STEPS])


def _step(card: Card, record: Record) -> Step:
    tones = {"faster": "good", "slower": "bad"}
    changes = () if card.change is None else assignments(record.settings.with_values(card.change), card.change)
    return Step(card, changes, tones.get(card.measured.speed.verdict, "") if card.measured is not None else "")

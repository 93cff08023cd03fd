"""What was learned and what to try next: the cards of advice, as the page shows them."""

from dataclasses import dataclass

from workbench.advice import Card, advise
from workbench.report.summary import Summary
from workbench.settings import assignments

MOST_STEPS = 12  # more than a reader takes in; those with most to gain come first


@dataclass(frozen=True, slots=True)
class ShownCard:
    """One card.

    Attributes:
        card: What it says.
        changes: The settings to change, as `group.field=value`.
        tone: `good` where a gain was measured, `bad` where the alternative was measured slower, else empty.
    """

    card: Card
    changes: tuple[str, ...]
    tone: str


@dataclass(frozen=True, slots=True)
class Cards:
    """All that the records show, each thing once.

    Attributes:
        learned: What there is nothing to do about.
        steps: What there is, with most to gain first.
    """

    learned: tuple[ShownCard, ...]
    steps: tuple[ShownCard, ...]

    @classmethod
    def of(cls, summary: Summary) -> "Cards":
        """Draw up the cards that the records support."""
        cards = advise(summary.records)
        learned, steps = ([_shown(card, summary) for card in cards if card.proposes is to_do] for to_do in (False, True))
        return cls(tuple(learned), tuple(steps[:MOST_STEPS]))


def _shown(card: Card, summary: Summary) -> ShownCard:
    tones = {"faster": "good", "slower": "bad"}
    (record,) = (one for one in summary.records if one.id == card.record_id)
    changes = () if card.change is None else assignments(record.settings.with_values(card.change), card.change)
    return ShownCard(card, changes, tones.get(card.measured.speed.verdict, "") if card.measured is not None else "")

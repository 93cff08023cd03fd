"""What a rule is, and how it draws a card up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.advice.card import Card, Expected
from workbench.advice.pool import Pool
from workbench.advice.trial import compare_command
from workbench.record import Record
from workbench.settings import assignments

SHARE_NOTED = 0.20  # a stage with a fifth of the frame brings 1.25 times at most: less hardly repays the trouble
QUICKER = 0.8  # of a stage's time: medians of separate runs differ by several percent, this is a difference
AP_CHANGE_NOTED = 0.005  # half the smallest step in which APs are usually quoted

Theory = tuple[str, str, str]
Find = Callable[[Pool, Record], Card | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the table.

    Attributes:
        find: Returns the card where a record shows what it is about.
        looks_at: Whose records may show it: each of those asked about, any of the pool (the first one that does), or the one
            that the others are compared with.
    """

    find: Find
    looks_at: Literal["subjects", "any", "baseline"] = "subjects"


def draw_up(
    pool: Pool,
    record: Record,
    key: str,
    *,
    title: str,
    finding: str,
    evidence: str,
    theory: Theory,
    expected: Expected | None = None,
    change: Mapping[str, object] | None = None,
    alternative: Record | None = None,
) -> Card:
    """Return the card, with what the records measured of its change and the command that measures it where there is one.

    `alternative` is the record that stands for the change; by default the one that is set so, and equal in all else.
    """
    if alternative is None and change is not None:
        alternative = pool.twin(record, change)
    return Card(
        key=key,
        title=title,
        about=pool.label(record),
        record_id=record.id,
        finding=finding,
        evidence=evidence,
        expected=expected,
        measured=pool.measured(record, alternative),
        change=change,
        changes=() if change is None else assignments(record.settings.with_values(change), change),
        command=None if change is None else compare_command(record, change),
        theory=theory,
    )

"""A rule of advice as somebody would add it: it says of each record that is asked about how many frames were timed."""

from workbench.advice import Card
from workbench.advice.pool import Pool
from workbench.advice.rule import Rule, draw_up
from workbench.record import Record


def frames_counted(pool: Pool, record: Record) -> Card | None:
    """Draw the card up."""
    count = len(record.timing.total_seconds) if record.timing else 0
    return draw_up(
        pool,
        record,
        "frames-counted",
        title="Frames were counted",
        finding=f"{pool.label(record)} timed {count} frames.",
        evidence="They are in the record.",
        change={"nms.score": 0.4},
        theory=("Frames", "can be", "counted."),
    )


RULE = Rule(frames_counted)

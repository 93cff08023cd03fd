"""How many times faster one record is than others, by the best evidence that there is."""

from collections.abc import Sequence

import numpy as np

from workbench.errors import RecordError
from workbench.lessons.answers import CLOSE, Choice, Speed, off_by
from workbench.lessons.figures import ms_text, noisy, stage_seconds_of
from workbench.record import SEPARATE_RUNS_MARGIN, Record, fastest_first, median_ms, ms_and_ap, ran, speed_against
from workbench.timing import Ratio, verdict_of
from workbench.wording import format_interval, format_seconds_as_ms, inverse, listed, times

WIDE = 1.10  # ends of an interval further apart than this leave room for a difference that people would care about


def speed(record: Record, *, over: Record) -> Speed:
    """Answer how many times faster a record is than another, by the best evidence that there is.

    Raises:
        RecordError: One of them has no times, or they are of different machines or media.
    """
    found = speed_against(record, over)
    if found is None:
        raise RecordError(f"{record.name} and {over.name} cannot be compared; measure both on one machine and on the same frames")
    if found.verdict == "no measurable difference":
        spread = "" if found.interval is None else f", 95 % interval of the ratio {format_interval(found.interval)}"
        words = f"no measurable difference between {record.name} and {over.name}{spread}"
    elif found.interval is not None:
        shown = found.interval if found.ratio >= 1 else inverse(found.interval)
        words = f"{record.name} is {times(found.ratio)} than {over.name} {format_interval(shown)}"
    else:
        words = f"{record.name} is {times(found.ratio)} than {over.name} (separate runs)"
    medians = (median_ms(record) or np.nan, median_ms(over) or np.nan)
    doubts = [_wide(found.interval, found.verdict), _unsteady(found.ratio, *medians)]
    return Speed(
        sentence=" ".join(filter(None, [f"{words}; a frame takes {ms_text(record)} and {ms_text(over)}.", *doubts])),
        caution=noisy(record, over),
        ratio=found.ratio,
        interval=found.interval,
        verdict=found.verdict,
    )


def stage_speed(record: Record, *, over: Record, stage: str) -> Speed:
    """Answer how many times faster one stage is in one record than in another; of separate runs, so without an interval.

    Raises:
        RecordError: One of them has no such stage.
    """
    new, old = stage_seconds_of(record, stage), stage_seconds_of(over, stage)
    ratio = old / new
    margin = Ratio(median=ratio, low=ratio / SEPARATE_RUNS_MARGIN, high=ratio * SEPARATE_RUNS_MARGIN)
    verdict = verdict_of(margin)
    words = verdict if verdict == "no measurable difference" else times(ratio)
    figures = f"{format_seconds_as_ms(new)} ms in {record.name}, {format_seconds_as_ms(old)} ms in {over.name}"
    return Speed(
        sentence=f"{stage} takes {figures}: {words} (separate runs).",
        caution=noisy(record, over),
        ratio=ratio,
        interval=None,
        verdict=verdict,
    )


def fastest(records: Sequence[Record]) -> Choice:
    """Answer which record is fastest; all that are not measurably slower than it count.

    Raises:
        RecordError: None of them has times.
    """
    rows = fastest_first(filter(ran, records), ms_and_ap)
    if not rows:
        raise RecordError("none of these records has times; measure at least one")
    first = rows[0]
    found = {record.name: speed_against(first, record) for record in rows[1:]}
    equals = [name for name, one in found.items() if one is not None and one.verdict == "no measurable difference"]
    figures = listed([f"{record.name} {ms_text(record)}" for record in rows])
    tie = f" {listed([first.name, *equals])} cannot be told apart." if equals else ""
    return Choice(sentence=f"A frame takes: {figures}.{tie}", caution=noisy(*rows), names=(first.name, *equals))


def _wide(interval: Ratio | None, verdict: str) -> str:
    if interval is None or verdict != "no measurable difference" or interval.high <= interval.low * WIDE:
        return ""
    return "The interval is wide: this run was too short or too disturbed to tell."


def _unsteady(ratio: float, new_ms: float, old_ms: float) -> str:
    if off_by(ratio, old_ms / new_ms) <= CLOSE:
        return ""
    return "The ratio comes from both taking turns; their own runs differ otherwise, so the machine changed its pace between them."

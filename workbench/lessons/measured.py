"""Answers read out of records: each function takes what was measured and returns what it says to one kind of question."""

import numpy as np

from workbench.errors import RecordError
from workbench.lessons.answers import Amount, Choice
from workbench.lessons.figures import Size, model_bytes_of, ms_text, noisy, precision_of, timing_of
from workbench.lessons.graph_mistakes import Outcome
from workbench.record import AP_LOSS_NOTED, SEPARATE_RUNS_MARGIN, Record
from workbench.timing import UNEXPLAINED
from workbench.wording import (
    format_bytes,
    format_change,
    format_fraction,
    format_number,
    format_percent,
    format_seconds_as_ms,
    listed,
)

YES, NO = "yes", "no"


def largest_stage(record: Record) -> Choice:
    """Answer which stage takes most of a median frame, and what its absence could bring at most (Amdahl's law).

    Raises:
        RecordError: The record has no stages.
    """
    budget = {stage: seconds for stage, seconds in timing_of(record).budget().items() if stage != UNEXPLAINED}
    if not budget or not sum(budget.values()):
        raise RecordError(f"{record.name} has no stage times; measure it again")
    total, most = sum(timing_of(record).budget().values()), max(budget, key=lambda stage: budget[stage])
    names = tuple(stage for stage, seconds in budget.items() if seconds * SEPARATE_RUNS_MARGIN >= budget[most])
    rest = total - budget[most]
    bound = f" Were it free, frames would be {format_number(total / rest, 2)} times as fast, and no more." if rest > 0 else ""
    share = format_percent(budget[most] / total)
    taken = f"{most} takes {format_seconds_as_ms(budget[most])} of {format_seconds_as_ms(total)} ms, {share} of a frame"
    return Choice(sentence=f"{taken}, in {record.name}.{bound}", caution=noisy(record), names=names)


def frames_a_second(record: Record) -> Amount:
    """Answer how many frames a second a record reaches, decode to draw.

    Raises:
        RecordError: It has no times.
    """
    fps = timing_of(record).fps or 0.0
    return Amount(
        sentence=f"{record.name} reaches {format_number(fps)} frames a second, {ms_text(record)} a frame.",
        caution=noisy(record),
        value=fps,
    )


def loses_ap(record: Record, *, than: Record, more_than: float = AP_LOSS_NOTED, size: Size = "all") -> Choice:
    """Answer yes or no: whether a record's AP is lower than another's by more than so much.

    Args:
        record: The one that may lose.
        than: The one to hold it against.
        more_than: A fraction; the default is what the report calls a loss.
        size: Of the objects, by COCO's limits: small is below 32², large from 96² pixels of the original picture.

    Raises:
        RecordError: One of them has no such AP.
    """
    new, old = precision_of(record, size), precision_of(than, size)
    what = "AP" if size == "all" else f"AP of {size} objects"
    figures = f"{what} {format_fraction(old)} with {than.name}, {format_fraction(new)} with {record.name}"
    change = f"{format_change(new - old)}, and a loss counts from {format_fraction(more_than)}"
    return Choice(sentence=f"{figures}: {change}.", names=(YES if old - new > more_than else NO,))


def in_the_program(record: Record, part: str) -> Choice:
    """Answer yes or no: whether a record's engine holds a part, such as `nms`, in its one program; with the engine's reason.

    Raises:
        RecordError: The record says nothing of its engine.
    """
    if record.engine is None:
        raise RecordError(f"{record.name} did not run; choose a record that did")
    reasons = [text for text in record.engine.left_out if text.startswith(f"{part}:")]
    sentence = f"{record.name}: one program covers {listed(record.engine.covers)}."
    left_out = f" Left out: {'; '.join(reasons)}." if reasons else ""
    return Choice(sentence=sentence + left_out, names=(YES if part in record.engine.covers else NO,))


def crowding(record: Record, stage: str = "nms") -> Amount:
    """Answer how many times as long a stage takes in the fullest third of the frames as in the emptiest, by boxes found.

    Raises:
        RecordError: The record has no such stage, or fewer than three frames.
    """
    seconds = timing_of(record).stage_seconds.get(stage, ())
    counts = [len(row.scores) for row in record.detections]
    third = len(counts) // 3
    if not third or len(seconds) != len(counts) or not all(seconds):
        raise RecordError(f"{record.name} does not have the {stage} times of three frames; measure more frames")
    order = np.argsort(counts, kind="stable")
    empty, full = order[:third], order[-third:]
    value = float(np.median(np.take(seconds, full)) / np.median(np.take(seconds, empty)))
    boxes = [format_number(float(np.mean(np.take(counts, rows))), 2) for rows in (full, empty)]
    return Amount(
        sentence=f"In {record.name}, {stage} takes {format_number(value)} times as long in the fullest third of the frames"
        f" ({boxes[0]} boxes on average) as in the emptiest ({boxes[1]}).",
        caution=noisy(record),
        value=value,
    )


def smaller(record: Record, *, than: Record) -> Amount:
    """Answer how many times smaller a record's converted model is than another's.

    Raises:
        RecordError: One of them ran no converted model.
    """
    new, old = model_bytes_of(record), model_bytes_of(than)
    figures = f"{format_bytes(old)} as {than.name}, {format_bytes(new)} as {record.name}"
    return Amount(sentence=f"The model takes {figures}: {format_number(old / new)} times smaller.", value=old / new)


def outcome(of: Outcome) -> Choice:
    """Answer what came of one way to load a model: `right`, `wrong answers` or `an error`."""
    return Choice(sentence=str(of), names=(of.verdict,))

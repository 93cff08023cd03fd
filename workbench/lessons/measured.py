"""Answers read out of records: each function takes what was measured and returns what it says to one kind of question."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from workbench.choosing import Budget, pick, ratio_of_medians, sentence
from workbench.errors import RecordError
from workbench.history import Summary
from workbench.lessons.answers import Amount, Choice, Speed
from workbench.lessons.graph_mistakes import Outcome
from workbench.record import (
    AP_LOSS_NOTED,
    SEPARATE_RUNS_MARGIN,
    Record,
    accuracy_against,
    ap,
    ap_change,
    choose_baseline,
    differing_medians,
    fastest_first,
    median_ms,
    ms_and_ap,
    ran,
    speed_against,
    speed_words,
)
from workbench.timing import UNEXPLAINED, Timing, median_seconds
from workbench.wording import (
    accuracy_words,
    format_bytes,
    format_change,
    format_fraction,
    format_milliseconds,
    format_number,
    format_percent,
    format_seconds_as_ms,
    listed,
    ratio_words,
)

YES, NO = "yes", "no"
THIRDS = ("first third", "middle third", "last third")
NONE, SOME, MANY = "none", "some", "many"

Size = Literal["all", "small", "medium", "large"]
FIGURES: dict[Size, str] = {"all": "ap", "small": "ap_small", "medium": "ap_medium", "large": "ap_large"}


def speed(record: Record, *, over: Record) -> Speed:
    """Answer how many times faster a record is than another, by the best evidence that there is.

    Raises:
        RecordError: One of them has no times, or they are of different machines or media.
    """
    found = speed_against(record, over)
    if found is None:
        raise RecordError(f"{record.name} and {over.name} cannot be compared; measure both on one machine and on the same frames")
    words = f"{record.name} against {over.name}: {speed_words(found)}; a frame takes {_ms(record)} and {_ms(over)}."
    doubt = differing_medians(found, record, over)
    return Speed(sentence=f"{words} {doubt}".rstrip(), caution=noisy(record, over), bounds=found.bounds, verdict=found.verdict)


def stage_speed(record: Record, *, over: Record, stage: str) -> Speed:
    """Answer how many times faster one stage is in one record than in another; they ran at different times.

    Raises:
        RecordError: One of them has no such stage.
    """
    new, old = _stage_seconds(record, stage), _stage_seconds(over, stage)
    ratio = ratio_of_medians(np.array(old), np.array(new))
    verdict = ratio.verdict(SEPARATE_RUNS_MARGIN)
    taken = [f"{format_seconds_as_ms(median_seconds(one))} ms in {name}" for one, name in ((new, record.name), (old, over.name))]
    words = f"{stage} takes {', '.join(taken)}: {ratio_words(ratio, verdict)} (separate runs)."
    return Speed(sentence=words, caution=noisy(record, over), bounds=ratio, verdict=verdict)


def fastest(records: Sequence[Record]) -> Choice:
    """Answer which record is fastest; all that nothing is measurably faster than count, by the evidence that `speed` goes by.

    Raises:
        RecordError: None of them has times.
    """
    rows = fastest_first(filter(ran, records), ms_and_ap)
    if not rows:
        raise RecordError("none of these records has times; measure at least one")
    names = tuple(one.name for one in rows if not any(_faster(other, one) for other in rows)) or (rows[0].name,)
    figures = listed([f"{record.name} {_ms(record)}" for record in rows])
    tie = f" {listed(names)} cannot be told apart." if len(names) > 1 else ""
    return Choice(sentence=f"A frame takes: {figures}.{tie}{_otherwise(rows, names)}", caution=noisy(*rows), names=names)


def fastest_within(
    records: Sequence[Record], *, max_ms: float | None = None, min_fps: float | None = None, max_ap_loss: float | None = None
) -> Record:
    """Pick the fastest record that keeps to a budget and does not break the detector, as `workbench pick` does.

    Args:
        records: What was measured; AP losses are against the record that the others were compared with.
        max_ms: Median milliseconds of a frame.
        min_fps: Frames a second.
        max_ap_loss: AP that may be lost, a fraction. A record whose AP is unknown does not keep to it.

    Raises:
        RecordError: Nothing keeps to it; says what stands in the way.
    """
    if not any(map(ran, records)):
        raise RecordError("there is nothing to pick from; measure at least one setting")
    budget = Budget(min_fps=min_fps, max_ms=max_ms, max_ap_loss=max_ap_loss)
    picked = pick(map(Summary.of, records), budget, baseline=Summary.of(choose_baseline(records)))
    if picked.chosen is None:
        raise RecordError(f"{sentence(picked)} Widen the budget, or measure other settings")
    return {record.id: record for record in records}[picked.chosen.summary.id]


def chosen(record: Record, *, over: Record) -> Choice:
    """Answer with a record that was picked, and what it brings against another.

    Raises:
        RecordError: It cannot be compared with that one.
    """
    against = "" if record.id == over.id else f" {speed(record, over=over).sentence}"
    return Choice(sentence=f"{record.name} is picked: {figures_of(record)}.{against}", caution=noisy(record), names=(record.name,))


def largest_stage(record: Record) -> Choice:
    """Answer which stage takes most of a median frame, and what its absence could bring at most (Amdahl's law).

    Raises:
        RecordError: The record has no stages.
    """
    whole = _timing(record).budget()
    budget = {stage: seconds for stage, seconds in whole.items() if stage != UNEXPLAINED}
    if not sum(budget.values()):
        raise RecordError(f"{record.name} has no stage times; measure it again")
    total, most = sum(whole.values()), max(budget, key=lambda stage: budget[stage])
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
    fps = _timing(record).fps or 0.0
    taken = f"its median frame takes {_ms(record)}"
    reached = f"{record.name} reaches {format_number(fps)} frames a second, slow ones included; {taken}."
    return Amount(sentence=reached, caution=noisy(record), value=fps)


def loses_ap(record: Record, *, than: Record, more_than: float = AP_LOSS_NOTED, size: Size = "all") -> Choice:
    """Answer yes or no: whether a record's AP is lower than another's by more than so much.

    Args:
        record: The one that may lose.
        than: The one to hold it against.
        more_than: A fraction; the default is what the report calls a loss.
        size: Of the objects, by COCO's limits: small is below 32², large from 96² pixels of the original picture.

    Raises:
        RecordError: One of them has no such AP, or they were judged by different truths.
    """
    new, old = _precision(record, size), _precision(than, size)
    found = ap_change(record, than, FIGURES[size])
    if found is None:
        raise RecordError(f"{record.name} and {than.name} were judged by different truths; measure both on the same one")
    what = "AP" if size == "all" else f"AP of {size} objects"
    figures = f"{what} {format_fraction(old)} with {than.name}, {format_fraction(new)} with {record.name}"
    change = f"{format_change(found)}, and a loss counts from {format_fraction(more_than)}"
    sure = accuracy_against(record, than, more_than) if size == "all" else None
    caution = f"{accuracy_words(sure)}." if sure is not None and sure.verdict == "cannot tell" else ""
    return Choice(sentence=f"{figures}: {change}.", caution=caution, names=(YES if -found > more_than else NO,))


def in_the_program(record: Record, part: str) -> Choice:
    """Answer yes or no: whether a record's engine holds a part, such as `nms`, in its one program; with the engine's reason.

    Raises:
        RecordError: The record says nothing of its engine.
    """
    if record.engine is None:
        raise RecordError(f"{record.name} did not run; choose a record that did")
    reasons = [text for text in record.engine.left_out if text.startswith(f"{part}:")]
    left_out = f" Left out: {'; '.join(reasons)}." if reasons else ""
    covers = f"{record.name}: one program covers {listed(record.engine.covers)}."
    return Choice(sentence=covers + left_out, names=(YES if part in record.engine.covers else NO,))


def crowding(record: Record, stage: str = "nms") -> Amount:
    """Answer how many times as long a stage takes in the fullest third of the frames as in the emptiest, by boxes found.

    Raises:
        RecordError: The record has no such stage, or fewer than three frames.
    """
    seconds = _timing(record).stage_seconds.get(stage, ())
    found = [len(row.scores) for row in record.detections]
    counts = [found[n % len(found)] for n in range(len(seconds))] if len(found) == record.media.frames else found  # repeated
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
    new, old = _model_bytes(record), _model_bytes(than)
    figures = f"{format_bytes(old)} as {than.name}, {format_bytes(new)} as {record.name}"
    return Amount(sentence=f"The model takes {figures}: {format_number(old / new)} times smaller.", value=old / new)


def hurts_most(record: Record) -> Choice:
    """Answer in which third of a network the block is that does most harm when it alone is in integers.

    Raises:
        RecordError: The record does not know.
    """
    if record.quantising is None or not record.quantising.blocks:
        raise RecordError(f"{record.name} does not say where integers hurt; quantise it first")
    blocks = record.quantising.blocks
    worst = blocks[0]
    third = THIRDS[len(THIRDS) * worst.position // len(blocks)]
    errors = f"{format_fraction(worst.score_error)} of the scores and {format_fraction(worst.box_error)} of the boxes"
    why = f": {worst.reason}" if worst.reason else ""
    return Choice(sentence=f"{worst.name} ({worst.position + 1} of {len(blocks)}) alone changes {errors}{why}.", names=(third,))


def kept_in_float(record: Record) -> Choice:
    """Answer how many blocks a repair kept in float: `none`, `some`, or `many`, more than a tenth. Raises as `hurts_most`."""
    hurts_most(record)
    assert record.quantising is not None, "it would have been raised"
    blocks = record.quantising.blocks
    count = sum(one.in_float for one in blocks)
    return Choice(sentence=record.quantising.answer, names=(NONE if not count else MANY if count > len(blocks) / 10 else SOME,))


def outcome(of: Outcome) -> Choice:
    """Answer what came of one way to load a model: `right`, `wrong answers` or `an error`."""
    return Choice(sentence=str(of), names=(of.verdict,))


def figures_of(record: Record) -> str:
    """Return a record's three figures in words. Raises `RecordError` where it has no times."""
    known = "" if ap(record) is None else f", AP {format_fraction(ap(record))}"
    return f"{_ms(record)} a frame (median), {format_number(_timing(record).fps)} FPS (all frames over their time){known}"


def _timing(record: Record) -> Timing:
    if record.timing is None or not ran(record):
        reason = f" ({record.problem.message})" if record.problem else ""
        raise RecordError(f"{record.name} has no times{reason}; choose a record that ran")
    return record.timing


def _ms(record: Record) -> str:
    return f"{format_milliseconds(median_ms(record))} ms"


def _otherwise(rows: Sequence[Record], names: Sequence[str]) -> str:
    """Say why the lowest median is not the fastest, where turns showed so."""
    if rows[0].name in names:
        return ""
    rival = next(one for one in rows if _faster(one, rows[0]))
    return f" {speed(rival, over=rows[0]).sentence}"


def _faster(record: Record, than: Record) -> bool:
    found = speed_against(record, than)
    return found is not None and found.verdict == "faster"


def _stage_seconds(record: Record, stage: str) -> tuple[float, ...]:
    seconds = _timing(record).stage_seconds
    if not median_seconds(seconds.get(stage, ())):
        raise RecordError(f"{record.name} has no stage {stage!r} of its own; it has {listed(list(seconds))}")
    return seconds[stage]


def _precision(record: Record, size: Size) -> float:
    value = None if record.accuracy is None else getattr(record.accuracy, FIGURES[size])
    if value is None:
        raise RecordError(f"{record.name} has no AP of {size} objects; measure on media whose truth has such objects")
    return float(value)


def _model_bytes(record: Record) -> int:
    size = record.engine.model_bytes if record.engine is not None else None
    if not size:
        raise RecordError(f"{record.name} ran no converted model; choose a record of the litert engine")
    return size


def noisy(*records: Record) -> str:
    """Return why an answer may not last; empty where the machine was not noisy."""
    reasons = [reason for one in records if one.noise.verdict == "noisy" for reason in one.noise.reasons]
    return f"The machine was noisy ({reasons[0]}): measure again before you rely on it." if reasons else ""

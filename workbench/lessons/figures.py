"""Single figures of a record, with an error in one line where it does not hold them."""

from typing import Literal

from workbench.errors import RecordError
from workbench.record import Record, ap, median_ms, ran
from workbench.timing import Timing
from workbench.wording import format_fraction, format_milliseconds, format_number, listed

Size = Literal["all", "small", "medium", "large"]
FIGURES: dict[Size, str] = {"all": "ap", "small": "ap_small", "medium": "ap_medium", "large": "ap_large"}


def timing_of(record: Record) -> Timing:
    """Return a record's times.

    Raises:
        RecordError: It has none; says why where that is known.
    """
    if record.timing is None or not ran(record):
        reason = f" ({record.problem.message})" if record.problem else ""
        raise RecordError(f"{record.name} has no times{reason}; choose a record that ran")
    return record.timing


def ms_text(record: Record) -> str:
    """Write a record's median, with its unit."""
    return f"{format_milliseconds(median_ms(record))} ms"


def stage_seconds_of(record: Record, stage: str) -> float:
    """Return the median seconds of one stage.

    Raises:
        RecordError: The record has no such stage.
    """
    medians = timing_of(record).stage_medians()
    if not medians.get(stage):
        raise RecordError(f"{record.name} has no stage {stage!r} of its own; it has {listed(list(medians))}")
    return medians[stage]


def precision_of(record: Record, size: Size) -> float:
    """Return the AP of objects of one size.

    Raises:
        RecordError: It is not known.
    """
    value = None if record.accuracy is None else getattr(record.accuracy, FIGURES[size])
    if value is None:
        raise RecordError(f"{record.name} has no AP of {size} objects; measure on media whose truth has such objects")
    return float(value)


def model_bytes_of(record: Record) -> int:
    """Return the size of a record's converted model.

    Raises:
        RecordError: It ran none.
    """
    size = record.engine.model_bytes if record.engine is not None else None
    if not size:
        raise RecordError(f"{record.name} ran no converted model; choose a record of the litert engine")
    return size


def figures_of(record: Record) -> str:
    """Return a record's three figures in words."""
    known = "" if ap(record) is None else f", AP {format_fraction(ap(record))}"
    return f"{ms_text(record)} a frame, {format_number(timing_of(record).fps)} FPS{known}"


def noisy(*records: Record) -> str:
    """Say where records were taken on a noisy machine; empty where none was."""
    reasons = list(dict.fromkeys(reason for one in records if one.noise.verdict == "noisy" for reason in one.noise.reasons))
    if not reasons:
        return ""
    return f"The machine was noisy ({reasons[0]}): measure again before you rely on it."

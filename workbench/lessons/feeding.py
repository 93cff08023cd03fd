"""Answers about how frames are fed: what bounds the throughput, how much of that was reached, and whether it keeps up."""

from workbench.errors import RecordError
from workbench.lessons.answers import Amount, Choice
from workbench.lessons.measured import NO, YES, noisy
from workbench.record import Record, limit_words, pace_words
from workbench.timing import Limit, limit
from workbench.wording import format_number, format_percent


def bounded_by(record: Record) -> Choice:
    """Answer what bounds a record's throughput: `cores`, or the stages that one thread does one after the other.

    Raises:
        RecordError: It has no times, or its processor time is not known.
    """
    found = _limit(record)
    return Choice(sentence=limit_words(record, record.name), caution=noisy(record), names=(found.limited_by,))


def share_of_bound(record: Record) -> Amount:
    """Answer how many percent of what its bound allows a record's throughput reached.

    Raises:
        RecordError: It has no times, or its processor time is not known.
    """
    found = _limit(record)
    reached = f"{format_number(found.fps)} of at most {format_number(found.bound_fps)} frames a second"
    sentence = f"{record.name} reaches {reached}, {format_percent(found.share)}."
    return Amount(sentence=sentence, caution=noisy(record), value=found.share * 100)


def keeps_up(record: Record) -> Choice:
    """Answer yes or no: whether frames that came at their own pace were all taken, and none waited longer and longer.

    Raises:
        RecordError: It was not measured at the frames' own pace.
    """
    if record.real_time is None:
        raise RecordError(f"{record.name} was not run at the frames' own pace; give the bench `real_time=RealTimePass(...)`")
    words = pace_words(record, record.name)
    return Choice(sentence=words, caution=noisy(record), names=(YES if record.real_time.keeps_up else NO,))


def _limit(record: Record) -> Limit:
    found = limit(record.timing, record.environment.cores) if record.timing is not None else None
    if found is None:
        raise RecordError(f"{record.name} has no processor time; measure it again")
    return found

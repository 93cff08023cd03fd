"""Answers from inside networks: what takes their time, how near the machine's best they come, what another setting changes."""

from workbench.errors import RecordError
from workbench.lessons.answers import Amount, Choice
from workbench.record import Profile, Record, pairs_by_work, reach_sentence, work_of
from workbench.wording import format_percent, format_seconds_as_ms

NOTHING = "none"


def slowest_work(record: Record) -> Choice:
    """Answer which kind of work takes most of the operators' time.

    Raises:
        RecordError: The record does not say what is inside its network, or operators were not timed.
    """
    found = _inside(record)
    seconds = dict[str, float]()
    for row in found.operators:
        seconds[work_of(row.kind)] = seconds.get(work_of(row.kind), 0.0) + (row.seconds or 0.0)
    most = max(seconds, key=seconds.__getitem__)
    words = f"{most} take {format_percent(found.share(seconds[most]))} of the operators' time in {record.name}."
    return Choice(sentence=words, names=(most,))


def reaches(record: Record) -> Amount:
    """Answer what percentage of the machine's best a network reaches. Raises as `slowest_work`."""
    found = _inside(record)
    share = found.of_roof(found.operators)
    if share is None:
        raise RecordError(f"of {record.name} it is not known how much its operators have to do; profile another engine")
    return Amount(sentence=f"{reach_sentence(found)}.", value=100 * share)


def gains_most(record: Record, *, over: Record) -> Choice:
    """Answer which kind of work takes less than in another record by most; `none` where none does. Raises as `slowest_work`."""
    pair = min(pairs_by_work(_inside(over), _inside(record)), key=lambda one: one.difference)
    each = (
        f"{format_seconds_as_ms(pair.left_seconds)} ms in {over.name}, {format_seconds_as_ms(pair.right_seconds)} in {record.name}"
    )
    if pair.difference >= 0:
        return Choice(sentence=f"Nothing takes less: {pair.name} take {each}.", names=(NOTHING,))
    return Choice(sentence=f"{pair.name} gain most: {each}.", names=(pair.name,))


def _inside(record: Record) -> Profile:
    if record.inside is None or record.inside.untimed:
        why = f": {record.inside.untimed}" if record.inside else "; call `look_inside` on it first"
        raise RecordError(f"{record.name} does not say what is inside its network{why}")
    return record.inside

"""A card about the filter that frames are resized with, where another one finds more, or less."""

from workbench.advice.arithmetic import amdahl, stages
from workbench.advice.card import Card
from workbench.advice.pool import Pool
from workbench.advice.rule import Theory, draw_up
from workbench.record import Record, accuracy_against, ap
from workbench.wording import format_ap_change, format_fraction, format_seconds_as_ms

FILTER_BRINGS = ("input.resize", "input.filter")  # a resizer has but some of the filters
FILTER_STAGES = ("preprocess", "infer")  # where the resize is, on the host or in the graph

FILTER_THEORY: Theory = (
    "linear reads two pixels a side for each one that it writes: of those that it skips, detail is lost or turns into false edges.",
    "area and triangle average every pixel that an output pixel covers, which costs time for each pixel of the frame.",
    "A network does best on what it was trained with: frames filtered otherwise look sharper or softer than it knows them.",
)


def filter_told(pool: Pool, record: Record) -> Card | None:
    """Say where another filter, all but the resizer being equal, is told to have more AP than a record's, or else less."""
    own = record.settings.input.effective_filter
    others = [one for one in pool.siblings(record, FILTER_BRINGS) if one.settings.input.effective_filter != own]
    told = [(change, other) for other in others if (change := accuracy_against(other, record)) is not None]
    gains = [(change.change, other) for change, other in told if change.verdict == "gained"]
    losses = [(change.change, other) for change, other in told if change.verdict == "lost"]
    if not gains and not losses:
        return None
    other = max(gains, key=lambda row: row[0])[1] if gains else min(losses, key=lambda row: row[0])[1]
    better, worse = (other, record) if gains else (record, other)
    filters = " against ".join(one.settings.input.effective_filter for one in (better, worse))
    gain = format_ap_change(accuracy_against(better, worse))
    changed = {**pool.values(other), "input.filter": other.settings.input.effective_filter}  # `None` where it is the usual one
    return draw_up(
        pool,
        record,
        "filter-costs" if gains else "filter-brings",
        title=f"The filter {'costs' if gains else 'brings'} accuracy",
        finding=f"{pool.label(better)} has more AP than {pool.label(worse)}, {filters}: {gain}.",
        evidence=f"{_figures(better)}; {_figures(worse)}. They differ in how frames are resized alone.",
        expected=amdahl(record, FILTER_STAGES, stages(other, FILTER_STAGES)) if gains else None,
        change={name: changed[name] for name in pool.differing(record, other)} if gains else None,
        alternative=other,
        theory=FILTER_THEORY,
    )


def _figures(record: Record) -> str:
    taken, seconds = record.settings.input, stages(record, FILTER_STAGES)
    spent = f", {format_seconds_as_ms(seconds)} ms for resize and inference" if seconds is not None else ""
    return f"AP {format_fraction(ap(record))} with {taken.effective_filter} by {taken.resize}{spent}"

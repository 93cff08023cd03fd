"""Two settings' stage bars on one scale of milliseconds, and the stages side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.record import NOTES, Record, median_ms
from workbench.report.charts import stage_order
from workbench.timing import UNEXPLAINED
from workbench.wording import MISSING, format_milliseconds, format_number, format_seconds_as_ms

LETTER_SHARE = 0.0108  # of the bar's width is a letter wide in a window of 1280 pixels
DECODING_LONGER = 1.25  # times; less is within what two runs differ by
ENLARGED_BELOW = 0.34  # a bar shorter than a third of the scale is drawn a second time, enlarged


@dataclass(frozen=True, slots=True)
class Segment:
    """One stage's part of a bar; `share` is of the scale."""

    stage: str
    share: float
    milliseconds: str
    named: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One setting's bar."""

    label: str
    total: str
    segments: tuple[Segment, ...]
    share: float


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage: its milliseconds of each bar."""

    stage: str
    milliseconds: tuple[str, ...]
    ratio: str


@dataclass(frozen=True, slots=True)
class Budgets:
    """Everything that the bars show."""

    bars: tuple[Bar, ...]
    enlarged: Bar | None
    enlargement: str
    rows: tuple[StageRow, ...]
    notes: tuple[str, ...]
    """What a fused program covers, where the pass with stage timers was slower than the one without, and what bounds throughput."""


def budgets(baseline: Record, right: Record | None, labels: tuple[str, str]) -> Budgets | None:
    """Return the bars of the baseline and of another record; `None` where neither has times."""
    shown = [
        (record, label, record.timing.budget())
        for record, label in zip((baseline, right), labels, strict=True)
        if record is not None and record.timing is not None
    ]
    if not shown:
        return None
    by_record = [budget for *_, budget in shown]
    wholes = [sum(budget.values()) for budget in by_record]
    scale = max(wholes) or 1.0
    order = stage_order(by_record)
    bars = tuple(_bar(label, format_milliseconds(median_ms(record)), budget, order, scale) for record, label, budget in shown)
    short = min(wholes)
    enlarged = None
    if short / scale < ENLARGED_BELOW:
        record, label, budget = shown[wholes.index(short)]
        enlarged = _bar(label, format_milliseconds(median_ms(record)), budget, order, short or 1.0)
    return Budgets(
        bars=bars,
        enlarged=enlarged,
        enlargement=format_number(scale / short, 2) if short else "",
        rows=tuple(_row(stage, by_record) for stage in order),
        notes=tuple(
            filter(
                None,
                (
                    *(words(record, label) for record, label, _ in shown for words in NOTES),
                    _decode_words([record for record, *_ in shown], labels),
                ),
            )
        ),
    )


def _decode_words(records: Sequence[Record], labels: tuple[str, str]) -> str:
    """Say why frames of the same media take longer to decode where the rest of a frame is faster."""
    budgets_of = [record.timing.budget() for record in records if record.timing is not None and not record.timing.overlapped]
    if len(budgets_of) < 2 or sum(budgets_of[1].values()) > sum(budgets_of[0].values()):
        return ""
    before, after = (one.get("decode", 0.0) for one in budgets_of)
    if after <= DECODING_LONGER * before:
        return ""
    return (
        "Decoding is the same work in both. The decoder reads ahead in threads of its own while the other stages run;"
        f" {labels[1]} leaves it less time for that, so more of it is waited for."
    )


def _bar(label: str, total: str, budget: dict[str, float], order: tuple[str, ...], scale: float) -> Bar:
    segments = tuple(
        Segment(
            stage=stage,
            share=budget[stage] / scale,
            milliseconds=format_seconds_as_ms(budget[stage]),
            named=budget[stage] / scale >= LETTER_SHARE * len(f"{stage} {format_seconds_as_ms(budget[stage])}"),
        )
        for stage in order
        if budget.get(stage, 0.0) > 0
    )
    return Bar(label, total, segments, sum(budget.values()) / scale)


def _row(stage: str, budgets_of: list[dict[str, float]]) -> StageRow:
    values = [budget.get(stage) for budget in budgets_of]
    before, after = values[0], values[-1]
    ratio = f"{format_number(before / after)}×" if before and after and stage != UNEXPLAINED else MISSING
    return StageRow(stage, tuple(map(format_seconds_as_ms, values)), ratio)

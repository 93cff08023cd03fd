"""Two settings' stage bars on one scale of milliseconds, and the stages side by side."""

from dataclasses import dataclass, replace

from workbench.limits import CORES, limit
from workbench.palette import ink, stage_colour
from workbench.record import Record
from workbench.report.charts import stage_order
from workbench.speed import median_ms
from workbench.timing import UNEXPLAINED, Timing
from workbench.wording import (
    MISSING,
    format_bytes,
    format_milliseconds,
    format_number,
    format_percent,
    format_seconds_as_ms,
    listed,
)

POLICY_WORDS = {"drop": "the oldest goes where nobody takes it", "queue": "all wait"}
LETTER_SHARE = 0.0108  # of the bar's width is a letter wide in a window of 1280 pixels
OVERHEAD_NOTED = 1.02  # less is within what two passes over the same frames differ by
ENLARGED_BELOW = 0.34  # a bar shorter than a third of the scale is drawn a second time, enlarged


@dataclass(frozen=True, slots=True)
class Segment:
    """One stage's part of a bar; `share` is of the scale."""

    stage: str
    share: float
    colour: str
    ink: str
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
    """One stage of both settings."""

    stage: str
    colour: str
    before: str
    after: str
    ratio: str


@dataclass(frozen=True, slots=True)
class Budgets:
    """Everything that the bars show."""

    bars: tuple[Bar, ...]
    enlarged: Bar | None
    enlargement: str
    rows: tuple[StageRow, ...]
    stages: tuple[tuple[str, str], ...]
    """Every stage that is shown, with its colour."""
    notes: tuple[str, ...]
    """What a fused program covers, where the pass with stage timers was slower than the one without, and what bounds throughput."""


def budgets(baseline: Record, right: Record | None, labels: tuple[str, str]) -> Budgets | None:
    """Return the bars of the baseline and of another record; `None` where neither has times."""
    pairs = [
        (record, label) for record, label in zip((baseline, right), labels, strict=True) if record is not None and record.timing
    ]
    if not pairs:
        return None
    by_record = [record.timing.budget() for record, _ in pairs if record.timing is not None]
    scale = max(sum(budget.values()) for budget in by_record) or 1.0
    order = stage_order(by_record)
    bars = tuple(
        replace(_bar(label, budget, order, scale), total=format_milliseconds(median_ms(record)))
        for (record, label), budget in zip(pairs, by_record, strict=True)
    )
    short = min(bars, key=lambda bar: bar.share)
    enlarged = None
    if short.share < ENLARGED_BELOW:
        budget = by_record[bars.index(short)]
        enlarged = _bar(short.label, budget, order, sum(budget.values()) or 1.0)
    return Budgets(
        bars=bars,
        enlarged=enlarged,
        enlargement=format_number(1 / short.share, 2) if short.share else "",
        rows=tuple(_row(stage, by_record) for stage in order),
        stages=tuple((stage, stage_colour(stage)) for stage in order),
        notes=tuple(filter(None, (words(record, label) for record, label in pairs for words in NOTES))),
    )


def _bar(label: str, budget: dict[str, float], order: tuple[str, ...], scale: float) -> Bar:
    segments = tuple(
        Segment(
            stage=stage,
            share=budget[stage] / scale,
            colour=stage_colour(stage),
            ink=ink(stage_colour(stage)),
            milliseconds=format_seconds_as_ms(budget[stage]),
            named=budget[stage] / scale >= LETTER_SHARE * len(f"{stage} {format_seconds_as_ms(budget[stage])}"),
        )
        for stage in order
        if budget.get(stage, 0.0) > 0
    )
    total = sum(budget.values())
    return Bar(label, format_seconds_as_ms(total), segments, total / scale)


def _row(stage: str, budgets_of: list[dict[str, float]]) -> StageRow:
    values = [budget.get(stage) for budget in budgets_of]
    before, after = (values[0], values[1]) if len(values) == 2 else (values[0], None)
    ratio = f"{format_number(before / after)}×" if before and after and stage != UNEXPLAINED else MISSING
    return StageRow(stage, stage_colour(stage), format_seconds_as_ms(before), format_seconds_as_ms(after), ratio)


def covers_words(record: Record, label: str) -> str:
    """Say what a fused program covers, and what it left out."""
    engine = record.engine
    if engine is None or (len(engine.covers) < 2 and not engine.left_out):
        return ""
    parts = [f"one program covers {listed(engine.covers)}"] if len(engine.covers) > 1 else []
    parts += [f"left out: {'; '.join(engine.left_out)}"] if engine.left_out else []
    parts += [f"{format_bytes(engine.input_bytes)} a frame go in"] if engine.input_bytes else []
    return f"{label}, infer: {'; '.join(parts)}."


def overhead_words(record: Record, label: str) -> str:
    """Say where the stages add up to more than the median frame: the bar is then longer than the figure beside it."""
    if record.timing is not None and record.timing.overlapped:
        return ""
    median = median_ms(record)
    stages_ms = sum(record.timing.budget().values()) * 1000 if record.timing is not None else 0.0
    if not median or stages_ms / median < OVERHEAD_NOTED:
        return ""
    return (
        f"{label}: its stages come from a second pass, which was slower; they add up to {format_milliseconds(stages_ms)} ms"
        f" against {format_milliseconds(median)} ms without stage timers."
    )


def limit_words(record: Record, label: str) -> str:
    """Say what bounds throughput, how near the run came to it, and what the next gain would be."""
    timing, machine_cores = record.timing, record.environment.cores
    found = limit(timing, machine_cores) if timing is not None else None
    if timing is None or found is None or not timing.cpu_seconds:
        return ""
    cores = f"{machine_cores} cores over {format_milliseconds(timing.cpu_seconds * 1000)} ms of processor time a frame"
    if not timing.overlapped:
        return (
            f"{label}: one frame after the other kept {format_number(found.fps * timing.cpu_seconds, 2)} of {machine_cores} cores"
            f" busy{_core_words(timing)}; {cores} bound it at {format_number(found.bound_fps)} FPS,"
            f" of which {format_percent(found.share)} was reached."
        )
    what = cores if found.limited_by == CORES else f"{found.limited_by}, which one thread does"
    busy = ", ".join(f"{stage} {format_percent(share)}" for stage, share in found.busy.items() if share > 0)
    best = max(found.busy, key=lambda stage: found.without(stage, machine_cores))
    return (
        f"{label}: stages of different frames ran at the same time; those of one add up to"
        f" {format_milliseconds(sum(timing.budget().values()) * 1000)} ms. What bounds it is {what}: at most"
        f" {format_number(found.bound_fps)} FPS, of which {format_percent(found.share)} was reached. Busy of the time, all workers"
        f" together: {busy}{_core_words(timing)}. The next gain: without {best} the bound would be"
        f" {format_number(found.without(best, machine_cores))} FPS."
    )


def _core_words(timing: Timing) -> str:
    return f" (each core, by whatever: {', '.join(map(format_percent, timing.core_busy))})" if timing.core_busy else ""


def pace_words(record: Record, label: str) -> str:
    """Say whether the pipeline kept up with frames at their own pace, and how old they were when they were shown."""
    paced = record.real_time
    if paced is None:
        return ""
    pace = f"{format_number(paced.source_fps)} FPS" if paced.source_fps else "the source"
    p99 = f"{format_milliseconds(paced.p99_age_ms)} ms" if paced.p99_age_ms is not None else "not known, too few frames"
    came = len(paced.age_seconds) + paced.dropped
    growing = "; frames grew older and older" if paced.growing else ""
    return (
        f"{label}: keeps up with {pace}: {'yes' if paced.keeps_up else 'no'}; p99 age {p99}, median"
        f" {format_milliseconds(paced.median_age_ms)} ms; {paced.dropped} of {came} frames dropped"
        f" ({POLICY_WORDS[paced.policy]}); jitter {format_milliseconds(paced.jitter_ms)} ms{growing}."
    )


NOTES = (covers_words, overhead_words, limit_words, pace_words)

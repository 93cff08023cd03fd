"""What a record's times mean, in sentences: the terminal and the report say them alike."""

from workbench.record.evidence import SEPARATE_RUNS_MARGIN, Speed, median_ms
from workbench.record.record import Record
from workbench.timing import CORES, Timing, limit
from workbench.wording import (
    format_bytes,
    format_milliseconds,
    format_number,
    format_percent,
    format_seconds,
    listed,
    ratio_words,
    times,
)

POLICY_WORDS = {"drop": "the oldest goes where nobody takes it", "queue": "all wait"}
OVERHEAD_NOTED = 1.02  # less is within what two passes over the same frames differ by


def speed_words(speed: Speed, separate: str = " (separate runs)") -> str:
    """Say how fast one record is against another: `22.6 times faster [22.1, 23.0]`; separate runs are called so, not given one."""
    if speed.interval is not None:
        return ratio_words(speed.interval)
    claimed = speed.verdict in {"faster", "slower"}
    return f"{times(speed.ratio) if claimed else ratio_words(speed.bounds)}{separate}"


def differing_medians(speed: Speed, record: Record, other: Record) -> str:
    """Say where two records' own medians differ from what they showed in turns by more than both may be off; else nothing."""
    new, old = median_ms(record), median_ms(other)
    if speed.interval is None or not new or not old:
        return ""
    own = old / new
    if speed.interval.low / SEPARATE_RUNS_MARGIN <= own <= speed.interval.high * SEPARATE_RUNS_MARGIN:
        return ""
    return (
        f"The ratio comes from blocks of frames in turns; the runs by themselves took {format_milliseconds(old)} and"
        f" {format_milliseconds(new)} ms a frame, {times(own)}, for the machine changed its pace between them."
    )


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


def weight_words(record: Record, label: str) -> str:
    """Say what a setting takes in a process of its own, and of what that is made up."""
    weight = record.weight
    if weight is None:
        return ""
    counted = "" if weight.counter == "VmHWM" else f"; counted by {weight.counter}"
    return (
        f"{label}, in a process of its own: at most {format_bytes(weight.peak_bytes)} of memory ({weight.memory_words()}{counted}),"
        f" {format_seconds(weight.startup_seconds)} to start ({weight.start_words()}),"
        f" {format_bytes(record.file_bytes)} on the disk.{''.join(f' {note}.' for note in weight.notes)}"
    )


NOTES = (covers_words, overhead_words, limit_words, pace_words)

"""What a change should bring, computed from measured stages by Amdahl's law.

What a change leaves alone goes on taking its time: of a frame of T seconds, of which a stage takes s, no change of the stage makes
more than T / (T - s) (G. Amdahl, "Validity of the single processor approach", 1967, https://doi.org/10.1145/1465482.1465560).
"""

from collections.abc import Sequence

from workbench.advice.card import Expected
from workbench.record import Record
from workbench.timing import Timing, limit, median_seconds
from workbench.wording import MINUS, format_number, format_seconds_as_ms

DECODE = "decode"  # one thread does it, however many work on what follows


def timed(record: Record) -> Timing:
    """Return a record's times; what has none is advised on by nobody."""
    assert record.timing is not None, "it ran"
    return record.timing


def frame_seconds(record: Record) -> float:
    """Return the median seconds of a frame, timed without stage timers."""
    seconds = median_seconds(timed(record).total_seconds)
    assert seconds is not None, "it ran"
    return seconds


def whole(record: Record) -> float:
    """Return the seconds of a median frame, as its stages and what they leave unexplained add up."""
    return sum(timed(record).budget().values())


def stage(record: Record, name: str) -> float | None:
    """Return the seconds of one stage of a median frame; `None` where the record has no such stage, or stages overlapped."""
    return None if timed(record).overlapped else timed(record).budget().get(name)


def share(record: Record, name: str) -> float:
    """Return the share of a median frame that one stage takes; 0 where that is not known."""
    seconds, total = stage(record, name), whole(record)
    return seconds / total if seconds and total else 0.0


def of_frame(record: Record, name: str) -> str:
    """Say how much of a median frame one stage takes: `4.00 of 10.0 ms`."""
    return f"{format_seconds_as_ms(stage(record, name))} of {format_seconds_as_ms(whole(record))} ms"


def stages(record: Record, names: Sequence[str]) -> float | None:
    """Return the seconds of several stages of a median frame together; `None` where the record has none of them."""
    known = [seconds for name in names if (seconds := stage(record, name)) is not None]
    return sum(known) if known else None


def amdahl(record: Record, names: Sequence[str], becomes: float | None = None) -> Expected | None:
    """Return what changing some stages should bring.

    Args:
        record: Whose stages.
        names: The stages.
        becomes: Their seconds after the change; `None` where they are not known, and then the bound is returned.

    >>> 10 / (10 - 4 + 1)  # a stage of 4 of 10 ms that takes 1 ms after the change
    1.4285714285714286
    """
    seconds, total = stages(record, names), whole(record)
    if seconds is None or total - seconds + (becomes or 0.0) <= 0:
        return None
    ratio = total / (total - seconds + (becomes or 0.0))
    now = format_seconds_as_ms(total)
    new = "" if becomes is None else f" + {format_seconds_as_ms(becomes)}"
    arithmetic = f"{now} / ({now} {MINUS} {format_seconds_as_ms(seconds)}{new}) = {format_number(ratio)}"
    return Expected(ratio=ratio, arithmetic=f"{arithmetic}, in ms of a frame", bound=becomes is None)


def overlapping(record: Record) -> Expected | None:
    """Return what overlapping the stages of different frames could bring at most; see `workbench.timing.bounds`."""
    timing, cores = timed(record), usable(record)
    found = None if timing.overlapped else limit(timing, cores)
    if found is None or not timing.cpu_seconds:
        return None
    bounds = {f"{cores:g} cores / {format_seconds_as_ms(timing.cpu_seconds)} ms of processor time": found.cores_fps}
    decoding = timing.stage_medians().get(DECODE)
    if decoding:
        bounds[f"1 thread / {format_seconds_as_ms(decoding)} ms of {DECODE}"] = 1 / decoding
    words = min(bounds, key=lambda text: bounds[text])
    ratio = bounds[words] / found.fps
    arithmetic = f"{words} = {format_number(bounds[words])} FPS, over {format_number(found.fps)} FPS now = {format_number(ratio)}"
    return Expected(ratio=ratio, arithmetic=arithmetic, bound=True)


def usable(record: Record) -> float:
    """Return the cores that the run could use: those of the machine, or of the container's quota."""
    cores, quota = float(record.environment.cores), record.noise.quota_cores
    return min(cores, quota) if quota else cores

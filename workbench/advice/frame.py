"""Cards about the frame as a whole: its largest stage, what no stage explains, and what comes before the first one."""

from workbench.advice.arithmetic import DECODE, amdahl, frame_seconds, of_frame, share, timed
from workbench.advice.card import Card
from workbench.advice.pool import Pool
from workbench.advice.rule import Theory, draw_up
from workbench.catalogue import engine_row
from workbench.record import Record, speed_against
from workbench.timing import UNEXPLAINED
from workbench.wording import counted, format_number, format_percent, format_seconds_as_ms, listed, times

LARGEST_NOTED = 0.30  # a stage with less of the frame than this hardly dominates it
UNEXPLAINED_NOTED = 0.10  # more than a tenth outside all stages: the split no longer tells the whole story
START_NOTED = 30.0  # frames that the start takes as long as: a second of video, which a viewer notices
PAYBACK_NOTED = 5.0  # frames; what is paid back sooner nobody notices
RULED_ELSEWHERE = (DECODE, "preprocess", "nms")  # stages with rules of their own

LARGEST_THEORY: Theory = (
    "Amdahl's law: what a change leaves alone goes on taking its time.",
    "So the largest stage is the one to look at first, and its share bounds what a change there can bring.",
    "The bound supposes that the stage vanishes; it never does.",
)
UNEXPLAINED_THEORY: Theory = (
    "Whole frames are timed in a pass without stage timers, the stages in a second pass.",
    "Handing frames over, waiting for other threads and the loop itself belong to no stage.",
    "Where that is much, the bars show it hatched: making a stage faster then brings less than they promise.",
)
START_THEORY: Theory = (
    "Loading, tracing, compiling, converting and the first allocations happen once.",
    "A benchmark that counts them tells how long starting takes, not how fast frames pass.",
    "In a service, send one blank frame through before the first real one; here they are kept out of every other figure.",
)


def largest_stage(pool: Pool, record: Record) -> Card | None:
    """Name the stage that takes most of the frame, where it has no rule of its own, and what its absence could bring."""
    budget = timed(record).budget()
    name = max((name for name in budget if name != UNEXPLAINED), key=lambda name: budget[name], default=None)
    habit = name == "infer" and engine_row(record.settings.runtime.engine).slow_call is not None
    if name is None or name in RULED_ELSEWHERE or habit or share(record, name) < LARGEST_NOTED:
        return None
    covers = record.engine.covers if record.engine is not None and name == "infer" else ()
    return draw_up(
        pool,
        record,
        "largest-stage",
        title=f"The largest stage is {name}",
        finding=f"In {pool.label(record)}, {name} takes {format_percent(share(record, name))} of the frame.",
        evidence=f"The {name} stage takes {of_frame(record, name)}."
        + (f" Its program covers {listed(covers)}." if len(covers) > 1 else ""),
        expected=amdahl(record, (name,)),
        theory=LARGEST_THEORY,
    )


def unexplained(pool: Pool, record: Record) -> Card | None:
    """Say where the stages leave much of the frame unexplained."""
    part = timed(record).unexplained_share
    if part is None or part <= UNEXPLAINED_NOTED or record.broken:
        return None
    return draw_up(
        pool,
        record,
        "unexplained",
        title="Time that is in no stage",
        finding=f"{format_percent(part)} of a frame of {pool.label(record)} is in no stage.",
        evidence="The whole frame, timed without stage timers, is longer than its stages together.",
        theory=UNEXPLAINED_THEORY,
    )


def slow_start(pool: Pool, record: Record) -> Card | None:
    """Say where starting takes as long as many frames, so that nobody counts it with them."""
    timing, median = timed(record), frame_seconds(record)
    start, count = timing.compile_seconds + timing.first_call_seconds, len(timing.total_seconds)
    frames = start / median
    if frames < START_NOTED:
        return None
    spent = f"{format_number(timing.compile_seconds)} s to load and compile"
    first = f"{format_seconds_as_ms(timing.first_call_seconds)} ms for the first frame"
    return draw_up(
        pool,
        record,
        "slow-start",
        title="The first call is the slow one",
        finding=f"{pool.label(record)} takes {format_number(start, 2)} s to start: as long as {format_number(frames, 2)} frames.",
        evidence=(
            f"{spent} and {first}, against a median of {format_seconds_as_ms(median)} ms. Counted with these"
            f" {counted(count, 'frame')}, it would make a frame look {times(count / (count + frames))}."
        ),
        theory=START_THEORY,
    )


def start_paid_back(pool: Pool, record: Record) -> Card | None:
    """Say after how many frames a faster setting's longer start is paid back."""
    new, old, speed = timed(record), timed(pool.baseline), speed_against(record, pool.baseline)
    if speed is None or speed.verdict != "faster" or record.broken:
        return None
    saved = frame_seconds(pool.baseline) - frame_seconds(record)
    cost = new.compile_seconds + new.first_call_seconds - old.compile_seconds - old.first_call_seconds
    if cost <= 0 or saved <= 0 or cost / saved < PAYBACK_NOTED:
        return None
    return draw_up(
        pool,
        record,
        "start-paid-back",
        title="A longer start that frames pay back",
        finding=f"{pool.label(record)} pays back its longer start after {format_number(cost / saved, 2)} frames.",
        evidence=(
            f"It starts {format_number(cost)} s later than {pool.label(pool.baseline)}"
            f" and saves {format_seconds_as_ms(saved)} ms a frame."
        ),
        theory=START_THEORY,
    )

"""Cards about integers: what repairs them, files that say more than they hold, and four bits that have no kernels."""

import re
from dataclasses import replace

from workbench.advice.arithmetic import frame_seconds
from workbench.advice.card import Card, Expected
from workbench.advice.pool import Pool
from workbench.advice.rule import Theory, draw_up
from workbench.advice.trial import repair_command
from workbench.errors import one_line
from workbench.record import AP_LOSS_NOTED, Record, accuracy_against, ap_change, speed_against, speed_words
from workbench.wording import format_agreement, format_ap_change, format_bytes, format_number, format_seconds_as_ms, listed

REPAIRS = ("runtime.float_ops", "runtime.calibration_range", "runtime.calibration_frames")
REPAIR = "repair"  # the card that a repair can be begun from
STATIC = "int8"
AGREES = 0.95  # of boxes with the float network's, without truth: what a sound conversion keeps
CONVERTED = "conversion "  # as notes on what was made of a file begin
LONGEST_NAME = 80  # characters
SAYS_INTEGERS = re.compile(r"(?:^|[^a-z])(?:u?int8|int4|quant(?:i[sz]ed?)?|dynamic)(?:[^a-z]|$)", re.IGNORECASE)  # of a file's name

REPAIR_THEORY: Theory = (
    "One scale for all values of a tensor, or a range that one frame or one channel sets, leaves the others a few of 256 steps.",
    "Ranges and calibration frames cost nothing at run time; a few blocks in float cost a little, and the rest stays in integers.",
    "Which blocks those are shows when each is quantised alone, on a few real frames and without labels.",
)
NOTHING_THEORY: Theory = (
    "A converter leaves weights in float where it finds nothing that it can quantise, or is not told to.",
    "Such a file is as large and as slow as float32 whatever its name says.",
    "A float file can be quantised here: runtime.precision.",
)
INT4_THEORY: Theory = (
    "Four bits halve the weights of int8 once more, on disk and in memory.",
    "On a CPU, LiteRT's fast kernels (XNNPACK) take no convolution with weights of four bits: it runs on reference kernels.",
    "weight-int8 loses next to nothing and runs on the fast ones; four bits pay where a network has to fit.",
)


def repairable(pool: Pool, record: Record) -> Card | None:
    """Say where integers cost too much, and what repairs that: what did where it was measured, else what looks for it."""
    runtime = record.settings.runtime
    if runtime.precision != STATIC or runtime.float_ops:
        return None
    siblings = pool.siblings(record, ("runtime.precision", *REPAIRS))
    floats = next((one for one in siblings if one.settings.runtime.precision == "float32"), None)
    if floats is None or not _costs(record, floats):
        return None
    repaired = next((one for one in pool.siblings(record, REPAIRS) if not _costs(one, floats)), None)
    change = None if repaired is None else {name: pool.values(repaired)[name] for name in pool.differing(record, repaired)}
    card = draw_up(
        pool,
        record,
        REPAIR,
        title=f"{STATIC} {'is broken' if record.broken else 'costs much'} here{', and this repairs it' if change else ''}",
        finding=f"{pool.label(record)} against {pool.label(floats)}: {_lost(record, floats)}.",
        evidence=f"{pool.label(repaired)}: {_lost(repaired, floats)}." if repaired else "No repair of it was measured yet.",
        expected=_at_most(record, floats),
        change=change,
        alternative=repaired,
        theory=REPAIR_THEORY,
    )
    return card if change else replace(card, command=repair_command(record))


def nothing_quantised(pool: Pool, record: Record) -> Card | None:
    """Say where a file is called by a precision of integers and holds none."""
    source, runtime = record.detector.source, record.settings.runtime
    name = source.replace("\\", "/").rpartition("/")[2]
    stored = [note for note in (record.engine.notes if record.engine else ()) if note.startswith(CONVERTED)]
    if not name.lower().endswith(".tflite") or not SAYS_INTEGERS.search(name) or "int" in runtime.precision or stored:
        return None
    return draw_up(
        pool,
        record,
        "nothing-quantised",
        title="The file says integers, and nothing in it is quantised",
        finding=f"{one_line(name, LONGEST_NAME)} is called by integers, and its weights are stored in {runtime.precision}.",
        evidence=f"It has {format_bytes(record.detector.size_bytes)}, and runs as any file in {runtime.precision} does.",
        change={"runtime.precision": STATIC},
        theory=NOTHING_THEORY,
    )


def _costs(record: Record, floats: Record) -> bool:
    """Whether a record loses more than anybody overlooks: AP, or agreement where no truth is known."""
    change, agreed = ap_change(record, floats), record.agreement
    if record.broken or change is not None:
        return record.broken or (change is not None and -change > AP_LOSS_NOTED)
    return agreed is not None and agreed.baseline_id == floats.id and agreed.ratio < AGREES


def _lost(record: Record, floats: Record) -> str:
    told = []
    if (change := accuracy_against(record, floats)) is not None:
        told.append(f"AP {format_ap_change(change)}")
    if record.agreement is not None and record.agreement.baseline_id == floats.id:
        told.append(f"agreement {format_agreement(record.agreement)}")
    if (speed := speed_against(record, floats)) is not None:
        told.append(speed_words(speed))
    return listed(told)


def _at_most(record: Record, floats: Record) -> Expected:
    own, others = frame_seconds(record), frame_seconds(floats)
    figures = f"{format_seconds_as_ms(others)} / {format_seconds_as_ms(own)} = {format_number(others / own)}"
    return Expected(ratio=others / own, arithmetic=f"ms a frame in float32 over all in {STATIC}: {figures}", bound=True)

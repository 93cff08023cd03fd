"""Cards about the machine: its threads, and whether its times can be believed."""

from dataclasses import replace

from workbench.advice.arithmetic import amdahl, stage, timed, usable
from workbench.advice.card import Card
from workbench.advice.pool import NAMES_TOLD, Pool
from workbench.advice.rule import Theory, draw_up
from workbench.record import Record
from workbench.wording import counted, format_seconds_as_ms, listed

REASONS_TOLD = 3

THREADS_THEORY: Theory = (
    "A runtime splits each layer over its threads; with fewer threads than cores, cores have nothing to do.",
    "With more threads than cores they take turns, and each layer waits for the one that was put off.",
    "Runtimes differ in what they choose when nothing is said, so the workbench always says it, and records it.",
)
NOISE_THEORY: Theory = (
    "Whatever else runs takes time from some frames and not from others, so medians and tails both move.",
    "Repeating under the same load repeats the error; two settings measured at different moments then differ for no reason.",
    "Comparisons in interleaved blocks suffer least, because both sides suffer alike.",
)


def threads_unequal(pool: Pool, record: Record) -> Card | None:
    """Say where the threads are not as many as the cores that may be used."""
    cores, threads = max(1, int(usable(record))), record.settings.runtime.threads
    if threads == cores or record.settings.runtime.device != "cpu":
        return None
    infer = stage(record, "infer")
    few = threads < cores
    expected = amdahl(record, ("infer",), infer * threads / cores) if few and infer is not None else None
    spent = timed(record).cpu_seconds
    told = f"runtime.threads is {threads}; this process may use {counted(cores, 'core')}."
    if spent:
        told += f" A frame takes {format_seconds_as_ms(spent)} ms of processor time."
    if expected is not None:
        told += " The expected gain supposes that inference splits perfectly; it never does."
    return draw_up(
        pool,
        record,
        "threads-unequal",
        title="Fewer threads than cores" if few else "More threads than cores",
        finding=f"{pool.label(record)} runs with {counted(threads, 'thread')} on {counted(cores, 'core')}.",
        evidence=told,
        expected=expected,
        change={"runtime.threads": cores},
        theory=THREADS_THEORY,
    )


def noisy_machine(pool: Pool, record: Record) -> Card | None:
    """Say where the machine was not quiet, so that nobody decides on those times."""
    if record.noise.verdict != "noisy":
        return None
    rows = [other for other in pool.records if other.noise.verdict == "noisy"]
    named = listed([pool.label(other) for other in rows], most=NAMES_TOLD)
    card = draw_up(
        pool,
        record,
        "noisy-machine",
        title="The machine was noisy: measure again before believing it",
        finding=f"During {len(rows)} of {counted(len(pool.records), 'run')} the machine was not quiet: {named}.",
        evidence=f"In {pool.label(record)}: {'; '.join(record.noise.reasons[:REASONS_TOLD]) or 'no reason was kept'}.",
        theory=NOISE_THEORY,
    )
    return replace(card, command=record.command)

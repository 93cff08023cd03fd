"""What the session knows, in the words and figures that people read: the same as the report's."""

import time
from dataclasses import asdict
from typing import Any

import psutil

from workbench.catalogue import engine_row
from workbench.detections import compare_ap
from workbench.live import Cost
from workbench.machine import NoiseCertificate
from workbench.record import Record, Weight, weight_cells
from workbench.report import Summary, points_of, waterfall_picture
from workbench.session import Job, Opened, Pinned, Session
from workbench.stages import Overlay, counts
from workbench.timing import Comparison, Timing, frames_needed
from workbench.wording import (
    MISSING,
    PALETTE,
    format_agreement,
    format_ap,
    format_ap_change,
    format_between,
    format_bytes,
    format_fraction,
    format_milliseconds,
    format_number,
    format_percent,
    format_ratio,
    ratio_words,
)

Told = dict[str, Any]


def status(session: Session, drawn: Overlay | None, cost: Cost | None, age_seconds: float | None, noise: NoiseCertificate) -> Told:
    """Tell how the running setting does, with what lies over the picture that is shown, and how old that was on the screen."""
    opened, running = session.opened, session.running
    shown = opened.player.shown if opened else None
    if opened is None or running is None or shown is None:
        return {"ready": False}
    player, pinned, comparison = opened.player, opened.evaluation.pinned, opened.evaluation.comparison
    timing = player.rolling.window.timing()
    pinned_timing = pinned.timing if pinned else None
    name = session.name_of(running)
    history = player.rolling.history(time.perf_counter())
    return {
        "ready": True,
        "playing": player.playing,
        "pace": player.pace,
        "position": shown.frame.index,
        "frames": player.media.facts().frames or None,
        "name": name,
        "headline": _headline(timing, comparison, pinned, session),
        "figures": _figures(opened, timing, cost, age_seconds),
        "noise": {"verdict": noise.verdict, "reasons": list(noise.reasons)},
        "now": _bar(name, timing) if timing else None,
        "pinned": _bar(pinned.name, pinned_timing) if pinned else None,
        "history": {
            "seconds": [round(at, 2) for at, _ in history],
            "ms": [round(seconds * 1000, 3) for _, seconds in history],
            "pinned_ms": pinned_timing.median_ms if pinned_timing else None,
        },
        "counts": counts(drawn) if drawn is not None else None,
    }


def _headline(timing: Timing | None, comparison: Comparison | None, pinned: Pinned | None, session: Session) -> Told:
    median_ms = timing.median_ms if timing else None
    return {
        "latency": f"{format_milliseconds(median_ms)} ms",
        "fps": f"{format_number(timing.fps if timing else None)} FPS",
        "against": comparison.a if comparison else pinned.name if pinned else "",
        "versus": _versus(timing, comparison, pinned, session),
        "verdict": comparison.verdict if comparison else None,
    }


def _versus(timing: Timing | None, comparison: Comparison | None, pinned: Pinned | None, session: Session) -> str:
    if pinned is None:
        return "nothing pinned to compare with"
    if comparison is not None:
        return ratio_words(comparison.ratio)
    if pinned.pipeline.settings != session.running:
        return f"{_so_far(timing, pinned)}comparing …"
    return (
        "this is what is pinned" if pinned.settings == session.settings else "what is pinned, fed otherwise: Measure compares that"
    )


def _so_far(timing: Timing | None, pinned: Pinned) -> str:
    """Say how the times so far compare, where both are known: it stands there until turns have decided."""
    before, now = pinned.timing.median_ms if pinned.timing else None, timing.median_ms if timing else None
    if not before or not now:
        return ""
    return f"about {format_number(max(before / now, now / before), 2)} times {'faster' if before > now else 'slower'} so far; "


def _figures(opened: Opened, timing: Timing | None, cost: Cost | None, age_seconds: float | None) -> list[Told]:
    accuracy, pinned = opened.evaluation.accuracy, opened.evaluation.pinned
    agreed = opened.evaluation.agreement()
    change = compare_ap(accuracy, pinned.accuracy) if pinned and pinned.accuracy != accuracy else None
    judged, total = opened.evaluation.judged
    ap = format_fraction(accuracy.ap) if accuracy else f"{judged} of {total} frames" if total else "no truth"
    changed = f"({format_ap_change(change)})" if change else None
    between = f"95 % interval {format_between(agreed.interval)}" if agreed and agreed.interval else None
    return [
        _figure("AP", ap, changed, title=changed) if changed else _figure("AP", format_ap(accuracy) if accuracy else ap),
        _figure("agreement", format_fraction(agreed.ratio) if agreed else MISSING, title=between),
        _figure("p90", _quantile(timing, 0.90)),
        _figure("p95", _quantile(timing, 0.95)),
        _figure("frame age", _ms(None if age_seconds is None else age_seconds * 1000)),
        _figure("dropped", f"{opened.player.dropped:,}"),
        _figure("memory", format_bytes(int(psutil.Process().memory_info().rss))),
        _figure(
            "cost of showing",
            f"{format_milliseconds(cost.seconds_each * 1000)} ms, {format_percent(cost.core_share)} of a core" if cost else MISSING,
        ),
    ]


def _ms(value_ms: float | None) -> str:
    return MISSING if value_ms is None else f"{format_milliseconds(value_ms)} ms"


def _quantile(timing: Timing | None, quantile: float) -> str:
    """Write a quantile of the rolling window, or how many frames of those that it takes have passed."""
    if timing is None:
        return MISSING
    value_ms = timing.p90_ms if quantile == 0.90 else timing.p95_ms
    return f"{len(timing.total_seconds)} of {frames_needed(quantile)}" if value_ms is None else _ms(value_ms)


def _figure(label: str, value: str, change: str | None = None, title: str | None = None) -> Told:
    return {"label": label, "value": value, "change": change, "title": title}


def _bar(name: str, timing: Timing | None) -> Told:
    """Tell a setting's stages; its name alone where no frame of it was timed yet."""
    stages = [{"stage": stage, "ms": seconds * 1000} for stage, seconds in timing.budget().items()] if timing else []
    return {"name": name, "total_ms": timing.median_ms if timing else None, "stages": stages}


def explained(session: Session, records: list[Record]) -> Told:
    """Tell what would be explained now, or why nothing can be, and the picture of what was explained last."""
    opened, settings = session.opened, session.settings
    pinned = opened.evaluation.pinned if opened else None
    last = next((record for record in reversed(records) if record.waterfall is not None), None)
    told: Told = {"about": None, "reason": None, "picture": asdict(waterfall_picture(last)) if last is not None else None}
    if settings is None or pinned is None:
        return told | {"reason": "Nothing is pinned: pin a setting, change others, and explain what each of them brings."}
    if pinned.settings == settings:
        return told | {"reason": f"{pinned.name} is what is pinned: change settings, and explain what each of them brings."}
    return told | {"about": f"{session.name_of(settings)} against {pinned.name}, one setting at a time, both ways"}


def tuned(session: Session) -> Told | None:
    """Tell what finding the fastest came to, as long as nobody has closed it."""
    found = session.tuned
    if found is None:
        return None
    better = found.chosen is not None and found.chosen.id != found.baseline.id
    return {
        "sentence": found.sentence,
        "notes": [*found.notes, *([found.next_step] if found.stopped else [])],
        "chosen": found.chosen.id if found.chosen and better else None,
        "in_use": found.chosen is not None and session.settings == found.chosen.settings,
    }


def job(running: Job | None) -> Told | None:
    """Tell what is going on and for how long."""
    if running is None:
        return None
    return {
        "what": running.what,
        "seconds": round(time.perf_counter() - running.began_seconds, 1),
        "done": running.done or None,
        "total": running.total or None,
        "can_cancel": running.can_cancel,
    }


def rows(records: list[Record], pinned: Pinned | None) -> list[Told]:
    """Tell the table of what was measured, by what differs from the baseline, and on which frames where not all were the same."""
    if not records:
        return []
    labels, settings = Summary.of(records).labels, pinned.settings if pinned else None
    several = len({record.media.key for record in records}) > 1
    return [
        _row(record, pinned=record.settings == settings)
        | _weight(record.weight)
        | {"label": labels.get(record.id, record.name), "media": record.media.name if several else None}
        for record in records
    ]


def _weight(weight: Weight | None) -> Told:
    """Tell what a setting weighs, and of what that is made up; nothing of one that was not weighed."""
    if weight is None:
        return {"weight": None, "weight_parts": None}
    memory, start = weight_cells(weight)
    return {
        "weight": f"in a process of its own: at most {memory} of memory, {start} to start",
        "weight_parts": f"{weight.memory_words()}; {weight.start_words()}",
    }


def plot(records: list[Record]) -> Told:
    """Tell latency against AP, or against agreement, of what was measured, as the chart draws it."""
    summary = Summary.of(records) if records else None
    placed = points_of(summary) if summary else None
    if summary is None or placed is None:
        return {"axis": "AP", "points": [], "frontier": []}
    baseline = next((point for point in placed.points if point.record.id == summary.baseline.id), None)
    return {
        "axis": "AP" if placed.axis == "ap" else placed.axis,
        "points": [
            [
                point.x,
                point.shown,
                point.record.id,
                False,
                _point_words(point.record),
                f"{summary.label(point.record)}{'' if point.shown == point.y else f', {format_fraction(point.y)} ↓'}",
                _colour(point.record),
            ]
            for point in placed.points
        ],
        "frontier": list(placed.frontier()),
        "chosen_at": [baseline.x, baseline.shown] if baseline else None,
    }


def _point_words(record: Record) -> str:
    timing, broken = record.timing, "broken; " if record.broken else ""
    return f"{broken}{record.name}: {format_milliseconds(timing.median_ms if timing else None)} ms, AP {format_ap(record.accuracy)}"


def _colour(record: Record) -> str:
    return PALETTE[engine_row(record.settings.runtime.engine).colour]


def _row(record: Record, *, pinned: bool) -> Told:
    timing, compared_with = record.timing, record.comparison
    return {
        "id": record.id,
        "name": record.name,
        "median": format_milliseconds(timing.median_ms if timing else None),
        "p95": format_milliseconds(timing.p95_ms if timing else None),
        "fps": format_number(timing.fps if timing else None),
        "versus": format_ratio(compared_with.ratio) if compared_with else MISSING,
        "ap": format_ap(record.accuracy),
        "agreement": format_agreement(record.agreement),
        "noise": record.noise.verdict,
        "state": "failed" if record.problem else "broken" if record.broken else "ok",
        "problem": record.problem.message if record.problem else "; ".join(record.warnings) or None,
        "pinned": pinned,
    }

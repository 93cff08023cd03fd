"""The report's first sentence, and the four figures under it."""

from dataclasses import dataclass

from workbench.record import AP_LOSS_NOTED, Record, accuracy_against, ap, comparable, ran, speed_words
from workbench.report.summary import Summary
from workbench.timing import CANNOT_TELL, Verdict
from workbench.wording import (
    MISSING,
    accuracy_verdict,
    counted,
    format_ap_change,
    format_between,
    format_fraction,
    format_interval,
    format_number,
    ratio_figure,
    short_cpu_name,
)

ONLY_COMPOSED = "nothing was measured whole yet, and composed times are no more than a screening"
NOISE_ORDER = ("quiet", "unknown", "noisy")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One of the figures under the headline."""

    name: str
    value: str
    before: str | None = None
    note: str = ""
    tone: str = ""


def headline(summary: Summary) -> str:
    """Say in one sentence what came of it; a second one only where speed was bought with accuracy."""
    baseline, best = summary.baseline, summary.best
    subject = f"{_detectors(summary)} on {baseline.media.name}"
    place = _place(*(record for record in (baseline, best) if record is not None))
    if not any(map(ran, summary.records)):
        reason = next((record.problem.message for record in summary.records if record.problem is not None), "no frame was timed")
        return f"{subject}: nothing could be measured ({reason.rstrip('.')}), {_machine(baseline)}."
    if not any(ran(record) and not record.composed for record in summary.records):
        return f"{subject}: {ONLY_COMPOSED}, {place}."
    if not ran(baseline):
        alone = _alone(summary.right or baseline, summary)
        return f"{subject}: {alone}; the baseline {summary.label(baseline)} did not run, {place}."
    if best is None:
        return f"{subject}: {_without_best(summary)}, {place}."
    speed = summary.speed(best)
    assert speed is not None, "it is faster than the baseline"
    sentence = f"{subject}: {_ms(baseline)} to {_ms(best)} ms a frame, {speed_words(speed)}{_quality(best, summary)}, {place}."
    return sentence + _loss_sentence(summary)


def _detectors(summary: Summary) -> str:
    names = (summary.baseline.detector.name, (summary.best or summary.baseline).detector.name)
    return names[0] if names[0] == names[1] else f"{names[0]} to {names[1]}"


def _place(*records: Record) -> str:
    return f"{_machine(*records)}, {noise_of(*records)}"


def _machine(*records: Record) -> str:
    environment = records[0].environment
    on_gpu = environment.gpus and any(record.settings.runtime.device != "cpu" for record in records)
    graphics = f"{environment.gpus[0]} and " if on_gpu else ""
    return f"on {graphics}{short_cpu_name(environment.cpu)}, {counted(environment.cores, 'core')}"


def noise_of(*records: Record) -> str:
    """Return the worst of the records' noise verdicts, as the headline says it."""
    worst = max((record.noise.verdict for record in records), key=NOISE_ORDER.index)
    return "noise unknown" if worst == "unknown" else worst


def _ms(record: Record) -> str:
    return format_number(record.timing.median_ms if record.timing is not None else None)


def _alone(record: Record, summary: Summary) -> str:
    known = "" if ap(record) is None else f", AP {format_fraction(ap(record))}"
    return f"{_ms(record)} ms a frame with {summary.label(record)}{known}"


def _without_best(summary: Summary) -> str:
    baseline, name = summary.baseline, summary.label(summary.baseline)
    alone = _alone(baseline, summary)
    others = [record for record in summary.records if record.id != baseline.id]
    if not any(comparable(record, baseline) for record in others):
        return f"{alone}; nothing else was timed on the same machine and frames" if others else alone
    if any(record.broken and _verdict(record, summary) == "faster" for record in others):
        return f"what is faster than {name} breaks the detector; it stays at {alone}"
    if any(record.composed and _verdict(record, summary) == "faster" for record in others):
        return f"what may be faster than {name} has composed times only; it stays at {alone}"
    untold = [record for record in others if not record.composed and _verdict(record, summary) == CANNOT_TELL]
    of_whom = summary.label(untold[0]) if len(untold) == 1 else counted(len(untold), "setting")
    but = f", but of {of_whom} that cannot be told" if untold else ""
    return f"nothing that was tried is measurably faster than {name}{but}; it stays at {alone}"


def _verdict(record: Record, summary: Summary) -> Verdict | None:
    speed = summary.speed(record)
    return None if speed is None else speed.verdict


def _quality(record: Record, summary: Summary) -> str:
    old, new = ap(summary.baseline), ap(record)
    if summary.loss(record) is not None:
        sure = accuracy_against(record, summary.baseline)
        interval = sure.interval if sure is not None else None
        more = f" ({format_between(interval)} {accuracy_verdict(sure)})" if sure is not None and interval is not None else ""
        return f", AP {format_fraction(old)} to {format_fraction(new)}{more}"
    ratio = summary.agreement(record)
    return ", accuracy unknown" if ratio is None else f", agreement {format_fraction(ratio)}"


def _loss_sentence(summary: Summary) -> str:
    best, within = summary.best, summary.within_loss
    loss = summary.loss(best) if best is not None else None
    if best is None or loss is None or loss <= AP_LOSS_NOTED or summary.budgeted:
        return ""
    lost = f" That loses {format_fraction(loss)} AP"
    if within is None:
        return f"{lost}; nothing faster than {summary.label(summary.baseline)} loses at most {format_fraction(AP_LOSS_NOTED)}."
    speed = summary.speed(within)
    assert speed is not None, "it is faster than the baseline"
    return (
        f"{lost}; the fastest that loses at most {format_fraction(AP_LOSS_NOTED)} is {summary.label(within)}:"
        f" {_ms(within)} ms a frame, {speed_words(speed)}, AP {format_fraction(ap(within))}."
    )


def key_figures(summary: Summary) -> tuple[KeyFigure, ...]:
    """Return the four figures under the headline."""
    baseline, right = summary.baseline, summary.best
    shown = right or (baseline if ran(baseline) else summary.right) or baseline
    timing, old = None if shown.composed else shown.timing, baseline.timing if right is not None else None
    missing = "composed times only" if shown.composed else "did not run"
    return (
        KeyFigure(
            name="Median ms a frame",
            value=format_number(timing.median_ms if timing else None),
            before=format_number(old.median_ms) if old else None,
            note=f"{counted(len(timing.total_seconds), 'frame')}, {summary.label(shown)}" if timing else missing,
        ),
        KeyFigure(
            name="Frames a second",
            value=format_number(timing.fps if timing else None),
            before=format_number(old.fps) if old else None,
            note="frames over the time they took, decoding to drawing",
        ),
        _speed_figure(summary),
        _quality_figure(summary, shown),
    )


def _speed_figure(summary: Summary) -> KeyFigure:
    name = f"Against {summary.label(summary.baseline)}"
    speed = summary.speed(summary.best) if summary.best is not None else None
    if speed is None:
        return KeyFigure(name=name, value=MISSING, note=_no_speed(summary))
    note = f"in turns, 95 % interval {format_interval(speed.interval)}" if speed.interval else "separate runs, no interval"
    return KeyFigure(name=name, value=ratio_figure(speed.bounds), note=note, tone="good")


def _no_speed(summary: Summary) -> str:
    if not ran(summary.baseline):
        return "it did not run"
    return "no measurably faster setting" if len(summary.records) > 1 else "nothing to compare"


def _quality_figure(summary: Summary, shown: Record) -> KeyFigure:
    if shown.accuracy is not None and shown.accuracy.ap is not None:
        loss = summary.loss(shown) if shown.id != summary.baseline.id else None
        before = format_fraction(ap(summary.baseline)) if loss is not None else None
        sure = accuracy_against(shown, summary.baseline) if loss is not None else None
        change = f"{format_ap_change(sure)} " if sure is not None else ""
        note = f"{change}on {counted(shown.accuracy.images, 'image')}"
        tone = "bad" if loss is not None and loss > AP_LOSS_NOTED else ""
        return KeyFigure(name="Average precision", value=format_fraction(shown.accuracy.ap), before=before, note=note, tone=tone)
    if shown.agreement is not None:
        between = f"{format_between(shown.agreement.interval)}, " if shown.agreement.interval else ""
        return KeyFigure(
            name="Agreement with the baseline",
            value=format_fraction(shown.agreement.ratio),
            note=f"{between}lost {shown.agreement.lost}, new {shown.agreement.new}, no truth",
        )
    return KeyFigure(name="Average precision", value=MISSING, note="no ground truth was given")

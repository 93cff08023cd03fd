"""What was learned: sentences that the records support, each with the figures it rests on. No advice without evidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.record import AP_LOSS_NOTED, ap, ran
from workbench.report.evidence import Pair, closest_pair, difference_words, speed_words
from workbench.report.summary import Summary
from workbench.timing import UNEXPLAINED
from workbench.wording import (
    counted,
    format_change,
    format_fraction,
    format_number,
    format_percent,
    format_seconds_as_ms,
    listed,
    times,
)

FIRST_CALL_NOTED = 5.0  # a first call of fewer frames' worth would not be noticed at start-up
UNEXPLAINED_NOTED = 0.10  # more than a tenth outside all stages: the split no longer tells the whole story
AP_CHANGE_NOTED = 0.005  # half the smallest step in which APs are usually quoted
STAGE_NOTED = 0.30  # a stage with less of the frame than this hardly dominates it
NMS_TIMES_NOTED = 2.0  # NMS medians of separate runs; less could be the frames


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the records show."""

    claim: str
    evidence: str
    basis: str = ""


Rule = Callable[[Summary], Finding | None]


def findings(summary: Summary) -> tuple[Finding, ...]:
    """Return what the records support, in the order of `RULES`."""
    return tuple(finding for rule in RULES if (finding := rule(summary)) is not None)


def _engine_rule(slow: str, fast: str, faster_claim: str, slower_claim: str) -> Rule:
    def rule(summary: Summary) -> Finding | None:
        pair = closest_pair(summary, "runtime.engine", slow, fast)
        return _speed_finding(pair, summary, faster_claim, slower_claim)

    return rule


def _speed_finding(pair: Pair | None, summary: Summary, faster: str, slower: str) -> Finding | None:
    if pair is None or pair.speed is None:
        return None
    claims = {"faster": faster, "slower": slower}
    claim = claims.get(pair.speed.verdict)
    if claim is None:
        return None
    times_words = times(pair.speed.ratio)
    return Finding(claim.format(times=times_words), f"{speed_words(pair, summary)}{difference_words(pair)}", pair.speed.basis)


def dynamic_int8(summary: Summary) -> Finding | None:
    """Tell whether dynamic-range int8 pays on this processor."""
    pair = closest_pair(summary, "runtime.precision", "float32", "dynamic-int8", same=("runtime.engine",))
    return _speed_finding(pair, summary, "dynamic-int8 is {times} than float32 here", "dynamic-int8 is {times} than float32 here")


def int8_speed(summary: Summary) -> Finding | None:
    """Tell whether full int8 pays on this processor."""
    pair = closest_pair(summary, "runtime.precision", "float32", "int8", same=("runtime.engine",))
    return _speed_finding(pair, summary, "int8 is {times} than float32 here", "int8 is {times} than float32 here")


def int8_accuracy(summary: Summary) -> Finding | None:
    """Tell what int8 did to AP."""
    pair = closest_pair(summary, "runtime.precision", "float32", "int8", same=("runtime.engine", "input.size_hw"))
    if pair is None:
        return None
    old, new = ap(pair.before), ap(pair.after)
    if old is None or new is None:
        return None
    if abs(new - old) < AP_CHANGE_NOTED:
        claim = "int8 costs no accuracy that shows"
    else:
        claim = f"int8 {'costs' if new < old else 'gains'} {format_fraction(abs(new - old))} AP"
    return Finding(
        claim,
        f"AP {format_fraction(old)} with {summary.label(pair.before)}, {format_fraction(new)} with {summary.label(pair.after)}.",
    )


def nms_method(summary: Summary) -> Finding | None:
    """Compare the slowest and the fastest NMS among the records whose NMS is a stage of its own."""
    timed = [
        (record.timing.stage_medians()["nms"], record)
        for record in summary.records
        if record.timing and ran(record) and not record.broken and record.timing.stage_medians().get("nms")
    ]
    if len({record.settings.nms.method for _, record in timed}) < 2:
        return None
    slow, fast = max(timed, key=lambda row: row[0]), min(timed, key=lambda row: row[0])
    if slow[0] < fast[0] * NMS_TIMES_NOTED or slow[1].settings.nms.method == fast[1].settings.nms.method:
        return None
    methods = slow[1].settings.nms.method, fast[1].settings.nms.method
    figures = (f"{format_seconds_as_ms(seconds)} ms in {summary.label(record)}" for seconds, record in (slow, fast))
    claim = f"NMS written as {methods[0]} takes {format_number(slow[0] / fast[0])} times as long as {methods[1]}"
    return Finding(claim, f"The NMS stage: {', '.join(figures)}.", "separate runs")


def dominant_stage(summary: Summary) -> Finding | None:
    """Name the stage that takes most of the fastest setting's frame, and what removing it could bring at most (Amdahl)."""
    record = summary.best or (summary.baseline if ran(summary.baseline) else None)
    if record is None or record.timing is None:
        return None
    budget = record.timing.budget()
    total = sum(budget.values())
    stage = max((name for name in budget if name != UNEXPLAINED), key=lambda name: budget[name], default=None)
    if stage is None or not total or budget[stage] / total < STAGE_NOTED:
        return None
    rest = total - budget[stage]
    evidence = f"{format_seconds_as_ms(budget[stage])} of {format_seconds_as_ms(total)} ms."
    if rest > 0:
        bound = format_number(total / rest, 2)
        evidence += f" Were {stage} free, a frame would still take {format_seconds_as_ms(rest)} ms: {bound} times faster at most."
    if stage == "infer" and record.engine is not None and len(record.engine.covers) > 1:
        evidence += f" Its program covers {listed(record.engine.covers)}."
    return Finding(f"In {summary.label(record)}, {stage} takes {format_percent(budget[stage] / total)} of the frame", evidence)


def first_call(summary: Summary) -> Finding | None:
    """Tell what the start costs where it costs most in frames."""
    rows = [
        (record.timing.first_call_seconds * 1000 / record.timing.median_ms, record)
        for record in summary.records
        if record.timing and record.timing.median_ms and not record.broken
    ]
    if not rows:
        return None
    frames, record = max(rows, key=lambda row: row[0])
    if record.timing is None or frames < FIRST_CALL_NOTED:
        return None
    first = format_seconds_as_ms(record.timing.first_call_seconds)
    spent = f"{first} ms, after {format_number(record.timing.compile_seconds)} s to load and compile"
    text = f"{spent}, against a median of {format_number(record.timing.median_ms)} ms. It is kept out of every other figure."
    return Finding(f"The first call of {summary.label(record)} takes as long as {format_number(frames, 2)} later frames", text)


def payback(summary: Summary) -> Finding | None:
    """Tell after how many frames the best setting's longer start is paid back."""
    best, old = summary.best, summary.baseline.timing
    if best is None or best.timing is None or old is None or not best.timing.median_ms or not old.median_ms:
        return None
    cost = best.timing.compile_seconds + best.timing.first_call_seconds - old.compile_seconds - old.first_call_seconds
    saved = (old.median_ms - best.timing.median_ms) / 1000
    if cost <= 0 or saved <= 0 or cost / saved < FIRST_CALL_NOTED:
        return None
    later = f"It starts {format_number(cost)} s later than {summary.label(summary.baseline)}"
    text = f"{later} and saves {format_seconds_as_ms(saved)} ms a frame."
    return Finding(f"{summary.label(best)} pays back its longer start after {format_number(cost / saved, 2)} frames", text)


def recompilations(summary: Summary) -> Finding | None:
    """Name the records that compiled again while frames were timed."""
    rows = [(record, record.engine.recompilations) for record in summary.records if record.engine and record.engine.recompilations]
    if not rows:
        return None
    told = listed([f"{summary.label(record)} ({counted(count, 'time')})" for record, count in rows])
    return Finding(
        "Programs were compiled again while frames were timed",
        f"{told}. Each time a frame waited for it: look for shapes that change.",
    )


def small_objects(summary: Summary) -> Finding | None:
    """Name the setting that loses most AP on small objects, where small ones lose more than all."""
    rows = []
    for record in summary.records:
        old, new = summary.baseline.accuracy, record.accuracy
        if (
            old is None
            or new is None
            or old.ap_small is None
            or new.ap_small is None
            or old.ap is None
            or new.ap is None
            or record.broken
        ):
            continue
        loss = old.ap_small - new.ap_small
        if loss > AP_LOSS_NOTED and loss > old.ap - new.ap:
            small, every = (
                f"{format_fraction(one)} to {format_fraction(other)}"
                for one, other in ((old.ap_small, new.ap_small), (old.ap, new.ap))
            )
            rows.append((loss, record, f"AP of small objects {small}, of all {every}"))
    if not rows:
        return None
    loss, record, text = max(rows, key=lambda row: row[0])
    others = f" {counted(len(rows) - 1, 'other setting')} lose{'s' if len(rows) == 2 else ''} there too." if len(rows) > 1 else ""
    return Finding(f"{summary.label(record)} pays with small objects: {format_change(-loss)} AP", f"{text}.{others}")


def broken(summary: Summary) -> Finding | None:
    """Name the settings that break the detector."""
    rows = [record for record in summary.records if record.broken]
    if not rows:
        return None
    told = [f"{summary.label(record)}: {'; '.join(record.agreement.reasons) if record.agreement else ''}" for record in rows]
    verb = "breaks" if len(rows) == 1 else "break"
    return Finding(f"{listed([summary.label(record) for record in rows])} {verb} the detector, however fast", f"{'. '.join(told)}.")


def unexplained(summary: Summary) -> Finding | None:
    """Name the record whose stages leave most of the frame unexplained."""
    rows = [
        (record.timing.unexplained_share, record)
        for record in summary.records
        if record.timing and record.timing.unexplained_share is not None
    ]
    share, record = max(rows, key=lambda row: row[0], default=(0.0, summary.baseline))
    if share <= UNEXPLAINED_NOTED:
        return None
    return Finding(
        f"{format_percent(share)} of a frame of {summary.label(record)} is in no stage",
        "The whole frame, timed without stage timers, is longer than its stages together; the bars show the rest hatched.",
    )


def noise(summary: Summary) -> Finding | None:
    """Name the runs on a machine that was not quiet."""
    rows = [record for record in summary.records if ran(record) and record.noise.verdict == "noisy"]
    if not rows:
        return None
    reasons = listed(list(dict.fromkeys(reason for record in rows for reason in record.noise.reasons))[:4])
    return Finding(
        f"The machine was noisy during {len(rows)} of {counted(sum(map(ran, summary.records)), 'run')}",
        f"{listed([summary.label(record) for record in rows])}: {reasons}. Measure these again before deciding on them.",
    )


RULES: Sequence[Rule] = (
    broken,
    dominant_stage,
    _engine_rule(
        "keras",
        "graph",
        "A compiled graph is {times} than model.predict here",
        "A compiled graph is {times} than model.predict here",
    ),
    _engine_rule("graph", "xla", "XLA is {times} than a plain graph here", "XLA is {times} than a plain graph here"),
    _engine_rule(
        "graph", "litert", "LiteRT is {times} than a TensorFlow graph here", "LiteRT is {times} than a TensorFlow graph here"
    ),
    dynamic_int8,
    int8_speed,
    int8_accuracy,
    small_objects,
    nms_method,
    first_call,
    payback,
    recompilations,
    unexplained,
    noise,
)

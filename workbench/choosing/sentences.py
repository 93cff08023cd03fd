"""A pick in words: one sentence that says what to run, and what stands in the way where nothing will do."""

from collections.abc import Callable, Iterator

from workbench.catalogue import engine_row
from workbench.choosing.budget import ROUNDING, WEIGHED, Margin
from workbench.choosing.picking import Choice, Pick, Relaxation
from workbench.detections import ApChange
from workbench.history import Summary
from workbench.record import SCREENING_ERROR, SEPARATE_RUNS_MARGIN
from workbench.timing import frames_needed
from workbench.wording import (
    counted,
    format_bytes,
    format_fraction,
    format_milliseconds,
    format_number,
    format_percent,
    format_seconds,
    listed,
    rounded_count,
)

plain: Callable[[float], str] = "{:g}".format  # how people write the limits that they set
UNKNOWN = {"max_ap_loss": "AP", "min_agreement": "agreement", "max_memory": "memory", "max_startup": "time to start"}
AS_ACCURATE = 0.0005  # below it a loss reads .000
AMOUNTS = {
    "min_fps": "{} frames a second",
    "max_ms": "{} ms a frame",
    "max_ap_loss": "{} AP lost",
    "min_agreement": "an agreement of {}",
    "max_memory": "{} of memory",
    "max_startup": "{} to start",
}
LEAST_OR_MOST = {"min_fps": "", "min_agreement": "at least "}  # before what is asked for; of other limits `at most`
FORMATS: dict[str, Callable[[float], str]] = {  # other limits are numbers
    "max_ap_loss": format_fraction,
    "min_agreement": format_fraction,
    "max_memory": lambda value: format_bytes(round(value)),
    "max_startup": format_seconds,
}


def sentence(picked: Pick, *, accuracy: ApChange | None = None, place: str = "on this machine") -> str:
    """Say what to run and how it keeps the budget, or why nothing does and what would.

    Args:
        picked: The pick.
        accuracy: How sure the chosen setting's loss of AP is; see `accuracy_of_choice`.
        place: Where it was measured.
    """
    if picked.chosen is None:
        return " ".join(_nothing(picked, place))
    return " ".join((*_advice(picked, picked.chosen, place), *_unsettled(picked, accuracy)))


def _unsettled(picked: Pick, accuracy: ApChange | None) -> Iterator[str]:
    """Say where the images that judged it are too few to tell whether the limit of AP is kept."""
    limit = picked.budget.max_ap_loss
    if limit is None or accuracy is None or accuracy.interval is None or -accuracy.interval.low <= limit + ROUNDING:
        return
    loss, most = format_fraction(max(0.0, -accuracy.change)), format_fraction(-accuracy.interval.low)
    wanted = accuracy.images_within
    more = f"; about {rounded_count(wanted)} labelled images would settle it" if wanted else ""
    yield (
        f"That it loses no more than {format_fraction(limit)} AP is not settled by {counted(accuracy.images, 'image')}:"
        f" it loses {loss}, perhaps {most}{more}."
    )


def setting_words(row: Summary) -> str:
    """Name a setting by what people choose first.

    For example `inspector-mobile at 320x320 with LiteRT int8`; height comes before width, as in `input.size_hw`.
    """
    size = f"{row.height}x{row.width}" if row.height and row.width else "its own size"
    precision = "" if row.precision == "float32" else f" {row.precision}"
    return f"{row.detector_name} at {size} with {engine_row(row.engine).spoken}{precision}"


def _advice(picked: Pick, chosen: Choice, place: str) -> Iterator[str]:
    row = chosen.summary
    yield f"Run {setting_words(row)}: {', '.join((*_speed(picked, chosen, place), *_quality(picked, chosen)))}."
    if row.noise == "noisy":
        yield "The machine was noisy when it was measured: measure it again."
    if picked.unconfirmed is not None:
        yield _by_composed_times(picked.unconfirmed, "may be faster")
    yield from _as_fast(chosen, picked.runner_up)
    yield from _left_out(picked)


def _as_fast(chosen: Choice, other: Choice | None) -> Iterator[str]:
    """Name the runner-up where separate runs cannot tell which of both is faster."""
    if other is None or (other.ms or 0.0) > (chosen.ms or 0.0) * SEPARATE_RUNS_MARGIN:
        return
    words = setting_words(other.summary)
    if words != setting_words(chosen.summary):
        ms = format_milliseconds(other.ms)
        yield f"It cannot be told from {words}, at {ms} ms a frame: medians of separate runs differ by as much."


def _by_composed_times(choice: Choice, what: str) -> str:
    setting, ms = setting_words(choice.summary), format_milliseconds(choice.ms)
    return f"By composed times, about {SCREENING_ERROR:.0%} off, {setting} {what}, at {ms} ms a frame: measure it whole first."


def _speed(picked: Pick, chosen: Choice, place: str) -> Iterator[str]:
    limits = {margin.limit: margin for margin in chosen.margins}
    rate = f"{format_number(chosen.fps)} frames a second"
    time = f"{format_milliseconds(chosen.ms)} ms a frame"
    if picked.budget.stat == "p95":
        rate, time = f"95 of 100 frames keep up with {format_number(chosen.fps)} a second", f"95 of 100 take at most {time}"
    if "min_fps" in limits or "max_ms" not in limits:
        yield f"{rate} {place}{_limit(limits.get('min_fps'), plain, 'your limit: ')}"
        place = ""
    if "max_ms" in limits:
        yield f"{time}{' ' * bool(place)}{place}{_limit(limits.get('max_ms'), plain, 'your limit: ')}"


def _quality(picked: Pick, chosen: Choice) -> Iterator[str]:
    limits = {margin.limit: margin for margin in chosen.margins}
    loss, agreement = chosen.ap_loss, chosen.agreement
    if loss is not None:
        yield f"{_loss(loss, picked.baseline)}{_limit(limits.get('max_ap_loss'), format_fraction)}"
    if "min_agreement" in limits and agreement is not None:
        with_whom = f" with {chosen.summary.agreement_baseline}" if chosen.summary.agreement_baseline else ""
        yield f"agreement {format_fraction(agreement)}{with_whom}{_limit(limits['min_agreement'], format_fraction)}"
    yield from (_near(margin) for name, margin in limits.items() if name in WEIGHED)


def _near(margin: Margin) -> str:
    """Say what a setting weighs, and how near its limit that is."""
    assert margin.got is not None, "it keeps the limit"
    share, limit = format_percent(margin.got / margin.wanted), FORMATS[margin.limit](margin.wanted)
    return f"{_amount(margin.limit, margin.got)} ({share} of your limit of {limit})"


def _amount(limit: str, value: float, number: Callable[[float], str] = plain, before: str = "") -> str:
    """Write so much of what a limit is for; `number` writes frames and milliseconds."""
    return AMOUNTS[limit].format(before + FORMATS.get(limit, number)(value))


def _loss(loss: float, baseline: Summary | None) -> str:
    other = "the most accurate setting" if baseline is None else baseline.name
    if abs(loss) < AS_ACCURATE:
        return f"as accurate as {other}" if baseline else f"no less accurate than {other}"
    return f"{format_fraction(abs(loss))} AP {'below' if loss > 0 else 'above'} {other}"


def _limit(margin: Margin | None, write: Callable[[float], str], before: str = "limit ") -> str:
    return "" if margin is None else f" ({before}{write(margin.wanted)})"


def _nothing(picked: Pick, place: str) -> Iterator[str]:
    if not picked.candidates:
        only = "The only setting" if picked.unusable == 1 else f"Each of the {picked.unusable} settings"
        yield f"{only} measured {place} breaks the detector or did not run."
        return
    if picked.unconfirmed is not None:
        yield f"Nothing measured whole {place} will do. {_by_composed_times(picked.unconfirmed, 'does')}"
        return
    asked = [_amount(one.name, one.wanted, before=LEAST_OR_MOST.get(one.name, "at most ")) for one in picked.budget.limits]
    yield f"No setting measured {place} gives {listed(asked)}."
    for relaxation in picked.relaxations:
        yield _relaxing(relaxation)
    if not picked.relaxations and picked.nearest is not None:
        missed = listed(list(map(_reached, picked.nearest.missed)))
        yield f"The nearest is {setting_words(picked.nearest.summary)}: {missed}."
    yield from _left_out(picked)


def _relaxing(relaxation: Relaxation) -> str:
    needed, setting = _amount(relaxation.limit, relaxation.needed), setting_words(relaxation.choice.summary)
    rate = format_number(relaxation.choice.fps)
    if relaxation.limit == "min_fps":
        return f"Ask for {needed} and {setting} does it, at {rate}."
    return f"Allow {needed} and {setting} does it, at {rate} frames a second."


def _reached(margin: Margin) -> str:
    if margin.got is None:
        return f"{UNKNOWN[margin.limit]} unknown"
    if margin.limit == "min_agreement":
        return f"agreement {format_fraction(margin.got)}"
    return _amount(margin.limit, margin.got, format_number)


def _left_out(picked: Pick) -> Iterator[str]:
    """Say which settings could not be judged, and what would let them be."""
    remedies = {
        "p95": f"too few frames for a p95; time {frames_needed(0.95)} or more",
        "max_ap_loss": "no AP; measure on media with truth",
        "min_agreement": "no agreement; measure them after a baseline",
        next((name for name in picked.unknown if name in WEIGHED), ""): "not been weighed; --weigh of `run` and `sweep` does that",
    }
    for name, remedy in remedies.items():
        count = picked.unknown.get(name, 0)
        if count:
            verb = "has" if count == 1 else "have"
            yield f"{counted(count, 'setting')} {verb} {remedy}."
    if picked.unweighed is not None:
        row, ms = picked.unweighed.summary, format_milliseconds(picked.unweighed.ms)
        faster = " and is faster" if picked.chosen is not None else ""
        yield f"{setting_words(row)} was not weighed: at {ms} ms a frame it keeps the other limits{faster}."

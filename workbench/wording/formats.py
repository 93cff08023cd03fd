"""Words for people: how figures are written, everywhere the same. Milliseconds and percent exist only from here on."""

import math
import re

from workbench.detections import Accuracy, Agreement, ApChange, Interval
from workbench.timing import CANNOT_TELL, NO_DIFFERENCE, Ratio, Verdict

MISSING = "–"
MINUS = "\u2212"
MINUTES_FROM = 90.0  # seconds: below, a whole minute more or less says too little
WIDE = 2.0  # times between the ends of an interval, from which its middle is no figure to name
DIGITS = 3  # a median of 150 frames carries no more


def format_number(value: float | None, digits: int = DIGITS) -> str:
    """Write a number with so many significant digits, never in powers of ten.

    >>> format_number(80.637), format_number(0.04219), format_number(12345.0), format_number(9.996)
    ('80.6', '0.0422', '12,345', '10.0')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:,.{decimals(value, digits)}f}".replace("-", MINUS)


def decimals(value: float, digits: int = DIGITS) -> int:
    """Count the decimals that leave so many significant digits."""
    if value == 0 or not math.isfinite(value):
        return digits - 1
    power = int(f"{value:.{digits - 1}e}".partition("e")[2])  # of the first digit, once it is rounded
    return max(0, digits - 1 - power)


def format_milliseconds(value_ms: float | None) -> str:
    """Write milliseconds, without the unit."""
    return format_number(value_ms)


def format_duration(seconds: float) -> str:
    """Write how long something takes, about.

    >>> format_duration(42.3), format_duration(200)
    ('42 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < MINUTES_FROM else f"{seconds / 60:.0f} min"


def format_seconds(seconds: float | None) -> str:
    """Write how long something took, exactly.

    >>> format_seconds(0.2369), format_seconds(6.334)
    ('0.237 s', '6.33 s')
    """
    return MISSING if seconds is None else f"{format_number(seconds)} s"


def format_ratio(ratio: Ratio) -> str:
    """Write a ratio of old time over new time, its interval and what it says of the new one.

    >>> format_ratio(Ratio(median=22.64, low=22.1, high=23.0)), format_ratio(Ratio(median=1.4, low=0.85, high=2.18))
    ('22.6× [22.1, 23.0] faster', '0.850 to 2.18× cannot tell')
    """
    interval = f" {format_interval(ratio)}" if has_middle(ratio) else ""
    return f"{ratio_figure(ratio)}{interval} {ratio.verdict()}"


def ratio_figure(ratio: Ratio) -> str:
    """Write a ratio, or where its interval is too wide for that, its ends.

    >>> ratio_figure(Ratio(median=22.64, low=22.1, high=23.0)), ratio_figure(Ratio(median=3.38, low=1.39, high=52.04))
    ('22.6×', '1.39 to 52.0×')
    """
    ends = f"{format_number(ratio.low)} to {format_number(ratio.high)}"
    return f"{format_number(ratio.median) if has_middle(ratio) else ends}×"


def has_middle(ratio: Ratio) -> bool:
    """Tell whether the middle of an interval says something: its ends are near each other, and they say what B is."""
    return ratio.verdict() != CANNOT_TELL and ratio.high <= WIDE * ratio.low


def format_seconds_as_ms(seconds: float | None) -> str:
    """Write seconds as milliseconds, without the unit."""
    return format_milliseconds(None if seconds is None else seconds * 1000.0)


def format_fraction(value: float | None) -> str:
    """Write a fraction as accuracies are written.

    >>> format_fraction(0.6204), format_fraction(1.0), format_fraction(0.0)
    ('.620', '1.000', '.000')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{abs(value):.3f}".removeprefix("0")
    return f"{MINUS}{text}" if value < 0 and text != ".000" else text


def format_change(value: float | None) -> str:
    """Write a difference of fractions with its sign.

    >>> format_change(0.012), format_change(-0.0001)
    ('+.012', '±.000')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = format_fraction(value)
    if text == ".000":
        return "±.000"
    return text if value < 0 else f"+{text}"


def format_ap(accuracy: Accuracy | None, name: str = "ap") -> str:
    """Write a figure of accuracy with its interval, where a record holds one.

    >>> made = Accuracy(ap=0.62, ap50=0.9, ap_small=None, ap_medium=None, ap_large=None, images=50, truth="t", score_threshold=0.05)
    >>> format_ap(made), format_ap(made.model_copy(update={"intervals": {"ap": Interval(low=0.551, high=0.689)}}))
    ('.620', '.620 [.551, .689]')
    """
    if accuracy is None:
        return MISSING
    between = accuracy.intervals.get(name)
    return f"{format_fraction(getattr(accuracy, name))}{f' {format_between(between)}' if between else ''}"


def format_agreement(agreed: Agreement | None) -> str:
    """Write an agreement with its interval, where it has one."""
    if agreed is None:
        return MISSING
    return f"{format_fraction(agreed.ratio)}{f' {format_between(agreed.interval)}' if agreed.interval else ''}"


def format_between(interval: Interval) -> str:
    """Write the ends of an interval of AP or agreement.

    >>> format_between(Interval(low=-0.0312, high=0.002))
    '[−.031, .002]'
    """
    return f"[{format_fraction(interval.low)}, {format_fraction(interval.high)}]"


def format_ap_change(change: ApChange | None) -> str:
    """Write how much more AP a setting has, how sure that is, and what it comes to.

    >>> made = ApChange(change=-0.015, interval=Interval(low=-0.031, high=0.002), images=50, few_images=True)
    >>> format_ap_change(made), format_ap_change(ApChange(change=0.03, images=200))
    ('−.015 [−.031, .002] cannot tell (few images)', '+.030')
    >>> format_ap_change(ApChange(change=-0.004, interval=Interval(low=-0.012, high=0.004), images=200))
    '−.004 [−.012, .004] no change above .020'
    """
    if change is None:
        return MISSING
    if change.interval is None:
        return format_change(change.change)
    few = " (few images)" if change.few_images else ""
    return f"{format_change(change.change)} {format_between(change.interval)} {accuracy_verdict(change)}{few}"


def accuracy_verdict(change: ApChange) -> str:
    """Say in words what became of accuracy."""
    return f"no change above {format_fraction(change.tolerance)}" if change.verdict == "no change" else change.verdict


def accuracy_words(change: ApChange | None) -> str:
    """Say what became of accuracy, and how many labelled images would probably settle it; nothing where no interval is known.

    >>> accuracy_words(ApChange(change=-0.015, interval=Interval(low=-0.045, high=0.015), images=50))
    'AP −.015 [−.045, .015] cannot tell, 50 images; about 410 labelled images would settle it'
    """
    if change is None or change.interval is None:
        return ""
    wanted = change.images_to_settle
    settled = f"; about {rounded_count(wanted)} labelled images would settle it" if wanted else ""
    return f"AP {format_ap_change(change)}, {change.images:,} images{settled}"


def rounded_count(count: int) -> str:
    """Write a count of which only the size is known.

    >>> rounded_count(409), rounded_count(12_345)
    ('410', '12,000')
    """
    return f"{float(f'{count:.2g}'):,.0f}"


def format_percent(value: float | None) -> str:
    """Write a share as a percentage: whole, or with one decimal below 10 %."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value * 100:.{1 if abs(value) < 0.0995 and value else 0}f} %".replace("-", MINUS)


def format_bytes(value: int | None) -> str:
    """Write a file's size.

    >>> format_bytes(2_913_000), format_bytes(880)
    ('2.91 MB', '880 bytes')
    """
    if value is None:
        return MISSING
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{format_number(value / scale)} {unit}"
    return f"{value} bytes"


def format_size(value: tuple[int, int] | None) -> str:
    """Write a size as width × height, the way people say it."""
    return "model’s own" if value is None else f"{value[1]} × {value[0]}"


def format_interval(ratio: Ratio) -> str:
    """Write the interval with as many decimals as its median has.

    >>> format_interval(Ratio(median=22.64, low=22.1, high=23.0))
    '[22.1, 23.0]'
    """
    places = decimals(ratio.median)
    return f"[{ratio.low:.{places}f}, {ratio.high:.{places}f}]"


def inverse(ratio: Ratio) -> Ratio:
    """Return the ratio seen from the other side."""
    return Ratio(median=1 / ratio.median, low=1 / ratio.high, high=1 / ratio.low)


def times(value: float) -> str:
    """Write how many times faster or slower, from old time over new time.

    >>> times(22.61), times(0.125)
    ('22.6 times faster', '8.00 times slower')
    """
    return f"{format_number(value)} times faster" if value >= 1 else f"{format_number(1 / value)} times slower"


def ratio_words(ratio: Ratio, verdict: Verdict | None = None) -> str:
    """Write what a ratio of old time over new time says, with its interval; `verdict` is its own where none is given.

    >>> ratio_words(Ratio(median=22.64, low=22.1, high=23.0)), ratio_words(Ratio(median=1.0, low=0.99, high=1.012))
    ('22.6 times faster [22.1, 23.0]', 'no measurable difference [0.99, 1.01]')
    >>> ratio_words(Ratio(median=3.38, low=1.39, high=52.04)), ratio_words(Ratio(median=1.4, low=0.85, high=2.18))
    ('1.39 to 52.0 times faster', 'cannot tell: between 0.850 and 2.18 times as fast')
    >>> ratio_words(Ratio(median=0.91, low=0.87, high=0.96), "cannot tell")
    'cannot tell: 0.910 times as fast [0.870, 0.960], no more than the machine may have changed'
    """
    said = verdict or ratio.verdict()
    if said == CANNOT_TELL != ratio.verdict():
        interval = format_interval(ratio)
        return f"{said}: {format_number(ratio.median)} times as fast {interval}, no more than the machine may have changed"
    if said == CANNOT_TELL:
        return f"{said}: between {format_number(ratio.low)} and {format_number(ratio.high)} times as fast"
    if said == NO_DIFFERENCE:
        return f"{said} {format_interval(ratio)}"
    turned = ratio if said == "faster" else inverse(ratio)
    if turned.high > WIDE * turned.low:
        return f"{format_number(turned.low)} to {format_number(turned.high)} times {said}"
    return f"{format_number(turned.median)} times {said} {format_interval(turned)}"


_NOISE_IN_NAME = re.compile(r"\((?:R|TM|C)\)|®|™|\b\d+-Core\b|\bProcessor\b|\bCPU\b|@.*$", re.IGNORECASE)


def short_cpu_name(text: str) -> str:
    """Shorten a processor's name to what tells it from others.

    >>> short_cpu_name("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"), short_cpu_name("AMD EPYC 7B13 64-Core Processor")
    ('Intel Xeon Platinum 8481C', 'AMD EPYC 7B13')
    """
    return " ".join(_NOISE_IN_NAME.sub(" ", text).split()) or "an unnamed processor"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    >>> counted(1, "core"), counted(2, "core")
    ('1 core', '2 cores')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: list[str] | tuple[str, ...], conjunction: str = "and", *, most: int | None = None) -> str:
    """Join words as a sentence does; of more than `most` say how many the others are.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a, b and 2 more')
    """
    if most is not None and len(parts) > most:
        parts = [*parts[:most], f"{len(parts) - most} more"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {conjunction} {parts[-1]}" if parts else ""


_BREAKS = re.compile(
    r"(?<=\d) (?=cores?\b|FPS\b|ms\b|AP\b)|(?<=AP) (?=\.)|(?<=\.\d{3}) (?=to \.)|(?<=to) (?=\.)|(?<=\d,) (?=\d[^\[]*\])"
)


def unbroken(text: str) -> str:
    """Return the text with spaces that no line ends at, between a figure and its unit and within an interval.

    >>> unbroken("22.6 times faster [22.1, 23.0], 2 cores") == "22.6 times faster [22.1,\u00a023.0], 2\u00a0cores"
    True
    """
    return _BREAKS.sub(lambda found: found.group().replace(" ", "\u00a0"), text)

"""The waterfall: what each setting brought on the way from a baseline to a chosen setting, changed one at a time."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from workbench.detections import ApChange, Interval
from workbench.machine import NoiseCertificate
from workbench.record.facts import Line
from workbench.timing import Ratio, Value


def _above_zero(ratio: Ratio) -> Ratio:
    if not all(0 < end < math.inf for end in (ratio.low, ratio.median, ratio.high)):
        raise ValueError("a ratio of times is above 0")
    return ratio


class SettingStep(Value):
    """Settings that changed together, with all others as the steps before had left them."""

    changes: tuple[Line, ...]
    """As `settings.describe_changes` writes them: `runtime.engine: keras -> graph`."""
    ratio: Annotated[Ratio, AfterValidator(_above_zero)]
    """The time before over the time after, of both in turns."""
    accuracy: ApChange | None = None
    """Judged on the same images; `None` where no truth is known."""


class Fall(NamedTuple):
    """A step in milliseconds a frame."""

    step: SettingStep
    before_ms: float
    after_ms: float
    saved_ms: Interval

    @property
    def change_ms(self) -> float:
        """What was added; negative where time was saved."""
        return self.after_ms - self.before_ms


class Row(NamedTuple):
    """A step of the stated order, beside the same step of the reverse one."""

    fall: Fall
    reverse: Fall | None
    """`None` where there was no other order."""

    @property
    def times_differ(self) -> bool:
        """Whether it brought another time in the other order, beyond both intervals."""
        return self.reverse is not None and _apart(self.fall.saved_ms, self.reverse.saved_ms)

    @property
    def accuracies_differ(self) -> bool:
        """Whether it changed AP otherwise in the other order, beyond both intervals."""
        if self.reverse is None or self.fall.step.accuracy is None or self.reverse.step.accuracy is None:
            return False
        one, other = self.fall.step.accuracy.interval, self.reverse.step.accuracy.interval
        return one is not None and other is not None and _apart(one, other)


class Waterfall(Value):
    """The way from a baseline to the record that holds this, in both orders."""

    baseline: str
    baseline_id: str
    baseline_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """The baseline's median: where the steps begin. Each ends where its ratio leads from there."""
    baseline_ap: float | None = None
    steps: Annotated[tuple[SettingStep, ...], Field(min_length=1)]
    """In the stated order: the engine first, then input, runtime, NMS and feed."""
    reverse: tuple[SettingStep, ...] = ()
    """The same steps from the last to the first, as far as they can be taken so; empty where there is none, or it was not run."""
    noise: NoiseCertificate
    """Of the machine, while the steps were timed."""

    @property
    def falls(self) -> tuple[Fall, ...]:
        """The steps in milliseconds, in the stated order."""
        return tuple(_falls(self.baseline_ms, self.steps))

    @property
    def rows(self) -> tuple[Row, ...]:
        """The steps of both orders side by side."""
        reverse = {frozenset(fall.step.changes): fall for fall in _falls(self.baseline_ms, self.reverse)}
        return tuple(Row(fall, reverse.get(frozenset(fall.step.changes))) for fall in self.falls)

    @property
    def ratio(self) -> Ratio:
        """How many times faster all steps are together: the product of theirs."""
        middle, half = _product(self.steps)
        return Ratio(median=math.exp(middle), low=math.exp(middle - half), high=math.exp(middle + half))


def _falls(start_ms: float, steps: Sequence[SettingStep]) -> Iterator[Fall]:
    for number, step in enumerate(steps):
        middle, half = _product(steps[:number])
        before_ms = start_ms / math.exp(middle)
        least, saved, most = (before_ms * (1 - 1 / one) for one in (step.ratio.low, step.ratio.median, step.ratio.high))
        start_off = saved * half  # how far the steps before may be off
        between = Interval(low=saved - math.hypot(saved - least, start_off), high=saved + math.hypot(most - saved, start_off))
        yield Fall(step, before_ms, before_ms / step.ratio.median, between)


def _product(steps: Sequence[SettingStep]) -> tuple[float, float]:
    """Return the logarithm of the product of ratios, and half of its interval: separate errors add up as squares do."""
    logarithms = [math.log(step.ratio.median) for step in steps]
    return sum(logarithms), math.hypot(*(_half(step.ratio) for step in steps))


def _half(ratio: Ratio) -> float:
    return (math.log(ratio.high) - math.log(ratio.low)) / 2


def _apart(one: Interval, other: Interval) -> bool:
    return one.low > other.high or other.low > one.high

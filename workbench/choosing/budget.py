"""What people ask of a setting, and by how much a setting keeps it."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from workbench.errors import SettingsError
from workbench.history import Summary

Stat = Literal["median", "p95"]
ROUNDING = 1e-9  # .58 - .56 is a little more than .02 to a computer, and not to anybody else
DIGITS = 3  # of what relaxing takes; rounded to the side where it suffices


class Candidate(NamedTuple):
    """A setting and the figures that limits are for; `None` is not known."""

    summary: Summary
    ms: float | None
    """Of a frame: the median or the p95, as asked."""
    fps: float | None
    """For the median the frames over the sum of their times, slow ones included; for the p95 what 95 of 100 frames keep up with."""
    ap_loss: float | None
    """Against the most accurate setting, or the baseline; negative where it is better than that."""
    agreement: float | None
    """With the baseline of its run; a baseline agrees with itself."""
    reference: Summary | None = None
    """What the loss is counted from."""

    @property
    def peak_bytes(self) -> int | None:
        return self.summary.peak_bytes

    @property
    def startup_seconds(self) -> float | None:
        return self.summary.startup_seconds


class Margin(NamedTuple):
    """A limit, and what a setting reaches."""

    limit: str
    wanted: float
    got: float | None
    room: float | None
    """How far within the limit, in its own unit; negative is beyond it, `None` is not known."""

    @property
    def met(self) -> bool:
        return self.room is not None and self.room >= -ROUNDING

    @property
    def miss(self) -> float:
        """How far beyond the limit, as a share of what reaching it means; 0 within, infinite where nothing is known."""
        if self.met:
            return 0.0
        return math.inf if self.room is None else -self.room / (abs(self.wanted) + SCALES[self.limit])


class Limit(NamedTuple):
    """One limit of a budget."""

    name: str
    wanted: float
    figure: str
    """Which figure of a `Candidate`."""
    more: bool
    """Whether more of it is better."""

    def margin(self, candidate: Candidate) -> Margin:
        """Measure a setting against it."""
        got: float | None = getattr(candidate, self.figure)
        if got is None:
            return Margin(self.name, self.wanted, None, None)
        return Margin(self.name, self.wanted, got, got - self.wanted if self.more else self.wanted - got)

    def relaxed_to(self, got: float) -> float:
        """Return the limit, in few digits, that a setting with this figure meets.

        >>> Limit("max_ap_loss", 0.01, "ap_loss", False).relaxed_to(0.01732)
        0.018
        """
        scale = 10.0 ** (DIGITS if SCALES[self.name] else DIGITS - 1 - math.floor(math.log10(abs(got) or 1.0)))
        return (math.floor(got * scale + ROUNDING) if self.more else math.ceil(got * scale - ROUNDING)) / scale


# By limit: the figure it is for, whether more is better, and what is added to it before a miss becomes a share:
# to miss a loss of 0 by .01 is no endless miss.
FIGURES: dict[str, tuple[str, bool, float]] = {
    "min_fps": ("fps", True, 0.0),
    "max_ms": ("ms", False, 0.0),
    "max_ap_loss": ("ap_loss", False, 0.02),
    "min_agreement": ("agreement", True, 0.02),
    "max_memory": ("peak_bytes", False, 0.0),
    "max_startup": ("startup_seconds", False, 0.0),
}
WEIGHED = frozenset({"max_memory", "max_startup"})
"""Limits of figures that only settings have which were weighed."""
SCALES = {name: scale for name, (_, _, scale) in FIGURES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a setting has to keep; `None` asks for nothing.

    Attributes:
        min_fps: Frames a second.
        max_ms: Milliseconds of a frame.
        stat: Of which frame: the median one, or the one that only five of a hundred take longer than.
        max_ap_loss: AP below the most accurate setting, as a fraction.
        min_agreement: Agreement with the baseline, as a fraction.
        max_memory: Bytes that a process takes which does nothing else, at most.
        max_startup: Seconds from its first import to its first result.

    Raises:
        SettingsError: A limit that nothing could be measured against.
    """

    min_fps: float | None = None
    max_ms: float | None = None
    stat: Stat = "median"
    max_ap_loss: float | None = None
    min_agreement: float | None = None
    max_memory: float | None = None
    max_startup: float | None = None

    def __post_init__(self) -> None:
        for name, most, what in (
            ("min_fps", math.inf, "a number above 0"),
            ("max_ms", math.inf, "a number above 0"),
            ("max_ap_loss", 1.0, "a fraction from 0 to 1, such as .02"),
            ("min_agreement", 1.0, "a fraction from 0 to 1, such as .95"),
            ("max_memory", math.inf, "bytes above 0, such as 200e6"),
            ("max_startup", math.inf, "seconds above 0"),
        ):
            value: float | None = getattr(self, name)
            least = math.ulp(0.0) if most == math.inf else 0.0
            if value is not None and not (math.isfinite(value) and least <= value <= most):
                raise SettingsError(f"{name} is {value}; choose {what}")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What it asks for."""
        asked = ((name, getattr(self, name), figure, more) for name, (figure, more, _) in FIGURES.items())
        return tuple(Limit(name, wanted, figure, more) for name, wanted, figure, more in asked if wanted is not None)

"""What people ask of a setting, and by how much a setting keeps it."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from workbench.errors import SettingsError

Stat = Literal["median", "p95"]
ROUNDING = 1e-9  # .58 - .56 is a little more than .02 to a computer, and not to anybody else
DIGITS = 3  # of what relaxing takes; rounded to the side where it suffices


class Kind(NamedTuple):
    """What a limit is for."""

    more: bool
    """Whether more of it is better."""
    scale: float
    """What is added to a limit before a miss becomes a share of it: to miss a loss of 0 by .01 is no endless miss."""
    most: float
    """That can be asked for."""
    choose: str
    """What can be, in words."""


KINDS = {
    "min_fps": Kind(True, 0.0, math.inf, "a number above 0"),
    "max_ms": Kind(False, 0.0, math.inf, "a number above 0"),
    "max_ap_loss": Kind(False, 0.02, 1.0, "a fraction from 0 to 1, such as .02"),
    "min_agreement": Kind(True, 0.02, 1.0, "a fraction from 0 to 1, such as .95"),
    "max_memory": Kind(False, 0.0, math.inf, "bytes above 0, such as 200e6"),
    "max_startup": Kind(False, 0.0, math.inf, "seconds above 0"),
}
WEIGHED = frozenset({"max_memory", "max_startup"})
"""Limits of figures that only settings have which were weighed."""


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
        return math.inf if self.room is None else -self.room / (abs(self.wanted) + KINDS[self.limit].scale)


class Limit(NamedTuple):
    """One limit of a budget."""

    name: str
    wanted: float

    def margin(self, got: float | None) -> Margin:
        """Measure a figure against it."""
        if got is None:
            return Margin(self.name, self.wanted, None, None)
        return Margin(self.name, self.wanted, got, got - self.wanted if KINDS[self.name].more else self.wanted - got)

    def relaxed_to(self, got: float) -> float:
        """Return the limit, in few digits, that a setting with this figure meets.

        >>> Limit("max_ap_loss", 0.01).relaxed_to(0.01732)
        0.018
        """
        kind = KINDS[self.name]
        scale = 10.0 ** (DIGITS if kind.scale else DIGITS - 1 - math.floor(math.log10(abs(got) or 1.0)))
        return (math.floor(got * scale + ROUNDING) if kind.more else math.ceil(got * scale - ROUNDING)) / scale


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
        for name, kind in KINDS.items():
            value: float | None = getattr(self, name)
            least = math.ulp(0.0) if kind.most == math.inf else 0.0
            if value is not None and not (math.isfinite(value) and least <= value <= kind.most):
                raise SettingsError(f"{name} is {value}; choose {kind.choose}")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What it asks for."""
        return tuple(Limit(name, wanted) for name in KINDS if (wanted := getattr(self, name)) is not None)

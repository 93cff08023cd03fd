"""A card: one thing that the records show, what changing it should bring, and what it brought where it was measured."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from workbench.record import Speed, speed_words
from workbench.wording import format_number, times

MEASURED_WORDS = {
    "interleaved": "measured in interleaved blocks",
    "both against the baseline": "each measured against the same baseline",
    "separate runs": "measured in separate runs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a change should bring, by arithmetic on measured times.

    Attributes:
        ratio: A frame's time now over that after the change; above 1 is faster.
        arithmetic: How that follows from the measured figures.
        bound: Whether it is the most that any such change could bring.
    """

    ratio: float
    arithmetic: str
    bound: bool

    @property
    def words(self) -> str:
        """Say the gain: `at most 1.50 times faster`."""
        if format_number(self.ratio) == "1.00":
            return "no faster"
        return f"{'at most ' if self.bound and self.ratio >= 1 else ''}{times(self.ratio)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the records say of the alternative.

    Attributes:
        label: What the alternative's record is called.
        record_id: That record.
        speed: It against the record that the card is about.
        composed: Whether a time in it was put together from stages.
    """

    label: str
    record_id: str
    speed: Speed
    composed: bool = False

    @property
    def words(self) -> str:
        """Say how fast it is, with the interval where there is one, and how it was measured."""
        words = speed_words(self.speed, separate="")
        composed = ", put together from stages" if self.composed else ""
        return f"{self.label}: {words}, {MEASURED_WORDS[self.speed.basis]} on this machine{composed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing that the records show, and what to do about it where something can be done.

    Attributes:
        key: Which rule it comes from.
        title: What it is about, in a few words.
        about: What the record is called that shows it.
        record_id: That record.
        finding: What the records show, in a sentence.
        evidence: The figures that it rests on.
        expected: What the change should bring; `None` where it is not about time.
        measured: What the alternative brought; `None` where no record holds it.
        change: What to set, by `group.field`; `None` where there is nothing to set.
        changes: The same as words, `group.field=value`.
        command: What measures the change; `None` where there is nothing to measure.
        theory: Three lines on why it is so.
    """

    key: str
    title: str
    about: str
    record_id: str
    finding: str
    evidence: str
    expected: Expected | None = None
    measured: Measured | None = None
    change: Mapping[str, object] | None = None
    changes: tuple[str, ...] = ()
    command: str | None = None
    theory: tuple[str, str, str]

    @property
    def proposes(self) -> bool:
        """Whether there is something to do: a setting to change, or a measurement to make again."""
        return self.change is not None or self.command is not None

    @property
    def gain(self) -> float:
        """How many times faster the change makes a frame: as measured, else as expected; 1 where there is nothing to change."""
        if self.change is None:
            return 1.0
        if self.measured is not None:
            speed = self.measured.speed
            return speed.ratio if speed.verdict in {"faster", "slower"} else 1.0
        return self.expected.ratio if self.expected is not None else 1.0

    def tree(self) -> dict[str, Any]:
        """Return the card as values that JSON holds."""
        expected, measured = self.expected, self.measured
        return {
            "key": self.key,
            "title": self.title,
            "about": self.about,
            "record": self.record_id,
            "finding": self.finding,
            "evidence": self.evidence,
            "expected": expected and asdict(expected),
            "measured": measured and _measured_tree(measured),
            "change": None if self.change is None else dict(self.change),
            "command": self.command,
            "theory": list(self.theory),
        }


def _measured_tree(measured: Measured) -> dict[str, Any]:
    speed = measured.speed
    return {
        "record": measured.record_id,
        "name": measured.label,
        "ratio": speed.ratio,
        "interval": None if speed.interval is None else [speed.interval.low, speed.interval.high],
        "verdict": speed.verdict,
        "basis": speed.basis,
        "composed": measured.composed,
    }

"""Answers: what measuring says to a question, and how a claim that was made before stands against it."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from workbench.errors import SettingsError
from workbench.timing import CANNOT_TELL, NO_DIFFERENCE, Ratio, Verdict
from workbench.wording import format_number, has_middle, listed, ratio_words, times

CLOSE = 1.25  # a prediction within a quarter of the figure, either way, is a good one: few would decide otherwise on it

Claim = str | float
"""One of the choices, or a number. For a speed: how many times faster, 1 for no difference, below 1 for slower; or a verdict."""


@dataclass(frozen=True, slots=True)
class Grade:
    """How a claim stands."""

    right: bool | None
    """`None` where what was measured cannot tell."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(ABC):
    """What this machine shows.

    Attributes:
        sentence: The answer with the figures that it rests on.
        caution: Why it may not last, such as a noisy machine; empty where nothing is known against it.
    """

    sentence: str
    caution: str = ""

    @property
    @abstractmethod
    def open(self) -> bool:
        """Whether the measurement could not decide."""

    @abstractmethod
    def grade(self, claim: Claim) -> Grade:
        """Say how a claim stands.

        Raises:
            SettingsError: The claim is of a kind that cannot answer the question.
        """


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Answer):
    """One of several; `names` holds more than one where they could not be told apart, and then each of them is right."""

    names: tuple[str, ...]

    @property
    def open(self) -> bool:
        return len(self.names) != 1

    def grade(self, claim: Claim) -> Grade:
        if not isinstance(claim, str):
            raise SettingsError(f"the prediction is the number {claim:g}, but the answer is a choice; predict one of the choices")
        return Grade(claim in self.names, "right" if claim in self.names else f"wrong, it is {listed(self.names, 'or')}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Speed(Answer):
    """How many times faster one thing is than another: the other's time over its own."""

    bounds: Ratio
    """What was found, and how far it may be off."""
    verdict: Verdict

    @property
    def open(self) -> bool:
        return self.verdict in {NO_DIFFERENCE, CANNOT_TELL}

    def grade(self, claim: Claim) -> Grade:
        if self.verdict == CANNOT_TELL:
            return Grade(None, ratio_words(self.bounds, self.verdict))
        found = self.verdict if self.open else times(self.bounds.median) if has_middle(self.bounds) else ratio_words(self.bounds)
        if isinstance(claim, str):
            return Grade(claim == self.verdict, "right" if claim == self.verdict else f"wrong, {found}")
        if self.bounds.low <= claim <= self.bounds.high:
            return Grade(True, "right, it lies within what was measured")
        if direction(claim) != self.verdict:
            return Grade(False, f"wrong, {found}")
        if off_by(claim, self.bounds.median) <= CLOSE:
            return Grade(True, "right")
        return Grade(False, f"right in direction, not in size, {found}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Answer):
    """A positive number."""

    value: float

    @property
    def open(self) -> bool:
        return not math.isfinite(self.value)

    def grade(self, claim: Claim) -> Grade:
        if isinstance(claim, str):
            raise SettingsError(f"the prediction is {claim!r}, but the answer is a number; predict a number above 0")
        off = off_by(claim, self.value)
        if off <= CLOSE:
            return Grade(True, "right")
        return Grade(False, f"wrong, {format_number(off, 2)} times too {'much' if claim > self.value else 'little'}")


def direction(ratio: float) -> Verdict:
    """Say what a predicted ratio claims.

    >>> direction(2.0), direction(0.5), direction(1.0)
    ('faster', 'slower', 'no measurable difference')
    """
    return Ratio(median=ratio, low=ratio, high=ratio).verdict()


def off_by(one: float, other: float) -> float:
    """Return the factor between two positive numbers, at least 1; infinite where one of them is 0.

    >>> off_by(10, 5), off_by(5, 10)
    (2.0, 2.0)
    """
    low, high = sorted((one, other))
    return high / low if low > 0 else math.inf

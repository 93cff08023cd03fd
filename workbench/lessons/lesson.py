"""A lesson: predict, measure, and see what became of the prediction and of the usual advice."""

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import final

from workbench.advice import advise
from workbench.errors import SettingsError
from workbench.lessons.answers import Answer, Claim, direction
from workbench.record import Record
from workbench.report import noise_of
from workbench.timing import NO_DIFFERENCE
from workbench.wording import BLUE, GREEN, ORANGE, VERMILLION, counted, listed, short_cpu_name

ALSO = "The records also show:"
HOLDS, FAILS, IDLE, UNTOLD = "holds here", "fails here", "makes no measurable difference here", "cannot be told here"
STOOD = {HOLDS: "held here", FAILS: "failed", IDLE: "made no measurable difference", UNTOLD: "could not be told"}
OPEN_BOOK = "Edit the prediction, run the cell, then measure."


class Panel(ABC):
    """A few sentences that a notebook shows beside a coloured bar, the first one in bold."""

    __slots__ = ()

    @property
    @abstractmethod
    def sentences(self) -> tuple[str, ...]:
        """What it says."""

    @property
    def colour(self) -> str:
        return BLUE

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        style = f"border-left:4px solid {self.colour};padding:.3em .9em;margin:.4em 0;max-width:60em"
        first, *rest = map(escape, self.sentences)
        return f'<div style="{style}"><div><b>{first}</b></div>{"".join(f"<div>{one}</div>" for one in rest)}</div>'


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prediction(Panel):
    """A question, what the reader expects, in `words` as one would say it, and what people usually say; see `Lesson.predict`."""

    question: str
    claim: Claim
    words: str
    among: tuple[str, ...] = ()
    usual: Claim | None = None
    advice: str = ""

    def __post_init__(self) -> None:
        if (self.usual is None) != (not self.advice):
            raise SettingsError(f"{self.question!r} has only one of `usual` and `advice`; give both, or neither")
        for claim in (self.claim, *([] if self.usual is None else [self.usual])):
            _check_claim(claim, self.among)

    @property
    def sentences(self) -> tuple[str, ...]:
        choices = f" ({', '.join(self.among)})" if self.among else ""
        advice = (f"The usual advice: “{self.advice}”",) if self.advice else ()
        return (f"{self.question}{choices}", f"You predict: {self.words}.", *advice, OPEN_BOOK)


@final
@dataclass(frozen=True, slots=True, repr=False)
class Checked(Panel):
    """A prediction beside what was measured."""

    prediction: Prediction
    answer: Answer

    @property
    def right(self) -> bool | None:
        """Whether the prediction was right; `None` where the measurement cannot tell."""
        return self.answer.grade(self.prediction.claim).right

    @property
    def advice_stands(self) -> str | None:
        """How the usual advice stands here, one of `STOOD`; `None` where there is none."""
        if self.prediction.usual is None:
            return None
        right = self.answer.grade(self.prediction.usual).right
        if right is None:
            return UNTOLD
        return HOLDS if right else IDLE if self.answer.open else FAILS

    @property
    def advice_words(self) -> tuple[str, ...]:
        """How the usual advice stands, where there is one."""
        standing = self.advice_stands
        return () if standing is None else (f"The usual advice, “{self.prediction.advice.rstrip('.')}”, {standing}.",)

    @property
    def sentences(self) -> tuple[str, ...]:
        grade = self.answer.grade(self.prediction.claim).words
        predicted = f"{self.prediction.question} You predicted {self.prediction.words}: {grade}."
        caution = (self.answer.caution,) if self.answer.caution else ()
        return (predicted, *self.advice_words, f"This machine: {self.answer.sentence}", *caution)

    @property
    def colour(self) -> str:
        if self.advice_stands == FAILS:
            return VERMILLION
        return BLUE if self.right is None else GREEN if self.right else ORANGE


@final
@dataclass(frozen=True, slots=True, repr=False)
class Learned(Panel):
    """What a lesson's measurements showed."""

    checked: tuple[Checked, ...]
    records: tuple[Record, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        answers = (f"• {' '.join((one.answer.sentence, *one.advice_words))}" for one in self.checked)
        also = [f"• {card.finding}" for card in advise(self.records)]
        return (self._score(), *answers, *([ALSO, *also] if also else []), *self._place())

    def _score(self) -> str:
        grades = [one.right for one in self.checked]
        open_ones = f" {grades.count(None)} could not be told." if None in grades else ""
        words = f"{grades.count(True)} of {counted(len(grades), 'prediction')} right.{open_ones}"
        advice = Counter(one.advice_stands for one in self.checked if one.advice_stands is not None)
        if not advice:
            return words
        stood = listed([f"{advice[standing]} {words}" for standing, words in STOOD.items() if advice[standing]])
        return f"{words} Of {counted(advice.total(), 'piece')} of usual advice {stood}."

    def _place(self) -> tuple[str, ...]:
        if not self.records:
            return ()
        first = self.records[0]
        machine = f"{short_cpu_name(first.environment.cpu)}, {counted(first.environment.cores, 'core')}"
        return (f"Measured on {machine}, {noise_of(*self.records)}, on {first.media.name}. On another machine it may differ.",)


@final
class Lesson(Panel):
    """Collects predictions and what became of them.

        lesson = Lesson("Is XLA faster here?")
        guess = lesson.predict_speed("xla", over="graph", times=2.0)    # edit the number
        ...                                                             # measure
        lesson.check(guess, speed(xla, over=graph))
        lesson.learned([graph, xla])

    Args:
        question: What the notebook asks.
    """

    def __init__(self, question: str) -> None:
        self.question = question
        self._checked: dict[str, Checked] = {}

    @property
    def sentences(self) -> tuple[str, ...]:
        return (self.question, "Predict first, then measure.")

    def predict(
        self,
        question: str,
        answer: Claim,
        *,
        among: Sequence[str] = (),
        unit: str = "",
        usual: Claim | None = None,
        advice: str = "",
    ) -> Prediction:
        """Note a prediction: one of some choices, or a number.

        Args:
            question: What is asked.
            answer: What the reader expects.
            among: The choices.
            unit: Of a number, as in `30 frames a second`.
            usual: The answer that the usual advice would give.
            advice: That advice, as people say it.

        Raises:
            SettingsError: An answer that is none of the choices, or a number that is not above 0; says the choices.
        """
        words = answer if isinstance(answer, str) else f"{answer:g} {unit}".strip()
        return Prediction(question=question, claim=answer, words=words, among=tuple(among), usual=usual, advice=advice)

    def predict_speed(self, name: str, *, over: str, times: float, usual: Claim | None = None, advice: str = "") -> Prediction:
        """Note how many times faster something will be: 2 for half the time, 1 for no difference, 0.5 for twice the time.

        The usual advice is a verdict, such as `faster`, or such a number where it promises one.

        Raises:
            SettingsError: A number that is not above 0.
        """
        _check_claim(times, ())
        question = f"How many times faster is {name} than {over}?"
        return Prediction(question=question, claim=times, words=_times_words(times), usual=usual, advice=advice)

    def check(self, prediction: Prediction, answer: Answer) -> Checked:
        """Set a prediction beside what was measured. Checking a question again replaces what was found before.

        Raises:
            SettingsError: The prediction is of a kind that cannot answer the question.
        """
        answer.grade(prediction.claim)
        self._checked[prediction.question] = Checked(prediction, answer)
        return self._checked[prediction.question]

    def learned(self, records: Sequence[Record] = ()) -> Learned:
        """Return what the checks and some records showed."""
        return Learned(tuple(self._checked.values()), tuple(records))


def _check_claim(claim: Claim, among: Sequence[str]) -> None:
    if among and claim not in among:
        raise SettingsError(f"the prediction is {claim!r}; choose one of {', '.join(among)}")
    if isinstance(claim, str):
        return
    if isinstance(claim, bool) or not (math.isfinite(claim) and claim > 0):
        raise SettingsError(f"the prediction is {claim!r}; predict a number above 0")


def _times_words(ratio: float) -> str:
    if direction(ratio) == NO_DIFFERENCE:
        return "no difference"
    return f"{ratio:.3g} times faster" if ratio > 1 else f"{1 / ratio:.3g} times slower"

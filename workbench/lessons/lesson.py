"""A lesson: predict, measure, and see what became of the prediction and of the usual advice."""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import final

from workbench.advice import advise
from workbench.lessons.answers import Answer, Claim
from workbench.lessons.prediction import TIMES_FASTER, Panel, Prediction, times_words
from workbench.record import Record
from workbench.report import noise_of
from workbench.wording import BLUE, GREEN, ORANGE, VERMILLION, counted, listed, short_cpu_name

ALSO = "The records also show:"
HOLDS, FAILS, IDLE, UNTOLD = "holds here", "fails here", "makes no measurable difference here", "cannot be told here"
STOOD = {HOLDS: "held here", FAILS: "failed", IDLE: "made no measurable difference", UNTOLD: "could not be told"}


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

        def say(number: float) -> str:
            return f"{number:g} {unit}".strip()

        return Prediction(question, answer, say, among=among, unit=unit, usual=usual, advice=advice)

    def predict_speed(self, name: str, *, over: str, times: float, usual: Claim | None = None, advice: str = "") -> Prediction:
        """Note how many times faster something will be: 2 for half the time, 1 for no difference, 0.5 for twice the time.

        The usual advice is a verdict, such as `faster`, or such a number where it promises one.

        Raises:
            SettingsError: A number that is not above 0.
        """
        question = f"How many times faster is {name} than {over}?"
        return Prediction(question, times, times_words, unit=TIMES_FASTER, usual=usual, advice=advice)

    def check(self, prediction: Prediction, answer: Answer) -> Checked:
        """Set a prediction beside what was measured. Checking a question again replaces what was found before.

        Raises:
            SettingsError: The prediction is of a kind that cannot answer the question.
        """
        answer.grade(prediction.claim)
        self._checked[prediction.question] = Checked(copy(prediction), answer)  # what is predicted later is another
        return self._checked[prediction.question]

    def learned(self, records: Sequence[Record] = ()) -> Learned:
        """Return what the checks and some records showed."""
        return Learned(tuple(self._checked.values()), tuple(records))

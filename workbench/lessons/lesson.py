"""A lesson: predict, measure, and see what became of the prediction and of the usual advice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from workbench.errors import SettingsError
from workbench.lessons.answers import Answer, Claim, direction
from workbench.lessons.charting import library_html
from workbench.record import Record
from workbench.report import Summary, findings, noise_of
from workbench.wording import BLUE, GREEN, ORANGE, VERMILLION, counted, short_cpu_name

ALSO = "The records also show:"
OPEN_BOOK = "Edit the prediction, run the cell, then measure."


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prediction:
    """A question with what the reader expects, and what people usually say.

    Attributes:
        question: What is asked.
        claim: The reader's answer.
        among: The choices; empty where the answer is a number.
        usual: The answer that the usual advice would give; `None` where there is no such advice.
        advice: The usual advice, as people say it.
        words: The claim as a reader would say it.
    """

    question: str
    claim: Claim
    among: tuple[str, ...] = ()
    usual: Claim | None = None
    advice: str = ""
    words: str = ""

    def __post_init__(self) -> None:
        if (self.usual is None) != (not self.advice):
            raise SettingsError(f"{self.question!r} has only one of `usual` and `advice`; give both, or neither")
        for claim in (self.claim, *([] if self.usual is None else [self.usual])):
            _check_claim(claim, self.among)

    def __repr__(self) -> str:
        choices = f" ({', '.join(self.among)})" if self.among else ""
        advice = f" The usual advice: {self.advice}" if self.advice else ""
        return f"{self.question}{choices} You predict: {self.words}.{advice}"

    def _repr_html_(self) -> str:
        choices = f" <small>({escape(', '.join(self.among))})</small>" if self.among else ""
        rows = [f"<b>{escape(self.question)}</b>{choices}", f"You predict: <b>{escape(self.words)}</b>."]
        rows += [f"The usual advice: “{escape(self.advice)}”"] if self.advice else []
        return _panel([*rows, f"<small>{OPEN_BOOK}</small>"], BLUE)


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """A prediction beside what was measured."""

    prediction: Prediction
    answer: Answer

    @property
    def right(self) -> bool:
        return self.answer.grade(self.prediction.claim).right

    @property
    def advice_holds(self) -> bool | None:
        """Whether the usual advice holds here; `None` where there is none, or where nothing could be told apart."""
        if self.prediction.usual is None:
            return None
        right = self.answer.grade(self.prediction.usual).right
        return None if self.answer.open and not right else right

    def prediction_words(self) -> str:
        """Say what was predicted, and how that stands."""
        return f"You predicted {self.prediction.words}: {self.answer.grade(self.prediction.claim).words}."

    def advice_words(self) -> tuple[str, str]:
        """Say what the usual advice is and how it stands; two empty texts where there is none."""
        if self.prediction.usual is None:
            return "", ""
        verdict = {True: "holds here", False: "fails here", None: "makes no measurable difference here"}[self.advice_holds]
        return f"The usual advice, “{self.prediction.advice.rstrip('.')}”,", f"{verdict}."

    def __repr__(self) -> str:
        advice = " ".join(self.advice_words()).strip()
        return "\n".join(filter(None, [self.prediction_words(), advice, self.answer.sentence, self.answer.caution]))

    def _repr_html_(self) -> str:
        advice, verdict = self.advice_words()
        rows = [f"{escape(self.prediction.question)} {escape(self.prediction_words())}"]
        rows += [f"{escape(advice)} <b>{escape(verdict)}</b>"] if advice else []
        rows += [f"This machine: {escape(self.answer.sentence)}"]
        rows += [f"<i>{escape(self.answer.caution)}</i>"] if self.answer.caution else []
        failed = self.advice_holds is False
        return _panel(rows, VERMILLION if failed else GREEN if self.right else ORANGE)


@dataclass(frozen=True, slots=True, repr=False)
class Learned:
    """What a lesson's measurements showed."""

    checked: tuple[Checked, ...]
    records: tuple[Record, ...]

    def score_words(self) -> str:
        """Say how many predictions were right, and how often the usual advice held."""
        right = sum(one.right for one in self.checked)
        words = f"{right} of {counted(len(self.checked), 'prediction')} right."
        advice = [one.advice_holds for one in self.checked if one.prediction.usual is not None]
        if not advice:
            return words
        return (
            f"{words} Of {counted(len(advice), 'piece')} of usual advice {advice.count(True)} held here,"
            f" {advice.count(False)} failed, {advice.count(None)} made no measurable difference."
        )

    def sentences(self) -> tuple[str, ...]:
        """Return what the checks showed, with how the usual advice stood."""
        return tuple(" ".join(filter(None, [one.answer.sentence, *one.advice_words()])) for one in self.checked)

    def further(self) -> tuple[str, ...]:
        """Return what else the records support, as the report says it."""
        found = findings(Summary.of(self.records)) if self.records else ()
        return tuple(f"{one.claim}. {one.evidence}" for one in found)

    def place_words(self) -> str:
        """Say on which machine this was measured, and how noisy it was."""
        if not self.records:
            return ""
        environment = self.records[0].environment
        machine = f"{short_cpu_name(environment.cpu)}, {counted(environment.cores, 'core')}"
        return (
            f"Measured on {machine}, {noise_of(*self.records)}, on {self.records[0].media.name}. On another machine it may differ."
        )

    def __repr__(self) -> str:
        rows = [
            *(f"- {one}" for one in self.sentences()),
            *([ALSO] if self.further() else []),
            *(f"- {one}" for one in self.further()),
        ]
        return "\n".join(filter(None, [self.score_words(), *rows, self.place_words()]))

    def _repr_html_(self) -> str:
        rows = [f"<b>{escape(self.score_words())}</b>", _list(self.sentences())]
        rows += [ALSO, _list(self.further())] if self.further() else []
        return _panel([*rows, f"<small>{escape(self.place_words())}</small>"], BLUE)


class Lesson:
    """Collects predictions and what became of them. Showing it puts the charts' library into the notebook, for exported pages.

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
        return Prediction(question=question, claim=answer, among=tuple(among), usual=usual, advice=advice, words=words)

    def predict_speed(self, name: str, *, over: str, times: float, usual: Claim | None = None, advice: str = "") -> Prediction:
        """Note how many times faster something will be: 2 for half the time, 1 for no difference, 0.5 for twice the time.

        The usual advice is a verdict, such as `faster`, or such a number where it promises one.

        Raises:
            SettingsError: A number that is not above 0.
        """
        _check_claim(times, ())
        question = f"How many times faster is {name} than {over}?"
        return Prediction(question=question, claim=times, usual=usual, advice=advice, words=_times_words(times))

    def check(self, prediction: Prediction, answer: Answer) -> Checked:
        """Set a prediction beside what was measured. Checking a question again replaces what was found before.

        Raises:
            SettingsError: The prediction is of a kind that cannot answer the question.
        """
        checked = Checked(prediction, answer)
        answer.grade(prediction.claim)
        self._checked[prediction.question] = checked
        return checked

    def learned(self, records: Sequence[Record] = ()) -> Learned:
        """Return what the checks and some records showed."""
        return Learned(tuple(self._checked.values()), tuple(records))

    def __repr__(self) -> str:
        return self.question

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.question)}</b> Predict first, then measure.</p>{library_html()}"


def _check_claim(claim: Claim, among: Sequence[str]) -> None:
    if among and claim not in among:
        raise SettingsError(f"the prediction is {claim!r}; choose one of {', '.join(among)}")
    if isinstance(claim, str):
        return
    if isinstance(claim, bool) or not (math.isfinite(claim) and claim > 0):
        raise SettingsError(f"the prediction is {claim!r}; predict a number above 0")


def _times_words(ratio: float) -> str:
    if direction(ratio) == "no measurable difference":
        return "no difference"
    return f"{ratio:.3g} times faster" if ratio > 1 else f"{1 / ratio:.3g} times slower"


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"


def _panel(rows: Sequence[str], colour: str) -> str:
    style = f"border-left:4px solid {colour};padding:.3em .9em;margin:.4em 0;max-width:60em"
    return f'<div class="workbench-lesson" style="{style}">{"".join(f"<div>{row}</div>" for row in rows)}</div>'

"""Predictions against records: what is right, and where the usual advice fails."""

from typing import Any

import pytest

from tests.lessons.asked import EQUAL, GRAPH, NAIVE, WIDE, XLA, xla_guess
from tests.report.records import record
from workbench.advice import advise
from workbench.errors import SettingsError
from workbench.lessons import Lesson, largest_stage, speed
from workbench.lessons.answers import Choice
from workbench.wording import BLUE

ATTACK = "<img src=https://example.org/x onerror=alert(1)>"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"answer": "nsm", "among": ("infer", "nms")}, "the prediction is 'nsm'; choose one of infer, nms"),
        ({"answer": 3, "among": ("infer", "nms")}, "the prediction is 3; choose one of infer, nms"),
        ({"answer": 0}, "the prediction is 0; predict a number above 0"),
        ({"answer": float("nan")}, "the prediction is nan; predict a number above 0"),
        ({"answer": True}, "the prediction is True; predict a number above 0"),
        ({"answer": 2, "usual": "faster"}, "only one of `usual` and `advice`"),
        ({"answer": "nms", "among": ("nms",), "usual": "infer", "advice": "x"}, "the prediction is 'infer'; choose one of nms"),
    ],
)
def test_an_impossible_prediction_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Lesson("").predict("Which?", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [0.0, -1.0, float("inf")])
def test_an_impossible_speed_is_refused(times: float) -> None:
    with pytest.raises(SettingsError, match="predict a number above 0"):
        Lesson("").predict_speed("xla", over="graph", times=times)


@pytest.mark.parametrize(
    ("times", "words"), [(2, "2 times faster"), (0.5, "2 times slower"), (1, "no difference"), (1.25, "1.25 times faster")]
)
def test_a_speed_is_said_as_people_say_it(times: float, words: str) -> None:
    assert Lesson("").predict_speed("xla", over="graph", times=times).words == words


def test_usual_advice_that_fails_here_is_said_to_fail() -> None:
    lesson = Lesson("")
    checked = lesson.check(xla_guess(lesson), speed(XLA, over=GRAPH))

    assert checked.advice_stands == "fails here"
    assert str(checked) == (
        "How many times faster is xla than graph? You predicted 2 times faster: wrong, 7.05 times slower.\n"
        "The usual advice, “XLA fuses operations, so it is faster”, fails here.\n"
        "This machine: xla against graph: 7.05 times slower [6.84, 7.26]; a frame takes 89.4 ms and 12.8 ms."
    )


def test_usual_advice_that_holds_or_shows_no_difference_is_said_to() -> None:
    lesson = Lesson("")

    assert "so it is faster”, holds here." in str(lesson.check(xla_guess(lesson), speed(GRAPH, over=NAIVE)))
    assert "so it is faster”, makes no measurable difference here." in str(
        lesson.check(xla_guess(lesson), speed(EQUAL, over=NAIVE))
    )


def test_what_cannot_be_told_grades_nobody_and_is_not_green() -> None:
    lesson = Lesson("")
    checked = lesson.check(xla_guess(lesson), speed(WIDE, over=NAIVE))

    assert (checked.right, checked.advice_stands, checked.colour) == (None, "cannot be told here", BLUE)
    assert "right" not in str(checked)
    assert "so it is faster”, cannot be told here." in str(checked)
    assert lesson.learned([NAIVE, WIDE]).sentences[0] == (
        "0 of 1 prediction right. 1 could not be told. Of 1 piece of usual advice 1 could not be told."
    )


def test_without_usual_advice_none_is_judged() -> None:
    lesson = Lesson("")
    checked = lesson.check(lesson.predict("Which stage?", "nms"), largest_stage(NAIVE))

    assert checked.advice_stands is None
    assert "usual advice" not in str(checked) + checked._repr_html_()


def test_what_was_learned_comes_from_the_records() -> None:
    lesson = Lesson("")
    lesson.check(xla_guess(lesson), speed(XLA, over=GRAPH))
    lesson.check(lesson.predict("Which stage?", "infer"), largest_stage(NAIVE))
    score, *sentences, place = lesson.learned([NAIVE, GRAPH, XLA]).sentences

    assert score == "1 of 2 predictions right. Of 1 piece of usual advice 1 failed."
    assert sentences[0].endswith("The usual advice, “XLA fuses operations, so it is faster”, fails here.")
    assert any(one.startswith("• xla is 7.05 times slower [6.84, 7.26] than graph on this machine.") for one in sentences)
    assert place == "Measured on Imaginary EPYC 0000, 2 cores, quiet, on line.webm. On another machine it may differ."


def test_what_was_learned_is_what_advice_says_of_the_same_records() -> None:
    records = [NAIVE, GRAPH, XLA]

    sentences = Lesson("").learned(records).sentences

    assert [one for one in sentences if one.startswith("• ")] == [f"• {card.finding}" for card in advise(records)]


def test_a_question_checked_again_counts_once() -> None:
    lesson = Lesson("")
    for answer in (speed(XLA, over=GRAPH), speed(GRAPH, over=NAIVE)):
        lesson.check(xla_guess(lesson), answer)

    assert len(lesson.learned().checked) == 1
    assert str(lesson.learned()).startswith("0 of 1 prediction right.")


def test_texts_are_text_wherever_html_is_made() -> None:
    lesson = Lesson(ATTACK)
    named = record("graph", name=ATTACK)
    guess = lesson.predict(ATTACK, ATTACK, among=(ATTACK, "nms"), usual=ATTACK, advice=ATTACK)
    checked = lesson.check(guess, Choice(sentence=ATTACK, caution=ATTACK, names=(ATTACK,)))
    lesson.check(lesson.predict_speed(ATTACK, over="naive", times=2), speed(named, over=NAIVE))
    html = [one._repr_html_() for one in (lesson, guess, checked, lesson.learned([NAIVE, named]))]

    assert all("&lt;img" in text for text in html)
    assert not [text for text in html if "<img" in text]


def field_of(prediction: Any) -> Any:
    shown, line = prediction.control().children
    return shown, line.children[0]


def test_a_choice_is_changed_by_a_click_until_it_is_checked() -> None:
    lesson = Lesson("")
    guess = lesson.predict("Which takes longest?", "nms", among=("infer", "nms"))
    shown, field = field_of(guess)

    assert (tuple(field.options), field.value) == (("infer", "nms"), "nms")
    field.value = "infer"
    assert "You predict: infer." in shown.value
    checked = lesson.check(guess, Choice(sentence="It is infer.", names=("infer",)))
    assert checked.right
    field.value = "nms"
    assert checked.prediction.claim == "infer"
    assert "1 of 1 prediction right" in str(lesson.learned())


def test_a_number_is_typed_and_one_that_says_nothing_is_not_taken() -> None:
    guess = Lesson("").predict_speed("xla", over="graph", times=2)
    shown, field = field_of(guess)

    field.value = 0.5
    assert (guess.claim, guess.words) == (0.5, "2 times slower")
    field.value = -1
    assert guess.claim == 0.5
    assert "the prediction is -1.0; predict a number above 0; it stays at 2 times slower" in shown.value
    field.value = 3
    assert "predict a number" not in shown.value


def test_words_that_are_no_choice_are_shown_without_a_field() -> None:
    (shown,) = Lesson("").predict("Why?", "memory").control().children

    assert "You predict: memory." in shown.value


def test_where_no_widget_is_shown_the_same_is_said_as_text() -> None:
    bundle = Lesson("").predict(f"Which of {ATTACK}?", 3, unit="frames")._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "You predict: 3 frames." in bundle["text/plain"]
    assert "You predict: 3 frames." in bundle["text/html"]
    assert ATTACK not in bundle["text/html"]

"""Predictions against records: what is right, where the usual advice fails, and pages that need no network."""

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.report.records import NOISY, OTHER_MACHINE, broken_record, comparison, full_set, problem_record, record, timing
from workbench.errors import RecordError, SaveError, SettingsError
from workbench.graph.mistakes import Outcome
from workbench.lessons import (
    Amount,
    Answer,
    Choice,
    Lesson,
    Prediction,
    Speed,
    chart,
    chosen,
    crowding,
    export_page,
    fastest,
    fastest_within,
    figures_of,
    frames_a_second,
    in_the_program,
    largest_stage,
    loses_ap,
    outcome,
    smaller,
    speed,
    stage_speed,
)
from workbench.lessons.answers import Claim
from workbench.lessons.charting import PLOTLY_MIME, library_html
from workbench.record import EngineFacts, Record
from workbench.report import quality_figure, stage_figure
from workbench.timing import Ratio

ATTACK = "<img src=https://example.org/x onerror=alert(1)>"
NAIVE, GRAPH, XLA, LITERT, INT8 = map(record, ("naive", "graph", "xla", "litert", "litert-int8"))
UNCLEAR = record("graph", name="unclear", comparison=comparison("naive", "unclear", 1.005, "no measurable difference"))


def slower() -> Speed:
    return speed(XLA, over=GRAPH)


@pytest.mark.parametrize(
    ("answer", "claim", "right", "words"),
    [
        (Choice(sentence="", names=("infer",)), "infer", True, "right"),
        (Choice(sentence="", names=("infer",)), "nms", False, "wrong, it is infer"),
        (Choice(sentence="", names=("infer", "nms")), "nms", True, "right"),
        (Amount(sentence="", value=10.0), 12.0, True, "right"),
        (Amount(sentence="", value=10.0), 25.0, False, "wrong, 2.5 times too much"),
        (Amount(sentence="", value=10.0), 5.0, False, "wrong, 2.0 times too little"),
        (slower(), 2.0, False, "wrong, 7.05 times slower"),
        (slower(), 1 / 7, True, "right, it lies in the interval"),
        (slower(), 0.15, True, "right"),
        (slower(), 0.5, False, "right in direction, not in size, 7.05 times slower"),
        (slower(), "slower", True, "right"),
        (slower(), "faster", False, "wrong, 7.05 times slower"),
        (speed(UNCLEAR, over=NAIVE), 1.0, True, "right, it lies in the interval"),
        (speed(UNCLEAR, over=NAIVE), 2.0, False, "wrong, no measurable difference"),
    ],
)  # fmt: skip
def test_a_claim_is_graded_by_what_was_measured(answer: Answer, claim: Claim, right: bool, words: str) -> None:
    grade = answer.grade(claim)

    assert (grade.right, grade.words) == (right, words)


@pytest.mark.parametrize(("answer", "claim"), [(Choice(sentence="", names=("yes",)), 2.0), (Amount(sentence="", value=1.0), "yes")])
def test_a_claim_of_the_wrong_kind_is_refused(answer: Answer, claim: Claim) -> None:
    with pytest.raises(SettingsError, match=r"^the prediction is .*; predict "):
        answer.grade(claim)


# Speeds ---------------------------------------------------------------------------------------------------------------


def test_a_speed_says_medians_ratio_and_interval() -> None:
    assert speed(GRAPH, over=NAIVE).sentence == (
        "graph is 6.44 times faster than naive [6.34, 6.53]; a frame takes 12.8 ms and 81.5 ms."
    )


def test_a_slower_one_is_told_in_the_direction_of_its_words() -> None:
    assert "naive is 6.44 times slower than graph [6.34, 6.53]" in speed(NAIVE, over=GRAPH).sentence


def test_noise_is_no_difference() -> None:
    found = speed(UNCLEAR, over=NAIVE)

    assert found.open
    assert found.sentence.startswith(
        "no measurable difference between unclear and naive, 95 % interval of the ratio [0.99, 1.02]; "
    )


def test_an_interval_too_wide_to_tell_is_said_to_be() -> None:
    wide = comparison("naive", "unclear", 1.0, "no measurable difference").model_copy(
        update={"ratio": Ratio(median=1.0, low=0.6, high=1.5)}
    )

    assert "The interval is wide" in speed(UNCLEAR.model_copy(update={"comparison": wide}), over=NAIVE).sentence


def test_medians_that_say_otherwise_are_pointed_out() -> None:
    assert "pace" not in speed(GRAPH, over=NAIVE).sentence
    assert speed(UNCLEAR, over=NAIVE).sentence.endswith("so the machine changed its pace between them.")


def test_separate_runs_say_so() -> None:
    alone = GRAPH.model_copy(update={"comparison": None})

    assert "(separate runs)" in speed(alone, over=NAIVE.model_copy(update={"id": "other", "name": "other"})).sentence


def test_a_noisy_machine_is_a_caution() -> None:
    noisy = GRAPH.model_copy(update={"noise": NOISY})

    assert speed(noisy, over=NAIVE).caution == (
        "The machine was noisy (other processes kept 0.8 cores busy): measure again before you rely on it."
    )


@pytest.mark.parametrize(
    "other", [GRAPH.model_copy(update={"environment": OTHER_MACHINE}), problem_record()], ids=["machine", "problem"]
)
def test_what_cannot_be_compared_is_refused(other: Record) -> None:
    with pytest.raises(RecordError, match="cannot be compared; measure both on one machine"):
        speed(other, over=NAIVE)


def test_a_stage_is_compared_by_its_own_times() -> None:
    found = stage_speed(GRAPH, over=NAIVE, stage="nms")

    assert found.sentence.startswith("nms takes 0.3")
    assert (found.verdict, found.interval) == ("faster", None)
    with pytest.raises(RecordError, match="graph has no stage 'preprocess' of its own; it has decode, infer, nms and draw"):
        stage_speed(GRAPH, over=NAIVE, stage="preprocess")


# Other questions ------------------------------------------------------------------------------------------------------


def test_the_largest_stage_comes_with_what_its_absence_could_bring() -> None:
    found = largest_stage(NAIVE)

    assert found.names == ("infer",)
    assert "76 % of a frame, in naive. Were it free, frames would be 4.2 times as fast, and no more." in found.sentence


def test_stages_that_are_nearly_equal_are_both_right() -> None:
    even = record("naive", timing=timing({"decode": 1.0, "infer": 10.0, "nms": 9.8}))

    assert largest_stage(even).names == ("infer", "nms")


def test_frames_a_second_are_those_of_the_whole_frame() -> None:
    assert frames_a_second(NAIVE).value == pytest.approx(NAIVE.timing.fps if NAIVE.timing else 0)
    with pytest.raises(RecordError, match="litert-int16x8 has no times \\(the converter cannot quantise this model"):
        frames_a_second(problem_record())


def test_the_fastest_is_named_with_those_that_cannot_be_told_from_it() -> None:
    same = record("litert-int8", name="twin")

    assert fastest([NAIVE, GRAPH, INT8]).names == ("litert-int8",)
    assert set(fastest([NAIVE, INT8, same]).names) == {"litert-int8", "twin"}
    with pytest.raises(RecordError, match="measure at least one"):
        fastest([problem_record()])


@pytest.mark.parametrize(
    ("more_than", "size", "names"), [(0.02, "all", ("no",)), (0.005, "all", ("yes",)), (0.02, "small", ("yes",))]
)
def test_a_loss_of_ap_counts_from_a_limit(more_than: float, size: str, names: tuple[str, ...]) -> None:
    found = loses_ap(INT8, than=NAIVE, more_than=more_than, size=size)  # type: ignore[arg-type]

    assert found.names == names
    assert ("of small objects" in found.sentence) == (size == "small")


def test_an_unknown_ap_is_refused() -> None:
    with pytest.raises(RecordError, match="has no AP of all objects; measure on media whose truth"):
        loses_ap(GRAPH.model_copy(update={"accuracy": None}), than=NAIVE)


def test_what_a_program_left_out_is_said_with_the_reason() -> None:
    facts = EngineFacts(covers=("model", "box decoding"), left_out=("resize: on the host", "nms: XLA has none of it"))
    found = in_the_program(record("xla", engine=facts), "nms")

    assert found.names == ("no",)
    assert found.sentence == "xla: one program covers model and box decoding. Left out: nms: XLA has none of it."
    assert in_the_program(record("xla", engine=facts), "model").names == ("yes",)


def test_crowding_compares_the_fullest_third_with_the_emptiest() -> None:
    empty, full = NAIVE.detections[0].model_copy(update={"scores": ()}), NAIVE.detections[0]
    times = {"nms": (1.0, 3.0, 1.0, 3.0, 2.0, 2.0)}
    crowded = record(
        "naive",
        timing=timing({"nms": 1.0}).model_copy(update={"stage_seconds": times}),
        detections=(
            empty,
            full,
            empty,
            full,
            full.model_copy(update={"scores": (0.5,)}),
            full.model_copy(update={"scores": (0.5,)}),
        ),
    )

    assert crowding(crowded).value == pytest.approx(3.0)
    with pytest.raises(RecordError, match="measure more frames"):
        crowding(NAIVE)


def test_a_converted_model_is_compared_by_its_bytes() -> None:
    big, small = (record(name="a", engine=EngineFacts(covers=("model",), model_bytes=size)) for size in (4_000_000, 1_000_000))

    assert smaller(small, than=big).value == 4
    with pytest.raises(RecordError, match="ran no converted model"):
        smaller(NAIVE, than=big)


def test_a_mistake_is_told_by_what_came_of_it() -> None:
    wrong = Outcome(way="loaded inside, kept", loads=1, call_seconds=(0.1, 0.01), largest_difference=1.5)

    assert outcome(wrong).names == ("wrong answers",)
    assert outcome(wrong).sentence.startswith("loaded inside, kept: loaded once in 2 calls (100, 10 ms), wrong answers")


# Picking --------------------------------------------------------------------------------------------------------------


def test_the_fastest_within_a_budget_is_picked_and_what_breaks_the_detector_never() -> None:
    rows = full_set()

    assert fastest_within(rows).name == "litert-int8"
    assert fastest_within(rows, max_ap_loss=0.005).name == "litert"
    assert fastest_within(rows, max_ap_loss=0.0).name == "naive"
    assert fastest_within(rows, max_ms=6, max_ap_loss=0.003).name == "litert"
    assert broken_record().name not in {fastest_within(rows, min_fps=fps).name for fps in (1, 100, 200)}


def test_a_budget_that_nothing_keeps_to_says_what_comes_nearest() -> None:
    with pytest.raises(RecordError, match=r"Allow 4.2 ms a frame and inspector-mobile at 288x512 with LiteRT int8 does it"):
        fastest_within(full_set(), max_ms=1)
    with pytest.raises(RecordError, match="breaks the detector or did not run"):
        fastest_within([broken_record()], max_ms=1000)
    with pytest.raises(RecordError, match="nothing to pick from"):
        fastest_within([problem_record()])


def test_what_was_picked_is_told_with_its_figures() -> None:
    assert chosen(INT8, over=NAIVE).sentence.startswith(f"litert-int8 is picked: {figures_of(INT8)}. litert-int8 is ")
    assert chosen(NAIVE, over=NAIVE).sentence == f"naive is picked: {figures_of(NAIVE)}."


# Predictions ----------------------------------------------------------------------------------------------------------


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


def xla_guess(lesson: Lesson) -> Prediction:
    return lesson.predict_speed("xla", over="graph", times=2, usual="faster", advice="XLA fuses operations, so it is faster.")


def test_usual_advice_that_fails_here_is_said_to_fail() -> None:
    lesson = Lesson("")
    checked = lesson.check(xla_guess(lesson), speed(XLA, over=GRAPH))

    assert checked.advice_holds is False
    assert str(checked) == (
        "You predicted 2 times faster: wrong, 7.05 times slower.\n"
        "The usual advice, “XLA fuses operations, so it is faster”, fails here.\n"
        "xla is 7.05 times slower than graph [6.84, 7.26]; a frame takes 89.4 ms and 12.8 ms."
    )


def test_usual_advice_that_holds_or_shows_no_difference_is_said_to() -> None:
    lesson = Lesson("")

    assert "so it is faster”, holds here." in str(lesson.check(xla_guess(lesson), speed(GRAPH, over=NAIVE)))
    assert "so it is faster”, makes no measurable difference here." in str(
        lesson.check(xla_guess(lesson), speed(UNCLEAR, over=NAIVE))
    )


def test_without_usual_advice_none_is_judged() -> None:
    lesson = Lesson("")
    checked = lesson.check(lesson.predict("Which stage?", "nms"), largest_stage(NAIVE))

    assert checked.advice_holds is None
    assert "usual advice" not in str(checked) + checked._repr_html_()


def test_what_was_learned_comes_from_the_records() -> None:
    lesson = Lesson("")
    lesson.check(xla_guess(lesson), speed(XLA, over=GRAPH))
    lesson.check(lesson.predict("Which stage?", "infer"), largest_stage(NAIVE))
    learned = lesson.learned([NAIVE, GRAPH, XLA])

    assert learned.score_words() == (
        "1 of 2 predictions right. Of 1 piece of usual advice 0 held here, 1 failed, 0 made no measurable difference."
    )
    assert learned.sentences()[0].endswith("The usual advice, “XLA fuses operations, so it is faster”, fails here.")
    assert any(one.startswith("XLA is 7.05 times slower than a plain graph here.") for one in learned.further())
    assert (
        learned.place_words() == "Measured on Imaginary EPYC 0000, 2 cores, quiet, on line.webm. On another machine it may differ."
    )


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
    shown = (lesson, guess, checked, lesson.learned([NAIVE, named]), chart(stage_figure([NAIVE, named])))
    html = [one._repr_mimebundle_()["text/html"] if hasattr(one, "_repr_mimebundle_") else one._repr_html_() for one in shown]

    assert not [text for text in html if "<img" in text]


# Charts and pages -----------------------------------------------------------------------------------------------------


class Loads(HTMLParser):
    """Collects what a page would load: scripts, styles, pictures, frames; links that a reader follows are none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            f"{tag} {value}" for name, value in attrs if value and tag != "a" and name in {"src", "href", "data", "srcset"}
        ]


def loads_of(html: str) -> list[str]:
    """Return what a page loads that is not in it."""
    parser = Loads()
    parser.feed(html)
    return [one for one in parser.found if not one.partition(" ")[2].startswith(("data:", "#"))]


def executed() -> nbformat.NotebookNode:
    """Return a notebook with the outputs that a kernel would have put there."""
    lesson = Lesson("Is XLA faster?")
    checked = lesson.check(xla_guess(lesson), speed(XLA, over=GRAPH))
    bundles = [
        {"text/html": one._repr_html_(), "text/plain": repr(one)} for one in (lesson, checked, lesson.learned([NAIVE, GRAPH, XLA]))
    ]
    bundles += [chart(draw([NAIVE, GRAPH, XLA]))._repr_mimebundle_() for draw in (stage_figure, quality_figure)]
    outputs = [new_output("execute_result", data=bundle, execution_count=1) for bundle in bundles]
    notebook: nbformat.NotebookNode = new_notebook(cells=[new_code_cell("1", outputs=[one]) for one in outputs])
    return notebook


def test_a_chart_is_both_plotlys_data_and_html() -> None:
    bundle = chart(stage_figure([NAIVE, GRAPH]))._repr_mimebundle_()

    assert [trace["name"] for trace in bundle[PLOTLY_MIME]["data"]][:2] == ["decode", "preprocess"]
    assert "Plotly.newPlot" in bundle["text/html"]
    assert bundle["text/plain"] == "a chart of decode, preprocess, infer, nms, draw, unexplained"


def test_two_charts_on_a_page_have_places_of_their_own() -> None:
    keys = [
        re.findall(r'<div id="([^"]+)"', chart(draw([NAIVE, GRAPH]))._repr_mimebundle_()["text/html"])
        for draw in (stage_figure, quality_figure)
    ]

    assert len({key for (key,) in keys}) == 2


def test_the_library_is_shown_with_the_lesson_and_loads_nothing() -> None:
    assert library_html() in Lesson("Why?")._repr_html_()
    assert loads_of(library_html()) == []


def test_an_exported_page_holds_charts_and_sentences_and_loads_nothing(tmp_path: Path) -> None:
    nbformat.write(executed(), tmp_path / "run.ipynb")
    export_page(tmp_path / "run.ipynb", tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")

    assert html.count("Plotly.newPlot(box, figure.data") == 2
    assert '"name":"decode"' in html
    assert 'id="workbench-plotly"' in html
    assert "fails here." in html
    assert "xla is 7.05 times slower than graph [6.84, 7.26]" in html
    assert loads_of(html) == []


def test_a_page_of_nbconvert_holds_them_too() -> None:
    html, _ = HTMLExporter().from_notebook_node(executed())

    assert html.count("Plotly.newPlot(box, figure.data") == 2
    assert "fails here." in html


def test_what_is_no_executed_notebook_is_refused(tmp_path: Path) -> None:
    for name, text in {"empty.ipynb": "", "half.ipynb": '{"cells": [', "other.ipynb": '{"cells": 1}'}.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(RecordError, match="choose an .ipynb file"):
            export_page(tmp_path / name, tmp_path / "page.html")
    with pytest.raises(RecordError, match="cannot read the notebook"):
        export_page(tmp_path / "missing.ipynb", tmp_path / "page.html")
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), tmp_path / "not_run.ipynb")
    with pytest.raises(RecordError, match="holds no outputs; run it and save it"):
        export_page(tmp_path / "not_run.ipynb", tmp_path / "page.html")
    nbformat.write(executed(), tmp_path / "run.ipynb")
    with pytest.raises(SaveError):
        export_page(tmp_path / "run.ipynb", tmp_path)

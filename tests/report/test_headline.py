"""The report's first sentence, case by case."""

import re

import pytest

from tests.report.records import (
    NOISY,
    OTHER_MACHINE,
    accuracy,
    broken_record,
    comparison,
    full_set,
    problem_record,
    record,
)
from workbench.record import Record
from workbench.report import Summary, render_report
from workbench.report.headline import headline, key_figures
from workbench.timing import Ratio
from workbench.wording import unbroken

PLACE = "on Imaginary EPYC 0000, 2 cores, quiet."
NAIVE = "81.5 ms a frame with naive, AP .620"

WIDE = Ratio(median=1.4, low=0.85, high=2.18)
OTHER_TRUTH = accuracy(0.3, 0.2).model_copy(update={"truth": "others.json"})

CASES: dict[str, tuple[tuple[Record, ...], str]] = {
    "faster": (
        full_set(),
        f"inspector-mobile on line.webm: 81.5 to 4.20 ms a frame, 20.0 times faster [19.7, 20.2], AP .620 to .612, {PLACE}",
    ),
    "separate runs": (
        (record("naive"), record("graph", comparison=None)),
        f"inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 6.38 times faster (separate runs), AP .620 to .618, {PLACE}",
    ),
    "no truth": (
        (record("naive", accuracy=None), record("graph", accuracy=None)),
        f"inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 6.44 times faster [6.34, 6.53], agreement .991, {PLACE}",
    ),
    "nothing known of accuracy": (
        (record("naive", accuracy=None), record("graph", accuracy=None, agreement=None)),
        f"inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 6.44 times faster [6.34, 6.53], accuracy unknown, {PLACE}",
    ),
    "loses accuracy": (
        (record("naive"), record("graph"), record("litert-int8", accuracy=accuracy(0.55, 0.2))),
        f"inspector-mobile on line.webm: 81.5 to 4.20 ms a frame, 20.0 times faster [19.7, 20.2], AP .620 to .550, {PLACE}"
        " That loses .070 AP; the fastest that loses at most .020 is graph: 12.8 ms a frame, 6.44 times faster [6.34, 6.53],"
        " AP .618.",
    ),
    "loses accuracy, and so does all that is faster": (
        (record("naive"), record("litert-int8", accuracy=accuracy(0.55, 0.2))),
        f"inspector-mobile on line.webm: 81.5 to 4.20 ms a frame, 20.0 times faster [19.7, 20.2], AP .620 to .550, {PLACE}"
        " That loses .070 AP; nothing faster than naive loses at most .020.",
    ),
    "nothing faster": (
        (record("naive"), record("xla")),
        f"inspector-mobile on line.webm: nothing that was tried is measurably faster than naive; it stays at {NAIVE}, {PLACE}",
    ),
    "no measurable difference": (
        (record("naive"), record("graph", comparison=comparison("naive", "graph", 1.01))),
        f"inspector-mobile on line.webm: nothing that was tried is measurably faster than naive; it stays at {NAIVE}, {PLACE}",
    ),
    "cannot tell": (
        (record("naive"), record("graph", comparison=comparison("naive", "graph", WIDE))),
        "inspector-mobile on line.webm: nothing that was tried is measurably faster than naive, but of graph that cannot be told;"
        f" it stays at {NAIVE}, {PLACE}",
    ),
    "faster, nobody knows how much": (
        (record("naive"), record("graph", comparison=comparison("naive", "graph", Ratio(median=7.0, low=1.39, high=52.04)))),
        f"inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 1.39 to 52.0 times faster, AP .620 to .618, {PLACE}",
    ),
    "other truth": (
        (record("naive"), record("graph", accuracy=OTHER_TRUTH)),
        f"inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 6.44 times faster [6.34, 6.53], agreement .991, {PLACE}",
    ),
    "loses accuracy, and what else is faster was judged by another truth": (
        (record("naive"), record("graph", accuracy=OTHER_TRUTH), record("litert-int8", accuracy=accuracy(0.55, 0.2))),
        f"inspector-mobile on line.webm: 81.5 to 4.20 ms a frame, 20.0 times faster [19.7, 20.2], AP .620 to .550, {PLACE}"
        " That loses .070 AP; nothing faster than naive loses at most .020.",
    ),
    "the runs by themselves say otherwise": (
        (record("naive"), record("graph", comparison=comparison("naive", "graph", 9.0))),
        f"inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 9.00 times faster [8.87, 9.13], AP .620 to .618, {PLACE}",
    ),
    "only a composed one is faster": (
        (record("naive"), record("graph", composed=True)),
        f"inspector-mobile on line.webm: what may be faster than naive has composed times only; it stays at {NAIVE}, {PLACE}",
    ),
    "a composed one is faster still": (
        (record("naive"), record("graph"), record("litert-int8", composed=True)),
        f"inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 6.44 times faster [6.34, 6.53], AP .620 to .618, {PLACE}",
    ),
    "the baseline's name has composed times only": (
        (record("naive", composed=True), record("graph")),
        "inspector-mobile on line.webm: nothing that was tried is measurably faster than graph; it stays at"
        f" 12.8 ms a frame with graph, AP .618, {PLACE}",
    ),
    "nothing was measured whole": (
        (record("naive", composed=True), record("graph", composed=True)),
        f"inspector-mobile on line.webm: nothing was measured whole yet, and composed times are no more than a screening, {PLACE}",
    ),
    "only broken ones are faster": (
        (record("naive"), broken_record()),
        f"inspector-mobile on line.webm: what is faster than naive breaks the detector; it stays at {NAIVE}, {PLACE}",
    ),
    "one record": ((record("naive"),), f"inspector-mobile on line.webm: {NAIVE}, {PLACE}"),
    "other machine": (
        (record("naive"), record("graph", environment=OTHER_MACHINE)),
        f"inspector-mobile on line.webm: {NAIVE}; nothing else was timed on the same machine and frames, {PLACE}",
    ),
    "nothing ran": (
        (problem_record("no such file."),),
        "inspector-mobile on line.webm: nothing could be measured (no such file), on Imaginary EPYC 0000, 2 cores.",
    ),
    "baseline did not run": (
        (problem_record("no", "naive"), record("litert", comparison=None)),
        f"inspector-mobile on line.webm: 5.63 ms a frame with litert, AP .617; the baseline naive did not run, {PLACE}",
    ),
    "noisy": (
        (record("naive"), record("graph", noise=NOISY)),
        "inspector-mobile on line.webm: 81.5 to 12.8 ms a frame, 6.44 times faster [6.34, 6.53], AP .620 to .618,"
        " on Imaginary EPYC 0000, 2 cores, noisy.",
    ),
}


@pytest.mark.parametrize(("records", "sentence"), CASES.values(), ids=CASES.keys())
def test_headline(records: tuple[Record, ...], sentence: str) -> None:
    assert headline(Summary.of(records)) == sentence


def test_where_a_budget_chose_the_best_its_own_sentence_says_what_may_be_lost() -> None:
    chosen = record("litert-int8", accuracy=accuracy(0.55, 0.2))

    assert headline(Summary.of((record("naive"), chosen), chosen.id)).endswith(f"AP .620 to .550, {PLACE}")


def test_below_the_headline_stands_what_the_runs_by_themselves_say_where_they_differ() -> None:
    otherwise = (record("naive"), record("graph", comparison=comparison("naive", "graph", 9.0)))

    summary = Summary.of(otherwise)
    words = summary.doubt(summary.best)

    assert words == (
        "The ratio comes from blocks of frames in turns; the runs by themselves took 81.5 and 12.8 ms a frame, 6.38 times faster,"
        " for the machine changed its pace between them."
    )
    assert re.search(rf'</h1>\s*<p class="doubt">{re.escape(unbroken(words))}</p>', render_report(otherwise))


def test_nothing_stands_below_the_headline_where_they_do_not() -> None:
    assert 'class="doubt"' not in render_report((record("naive"), record("graph")))
    assert 'class="doubt"' not in render_report((record("naive"),))


def test_headline_names_both_detectors_where_they_differ() -> None:
    small = record("naive").detector.model_copy(update={"name": "inspector-tiny"})
    text = headline(Summary.of((record("naive"), record("graph", detector=small))))
    assert text.startswith("inspector-mobile to inspector-tiny on line.webm: ")


@pytest.mark.parametrize(("ratio", "value"), [(6.44, "6.44×"), (Ratio(median=7.0, low=1.39, high=52.04), "1.39 to 52.0×")])
def test_the_figure_of_a_wide_interval_is_its_ends(ratio: float | Ratio, value: str) -> None:
    figures = key_figures(Summary.of((record("naive"), record("graph", comparison=comparison("naive", "graph", ratio)))))
    assert next(figure.value for figure in figures if figure.name == "Against naive") == value


@pytest.mark.parametrize("records", [case[0] for case in CASES.values()], ids=CASES.keys())
def test_there_are_always_four_figures(records: tuple[Record, ...]) -> None:
    figures = key_figures(Summary.of(records))
    assert len(figures) == 4
    assert all(figure.value for figure in figures)

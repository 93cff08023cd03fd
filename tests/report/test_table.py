"""The table of all settings: what its verdicts and changes claim, and what they do not."""

import pytest

from tests.report.records import SPLITS, accuracy, comparison, record, timing
from workbench.record import Record
from workbench.report import Summary
from workbench.report.table import COLUMNS, Cell, notes
from workbench.timing import Ratio

WIDE = Ratio(median=1.4, low=0.85, high=2.18)
APART = "the runs by themselves took 81.5 and 12.8 ms a frame"


def cell(title: str, other: Record) -> Cell:
    (column,) = (one for one in COLUMNS if one.title == title)
    return column.cell(other, Summary.of((record("naive"), other)))


@pytest.mark.parametrize(
    ("ratio", "text", "more", "tone"),
    [
        (6.44, "6.44×", "faster [6.34, 6.54]", "good"),
        (0.5, "0.500×", "slower [0.492, 0.507]", "bad"),
        (1.0, "1.00×", "no measurable difference [0.98, 1.01]", ""),
        (WIDE, "0.850 to 2.18×", "cannot tell [0.85, 2.18]", ""),
        (Ratio(median=3.38, low=1.39, high=52.04), "1.39 to 52.0×", "faster [1.39, 52.04]", "good"),
    ],
    ids=["faster", "slower", "no difference", "cannot tell", "faster by anything"],
)
def test_a_ratio_is_told_with_its_verdict(ratio: float | Ratio, text: str, more: str, tone: str) -> None:
    found = cell("× base", record("graph", comparison=comparison("naive", "graph", ratio)))
    assert (found.text, found.more, found.tone) == (text, more, tone)


def test_separate_runs_that_are_as_fast_cannot_be_told_apart() -> None:
    quick = cell("× base", record("graph", comparison=None))
    twin = cell("× base", record("naive", name="twin", timing=timing(SPLITS["naive"][0], seed=1)))
    assert (quick.text, quick.more, quick.tone) == ("6.38×", "faster (separate runs)", "good")
    assert (twin.more, twin.tone) == ("cannot tell (separate runs)", "")
    assert " to " in twin.text


@pytest.mark.parametrize("title", ["AP", "AP50", "small", "medium", "large"])
def test_the_change_of_an_ap_is_told_on_the_same_truth_only(title: str) -> None:
    other = accuracy(0.618, 0.399).model_copy(update={"truth": "others.json"})

    assert cell(title, record("graph")).more.startswith("−.00")
    assert cell(title, record("graph", accuracy=other)).more == ""


def test_where_the_runs_by_themselves_say_otherwise_the_table_says_so() -> None:
    apart = record("graph", comparison=comparison("naive", "graph", 9.0))

    assert APART in cell("× base", apart).title
    told = " ".join(notes(Summary.of((record("naive"), apart))))
    assert "Of graph the ratio, which comes from blocks of frames in turns, is not that of the medians" in told


def test_where_they_say_the_same_it_says_nothing() -> None:
    assert cell("× base", record("graph")).title == "interleaved."
    assert "changed its pace" not in " ".join(notes(Summary.of((record("naive"), record("graph")))))

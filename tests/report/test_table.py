"""The table of all settings: what its verdicts and changes claim, and what they do not."""

import pytest

from tests.record.test_weight import WEIGHT
from tests.report.records import SPLITS, accuracy, comparison, record, timing
from workbench.record import Record
from workbench.report import Summary
from workbench.report.table import COLUMNS, Cell, columns, groups, notes, rows
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


def test_what_settings_weigh_has_columns_where_one_was_weighed() -> None:
    plain = Summary.of((record("naive"), record("graph")))
    weighed = Summary.of((record("naive"), record("graph", weight=WEIGHT)))
    titles = [column.title for column in columns(weighed)]

    assert "peak" not in [column.title for column in columns(plain)]
    assert [row.cells[titles.index("peak")].text for row in rows(weighed)] == ["–", "150 MB"]
    assert ("own process", 2) in groups(weighed, first=True)
    assert "in a process of its own" in " ".join(notes(weighed))
    assert "in a process of its own" not in " ".join(notes(plain))
    for summary in (plain, weighed):
        assert all(len(row.cells) == len(columns(summary)) for row in rows(summary))
        assert sum(span for _, span in groups(summary, first=False)) == len(columns(summary))


def test_the_parts_of_what_a_setting_weighs_are_the_cell_s_tooltip() -> None:
    weighed = record("graph", weight=WEIGHT)

    assert "while it loads 150 MB, while it runs 145 MB" in cell("peak", weighed).title
    assert cell("libraries", weighed).text == "64.0 MB"
    assert cell("start s", weighed).title.startswith("importing the libraries 0.150 s")
    assert cell("peak", record("graph")).title == "not weighed; run --weigh does that"


def test_joules_have_a_column_where_they_could_be_read() -> None:
    plain, counted = record("naive"), record("graph")
    assert counted.timing is not None
    counted = counted.model_copy(update={"timing": counted.timing.model_copy(update={"joules": 0.25})})

    assert "joules" not in [column.title for column in columns(Summary.of((plain,)))]
    both = Summary.of((plain, counted))
    at = [column.title for column in columns(both)].index("joules")
    assert [row.cells[at].text for row in rows(both)] == ["–", "0.250"]
    assert counted.metrics()["joules"] == 0.25
    assert "joules" not in plain.metrics()

"""The report's section of classes: settings side by side, and nothing where a record holds none."""

import re

import plotly.graph_objects as go
import pytest

from tests.report.records import by_class, record
from workbench.detections import Confusion
from workbench.report import Summary, render_report
from workbench.report.charts import confusion_matrix, f1_against_score, precision_against_recall
from workbench.report.classes import CURVES, MATRIX, Judged, class_notes, class_rows, confusions_of, drawn_classes, judged_of
from workbench.report.points import chart_text

LABELS = ("scratch", "<b>dent</b>", "stain")


def judged(aps: tuple[float, ...] = (0.5, 0.7), confusions: tuple[Confusion, ...] = (), label: str = "naive") -> Judged:
    return Judged(label, by_class(aps=aps, confusions=confusions), LABELS, "0.3")


def test_baseline_and_chosen_stand_side_by_side() -> None:
    summary = Summary.of((record("naive", accuracy=by_class()), record("litert", accuracy=by_class(aps=(0.48, 0.71)))))

    rows = class_rows(judged_of(summary))

    assert [one.label for one in judged_of(summary)] == ["naive", "litert"]
    assert [(row.name, row.known) for row in rows] == [("scratch", 40), ("dent", 39)]
    assert [cell.text for cell in rows[0].cells] == [".500", ".700", ".700", ".300", ".500", ".480", ".680", ".700", ".300", ".500"]
    assert rows[0].cells[0].more == "[.400, .600]"
    assert rows[0].cells[5].more == "−.020 [.380, .580]"
    assert rows[0].cells[4].more == "at .500"


def test_a_record_that_lacks_classes_shows_nothing() -> None:
    page = render_report((record("naive"), record("litert")))

    assert judged_of(Summary.of((record("naive"), record("litert")))) == ()
    assert "<h2>Classes</h2>" not in page
    assert "#classes" not in page


def test_what_was_judged_by_another_truth_does_not_stand_beside_it() -> None:
    other = by_class().model_copy(update={"truth": "others.json"})
    summary = Summary.of((record("naive", accuracy=by_class()), record("litert", accuracy=other)))

    assert [one.label for one in judged_of(summary)] == ["naive"]


def test_a_class_that_one_setting_was_not_judged_for_is_missing_there() -> None:
    (first, second) = class_rows((judged(), judged(aps=(0.5,))))

    assert first.cells[5].text == ".500"
    assert [cell.text for cell in second.cells[5:]] == ["–"] * 5
    assert all(cell.sort is None for cell in second.cells[5:])


def test_confusions_have_a_column_of_what_is_missed_and_a_row_of_what_is_false() -> None:
    counted = (
        Confusion(truth=0, found=0, count=5),
        Confusion(truth=0, found=1, count=2),
        Confusion(truth=1, found=None, count=3),
        Confusion(truth=None, found=0, count=4),
    )

    matrix = confusions_of(judged(confusions=counted))

    assert matrix is not None
    assert matrix.counts == ((5, 2, 0), (0, 0, 3), (4, 0, 0))
    assert (matrix.rows[-1], matrix.columns[-1]) == ("nothing: false", "missed")
    assert confusions_of(judged()) is None


def test_of_many_classes_the_fullest_are_drawn_and_the_others_are_one_row() -> None:
    many = judged(aps=(0.5,) * 30, confusions=(Confusion(truth=29, found=28, count=1), Confusion(truth=0, found=29, count=2)))

    matrix = confusions_of(many)

    assert drawn_classes((many,)) == tuple(range(CURVES))
    assert class_notes((many,))[0] == "The curves show the 7 of 30 classes of which the truth holds most."
    assert matrix is not None
    assert len(matrix.rows) == MATRIX + 2
    assert matrix.counts[MATRIX][MATRIX] == 1
    assert matrix.counts[0][MATRIX] == 2


@pytest.mark.parametrize("shown", [(judged(),), (judged(), judged(label="<i>litert</i>"))], ids=["alone", "two"])
def test_plotly_knows_every_word_of_the_curves_and_no_text_is_markup(shown: tuple[Judged, ...]) -> None:
    for figure in (precision_against_recall(shown), f1_against_score(shown)):
        go.Figure(figure)
        lines = [trace for trace in figure["data"] if trace["mode"] == "lines"]
        assert [trace["line"]["dash"] for trace in lines] == ["dot", "dot", "solid", "solid"][-len(lines) :]
        assert sum(trace["showlegend"] for trace in figure["data"]) == 2
        texts = " ".join(str(trace["name"]) + str(trace["hovertext"]) for trace in figure["data"])
        assert chart_text("<b>dent</b>") in texts
        assert not re.search("<(?!br>)", texts)


def test_plotly_knows_every_word_of_the_matrix() -> None:
    matrix = confusions_of(judged(confusions=(Confusion(truth=0, found=1, count=3), Confusion(truth=0, found=0, count=1))))
    assert matrix is not None

    figure = confusion_matrix(matrix)

    go.Figure(figure)
    assert figure["data"][0]["z"][0] == [0.25, 0.75, 0.0]
    assert figure["data"][0]["hovertext"][0][1] == "scratch, found as &lt;b&gt;dent&lt;/b&gt;: 3 (75 %)"
    assert figure["data"][1]["text"] == ["1", "3"]

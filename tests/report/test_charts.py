"""What the charts show, and that no text of a record is markup in them."""

import json

import plotly.graph_objects as go
import pytest

from tests.report.records import accuracy, broken_record, comparison, full_set, problem_record, record, timing
from workbench.report import Summary
from workbench.report.charts import bar_rows, frame_times, latency_against_quality, stage_bars, stage_order, timeline
from workbench.report.page import banners, chart_notes
from workbench.report.points import chart_text, points_of
from workbench.timing import StageSpan

ATTACK = '<a href="javascript:alert(1)">x</a>'


def test_axis_is_logarithmic_only_over_a_wide_span() -> None:
    wide, narrow = points_of(Summary.of(full_set())), points_of(Summary.of((record("litert"), record("litert-int8"))))
    assert wide is not None
    assert narrow is not None
    assert (wide.logarithmic, narrow.logarithmic) == (True, False)


def test_broken_settings_are_off_the_frontier_and_named() -> None:
    summary = Summary.of((record("naive"), record("graph"), broken_record()))
    points = points_of(summary)
    assert points is not None
    figure = latency_against_quality(summary, points)
    broken = next(trace for trace in figure["data"] if trace["name"] == "broken")
    assert broken["marker"]["symbol"] == "x-thin-open"
    assert "litert-int8 bad, .031 ↓" in broken["text"]
    assert all(x > 4 for x, _ in points.frontier())


def test_agreement_stands_in_where_no_truth_is_known() -> None:
    points = points_of(Summary.of(tuple(one.model_copy(update={"accuracy": None}) for one in full_set())))
    assert points is not None
    assert points.axis == "agreement"
    assert max(point.y for point in points.points) == 1.0


def test_what_was_judged_by_another_truth_is_not_drawn_and_that_is_said() -> None:
    same, other = (accuracy(0.7, 0.5).model_copy(update={"truth_key": key}) for key in "12")
    summary = Summary.of((record("naive", accuracy=same), record("litert", accuracy=same), record("graph", accuracy=other)))
    points = points_of(summary)

    assert points is not None
    assert {point.record.name for point in points.points} == {"naive", "litert"}
    assert banners(summary) == (
        "AP of different truths is neither compared nor drawn together; judged by another one than the others were: graph.",
    )
    assert chart_notes(summary) == ()


@pytest.mark.parametrize("records", [(problem_record(),), (record("naive", accuracy=None),)], ids=["did not run", "no accuracy"])
def test_without_quality_there_are_no_points(records: tuple[object, ...]) -> None:
    assert points_of(Summary.of(records)) is None  # type: ignore[arg-type]


def test_texts_in_charts_are_escaped_and_short() -> None:
    assert chart_text(ATTACK) == '&lt;a href="javascript:alert(1)"&gt;x&lt;/a&gt;'
    assert len(chart_text("a" * 500)) == 60
    assert chart_text("a\u202eb") == r"a\u202eb"


def test_no_chart_carries_a_records_text_as_markup() -> None:
    stages = {"infer": 3.0, ATTACK: 2.0}
    rows = (record("naive"), record("graph", name=ATTACK, timing=timing(stages), comparison=comparison("naive", ATTACK, 5)))
    summary = Summary.of(rows)
    points = points_of(summary)
    assert points is not None
    for figure in (latency_against_quality(summary, points), stage_bars(summary)):
        assert "<a " not in json.dumps(figure)


def test_plotly_knows_every_word_of_every_chart() -> None:
    summary = Summary.of((*full_set(), broken_record(), record("graph", name="split", timing=timing({"infer": 1.0, "odd": 2.0}))))
    points = points_of(summary)
    assert points is not None
    told = record("naive").model_copy(update={"timeline": (StageSpan(0, 1, "decode", "main", 0.0, 0.002),)})
    described = (
        latency_against_quality(summary, points),
        stage_bars(summary),
        frame_times(summary, summary.records[:2]),
        timeline(told),
    )
    for one in described:
        plotly = go.Figure(one | {"layout": one["layout"] | {"template": "none"}})  # it refuses words that it does not know
        assert len(plotly.data) == len(one["data"]) > 0
    with pytest.raises(ValueError, match="colour"):
        go.Figure({"data": [{"type": "bar", "marker": {"colour": "red"}}]})


def test_stages_stand_in_the_order_of_a_frame_with_unexplained_last() -> None:
    assert stage_order([{"unexplained": 1, "nms": 1, "decode": 1}, {"odd": 1, "infer": 1}]) == (
        "decode",
        "infer",
        "nms",
        "odd",
        "unexplained",
    )


def test_many_settings_keep_the_baseline_among_the_bars() -> None:
    rows = [record("naive")] + [record("litert", name=f"litert {n}", accuracy=accuracy(0.5, 0.3)) for n in range(40)]
    shown = bar_rows(Summary.of(rows))
    assert len(shown) == 24
    assert shown[0].name == "naive"

"""Charts as a notebook holds them."""

from tests.lessons.asked import GRAPH, NAIVE, XLA
from workbench.lessons import chart
from workbench.lessons.charting import PLOTLY_MIME
from workbench.report import quality_figure, stage_figure


def test_a_chart_is_plotlys_data_and_a_few_words() -> None:
    bundle = chart(stage_figure([NAIVE, GRAPH]))._repr_mimebundle_()

    assert [trace["name"] for trace in bundle[PLOTLY_MIME]["data"]][:2] == ["decode", "preprocess"]
    assert bundle[PLOTLY_MIME]["config"]["displaylogo"] is False
    assert bundle["text/plain"] == "a chart of decode, preprocess, infer, nms, draw, unexplained"


def test_a_chart_brings_no_script_into_the_notebook() -> None:
    bundle = chart(quality_figure([NAIVE, GRAPH, XLA]))._repr_mimebundle_()

    assert set(bundle) == {PLOTLY_MIME, "text/plain"}


def test_a_chart_has_a_height_of_its_own_since_jupyterlabs_room_for_it_has_none() -> None:
    for figure in (stage_figure([NAIVE, GRAPH]), quality_figure([NAIVE, GRAPH])):
        described = chart(figure)._repr_mimebundle_()[PLOTLY_MIME]
        assert described["layout"]["height"] > 150
        assert described["config"]["responsive"] is False

"""Charts and pages of a lesson: they need no network."""

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.lessons.asked import GRAPH, NAIVE, XLA, xla_guess
from workbench.errors import RecordError, SaveError
from workbench.lessons import Lesson, chart, export_page, speed
from workbench.lessons.charting import PLOTLY_MIME, library_html
from workbench.report import quality_figure, stage_figure


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

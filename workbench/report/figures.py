"""The report's figures by themselves, as notebooks show them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.errors import RecordError
from workbench.record import Record
from workbench.report import charts
from workbench.report.page import Drawing
from workbench.report.points import points_of
from workbench.report.summary import Summary
from workbench.report.templates import templates
from workbench.report.waterfall import waterfall_css, waterfall_picture

if TYPE_CHECKING:
    import plotly.graph_objects as go

QUALITY_PX = 420


def stage_figure(records: Sequence[Record]) -> "go.Figure":
    """Return the stages of each record's median frame as stacked bars on one scale, in milliseconds."""
    summary = Summary.of(records)
    return _figure(charts.stage_bars(summary), 120 + 30 * len(charts.bar_rows(summary)))


def quality_figure(records: Sequence[Record]) -> "go.Figure":
    """Return latency against AP, or against agreement where no AP is known, with the frontier drawn.

    Raises:
        RecordError: No record has both a time and one of these.
    """
    summary = Summary.of(records)
    points = points_of(summary)
    if points is None:
        raise RecordError("no record here has both a latency and an accuracy or agreement; measure on media with truth")
    return _figure(charts.latency_against_quality(summary, points), QUALITY_PX)


def waterfall_figure(record: Record) -> Drawing:
    """Return what each setting brought, of a record that `explain` returned.

    Raises:
        RecordError: It has no waterfall.
    """
    picture = waterfall_picture(record)
    html = templates().get_template("waterfall.html.jinja").module.waterfall_whole(picture)  # type: ignore[attr-defined]  # a macro
    return Drawing(f"<style>{waterfall_css()}</style>{html}", picture.caption)


def _figure(described: charts.Figure, height_px: int) -> "go.Figure":
    """Return a figure as notebooks show it, in our own look alone, of a height of its own: JupyterLab's room for it has none."""
    import plotly.graph_objects as go

    figure = go.Figure(described)
    figure.update_layout(template=None, height=height_px)
    return figure

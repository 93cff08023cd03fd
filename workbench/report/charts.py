"""The charts: the one module that describes plotly's figures, for the report and for notebooks alike.

They are plain data, as plotly.js takes them: its Python package checks each value, and takes a third of a second to load.
Plotly reads a few HTML tags in texts, so every text that comes from a record passes `points.chart_text` first.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from workbench.catalogue import ENGINES, engine_row
from workbench.detections import ClassAccuracy, CurvePoint
from workbench.record import Record, label_of, median_ms, ran
from workbench.report.classes import Confusions, Judged, drawn_classes
from workbench.report.points import LABELLED, LOG_SPAN, Point, Points, chart_text, hover, name_places
from workbench.report.summary import Summary
from workbench.report.timeline import placed, without_waits
from workbench.timing import STAGES, UNEXPLAINED, StageSpan, in_order
from workbench.wording import (
    BLUE,
    PALETTE,
    VERMILLION,
    format_fraction,
    format_number,
    format_percent,
    format_seconds_as_ms,
    line_colour,
    rgb,
    stage_colour,
)

Figure = dict[str, Any]
"""`data` and `layout`, of plotly's schema."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK, GRID = "#77818b", "rgba(128,138,148,.28)"  # readable on white and on near-black; the report sets its theme's own
BARS = 24  # rows that a page still takes in

DASHES = ("dot", "solid")  # of the baseline's curves, and of those beside it
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "star", "cross")  # of classes
STRONGEST = 0.55  # how much of the colour a cell of a matrix has at most: text reads on it, on white as on near-black

BROKEN = "broken"
BROKEN_MARK = (VERMILLION, "x-thin-open")


def latency_against_quality(summary: Summary, points: Points) -> Figure:
    """Draw every setting as a point: median milliseconds against AP, or against agreement where no truth is known."""
    edge = points.frontier()
    line = {"shape": "hv", "width": 1.5, "color": INK, "dash": "dot"}
    drawn = {"type": "scatter", "mode": "lines", "line": line, "name": "frontier", "hoverinfo": "skip"}
    places = name_places(points) if len(points.points) <= LABELLED else {}
    own = [point for point in points.points if point.record.id == summary.baseline.id]
    ring = {"symbol": "circle-open", "size": 22, "color": INK, "line": {"width": 1.5}}
    beside = {key: place for key, place in places.items() if key != summary.baseline.id}  # its name stands outside its ring
    spans = [point.x for point in points.points]
    return {
        "data": [
            drawn | {"x": [x for x, _ in edge], "y": [y for _, y in edge]},
            _marks(own, places, name="baseline", marker=ring),
            *(
                _marks(
                    members,
                    beside,
                    name=name,
                    hoverinfo="text",
                    hovertext=[hover(point.record, summary) for point in members],
                    marker={
                        "color": colour,
                        "symbol": symbol,
                        "size": 12,
                        "line": {"width": 2.5 if "thin" in symbol else 0, "color": colour},
                    },
                )
                for name, (colour, symbol), members in _groups(points)
            ),
        ],
        "layout": _layout(
            x=_titled(f"median ms a frame{' (logarithmic)' if points.logarithmic else ''}, less is better")
            | (_log_axis(min(spans), max(spans)) if points.logarithmic else {"range": [0, max(spans) * 1.08]}),
            y=_titled("AP" if points.axis == "ap" else "agreement with the baseline")
            | {"range": list(points.y_range), "tickformat": ".2f"},
        ),
    }


def _marks(points: Sequence[Point], places: dict[str, str], **how: Any) -> dict[str, Any]:
    ids = [point.record.id for point in points]
    return {
        "type": "scatter",
        "x": [point.x for point in points],
        "y": [point.shown for point in points],
        "customdata": ids,  # whoever is told of a click learns which record it was
        "mode": "markers+text" if places else "markers",
        "text": [point.name if point.record.id in places else "" for point in points],
        "textposition": [places.get(key, "top center") for key in ids],
        "textfont": {"size": 12},
        "cliponaxis": False,
        "hoverinfo": "skip",
    } | how


def _groups(points: Points) -> list[tuple[str, tuple[str, str], list[Point]]]:
    """Return the points by engine, and the broken ones apart, each group with its mark."""
    groups: dict[str, list[Point]] = {}
    for point in points.points:
        groups.setdefault(BROKEN if point.record.broken else point.record.settings.runtime.engine, []).append(point)
    order = {name: place for place, name in enumerate(ENGINES)} | {BROKEN: len(ENGINES) + 1}
    names = sorted(groups, key=lambda name: order.get(name, len(ENGINES)))
    return [(name, BROKEN_MARK if name == BROKEN else _mark(name), groups[name]) for name in names]


def _mark(engine: str) -> tuple[str, str]:
    """Return an engine's colour and symbol: both tell it, never colour alone."""
    row = engine_row(engine)
    return PALETTE[row.colour], row.symbol


def _log_axis(low: float, high: float) -> dict[str, Any]:
    """Return an axis with ticks at 1, 2, 5 of every decade: plotly's own are bare digits that read as other numbers."""
    ticks = [step * 10.0**power for power in range(-4, 6) for step in (1, 2, 5)]
    shown = [tick for tick in ticks if low / 2.5 < tick < high * 2.5]
    ends = [math.log10(low / 1.3), math.log10(high * 1.3)]
    return {"type": "log", "range": ends, "tickvals": shown, "ticktext": [format_number(tick, 1) for tick in shown]}


def stage_bars(summary: Summary) -> Figure:
    """Draw where a median frame's time goes, one bar for each setting, the slowest on top."""
    rows = bar_rows(summary)
    budgets = [record.timing.budget() for record in rows if record.timing is not None]
    names = [chart_text(summary.label(record)) for record in rows]
    ticks = {"tickvals": list(range(len(rows))), "ticktext": [f"{name} " for name in names]}
    return {
        "data": [
            _bars(stage)
            | {
                "y": list(range(len(rows))),
                "x": [budget.get(stage, 0.0) * 1000 for budget in budgets],
                "hovertext": [
                    f"{name}<br>{chart_text(stage)} {format_seconds_as_ms(budget.get(stage))} ms"
                    for name, budget in zip(names, budgets, strict=True)
                ],
            }
            for stage in stage_order(budgets)
        ],
        "layout": _layout(
            x=_titled("ms of a median frame") | {"rangemode": "tozero"}, y=ticks | {"autorange": "reversed", "showgrid": False}
        )
        | {"barmode": "stack", "bargap": 0.38},
    }


def _bars(stage: str) -> dict[str, Any]:
    """Return what bars of a stage look like everywhere; what no stage explains is hatched."""
    hatched = {"pattern": {"shape": "/", "size": 6, "solidity": 0.35, "fillmode": "overlay"}} if stage == UNEXPLAINED else {}
    return {
        "type": "bar",
        "orientation": "h",
        "name": chart_text(stage),
        "hoverinfo": "text",
        "marker": {"color": stage_colour(stage), "line": {"width": 0}} | hatched,
    }


def bar_rows(summary: Summary) -> tuple[Record, ...]:
    """Return the records that `stage_bars` shows: at most `BARS`, the baseline and the fastest, slowest first."""
    rows = sorted(filter(ran, summary.records), key=lambda record: median_ms(record) or 0.0)
    kept = rows[:BARS]
    if ran(summary.baseline) and summary.baseline not in kept:
        kept = [*rows[: BARS - 1], summary.baseline]
    return tuple(reversed(kept))


def stage_order(budgets: Sequence[dict[str, float]]) -> tuple[str, ...]:
    """Return all stages of some budgets in the order in which frames pass them, `unexplained` last."""
    return tuple(in_order(sorted({stage for budget in budgets for stage in budget})))


def frame_times(summary: Summary, records: Sequence[Record]) -> Figure:
    """Draw each frame's time in the order in which it was taken: what a median hides."""
    traces = []
    for record, dash in zip(records, ("solid", "dot", "dash", "dashdot"), strict=False):
        if record.timing is None:
            continue
        colour, _ = _mark(record.settings.runtime.engine)
        frames = len(record.timing.total_seconds)
        traces.append(
            {
                "type": "scatter",
                "y": [seconds * 1000 for seconds in record.timing.total_seconds],
                "x": list(range(1, frames + 1)),
                "mode": "lines" if frames > 1 else "markers",
                "name": chart_text(summary.label(record)),
                "line": {"width": 1.4, "dash": dash, "color": colour},
                "hovertemplate": "frame %{x}: %{y:.3~g} ms<extra></extra>",
            }
        )
    spans = [seconds for record in records if record.timing for seconds in record.timing.total_seconds if seconds > 0]
    logarithmic = bool(spans) and max(spans) / min(spans) > LOG_SPAN
    scale = _log_axis(min(spans) * 1000, max(spans) * 1000) if logarithmic else {"rangemode": "tozero"}
    return {"data": traces, "layout": _layout(x=_titled("frame"), y=_titled("ms a frame") | scale)}


def timeline(record: Record) -> Figure:
    """Draw when each stage of the last frames ran, a row for each thread: what waits, what overlaps, and what is always busy.

    Where nothing ran at all the time is taken out, and a dotted line says how much.
    """
    together, waits = without_waits(record.timeline)
    spans = placed(together)
    rows = timeline_rows(record)
    traces = []
    for stage in in_order(sorted({span.stage for _, span in spans})):
        own = [(row, span) for row, span in spans if span.stage == stage]
        traces.append(
            _bars(stage)
            | {
                "y": [rows.index(row) for row, _ in own],
                "base": [span.start_seconds * 1000 for _, span in own],
                "x": [span.seconds * 1000 for _, span in own],
                "hovertext": [
                    f"{chart_text(stage)}, {_frame_words(span)}<br>{format_seconds_as_ms(span.seconds)} ms, from"
                    f" {format_seconds_as_ms(span.start_seconds)} ms on"
                    for _, span in own
                ],
            }
        )
    ticks = {"tickvals": list(range(len(rows))), "ticktext": [f"{chart_text(row)} " for row in rows]}
    layout = _layout(x=_titled("ms") | {"rangemode": "tozero"}, y=ticks | {"range": [len(rows) - 0.5, -0.5], "showgrid": False})
    lines = [_upright(wait.at_seconds * 1000, "dot") for wait in waits]
    words = [
        {"x": wait.at_seconds * 1000, "yref": "paper", "y": 0, "yanchor": "bottom", "xanchor": "left", "showarrow": False}
        | {"text": f" waited {format_number(wait.seconds, 2)} s", "font": {"size": 12}}
        for wait in waits
    ]
    return {"data": traces, "layout": layout | {"barmode": "overlay", "bargap": 0.3, "shapes": lines, "annotations": words}}


def timeline_rows(record: Record) -> tuple[str, ...]:
    """Return the rows of a timeline in the order in which frames pass them."""
    first: dict[str, int] = {}
    for row, span in placed(record.timeline):
        place = STAGES.index(span.stage) if span.stage in STAGES else len(STAGES)
        first[row] = min(place, first.get(row, place))
    return tuple(sorted(first, key=lambda row: (first[row], row)))


def precision_against_recall(judged: Sequence[Judged]) -> Figure:
    """Draw for each class how precision falls as recall grows; a mark stands where the setting's own score threshold is."""

    def mark(one: ClassAccuracy) -> tuple[float, float] | None:
        return None if one.precision is None else (one.recall, one.precision)

    traces = _curves(judged, lambda point: (point.recall, point.precision), mark)
    return {"data": traces, "layout": _layout(x=_share("recall"), y=_share("precision"))}


def f1_against_score(judged: Sequence[Judged]) -> Figure:
    """Draw for each class F1 at each score threshold; a mark stands at the best, a line at the setting's own threshold."""

    def mark(one: ClassAccuracy) -> tuple[float, float] | None:
        return None if one.best is None else (one.best.score, one.best.f1)

    traces = _curves(judged, lambda point: (point.score, point.f1), mark)
    shown = drawn_classes(judged)
    own = [
        (setting.accuracy.score_threshold if one.threshold is None else one.threshold, dash)
        for setting, dash in _dashed(judged)
        for one in setting.accuracy.classes
        if one.class_id in shown
    ]
    lines = [_upright(score, dash) for score, dash in dict.fromkeys(own)]
    return {"data": traces, "layout": _layout(x=_share("score threshold"), y=_share("F1")) | {"shapes": lines}}


def _upright(x: float, dash: str) -> dict[str, Any]:
    look = {"dash": dash, "width": 1.5, "color": INK}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": look}


def _dashed(judged: Sequence[Judged]) -> list[tuple[Judged, str]]:
    return list(zip(judged, DASHES[-len(judged) :], strict=True))


def _curves(
    judged: Sequence[Judged],
    place: Callable[[CurvePoint], tuple[float, float]],
    mark: Callable[[ClassAccuracy], tuple[float, float] | None],
) -> list[dict[str, Any]]:
    """Return a line for each class and setting, the baseline's dotted, each with its mark; all of a class are one in the legend."""
    symbols = dict(zip(drawn_classes(judged), SYMBOLS, strict=False))
    traces = []
    for setting, dash in _dashed(judged):
        for one in (row for row in setting.accuracy.classes if row.class_id in symbols and row.curve):
            name, colour = chart_text(label_of(setting.labels, one.class_id)), line_colour(one.class_id)
            places = [place(point) for point in one.curve]
            words = [
                f"{name}, {chart_text(setting.label)}<br>score above {format_fraction(point.score)}: precision"
                f" {format_fraction(point.precision)}, recall {format_fraction(point.recall)}, F1 {format_fraction(point.f1)}"
                for point in one.curve
            ]
            common = {"type": "scatter", "legendgroup": name, "name": name, "hoverinfo": "text"}
            traces.append(
                common
                | {"x": [x for x, _ in places], "y": [y for _, y in places], "hovertext": words, "mode": "lines"}
                | {"line": {"width": 2, "dash": dash, "color": colour}, "showlegend": setting is judged[-1]}
            )
            if (at := mark(one)) is not None:
                look = {"symbol": symbols[one.class_id] + ("-open" if dash == "dot" else ""), "size": 9, "color": colour}
                told = {"x": [at[0]], "y": [at[1]], "hovertext": [f"{name}, {chart_text(setting.label)}"]}
                traces.append(common | told | {"mode": "markers", "marker": look, "showlegend": False})
    return traces


def _share(text: str) -> dict[str, Any]:
    return _titled(text) | {"range": [0, 1.02], "tickformat": ".1f"}


def confusion_matrix(matrix: Confusions) -> Figure:
    """Draw how often what is there, row by row, is found as what; colour is the share of its row."""
    rows, columns = ([chart_text(name) for name in names] for names in (matrix.rows, matrix.columns))
    shares = [[count / max(sum(counts), 1) for count in counts] for counts in matrix.counts]
    red, green, blue = rgb(BLUE)
    cells = [(x, y, count) for y, counts in enumerate(matrix.counts) for x, count in enumerate(counts) if count]
    heat: dict[str, Any] = {
        "type": "heatmap",
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[part, f"rgba({red},{green},{blue},{part * STRONGEST})"] for part in (0, 1)],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverinfo": "text",
        "hovertext": [
            [
                f"{row}, found as {column}: {count} ({format_percent(share)})"
                for column, count, share in zip(columns, *both, strict=True)
            ]
            for row, *both in zip(rows, matrix.counts, shares, strict=True)
        ],
    }
    # In a trace of its own: in a heatmap plotly chooses the text's colour, as if every page were white.
    words: dict[str, Any] = {"type": "scatter", "mode": "text", "x": [x for x, _, _ in cells], "y": [y for _, y, _ in cells]}
    words |= {"text": [f"{count:,}" for _, _, count in cells], "textfont": {"size": 12}, "hoverinfo": "skip"}
    ticks: dict[str, Any] = {"showgrid": False, "tickvals": list(range(len(rows)))}
    layout = _layout(
        x=_titled("found as") | ticks | {"ticktext": columns, "side": "top", "range": [-0.5, len(columns) - 0.5]},
        y=_titled("there is") | ticks | {"ticktext": rows, "range": [len(rows) - 0.5, -0.5]},
    )
    return {"data": [heat, words], "layout": layout | {"showlegend": False}}


def _frame_words(span: StageSpan) -> str:
    return f"frame {span.frame + 1}" if span.frames == 1 else f"frames {span.frame + 1} to {span.frame + span.frames}"


def _titled(text: str) -> dict[str, Any]:
    return {"title": {"text": text, "standoff": 10, "font": {"size": 13}}}


def _layout(x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "ticks": "", "automargin": True}
    return {
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "xaxis": axis | x,
        "yaxis": axis | y,
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "font": {"family": FONT, "size": 13}},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "showlegend": True,
        "dragmode": False,
    }

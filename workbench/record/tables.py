"""Records as tables: flat figures for programs, cells for people, and HTML that needs no script, so that it stands on any page."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.errors import UnavailableError, one_line
from workbench.wording import (
    counted,
    format_ap,
    format_fraction,
    format_milliseconds,
    format_number,
    format_ratio,
    format_seconds_as_ms,
    stage_colour,
)

if TYPE_CHECKING:  # it has these as methods
    from workbench.record.record import Record

HEADINGS = ("setting", "ms a frame", "p95 ms", "FPS", "AP", "agreement", "against", "noise")
FIGURES = frozenset({"ms a frame", "p95 ms", "FPS", "AP", "agreement"})
MOST_ROWS = 10  # that a cell of a notebook shows; tables of hundreds are for `to_pandas` and reports
LONGEST_NAME, LONGEST_PLACE = 80, 40
BAR_WIDTH, BAR_HEIGHT = 160, 12  # pixels
RIGHT, LEFT = " style='text-align:right;white-space:nowrap;padding:1px 8px'", " style='text-align:left;padding:1px 8px'"
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def metrics(record: "Record") -> dict[str, float]:
    """Return a record's figures by name, those that are known, as trackers of experiments take them.

    Milliseconds end in `_ms`, fractions of 1 have no unit.
    """
    timing, accuracy, compared = record.timing, record.accuracy, record.comparison
    found: dict[str, float | None] = {}
    if timing is not None:
        found |= {name: getattr(timing, name) for name in ("median_ms", "p90_ms", "p95_ms", "p99_ms", "fps")}
        found |= {f"{stage}_ms": seconds * 1000 for stage, seconds in timing.budget().items()}
        found |= {"compile_ms": timing.compile_seconds * 1000, "first_call_ms": timing.first_call_seconds * 1000}
        found["cpu_ms"] = timing.cpu_seconds * 1000 if timing.cpu_seconds is not None else None
    if accuracy is not None:
        found |= {name: getattr(accuracy, name) for name in ("ap", "ap50", "ap_small", "ap_medium", "ap_large")}
    if record.agreement is not None:
        found["agreement"] = record.agreement.ratio
    if compared is not None:
        found |= {"speedup": compared.ratio.median, "speedup_low": compared.ratio.low, "speedup_high": compared.ratio.high}
    if record.engine is not None:
        found["model_bytes"] = record.engine.model_bytes
    return {name: float(value) for name, value in found.items() if value is not None}


def flat(record: "Record") -> dict[str, object]:
    """Return a row of a table: what ran where, every setting by its name, then `metrics`."""
    settings = {
        name: value if isinstance(value, bool | int | float | str | None) else str(value)
        for name, value in record.settings.flat().items()
    }
    size_hw = record.settings.input.size_hw
    return {
        "id": record.id,
        "created": record.created,
        "name": record.name,
        "tag": record.tag,
        "detector": record.detector.name,
        "media": record.media.name,
        "cpu": record.environment.cpu,
        "composed": record.composed,
        "problem": record.problem.message if record.problem else None,
        **settings,
        "input.size_hw": f"{size_hw[0]}x{size_hw[1]}" if size_hw else None,
        **metrics(record),
    }


def to_pandas(rows: Sequence[Mapping[str, object]]) -> Any:
    """Return rows as a pandas DataFrame.

    Raises:
        UnavailableError: pandas is not installed.
    """
    try:
        pandas = import_module("pandas")
    except ImportError:
        raise UnavailableError("pandas is not installed; install it with `pip install pandas`, or use to_dict()") from None
    return pandas.DataFrame(list(rows))


def csv_text(records: Sequence["Record"]) -> str:
    """Write records as CSV, a row each, with a column for whatever one of them has.

    A name that a spreadsheet would compute gets an apostrophe before it: names come from strangers' files.
    """
    rows = [flat(record) for record in records]
    written = io.StringIO()
    writer = csv.DictWriter(written, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _as_text(value) for name, value in row.items()} for row in rows)
    return written.getvalue()


def _as_text(value: object) -> object:
    text = one_line(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(STARTS_A_FORMULA) else text


def markdown_text(records: Sequence["Record"]) -> str:
    """Write records as a table in markdown, a row each, as it stands in a comment or a README."""
    rules = ["---:" if heading in FIGURES else "---" for heading in HEADINGS]
    rows = [[cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for cell in cells(one)] for one in records]
    return "".join(f"| {' | '.join(row)} |\n" for row in ([*HEADINGS], rules, *rows))


def cells(record: "Record") -> tuple[str, ...]:
    """Return a record's cells under `HEADINGS`."""
    timing, compared = record.timing, record.comparison
    if record.problem is not None or timing is None:
        told = record.problem.message if record.problem else "no times"
        return (one_line(record.name, LONGEST_NAME), *[""] * (len(HEADINGS) - 3), f"did not run: {told}", "")
    return (
        one_line(f"{record.name}{' (composed)' if record.composed else ''}{' (broken)' if record.broken else ''}", LONGEST_NAME),
        format_milliseconds(timing.median_ms),
        format_milliseconds(timing.p95_ms),
        format_number(timing.fps),
        format_ap(record.accuracy),
        format_fraction(record.agreement.ratio) if record.agreement else "",
        f"{one_line(compared.a, LONGEST_NAME)}: {format_ratio(compared.ratio)}" if compared else "",
        record.noise.verdict,
    )


def html(records: Sequence["Record"]) -> str:
    """Return a small table of records with a bar of stages each; of many, the newest, and how many there are."""
    shown = records[-MOST_ROWS:]
    slowest = max((sum(one.timing.budget().values()) for one in shown if one.timing is not None), default=0.0)
    places = [f"{one_line(one.detector.name, LONGEST_PLACE)} on {one_line(one.media.name, LONGEST_PLACE)}" for one in shown]
    same = len(set(places)) == 1
    count = f"{counted(len(records), 'record')}{f', the newest {len(shown)}' if len(records) > len(shown) else ''}"
    rows = (
        [name if same else f"{place}: {name}", *others] for place, (name, *others) in zip(places, map(cells, shown), strict=True)
    )
    body = "".join(
        f"<tr>{''.join(map(_cell, HEADINGS, row))}<td{LEFT}>{''.join(_bar(one, slowest))}</td></tr>"
        for one, row in zip(shown, rows, strict=True)
    )
    head = "".join(f"<th{RIGHT if heading in FIGURES else LEFT}>{heading}</th>" for heading in (*HEADINGS, "stages"))
    table = f"<table style='color:inherit'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return (
        f"<div><p>{escape(': '.join([count, *places[:1]] if same else [count]))}</p>{table}<p>{''.join(_legend(shown))}</p></div>"
    )


def _cell(heading: str, text: str) -> str:
    unbroken = text.replace(" ", "\N{NO-BREAK SPACE}") if heading == "against" else text
    return f"<td{RIGHT if heading in FIGURES else LEFT}>{escape(unbroken)}</td>"


def _bar(record: "Record", slowest: float) -> Iterator[str]:
    """Draw where a frame's time goes, as long as its share of the slowest."""
    if record.timing is None or not slowest:
        return
    yield f"<svg width='{BAR_WIDTH}' height='{BAR_HEIGHT}' role='img' aria-label='{escape(_spoken(record))}'>"
    left = 0.0
    for stage, seconds in record.timing.budget().items():
        width = BAR_WIDTH * seconds / slowest
        yield f"<rect x='{left:.1f}' width='{width:.1f}' height='{BAR_HEIGHT}' fill='{stage_colour(stage)}'/>"
        left += width
    yield "</svg>"


def _spoken(record: "Record") -> str:
    assert record.timing is not None, "its bar is drawn"
    stages = (f"{stage} {format_seconds_as_ms(seconds)} ms" for stage, seconds in record.timing.budget().items())
    return ", ".join(one_line(stage, 40) for stage in stages)


def _legend(records: Sequence["Record"]) -> Iterator[str]:
    stages = dict.fromkeys(stage for one in records if one.timing is not None for stage in one.timing.budget())
    for stage in list(stages)[:12]:
        square = f"<svg width='10' height='10'><rect width='10' height='10' fill='{stage_colour(stage)}'/></svg>"
        yield f"{square} {escape(one_line(stage, 40))}&ensp;"

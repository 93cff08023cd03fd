"""The page: everything the template shows, and the whole document."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from markupsafe import Markup

from workbench import wording
from workbench.advice import advise
from workbench.errors import RecordError
from workbench.files import PAGE, write_whole
from workbench.record import (
    Record,
    ap,
    check_same_machine,
    inside_sums,
    median_ms,
    pair_cells,
    pair_headings,
    pairs_by_layer,
    pairs_by_work,
    ran,
)
from workbench.report import charts, classes, table
from workbench.report.budget import Budgets, budgets
from workbench.report.frames import (
    ERROR_KINDS,
    KINDS,
    ErrorFrame,
    Frame,
    error_frames,
    frames_of,
    pictures_by_key,
)
from workbench.report.headline import NOISE_ORDER, headline, key_figures
from workbench.report.points import points_of, quality_axis
from workbench.report.raw import packed, packed_records, script_json
from workbench.report.summary import Summary
from workbench.report.templates import NAMED, templates
from workbench.report.waterfall import explained, waterfall_css, waterfall_picture
from workbench.settings import describe_changes
from workbench.version import VERSION

# Nothing may be fetched, framed or sent: a browser refuses it, even if a record's text got into the page as markup.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:;"
    " base-uri 'none'; form-action 'none'"
)
MOST_STEPS = 12  # to try next: more than a reader takes in; those with most to gain come first
MOST_BLOCKS = 25  # of a network, the worst: what others do is next to nothing
MOST_QUANTISED = 3  # settings whose blocks are listed: each has many
MOST_INSIDES, MOST_OPERATORS = 4, 15  # networks that are looked into, and rows of each table
MANY = 200  # records; a page of more is never small enough to hold plotly as it is, and to try would take as long again
MOST_AT_ONCE = 25  # records of which everything is shown at once; of more, so many of each:
PAGE_ROWS = {"results": 20, "cards": 4, "commands": 6, "engines": 6, "noise": 8}
OFFERED = 50  # records that can be shown beside the baseline; nobody looks for one among hundreds, and each makes the page larger
LARGEST_BYTES = 8_000_000  # mail still takes it; above it plotly is packed, which saves three of its five megabytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Drawing:
    """What a notebook shows in HTML, and what says the same elsewhere."""

    html: str
    words: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Panel:
    """One setting beside the baseline."""

    key: str
    label: str
    record: Record
    budgets: Budgets | None
    changes: tuple[str, ...]
    frames: dict[str, Frame]
    errors: tuple[ErrorFrame, ...]
    """The frames that it gets most wrong."""


def render_report(
    records: Sequence[Record], *, allow_different_machines: bool = False, chosen: str | None = None, said: str = ""
) -> str:
    """Return the report as one HTML document that needs no network.

    Args:
        records: At least one; the order is the table's.
        allow_different_machines: Show records of several machines, whose times the page then does not compare.
        chosen: Id of the record that was chosen for a budget, and is headed in the place of the fastest.
        said: What was said of that choice.

    Raises:
        MachinesDifferError: They come from several machines and that was not allowed.
        RecordError: There is no record.
    """
    if not records:
        raise RecordError("there is no record to report; choose at least one that `workbench run --json` wrote")
    if not allow_different_machines:
        check_same_machine(tuple(records))
    summary = Summary.of(records, chosen)
    context, template = _context(summary) | {"said": said}, templates().get_template("template.html.jinja")
    plotly = plotly_script() if context["chart_names"] else ""
    if len(records) <= MANY:
        html = template.render(context | {"plotly": Markup(plotly), "plotly_packed": ""})  # noqa: S704 - plotly's own file
        if len(html.encode()) <= LARGEST_BYTES:
            return html
    return template.render(context | {"plotly": "", "plotly_packed": packed(plotly) if plotly else ""})


def write_report(
    records: Sequence[Record],
    path: Path | str,
    *,
    allow_different_machines: bool = False,
    chosen: str | None = None,
    said: str = "",
) -> Drawing:
    """Write the report to a file, whole or not at all, and return a link to it; see `render_report`, raises `SaveError` too."""
    html = render_report(records, allow_different_machines=allow_different_machines, chosen=chosen, said=said)
    write_whole(Path(path), html, over=PAGE)
    address, words = quote(Path(path).as_posix()), f"report written to {path}"
    return Drawing(f'<a href="{address}" target="_blank">Open the report</a>, {escape(words)}', words)


def _context(summary: Summary) -> dict[str, Any]:
    pictures = pictures_by_key(summary.records)
    left = frames_of(summary.baseline)
    drawn = _charts(summary)
    panels, right = _panels(summary), summary.right
    cards, judged = advise(summary.records), classes.judged_of(summary)
    common = common_changes(summary)
    names = list(dict.fromkeys([*left, *(name for panel in panels for name in panel.frames)]))
    return {
        "policy": POLICY,
        "css": Markup(_asset("report.css") + waterfall_css() + _asset("print.css")),  # noqa: S704 - our own file, no value of a record in it
        "js": Markup(_asset("report.js")),  # noqa: S704 - as above
        "raw": packed_records(summary.records),
        "charts_json": Markup(script_json(drawn)),  # noqa: S704 - escaped by script_json
        "chart_names": tuple(drawn),
        "version": VERSION,
        "summary": summary,
        "headline": headline(summary),
        "doubt": summary.doubt(summary.best) if summary.best is not None else "",
        "figures": key_figures(summary),
        "banners": banners(summary),
        "waterfall": waterfall_picture(shown, summary.label(shown)) if (shown := explained(summary)) is not None else None,
        "panels": panels,
        "other_count": sum(record.id != summary.baseline.id for record in summary.records),
        "shown": next((panel.key for panel in panels if right is not None and panel.record.id == right.id), ""),
        "pictures": pictures,
        "left": left,
        "frame_names": names,
        "common_changes": common,
        "common_words": common_words(summary, common),
        "mark_kinds": KINDS,
        "error_kinds": ERROR_KINDS,
        "columns": table.columns(summary),
        "column_groups": {"first": table.groups(summary, first=True), "more": table.groups(summary, first=False)},
        "rows": table.rows(summary),
        "page_rows": PAGE_ROWS
        if len(summary.records) > MOST_AT_ONCE
        else dict.fromkeys(PAGE_ROWS, len(summary.records) + len(cards)),
        "table_notes": table.notes(summary),
        "quality_axis": quality_axis(summary),
        "chart_notes": chart_notes(summary),
        "judged": judged,
        "class_headings": classes.HEADINGS,
        "class_rows": classes.class_rows(judged),
        "class_notes": classes.class_notes(judged),
        "quantised": _held(summary, lambda record: record.quantising, MOST_QUANTISED),
        "block_rows": MOST_BLOCKS,
        **_inside(summary),
        "ran_count": sum(map(ran, summary.records)),
        "bar_count": len(charts.bar_rows(summary)),
        "timed_best": timed_best(summary),
        "timeline_rows": len(charts.timeline_rows(shown)) if (shown := timed_best(summary)) is not None else 0,
        "learned": [card for card in cards if not card.proposes],
        "steps": [card for card in cards if card.proposes][:MOST_STEPS],
        "verdict_tones": table.VERDICT_TONES,
        "noise_summary": noise_summary(summary),
        "created": max(record.created for record in summary.records)[:10],
        "environments": _grouped(summary, lambda one: one.environment.model_dump_json()),
        "subjects": _grouped(summary, lambda one: one.detector.model_dump_json() + one.media.model_dump_json()),
    }


def _panels(summary: Summary) -> tuple[Panel, ...]:
    baseline = summary.baseline
    alone = len(summary.records) == 1
    offered = _offered(summary)
    panels = []
    for index, record in enumerate(summary.records):
        if record.id not in offered:
            continue
        labels = (summary.label(baseline), summary.label(record))
        panels.append(
            Panel(
                key=f"r{index}",
                label=summary.label(record),
                record=record,
                budgets=budgets(baseline, None if alone else record, labels),
                changes=describe_changes(baseline.settings, record.settings),
                frames={} if alone else frames_of(record, baseline),
                errors=error_frames(record),
            )
        )
    return tuple(panels)


def _offered(summary: Summary) -> frozenset[str]:
    """Choose what can be set beside the baseline: all of a few records; of many the best, those with pictures, and the fastest."""
    others = [record for record in summary.records if record.id != summary.baseline.id] or [summary.baseline]
    right = summary.right

    def order(record: Record) -> tuple[bool, bool, bool, float]:
        is_right = right is not None and record.id == right.id
        return not is_right, not record.pictures, not ran(record) or record.broken, median_ms(record) or 0.0

    return frozenset(record.id for record in sorted(others, key=order)[:OFFERED])


def _charts(summary: Summary) -> dict[str, charts.Figure]:
    figures = {"frame-times": charts.frame_times(summary, _timed(summary))} if _timed(summary) else {}
    if (points := points_of(summary)) is not None and len(points.points) > 1:
        figures["latency-quality"] = charts.latency_against_quality(summary, points)
    if len(charts.bar_rows(summary)) > 1:
        figures["stage-bars"] = charts.stage_bars(summary)
    if (record := timed_best(summary)) is not None:
        figures["timeline"] = charts.timeline(record)
    if judged := classes.judged_of(summary):
        figures["precision-recall"] = charts.precision_against_recall(judged)
        figures["f1-score"] = charts.f1_against_score(judged)
    for n, one in enumerate(judged):
        if (matrix := classes.confusions_of(one)) is not None:
            figures[f"confusions-{n}"] = charts.confusion_matrix(matrix)
    return figures


def _held(summary: Summary, get: Callable[[Record], T | None], most: int) -> tuple[tuple[str, T], ...]:
    """Return what records hold, each with its setting: of the one shown first, then of the others."""
    right = summary.right
    rows = sorted(summary.records, key=lambda record: right is None or record.id != right.id)
    return tuple((summary.label(row), held) for row in rows if (held := get(row)) is not None)[:most]


def inside_figure(records: Sequence[Record]) -> Drawing:
    """Return what is inside networks as a notebook shows it: of the last of them, then of the others; two also side by side.

    Raises:
        RecordError: None of them was looked into.
    """
    found = [record for record in records if record.inside is not None]
    if not found:
        raise RecordError("none of these records holds what is inside its network; call `look_inside` on one")
    summary = Summary.of(found, found[-1].id)
    shown = _inside(summary)
    html = templates().get_template("inside.html.jinja").render(shown)
    return Drawing(html, "\n".join(line for _, one in shown["insides"] for line in inside_sums(one)))


def _inside(summary: Summary) -> dict[str, Any]:
    return {
        "insides": _held(summary, lambda record: record.inside, MOST_INSIDES),
        "inside_tables": inside_tables(summary),
        "inside_rows": MOST_OPERATORS,
    }


def inside_tables(summary: Summary) -> tuple[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...]:
    """Return what the baseline's network and that of the one shown take side by side: titles, headings and rows of each table."""
    left, right = summary.baseline, summary.right
    if right is None or left.inside is None or right.inside is None or left.inside.untimed or right.inside.untimed:
        return ()
    tables = ("layer", pairs_by_layer(left.inside, right.inside)), ("kind of work", pairs_by_work(left.inside, right.inside))
    names = summary.label(left), summary.label(right)
    return tuple(
        (f"By {what}", pair_headings(what, *names), tuple(map(pair_cells, pairs[:MOST_OPERATORS])))
        for what, pairs in tables
        if pairs
    )


def timed_best(summary: Summary) -> Record | None:
    """Return the record whose timeline is shown: the one beside the baseline, or the baseline alone."""
    shown = summary.right or summary.baseline
    return shown if shown.timeline else None


def _timed(summary: Summary) -> tuple[Record, ...]:
    rows = (summary.baseline, summary.right)
    return tuple(record for record in rows if record is not None and ran(record))


def chart_notes(summary: Summary) -> tuple[str, ...]:
    """Say which records have no place in the chart, and why."""
    points = points_of(summary)
    if points is None or len(points.points) < 2:
        return ()
    placed, of_another = {point.record.id for point in points.points}, {one.id for one in _of_another_truth(summary)}
    left = [summary.label(record) for record in summary.records if ran(record) and record.id not in placed | of_another]
    failed = [summary.label(record) for record in summary.records if not ran(record)]
    told = []
    if left:
        what = "an AP" if points.axis == "ap" else "an agreement"
        told.append(f"Not drawn, for want of {what}: {wording.listed(left, most=NAMED)}.")
    if any(point.shown != point.y for point in points.points):
        told.append("An arrow ↓ marks what breaks the detector so far that its place is below the chart.")
    if failed:
        told.append(f"Not drawn, since they did not run: {wording.listed(failed, most=NAMED)}.")
    return tuple(told)


def common_changes(summary: Summary) -> tuple[str, ...]:
    """Return what every other setting changed against the baseline alike: none of them can be praised or blamed for it."""
    others = [one for one in summary.records if one.id != summary.baseline.id and ran(one)]
    changes = [describe_changes(summary.baseline.settings, one.settings) for one in others]
    return tuple(one for one in changes[0] if all(one in those for those in changes)) if len(others) > 1 else ()


def common_words(summary: Summary, common: Sequence[str]) -> str:
    """Say what AP came to wherever a change that is common to all was made, so that it is not put down to another one."""
    others = [one for one in summary.records if one.id != summary.baseline.id and not one.broken]
    values = [value for one in others if (value := summary.ap(one)) is not None]
    before = ap(summary.baseline)
    if not common or before is None or len(values) < 2:
        return ""
    low, high = wording.format_fraction(min(values)), wording.format_fraction(max(values))
    reached = f"AP is {low}" if low == high else f"AP lies from {low} to {high}"
    return (
        f"With what is in every other setting, {reached}, against {wording.format_fraction(before)}:"
        " as far as all share a change of AP, it comes of that, and not of what else differs."
    )


def banners(summary: Summary) -> tuple[str, ...]:
    """Say what makes these records hard to compare."""
    machines = list(dict.fromkeys((r.environment.machine_id, wording.short_cpu_name(r.environment.cpu)) for r in summary.records))
    media = list(dict.fromkeys((r.media.key, r.media.name) for r in summary.records))
    of_another = [summary.label(record) for record in _of_another_truth(summary)]
    told = []
    if len(machines) > 1:
        named = wording.listed([f"{cpu} [{machine[:8]}]" for machine, cpu in machines])
        told.append(
            f"These records come from {len(machines)} machines: {named}. Times of different machines are never compared:"
            f" only settings on the baseline’s machine, {wording.short_cpu_name(summary.baseline.environment.cpu)}, have a ratio."
        )
    if len(media) > 1:
        named = wording.listed([name for _, name in media])
        told.append(f"These records ran on different media: {named}. Only settings on {summary.baseline.media.name} are compared.")
    if of_another:
        told.append(
            "AP of different truths is neither compared nor drawn together; judged by another one than the others were:"
            f" {wording.listed(of_another, most=NAMED)}."
        )
    return tuple(told)


def _of_another_truth(summary: Summary) -> list[Record]:
    return [record for record in summary.records if ap(record) is not None and summary.ap(record) is None]


def noise_summary(summary: Summary) -> str:
    """Sum the noise certificates up in one sentence."""
    runs = [record for record in summary.records if ran(record)]
    verdicts = [record.noise.verdict for record in runs]
    if not runs:
        return "Nothing was timed."
    if set(verdicts) == {"quiet"}:
        return f"The machine was quiet during {'all ' if len(runs) > 1 else ''}{wording.counted(len(runs), 'run')}."
    counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in NOISE_ORDER if verdict in verdicts]
    return f"Of {wording.counted(len(runs), 'run')}: {wording.listed(counts)}."


def _grouped(summary: Summary, key: Callable[[Record], str]) -> tuple[tuple[Record, tuple[str, ...]], ...]:
    """Return one record for each different key, with the labels of all that have it."""
    found: dict[str, list[Record]] = {}
    for record in summary.records:
        found.setdefault(key(record), []).append(record)
    return tuple((rows[0], tuple(map(summary.label, rows))) for rows in found.values())


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def plotly_script() -> str:
    """Return what `plotly.offline.get_plotlyjs` returns; plotly's Python package takes a third of a second to load."""
    package = find_spec("plotly")
    assert package is not None, "we require it"
    assert package.origin is not None, "it has an `__init__.py`"
    return (Path(package.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")

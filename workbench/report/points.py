"""Settings as points of latency against quality: which have a place, where it is, and what each tells."""

from dataclasses import dataclass
from html import escape
from math import log

from workbench.errors import unturned
from workbench.record import Record, ap, frontier, ran, speed_words
from workbench.report.summary import Summary
from workbench.settings import LATER, assignments
from workbench.wording import format_fraction, format_number, format_size

LOG_SPAN = 5.0  # on a linear axis, a factor of five and more squeezes the fast half into a corner
LABELLED = 16  # more names than this overprint each other; the hover still tells them
LONGEST = 60  # characters of a text that a chart shows
LEAST_SPAN = 0.05  # of the quality axis; less would blow chance up to cliffs
MARGIN = 0.22  # of the span, above and below, for the names
CHART_PX = (1060, 370)  # about the room inside the axes, from which the names' overlaps are judged
LETTER_PX, LINE_PX, MARKER_PX = 7.0, 16.0, 9.0


def chart_text(text: str) -> str:
    """Escape what plotly would read as a tag or an entity, write out what turns text, and cut what no chart has room for."""
    plain = unturned(" ".join(text.split()))
    # Names of a sweep differ at their ends.
    return escape(plain if len(plain) <= LONGEST else f"{plain[: LONGEST // 2]}…{plain[1 - LONGEST // 2 :]}", quote=False)


@dataclass(frozen=True, slots=True)
class Point:
    """One setting. `shown` is where it is drawn: broken ones far below the others stand at the lower edge."""

    record: Record
    x: float
    y: float
    shown: float
    name: str


@dataclass(frozen=True, slots=True)
class Points:
    """All settings that have a place in the chart; there is at least one."""

    axis: str
    points: tuple[Point, ...]
    y_range: tuple[float, float]

    @property
    def logarithmic(self) -> bool:
        values = [point.x for point in self.points]
        return max(values) > LOG_SPAN * min(values)

    def frontier(self) -> tuple[tuple[float, float], ...]:
        return frontier(((point.x, point.y) for point in self.points if not point.record.broken), lambda point: point)


def quality_axis(summary: Summary) -> str | None:
    """Return `ap` where a record has one, else `agreement` where one has that, else `None`."""
    if any(ran(record) and summary.ap(record) is not None for record in summary.records):
        return "ap"
    others = (record for record in summary.records if record.id != summary.baseline.id)
    return "agreement" if any(ran(record) and record.agreement is not None for record in others) else None


def points_of(summary: Summary) -> Points | None:
    """Return the settings that have both figures; `None` where none has."""
    axis = quality_axis(summary)
    if axis is None:
        return None
    rows = [
        (record, record.timing.median_ms, summary.ap(record) if axis == "ap" else summary.agreement(record))
        for record in summary.records
        if record.timing is not None and ran(record)
    ]
    known = [(record, x, y) for record, x, y in rows if x is not None and y is not None]
    if not known:
        return None
    low, high = _y_range([y for record, _, y in known if not record.broken] or [y for _, _, y in known])
    edge = low + (high - low) * 0.06
    points = []
    for record, x, y in known:
        below = y < low
        name = chart_text(summary.label(record)) + (f", {format_fraction(y)} ↓" if below else "")
        points.append(Point(record, x, y, edge if below else y, name))
    return Points(axis, tuple(points), (low, high))


def _y_range(values: list[float]) -> tuple[float, float]:
    middle, span = (max(values) + min(values)) / 2, max(max(values) - min(values), LEAST_SPAN)
    half = span * (0.5 + MARGIN)
    return max(middle - half, -0.08 * span), min(middle + half, 1 + 0.2 * span)


# Where a name may stand: plotly's word, and the shift of its middle in half widths and in lines.
PLACES = (("top center", 0.0, -1.0), ("bottom center", 0.0, 1.0), ("middle right", 1.0, 0.0), ("middle left", -1.0, 0.0))
Box = tuple[float, float, float, float]


def name_places(points: Points) -> dict[str, str]:
    """Return by record id where its name stands, each in turn where it hides no point and no name that was placed before."""
    at = {point.record.id: _pixel(point, points) for point in points.points}
    taken: list[Box] = [(x - MARKER_PX, y - MARKER_PX, x + MARKER_PX, y + MARKER_PX) for x, y in at.values()]
    places = {}
    for point in sorted(points.points, key=lambda point: point.x):
        boxes = {place: _name_box(at[point.record.id], len(point.name), dx, dy) for place, dx, dy in PLACES}
        free = [place for place, box in boxes.items() if not any(_overlap(box, other) for other in taken)]
        place = free[0] if free else PLACES[0][0]
        taken.append(boxes[place])
        places[point.record.id] = place
    return places


def _pixel(point: Point, points: Points) -> tuple[float, float]:
    xs = [other.x for other in points.points]
    low, high = (log(min(xs) / 1.3), log(max(xs) * 1.3)) if points.logarithmic else (0.0, max(xs) * 1.05)
    x = ((log(point.x) if points.logarithmic else point.x) - low) / (high - low)
    y = (point.shown - points.y_range[0]) / (points.y_range[1] - points.y_range[0])
    return x * CHART_PX[0], (1 - y) * CHART_PX[1]


def _name_box(at: tuple[float, float], letters: int, dx: float, dy: float) -> Box:
    half = letters * LETTER_PX / 2
    x, y = at[0] + dx * (half + MARKER_PX + 2), at[1] + dy * (LINE_PX / 2 + MARKER_PX + 1)
    return x - half, y - LINE_PX / 2, x + half, y + LINE_PX / 2


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def hover(record: Record, summary: Summary) -> str:
    """Return what a point tells, in plotly's own markup, with every text of the record escaped."""
    timing, settings = record.timing, record.settings
    lines = [f"<b>{chart_text(summary.label(record))}</b>"]
    if record.broken and record.agreement is not None:
        lines += [f"broken: {chart_text(reason)}" for reason in record.agreement.reasons] or ["broken"]
    if timing is not None:
        lines.append(f"{format_number(timing.median_ms)} ms, {format_number(timing.fps)} FPS")
    speed = summary.speed(record)
    lines += [speed_words(speed)] if speed is not None else []
    lines += [f"AP {format_fraction(ap(record))}"] if ap(record) is not None else []
    lines += [f"agreement {format_fraction(record.agreement.ratio)}"] if record.agreement is not None else []
    if settings.are_a_function:
        return "<br>".join([*lines, chart_text(record.detector.kind)])
    taken, runtime, nms = settings.input, settings.runtime, settings.nms
    lines += [
        f"{runtime.engine}, {runtime.precision}, {runtime.device}, {runtime.threads} threads, batch {runtime.batch}",
        f"resize {taken.resize} ({taken.effective_filter}) to {format_size(taken.size_hw)}, feed {settings.feed.mode}",
        f"nms {nms.method}, score {nms.score:g}, IoU {nms.iou:g}, at most {nms.max_detections}",
    ]
    flat = settings.flat()
    made = [name for name in LATER if flat[name] != LATER[name] and name != "input.filter"]
    lines += map(chart_text, assignments(settings, made))
    return "<br>".join(lines)

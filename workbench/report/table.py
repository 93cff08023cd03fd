"""The table of all settings: one column per figure, each a small function of the record."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from workbench.record import AP_LOSS_NOTED, SEPARATE_RUNS_MARGIN, Record, Weight, accuracy_against, ap, ap_change
from workbench.report.summary import Summary
from workbench.timing import CANNOT_TELL, NO_DIFFERENCE, Timing, frames_needed
from workbench.wording import (
    MISSING,
    accuracy_words,
    counted,
    format_ap_change,
    format_between,
    format_bytes,
    format_change,
    format_fraction,
    format_interval,
    format_number,
    format_percent,
    format_seconds_as_ms,
    format_size,
    ratio_figure,
)

NOT_ENOUGH = "not enough frames"
NOT_WEIGHED = "not weighed; run --weigh does that"
WEIGHT = "own process"
JOULES = "joules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in one cell, and what it sorts by; `None` sorts last either way."""

    text: str
    sort: float | str | None = None
    more: str = ""
    title: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table."""

    title: str
    group: str
    cell: Callable[[Record, Summary], Cell]
    help: str = ""
    numeric: bool = True
    wraps: bool = False
    first: bool = False
    """Whether it is among those that a page has room for; the others are shown where somebody asks for all."""

    @property
    def kind(self) -> str:
        """Its cells' class in the page."""
        classes = {"n": self.numeric, "words": self.title == "warnings", "wraps": self.wraps, "more": not self.first}
        return " ".join(name for name, is_so in classes.items() if is_so)


@dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    key: str
    label: str
    name: str
    """The whole one."""
    marks: tuple[tuple[str, str], ...]
    """`(tone, words)`: what sets this row apart."""
    cells: tuple[Cell, ...]


def rows(summary: Summary) -> tuple[Row, ...]:
    """Return one row per record, in the order in which they were given."""
    shown = columns(summary)
    return tuple(
        Row(
            f"r{index}",
            summary.label(record),
            record.name,
            marks(record, summary),
            tuple(column.cell(record, summary) for column in shown),
        )
        for index, record in enumerate(summary.records)
    )


def columns(summary: Summary) -> tuple[Column, ...]:
    """Return the columns: what settings weigh, and joules, where one has them."""
    weighed = any(record.weight is not None for record in summary.records)
    joules = any(record.timing is not None and record.timing.joules is not None for record in summary.records)
    return tuple(one for one in COLUMNS if (weighed or one.group != WEIGHT) and (joules or one.title != JOULES))


def marks(record: Record, summary: Summary) -> tuple[tuple[str, str], ...]:
    """Say what sets a record apart, in words."""
    found = []
    if record.id == summary.baseline.id:
        found.append(("plain", "baseline"))
    if summary.best is not None and record.id == summary.best.id:
        found.append(("good", "fastest that is sound"))
    if summary.within_loss is not None and record.id == summary.within_loss.id:
        found.append(("good", f"fastest within {format_fraction(AP_LOSS_NOTED)} AP"))
    if record.problem is not None:
        found.append(("bad", f"did not run: {record.problem.message}"))
    if record.broken and record.agreement is not None:
        found.append(("bad", f"broken: {'; '.join(record.agreement.reasons) or 'its detections do not agree with the baseline’s'}"))
    return tuple(found)


def _text(get: Callable[[Record], str]) -> Callable[[Record, Summary], Cell]:
    return lambda record, _: Cell(text=get(record), sort=get(record).casefold())


def _setting(get: Callable[[Record], str]) -> Callable[[Record, Summary], Cell]:
    return _text(lambda record: MISSING if record.settings.are_a_function else get(record))


def _size(record: Record, _: Summary) -> Cell:
    size = record.settings.input.size_hw
    return Cell(text=format_size(size), sort=float(size[0] * size[1]) if size is not None else None)


def _timed(
    get: Callable[[Timing], float | None], write: Callable[[float | None], str] = format_number, tone: str = ""
) -> Callable[[Record, Summary], Cell]:
    def cell(record: Record, _: Summary) -> Cell:
        value = get(record.timing) if record.timing else None
        return Cell(text=write(value), sort=value, tone=tone)

    return cell


def _quantile(name: str, share: float) -> Callable[[Record, Summary], Cell]:
    def cell(record: Record, _: Summary) -> Cell:
        value = getattr(record.timing, name) if record.timing else None
        if record.timing is not None and value is None:
            title = f"{NOT_ENOUGH}: {len(record.timing.total_seconds)} of the {frames_needed(share)} that it takes"
            return Cell(text=MISSING, title=title)
        return Cell(text=format_number(value), sort=value)

    return cell


def _speed(record: Record, summary: Summary) -> Cell:
    if record.id == summary.baseline.id:
        return Cell(text="1×", sort=1.0, title="the baseline")
    speed = summary.speed(record)
    if speed is None:
        return Cell(text=MISSING, title="not comparable: no times, another machine or other frames" if record.timing else "")
    more = f"{speed.verdict} {format_interval(speed.interval) if speed.interval else '(separate runs)'}"
    title = f"{speed.basis}. {summary.doubt(record)}".rstrip()
    return Cell(text=ratio_figure(speed.bounds), sort=speed.ratio, more=more, title=title, tone=VERDICT_TONES[speed.verdict])


VERDICT_TONES = {"faster": "good", "slower": "bad", NO_DIFFERENCE: "", CANNOT_TELL: ""}


def _accuracy(name: str) -> Callable[[Record, Summary], Cell]:
    def cell(record: Record, summary: Summary) -> Cell:
        value = getattr(record.accuracy, name) if record.accuracy else None
        if value is None:
            return Cell(text=MISSING)
        interval = record.accuracy.intervals.get(name) if record.accuracy else None
        title = f"95 % interval {format_between(interval)}" if interval else ""
        if record.id == summary.baseline.id:
            return Cell(text=format_fraction(value), sort=value, title=title)
        sure = accuracy_against(record, summary.baseline) if name == "ap" else None
        change = ap_change(record, summary.baseline, name)
        more = format_ap_change(sure) if sure else "" if change is None else format_change(change)
        return Cell(text=format_fraction(value), sort=value, more=more, title=accuracy_words(sure) or title)

    return cell


def _agreement(record: Record, summary: Summary) -> Cell:
    if record.agreement is None:
        return Cell(text=MISSING, title="the baseline itself" if record.id == summary.baseline.id else "")
    found = record.agreement
    between = f"95 % interval {format_between(found.interval)}; " if found.interval else ""
    counts = f"matched {found.matched}, lost {found.lost}, new {found.new}, class flips {found.class_flips}, {found.frames} frames"
    return Cell(text=format_fraction(found.ratio), sort=found.ratio, title=between + counts, tone="bad" if found.broken else "")


def _compilations(record: Record, _: Summary) -> Cell:
    if record.engine is None:
        return Cell(text=MISSING)
    again = record.engine.recompilations
    return Cell(
        text=str(record.engine.compilations), sort=float(record.engine.compilations), more=f"{again} while timed" if again else ""
    )


def _model_size(record: Record, _: Summary) -> Cell:
    if record.settings.are_a_function:
        return Cell(text=MISSING, title="what a function loads is not known")
    converted = record.engine is not None and record.engine.model_bytes is not None
    title = "as converted" if converted else "as loaded; nothing was converted"
    return Cell(text=format_bytes(record.file_bytes), sort=float(record.file_bytes), title=title)


def _memory(get: Callable[[Weight], int]) -> Callable[[Record, Summary], Cell]:
    def cell(record: Record, _: Summary) -> Cell:
        if record.weight is None:
            return Cell(text=MISSING, title=NOT_WEIGHED)
        value = get(record.weight)
        return Cell(text=format_bytes(value), sort=float(value), title=record.weight.memory_words())

    return cell


def _start(record: Record, _: Summary) -> Cell:
    if record.weight is None:
        return Cell(text=MISSING, title=NOT_WEIGHED)
    seconds = record.weight.startup_seconds
    return Cell(text=format_number(seconds), sort=seconds, title=record.weight.start_words())


def _noise(record: Record, _: Summary) -> Cell:
    return Cell(text=record.noise.verdict, sort=record.noise.verdict, title="; ".join(record.noise.notes))


def _warnings(record: Record, _: Summary) -> Cell:
    return Cell(text="; ".join(record.warnings) or MISSING, sort=float(-len(record.warnings)))


COLUMNS: tuple[Column, ...] = (
    Column("engine", "setting", _text(lambda record: record.settings.runtime.engine), numeric=False, first=True),
    Column("precision", "setting", _setting(lambda record: record.settings.runtime.precision), numeric=False, first=True),
    Column("resize", "setting", _setting(lambda record: record.settings.input.resize), "where frames are resized", numeric=False),
    Column(
        "filter",
        "setting",
        _setting(lambda record: record.settings.input.effective_filter),
        "how pixels are averaged where frames shrink",
        numeric=False,
    ),
    Column("NMS", "setting", _setting(lambda record: record.settings.nms.method), numeric=False),
    Column("size", "setting", _size, "width × height of the network’s input", first=True),
    Column("median", "ms a frame", _timed(lambda timing: timing.median_ms, tone="strong"), first=True),
    Column("p90", "ms a frame", _quantile("p90_ms", 0.90), "90 % of the frames took at most this"),
    Column("p95", "ms a frame", _quantile("p95_ms", 0.95), "95 % of the frames took at most this", first=True),
    Column("p99", "ms a frame", _quantile("p99_ms", 0.99), "99 % of the frames took at most this"),
    Column("FPS", "speed", _timed(lambda timing: timing.fps), "frames over the sum of their times", first=True),
    Column(
        "× base", "speed", _speed, "baseline’s time over this one’s, with the verdict and the 95 % interval", wraps=True, first=True
    ),
    Column(
        "CPU ms",
        "energy",
        _timed(lambda timing: timing.cpu_seconds, format_seconds_as_ms),
        "processor time of all threads, a frame: what stands for energy where nobody counts that",
    ),
    Column(JOULES, "energy", _timed(lambda timing: timing.joules), "of all processors, a frame, with what others had them do"),
    Column("AP", "accuracy", _accuracy("ap"), "average precision over IoU .50 to .95", wraps=True, first=True),
    Column("AP50", "accuracy", _accuracy("ap50"), "average precision at IoU .50"),
    Column("small", "accuracy", _accuracy("ap_small"), "AP of objects below 32 × 32 pixels"),
    Column("medium", "accuracy", _accuracy("ap_medium"), "AP of objects from 32 × 32 to 96 × 96 pixels"),
    Column("large", "accuracy", _accuracy("ap_large"), "AP of objects above 96 × 96 pixels"),
    Column("agree", "accuracy", _agreement, "agreement with the baseline’s boxes, as F1 at IoU .5", first=True),
    Column("compile s", "start", _timed(lambda timing: timing.compile_seconds), "loading, tracing, compiling and converting"),
    Column(
        "first ms",
        "start",
        _timed(lambda timing: timing.first_call_seconds, format_seconds_as_ms),
        "the first call, kept apart from the timed frames",
    ),
    Column("programs", "start", _compilations, "programs traced, compiled or converted"),
    Column("model", "start", _model_size, "size of the model’s file"),
    Column("peak", WEIGHT, _memory(lambda weight: weight.peak_bytes), "the most memory that it had in use", first=True),
    Column(
        "libraries",
        WEIGHT,
        _memory(lambda weight: weight.libraries_bytes),
        "of that once Python, NumPy, OpenCV and the runtime were imported",
    ),
    Column("start s", WEIGHT, _start, "from the first import to the first result", first=True),
    Column("noise", "trust", _noise, "was the machine quiet while this was timed?", numeric=False, first=True),
    Column("warnings", "trust", _warnings, numeric=False),
)


def groups(summary: Summary, *, first: bool) -> tuple[tuple[str, int], ...]:
    """Return the headings over all columns, or over those shown first, each with how many it spans."""
    shown = [column.group for column in columns(summary) if column.first or not first]
    return tuple((group, len(list(spanned))) for group, spanned in groupby(shown))


def notes(summary: Summary) -> tuple[str, ...]:
    """Say what the table's dashes and second lines mean, where they occur."""
    told = []
    short = [record for record in summary.records if record.timing is not None and record.timing.p99_ms is None]
    if short:
        needs = f"p90 needs {frames_needed(0.90)}, p95 {frames_needed(0.95)}, p99 {frames_needed(0.99)}"
        told.append(f"{MISSING} under p90, p95 or p99 means {NOT_ENOUGH}: {needs}; with fewer it would be the luck of the slowest.")
    if any(ap(record) is not None for record in summary.records if record.id != summary.baseline.id):
        told.append("The second line under an AP is its change against the baseline.")
    if any((speed := summary.speed(record)) and speed.basis == "separate runs" for record in summary.records):
        margin = format_percent(SEPARATE_RUNS_MARGIN - 1)
        told.append(
            f"“Separate runs” were not interleaved with the baseline, so they carry no interval, and less than {margin}, or than"
            " a run’s own pace changed, is called no difference: it cannot be told."
        )
    if any(record.weight is not None for record in summary.records):
        told.append(
            "Memory and start were counted in a process of its own that did nothing else, the libraries that it imports included."
            " Point at one to see its parts."
        )
    apart = [record for record in summary.records if summary.doubt(record)]
    if apart:
        of_whom = summary.label(apart[0]) if len(apart) == 1 else counted(len(apart), "setting")
        told.append(
            f"Of {of_whom} the ratio, which comes from blocks of frames in turns, is not that of the medians: the machine changed"
            " its pace between the runs by themselves. Point at a ratio to see what these took."
        )
    return tuple(told)

"""The waterfall as it is drawn everywhere: report, notebooks and workbench put the same rows on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from workbench.detections import TOLERANCE, ApChange
from workbench.errors import RecordError
from workbench.record import SEPARATE_RUNS_MARGIN, Fall, Record, Row, Waterfall, ap, median_ms
from workbench.report.summary import Summary
from workbench.timing import NO_DIFFERENCE
from workbench.wording import (
    MINUS,
    ChangeWords,
    change_words,
    counted,
    decimals,
    format_between,
    format_change,
    format_fraction,
    format_milliseconds,
    ratio_words,
)

WIDER = 4.0  # times that the next steps have to be drawn wider before they are: less is no easier to read
MOST_DECIMALS = 2  # of milliseconds: no frame is timed better than that


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisker:
    """A change of AP and its interval, as shares of the scale that all rows have."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the picture: where it stands, or a step from there.

    Attributes:
        kind: `total`; `saved` or `added` time; `open` where no difference could be measured.
        name: Of a total.
        words: Of a step: the settings that changed.
        left: Where its bar begins, as a share of the width.
        width: Of the bar.
        grows: Whether the step leads to the right.
        ms: The change in milliseconds; of a total the milliseconds.
        ms_between: Its interval.
        ms_verdict: Why it counts for nothing.
        ap: The change of AP; of a total the AP.
        ap_between: Its interval.
        whisker: The change of AP as drawn.
        verdict: What became of AP.
        reverse_ms: What the other order says of the milliseconds, where it differs.
        reverse_ap: And of AP.
    """

    kind: Literal["total", "saved", "added", "open"]
    name: str = ""
    words: tuple[ChangeWords, ...] = ()
    left: float = 0.0
    width: float = 0.0
    grows: bool = False
    ms: str = ""
    ms_between: str = ""
    ms_verdict: str = ""
    ap: str = ""
    ap_between: str = ""
    whisker: Whisker | None = None
    verdict: str = ""
    reverse_ms: str = ""
    reverse_ap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines on one scale."""

    note: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The whole waterfall."""

    caption: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]

    @property
    def whiskers(self) -> bool:
        """Whether any change of AP has an interval."""
        return any(line.whisker is not None for section in self.sections for line in section.lines)


def explained(summary: Summary) -> Record | None:
    """Return the record whose waterfall is shown: from the baseline to what stands beside it, else the last that has one."""
    right, baseline = summary.right, summary.baseline
    having = [record for record in summary.records if record.waterfall is not None]
    fitting = [one for one in having if one.waterfall is not None and one.waterfall.baseline_id == baseline.id]
    beside = [one for one in fitting if right is not None and one.id == right.id]
    return next((rows[-1] for rows in (beside, fitting, having) if rows), None)


def waterfall_picture(record: Record, name: str | None = None) -> Picture:
    """Describe the picture of a record's waterfall.

    Args:
        record: One that `explain` returned.
        name: What to call it; its own name by default.

    Raises:
        RecordError: It has none.
    """
    fall = record.waterfall
    if fall is None:
        raise RecordError(f"{record.name} has no waterfall; explain it against another record first")
    rows, called = fall.rows, name or record.name
    steps = counted(len(rows), "step")
    return Picture(
        caption=f"From {fall.baseline} to {called} in {steps}, in this order, each timed in turns with the one before.",
        sections=tuple(_sections(record, fall, rows, called)),
        notes=tuple(_notes(record, fall, rows)),
    )


def _sections(record: Record, fall: Waterfall, rows: Sequence[Row], called: str) -> Iterator[Section]:
    """Draw steps on one scale until what is left is so short that the rest is drawn wider."""
    reach, begins, first = _reach(rows), 0, fall.baseline_ms
    while begins < len(rows):
        ends = next((n for n in range(begins + 1, len(rows)) if rows[n].fall.before_ms * WIDER <= first), len(rows))
        scale = max(first, *(row.fall.after_ms for row in rows[begins:ends]))
        wider = fall.baseline_ms / first
        lines = [_total(fall.baseline if not begins else "so far", first, scale, ap=fall.baseline_ap if not begins else None)]
        lines += [_step(row, scale, reach) for row in rows[begins:ends]]
        if ends == len(rows):
            lines.append(_total(called, rows[-1].fall.after_ms, scale, ap=ap(record)))
        yield Section(note=f"From here on drawn {wider:.0f} times wider" if begins else "", lines=tuple(lines))
        begins, first = ends, rows[ends - 1].fall.after_ms


def _total(name: str, value_ms: float, scale: float, ap: float | None) -> Line:
    figure = format_fraction(ap) if ap is not None else ""
    return Line(kind="total", name=name, width=value_ms / scale, ms=format_milliseconds(value_ms), ap=figure)


def _step(row: Row, scale: float, reach: float) -> Line:
    fall, change = row.fall, row.fall.step.accuracy
    verdict = fall.step.ratio.verdict()
    sure = verdict in {"faster", "slower"}
    return Line(
        kind=("saved" if fall.change_ms < 0 else "added") if sure else "open",
        words=tuple(map(change_words, fall.step.changes)),
        left=min(fall.before_ms, fall.after_ms) / scale,
        width=abs(fall.change_ms) / scale,
        grows=fall.change_ms > 0,
        ms=_ms(fall),
        ms_between=_ms_between(fall),
        ms_verdict="" if sure else "no difference" if verdict == NO_DIFFERENCE else verdict,
        ap=format_change(change.change) if change is not None else "",
        ap_between=format_between(change.interval) if change and change.interval else "",
        whisker=_whisker(change, reach),
        verdict=change.verdict if change is not None and change.interval is not None else "",
        reverse_ms=f"{_ms(row.reverse)} {_ms_between(row.reverse)}" if row.reverse and row.times_differ else "",
        reverse_ap=_ap_words(row.reverse.step.accuracy) if row.reverse and row.accuracies_differ else "",
    )


def _ms(fall: Fall) -> str:
    return _signed(fall.change_ms, _decimals(fall))


def _ms_between(fall: Fall) -> str:
    low, high = (_signed(end, _decimals(fall)) for end in (-fall.saved_ms.high, -fall.saved_ms.low))
    return f"[{low}, {high}]"


def _decimals(fall: Fall) -> int:
    return min(MOST_DECIMALS, decimals(max(abs(fall.saved_ms.low), abs(fall.saved_ms.high))))


def _signed(value: float, places: int) -> str:
    text = f"{abs(value):,.{places}f}"
    return text if not float(text.replace(",", "")) else f"{MINUS if value < 0 else '+'}{text}"


def _ap_words(change: ApChange | None) -> str:
    assert change is not None, "both orders have one"
    assert change.interval is not None, "and an interval"
    return f"{format_change(change.change)} {format_between(change.interval)}"


def _reach(rows: Sequence[Row]) -> float:
    """Return the change of AP at either end of the scale of whiskers: of the widest, never less than what does not matter."""
    ends = (one.interval for row in rows if (one := row.fall.step.accuracy) is not None and one.interval is not None)
    return max([TOLERANCE, *(max(abs(end.low), abs(end.high)) for end in ends)])


def _whisker(change: ApChange | None, reach: float) -> Whisker | None:
    if change is None or change.interval is None:
        return None
    low, middle, high = (0.5 + value / reach / 2 for value in (change.interval.low, change.change, change.interval.high))
    return Whisker(low=low, middle=middle, high=high)


def _notes(record: Record, fall: Waterfall, rows: Sequence[Row]) -> Iterator[str]:
    if fall.reverse:
        other = any(row.times_differ or row.accuracies_differ for row in rows)
        found = (
            "where a step brought another figure then, it stands below, as in reverse"
            if other
            else "beyond the intervals no step brought other figures"
        )
        yield f"The same steps were run from the last to the first too: {found}."
    yield " ".join(_together(record, fall, rows[-1].fall.after_ms))
    judged = [row.fall.step.accuracy for row in rows if row.fall.step.accuracy is not None]
    if judged:
        few = ", which are few" if any(one.few_images for one in judged) else ""
        whole = record.accuracy.images if record.accuracy is not None else 0
        some = f" of {whole:,}" if whole > judged[0].images else ""
        none = f"“no change” is none above {format_fraction(judged[0].tolerance)}"
        images = f"{counted(judged[0].images, 'image')}{some}{few}"
        yield f"AP and its 95 % interval on {images}, the same on both sides of a step; {none}."
    else:
        why = "these frames have no truth" if fall.baseline_ap is None else "they were only timed"
        yield f"What a step did to AP is not known: {why}."
    if fall.noise.verdict == "noisy":
        yield f"The machine was noisy while the steps were timed: {'; '.join(fall.noise.reasons)}."


def _together(record: Record, fall: Waterfall, end_ms: float) -> Iterator[str]:
    """Say what all steps come to, and what was measured of the same otherwise."""
    compared, own = record.comparison, median_ms(record)
    in_one_go = f"; in one go: {ratio_words(compared.ratio)}" if compared and compared.a_id == fall.baseline_id else ""
    yield f"All steps together: {ratio_words(fall.ratio)}{in_one_go}."
    if own and max(own / end_ms, end_ms / own) > SEPARATE_RUNS_MARGIN:
        yield f"Run by itself {record.name} took {format_milliseconds(own)} ms a frame: the machine changed its pace between them."


@cache
def waterfall_css() -> str:
    """Return the style of the picture, which takes its colours from the page around it."""
    return (Path(__file__).parent / "waterfall.css").read_text(encoding="utf-8")

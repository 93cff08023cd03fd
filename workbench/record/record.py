"""The record: what one run produced. The only thing that reports, charts, tables and history know.

Values here cross a file, so they are pydantic models: frozen, versioned, and readable where TensorFlow is not
installed. Times are raw seconds in the order in which they were taken; every statistic is derived from them.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Literal, Self
from uuid import uuid4

from pydantic import ConfigDict, Field, ValidationError

from workbench.detections import Accuracy, Agreement
from workbench.errors import MachinesDifferError, RecordError, one_line
from workbench.machine import EnvironmentFacts, NoiseCertificate
from workbench.record.facts import DetectorFacts, EngineFacts, FrameDetections, Line, MediaFacts, Picture, Problem, WorstFrame
from workbench.record.inside import Profile
from workbench.record.quantising import Quantising
from workbench.record.waterfall import Waterfall
from workbench.record.weight import WEIGHT_HEADINGS, Weight, weight_cells
from workbench.settings import Settings
from workbench.timing import Comparison, RealTime, StageSpan, Timing, Value, in_order
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

SCHEMA: Literal[1] = 1
HEADINGS = ("setting", "ms a frame", "p95 ms", "FPS", "AP", "agreement", "against", "noise")
FIGURES = frozenset({"ms a frame", "p95 ms", "FPS", "AP", "agreement", *WEIGHT_HEADINGS})
MOST_ROWS = 10  # that a cell of a notebook shows; tables of hundreds are for `to_pandas` and reports
LONGEST_NAME, LONGEST_PLACE = 80, 40
BAR_WIDTH, BAR_HEIGHT = 110, 12  # pixels
SHORT_NAME = 24  # characters that stay on a line


class Record(Value):
    """What one run produced: figures, or the problem that prevented them."""

    schema_version: Literal[1] = Field(SCHEMA, alias="schema")
    id: str = Field(default_factory=lambda: uuid4().hex)
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    name: str
    """What people call the setting: a preset, or a preset and its changes."""
    command: str
    """The command that repeats this run."""
    tag: str | None = None
    settings: Settings
    detector: DetectorFacts
    media: MediaFacts
    environment: EnvironmentFacts
    engine: EngineFacts | None = None
    timing: Timing | None = None
    real_time: RealTime | None = None
    """Of a pass at the frames' own pace, where one was asked for."""
    timeline: tuple[StageSpan, ...] = ()
    """What the last few dozen timed frames passed, where and when."""
    composed: bool = False
    """Whether its times are put together from stages that were measured one by one, rather than taken from whole frames."""
    accuracy: Accuracy | None = None
    agreement: Agreement | None = None
    comparison: Comparison | None = None
    """Against the baseline (A), in the same session."""
    waterfall: Waterfall | None = None
    """What each setting brought on the way from a baseline, where that was asked for."""
    quantising: Quantising | None = None
    """Where its integers hurt, and what was tried to repair that, where it came of that."""
    weight: Weight | None = None
    """What it takes in a process of its own, where that was asked for."""
    inside: Profile | None = None
    """Where inside the network the time goes, where that was asked for."""
    noise: NoiseCertificate
    warnings: tuple[Line, ...] = ()
    problem: Problem | None = None
    detections: tuple[FrameDetections, ...] = ()
    """What was found in the timed frames."""
    pictures: tuple[Picture, ...] = ()
    worst: tuple[WorstFrame, ...] = ()
    """The frames with most errors, worst first, then each class's own; records of before have none."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True, ser_json_inf_nan="null")

    def __repr__(self) -> str:
        """Say in a line what came of it; `model_dump` and `to_json` have all of it."""
        ms, ap = self.timing.median_ms if self.timing else None, self.accuracy.ap if self.accuracy else None
        told = [
            self.name,
            *([f"did not run: {self.problem.message}"] if self.problem else []),
            *([f"{ms:.3g} ms a frame"] if ms is not None else []),
            *([f"AP {ap:.3f}"] if ap is not None else []),
            f"{self.detector.name} on {self.media.name}",
        ]
        return f"<Record: {', '.join(told)}>"

    __str__ = __repr__

    @property
    def file_bytes(self) -> int:
        """Size of what its engine runs: the converted model, else the detector's own file or folder."""
        converted = self.engine.model_bytes if self.engine is not None else None
        return self.detector.size_bytes if converted is None else converted

    @property
    def broken(self) -> bool:
        """Whether the setting breaks the detector."""
        return self.agreement is not None and self.agreement.broken

    def _repr_html_(self) -> str:
        return html([self])

    def metrics(self) -> dict[str, float]:
        """Return its figures by name, those that are known, as MLflow's `log_metrics` and others take them.

        Milliseconds end in `_ms`, fractions of 1 have no unit.
        """
        timing, accuracy, compared = self.timing, self.accuracy, self.comparison
        found: dict[str, float | None] = {}
        if timing is not None:
            found |= {name: getattr(timing, name) for name in ("median_ms", "p90_ms", "p95_ms", "p99_ms", "fps")}
            found |= {f"{stage}_ms": seconds * 1000 for stage, seconds in timing.budget().items()}
            found |= {"compile_ms": timing.compile_seconds * 1000, "first_call_ms": timing.first_call_seconds * 1000}
            found["cpu_ms"] = timing.cpu_seconds * 1000 if timing.cpu_seconds is not None else None
            found["joules"] = timing.joules
        if accuracy is not None:
            found |= {name: getattr(accuracy, name) for name in ("ap", "ap50", "ap_small", "ap_medium", "ap_large")}
        if self.agreement is not None:
            found["agreement"] = self.agreement.ratio
        if compared is not None:
            found |= {"speedup": compared.ratio.median, "speedup_low": compared.ratio.low, "speedup_high": compared.ratio.high}
        if self.engine is not None:
            found["model_bytes"] = self.engine.model_bytes
        if self.weight is not None:
            found |= {**self.weight.metrics(), "file_bytes": self.file_bytes}
        return {name: float(value) for name, value in found.items() if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, pictures and detections too."""
        tree: dict[str, Any] = json.loads(self.to_json())
        return tree

    def to_json(self, indent: int | None = None) -> str:
        """Write the record as JSON text that `from_json` reads."""
        return self.model_dump_json(indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "the record") -> Self:
        """Read a record.

        Args:
            text: JSON of one record.
            source: What to call it in an error.

        Raises:
            RecordError: It is not JSON, not a record, or of a schema that this version does not read.
        """
        try:
            tree = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecordError(f"{source} is not JSON ({error}); choose a file that `workbench run --json` wrote") from None
        return cls.from_tree(tree, source)

    @classmethod
    def from_tree(cls, tree: Any, source: str = "the record") -> Self:
        """Read a record from parsed JSON; raises like `from_json`."""
        if not isinstance(tree, dict) or "schema" not in tree:
            raise RecordError(f"{source} holds no workbench record; choose a file that `workbench run --json` wrote")
        if tree["schema"] != SCHEMA:
            raise RecordError(
                f"{source} has schema {tree['schema']!r}, this version reads schema {SCHEMA};"
                " measure again or use the version that wrote it"
            )
        try:
            return cls.model_validate(tree, context={"saved": True})  # an engine that this version lacks is still a record's
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RecordError(f"{source} is damaged at {place}: {first['msg']}; measure again") from None


def headings_of(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the headings of a table of records; what settings weigh has columns where one was weighed."""
    return (*HEADINGS, *WEIGHT_HEADINGS) if any(record.weight is not None for record in records) else HEADINGS


def cells(record: Record, headings: Sequence[str]) -> tuple[str, ...]:
    """Return a record's cells under the headings of its table; see `headings_of`."""
    timing, compared = record.timing, record.comparison
    weighed = weight_cells(record.weight) if len(headings) > len(HEADINGS) else ()
    if record.problem is not None or timing is None:
        told = record.problem.message if record.problem else "no times"
        return (one_line(record.name, LONGEST_NAME), *[""] * (len(HEADINGS) - 3), f"did not run: {told}", "", *weighed)
    return (
        one_line(f"{record.name}{' (composed)' if record.composed else ''}{' (broken)' if record.broken else ''}", LONGEST_NAME),
        format_milliseconds(timing.median_ms),
        format_milliseconds(timing.p95_ms),
        format_number(timing.fps),
        format_ap(record.accuracy),
        format_fraction(record.agreement.ratio) if record.agreement else "",
        f"{one_line(compared.a, LONGEST_NAME)}: {format_ratio(compared.ratio)}" if compared else "",
        record.noise.verdict,
        *weighed,
    )


def html(records: Sequence[Record]) -> str:
    """Return a small table of records with a bar of stages each; of many, the newest, and how many there are."""
    shown = records[-MOST_ROWS:]
    slowest = max((sum(one.timing.budget().values()) for one in shown if one.timing is not None), default=0.0)
    places = [f"{one_line(one.detector.name, LONGEST_PLACE)} on {one_line(one.media.name, LONGEST_PLACE)}" for one in shown]
    same, headings = len(set(places)) == 1, headings_of(shown)
    count = f"{counted(len(records), 'record')}{f', the newest {len(shown)}' if len(records) > len(shown) else ''}"
    rows = (
        [name if same else f"{place}: {name}", *others]
        for place, (name, *others) in zip(places, (cells(one, headings) for one in shown), strict=True)
    )
    body = "".join(
        f"<tr>{''.join(map(_cell, headings, row))}<td>{''.join(_bar(one, slowest))}</td></tr>"
        for one, row in zip(shown, rows, strict=True)
    )
    head = "".join(
        f"<th style='text-align:{'right' if heading in FIGURES else 'left'}'>{heading}</th>" for heading in (*headings, "stages")
    )
    table = f"<table style='color:inherit'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    told = f"{count}: {places[0]}" if same else count
    return f"<div><p>{escape(told)}</p>{table}<p>{''.join(_legend(shown))}</p></div>"


def _cell(heading: str, text: str) -> str:
    unbroken = heading in FIGURES or heading == "against" or len(text) <= SHORT_NAME
    side = "right" if heading in FIGURES else "left"
    return f"<td style='text-align:{side};padding:1px 8px{';white-space:nowrap' if unbroken else ''}'>{escape(text)}</td>"


def _bar(record: Record, slowest: float) -> Iterator[str]:
    """Draw where a frame's time goes, as long as its share of the slowest."""
    if record.timing is None or not slowest:
        return
    size = f"width='{BAR_WIDTH}' height='{BAR_HEIGHT}' style='min-width:{BAR_WIDTH}px'"  # JupyterLab would cut it to its column
    yield f"<svg {size} role='img' aria-label='{escape(_spoken(record))}'>"
    left = 0.0
    for stage, seconds in record.timing.budget().items():
        width = BAR_WIDTH * seconds / slowest
        yield f"<rect x='{left:.1f}' width='{width:.1f}' height='{BAR_HEIGHT}' fill='{stage_colour(stage)}'/>"
        left += width
    yield "</svg>"


def _spoken(record: Record) -> str:
    assert record.timing is not None, "its bar is drawn"
    stages = (f"{stage} {format_seconds_as_ms(seconds)} ms" for stage, seconds in record.timing.budget().items())
    return ", ".join(one_line(stage, 40) for stage in stages)


def _legend(records: Sequence[Record]) -> Iterator[str]:
    stages = dict.fromkeys(stage for one in records if one.timing is not None for stage in one.timing.budget())
    for stage in in_order(stages)[:12]:
        square = f"<svg width='10' height='10'><rect width='10' height='10' fill='{stage_colour(stage)}'/></svg>"
        yield f"{square} {escape(one_line(stage, 40))}&ensp;"


def check_same_machine(records: tuple[Record, ...]) -> None:
    """Refuse to compare times of different machines.

    Raises:
        MachinesDifferError: The records come from more than one machine; names them.
    """
    machines = {record.environment.machine_id: record.environment.cpu for record in records}
    if len(machines) > 1:
        named = ", ".join(f"{cpu} [{machine[:8]}]" for machine, cpu in machines.items())
        raise MachinesDifferError(
            f"these records come from {len(machines)} machines ({named}); choose those of one, or allow it by name"
        )

"""When each stage of the last frames ran, and where: as a Chrome trace, and in rows for a chart."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from workbench.record import Record
from workbench.timing import StageSpan

MICROSECONDS = 1e6
WAIT_SECONDS = 0.1  # in which no thread has anything to do: a run waits then, for frames or for a slow spell of the machine to pass
ROUNDING_SECONDS = 2e-6  # starts and durations are kept to the microsecond, so that neighbours may seem to overlap


class Placed(NamedTuple):
    """A span and the row in which it is drawn; no two of a row overlap."""

    row: str
    span: StageSpan


def placed(timeline: Sequence[StageSpan]) -> tuple[Placed, ...]:
    """Give each span a row: its thread's, or where calls of one name ran side by side, the first free one of that name.

    >>> rows = placed([StageSpan(0, 1, "preprocess", "map", 0.0, 2.0), StageSpan(1, 1, "preprocess", "map", 1.0, 2.0)])
    >>> [one.row for one in rows]
    ['map', 'map (2)']
    """
    ends: defaultdict[str, list[float]] = defaultdict(list)
    found = []
    for span in sorted(timeline, key=lambda one: one.start_seconds):
        rows = ends[span.thread]
        free = next((number for number, end in enumerate(rows) if end <= span.start_seconds + ROUNDING_SECONDS), len(rows))
        rows[free : free + 1] = [span.start_seconds + span.seconds]
        found.append(Placed(span.thread if not free else f"{span.thread} ({free + 1})", span))
    return tuple(found)


class Wait(NamedTuple):
    """Time that was taken out of a timeline, and where; both in seconds, the place in the timeline without waits."""

    at_seconds: float
    seconds: float


def without_waits(timeline: Sequence[StageSpan]) -> tuple[tuple[StageSpan, ...], tuple[Wait, ...]]:
    """Move spans together where nothing ran for `WAIT_SECONDS` or more: frames are milliseconds, and a wait may be seconds.

    >>> frames = [StageSpan(0, 1, "infer", "main", 0.0, 0.5), StageSpan(1, 1, "infer", "main", 6.5, 0.5)]
    >>> [one.start_seconds for one in without_waits(frames)[0]], without_waits(frames)[1]
    ([0.0, 0.5], (Wait(at_seconds=0.5, seconds=6.0),))
    """
    moved: list[StageSpan] = []
    waits: list[Wait] = []
    busy_until, taken_out = 0.0, 0.0
    for span in sorted(timeline, key=lambda one: one.start_seconds):
        if span.start_seconds - busy_until >= WAIT_SECONDS:
            waits.append(Wait(busy_until - taken_out, span.start_seconds - busy_until))
            taken_out += span.start_seconds - busy_until
        busy_until = max(busy_until, span.start_seconds + span.seconds)
        moved.append(span._replace(start_seconds=span.start_seconds - taken_out))
    return tuple(moved), tuple(waits)


def trace_json(records: Iterable[Record]) -> str:
    """Write timelines as JSON that Perfetto and `chrome://tracing` open: a process for each record, a thread for each row.

    Source: the Trace Event Format, complete events (`ph: X`) with microseconds.
    """
    return json.dumps({"traceEvents": [event for number, record in enumerate(records, 1) for event in _events(number, record)]})


def _events(process: int, record: Record) -> Iterator[dict[str, object]]:
    yield {"ph": "M", "pid": process, "name": "process_name", "args": {"name": f"{record.detector.name} {record.name}"}}
    rows: dict[str, int] = {}
    for row, span in placed(record.timeline):
        if row not in rows:
            rows[row] = len(rows) + 1
            yield {"ph": "M", "pid": process, "tid": rows[row], "name": "thread_name", "args": {"name": row}}
        yield {
            "ph": "X",
            "pid": process,
            "tid": rows[row],
            "name": span.stage,
            "cat": "stage",
            "ts": round(span.start_seconds * MICROSECONDS, 1),
            "dur": round(span.seconds * MICROSECONDS, 1),
            "args": {"frame": span.frame, "frames": span.frames},
        }

"""When each stage ran: rows that do not overlap, a chart, and a trace that Perfetto opens."""

import json
from itertools import pairwise

import pytest

from tests.report.records import record
from workbench.report import charts, trace_json
from workbench.report.timeline import placed, without_waits
from workbench.timing import StageSpan

OVERLAPPED = (
    StageSpan(0, 1, "decode", "decode", 0.000, 0.002),
    StageSpan(0, 1, "infer", "worker 1", 0.002, 0.004),
    StageSpan(1, 1, "decode", "decode", 0.002, 0.002),
    StageSpan(1, 1, "infer", "worker 2", 0.004, 0.004),
    StageSpan(0, 1, "draw", "worker 1", 0.006, 0.001),
)


def test_spans_that_ran_side_by_side_get_rows_of_their_own() -> None:
    calls = tuple(StageSpan(n, 1, "preprocess", "map", n * 1.0, 2.5) for n in range(5))

    rows = [row for row, _ in placed(calls)]

    assert rows == ["map", "map (2)", "map (3)", "map", "map (2)"]
    for name in set(rows):
        own = [span for row, span in placed(calls) if row == name]
        assert all(a.start_seconds + a.seconds <= b.start_seconds for a, b in pairwise(own))


def test_a_trace_has_a_process_for_each_record_and_microseconds() -> None:
    told = record("naive").model_copy(update={"name": "<b>threads</b>", "timeline": OVERLAPPED})

    events = json.loads(trace_json([told, told]))["traceEvents"]

    assert {event["pid"] for event in events} == {1, 2}
    names = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert names == [f"{told.detector.name} <b>threads</b>"] * 2
    spans = [event for event in events if event["ph"] == "X" and event["pid"] == 1]
    assert len(spans) == len(OVERLAPPED)
    assert spans[1] == {
        "ph": "X",
        "pid": 1,
        "tid": spans[1]["tid"],
        "name": "infer",
        "cat": "stage",
        "ts": 2000.0,
        "dur": 4000.0,
        "args": {"frame": 0, "frames": 1},
    }
    threads = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name" and event["pid"] == 1}
    assert sorted(threads.values()) == ["decode", "worker 1", "worker 2"]


def test_the_chart_has_a_row_for_each_thread_and_a_colour_for_each_stage() -> None:
    told = record("naive").model_copy(update={"timeline": OVERLAPPED})

    figure = charts.timeline(told)

    assert charts.timeline_rows(told) == ("decode", "worker 1", "worker 2")
    assert [bar["name"] for bar in figure["data"]] == ["decode", "infer", "draw"]
    infer = figure["data"][1]
    assert infer["base"] == pytest.approx([2.0, 4.0])
    assert infer["x"] == pytest.approx([4.0, 4.0])
    assert infer["y"] == [1, 2]


def test_a_wait_of_seconds_does_not_squeeze_the_frames_to_slivers() -> None:
    later = tuple(span._replace(frame=span.frame + 2, start_seconds=span.start_seconds + 6.008) for span in OVERLAPPED)

    together, waits = without_waits(OVERLAPPED + later)
    figure = charts.timeline(record("naive").model_copy(update={"timeline": OVERLAPPED + later}))

    assert max(span.start_seconds + span.seconds for span in together) == pytest.approx(0.016)
    assert [(wait.at_seconds, wait.seconds) for wait in waits] == [pytest.approx((0.008, 6.0))]
    assert max(max(bar["base"]) for bar in figure["data"]) < 16
    assert [one["text"] for one in figure["layout"]["annotations"]] == [" waited 6.0 s"]


def test_stages_that_only_take_turns_are_left_where_they_are() -> None:
    assert without_waits(OVERLAPPED) == (tuple(sorted(OVERLAPPED, key=lambda one: one.start_seconds)), ())

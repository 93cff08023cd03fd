"""Variants measured in turns: they find what they find alone, and none disturbs the others."""

import cv2
import pytest

from tests.breaking_media import Breaks
from workbench.detectors import Calibration, Detector
from workbench.errors import MediaError, SettingsError
from workbench.measuring import Bench
from workbench.opening import EvaluationData, variant
from workbench.record import Record

SIZE = "input.size_hw=64x96"
FRAMES = 6
SECONDS = 0.5  # for a comparison: what it says about time is not the subject here
SAME = [(SIZE, "graph"), (SIZE, "again")]


@pytest.fixture(scope="module")
def in_turns(small: Detector, small_data: EvaluationData) -> tuple[list[Record | Exception], list[int]]:
    """Two and one whose stages overlap, measured in turns; and whose turn it was."""
    rows = [*SAME, (f"{SIZE},feed.mode=threads,input.resize=opencv,nms.method=numpy", "threads")]
    turns: list[int] = []
    variants = [variant(small, words, name=name) for words, name in rows]
    return Bench(small_data, FRAMES, comparison_seconds=SECONDS).measure_in_turns(variants, turns.append), turns


@pytest.mark.slow
def test_measured_in_turns_they_find_the_same(
    in_turns: tuple[list[Record | Exception], list[int]], small: Detector, small_data: EvaluationData
) -> None:
    outcomes, turns = in_turns
    bench = Bench(small_data, FRAMES, comparison_seconds=SECONDS)
    one_by_one = [bench.measure(variant(small, words, name=name)) for words, name in SAME]
    found = [one for one in outcomes if isinstance(one, Record)]

    assert turns[:6] == [0, 1, 2, 2, 1, 0]
    assert [record.name for record in found] == ["graph", "again", "threads"]
    for record, alone in zip(found[:2], one_by_one, strict=True):
        assert record.detections == alone.detections
        assert record.accuracy == alone.accuracy
        assert record.timing is not None
        assert alone.timing is not None
        assert len(record.timing.total_seconds) == len(alone.timing.total_seconds)
    assert [record.comparison.a if record.comparison else None for record in found] == [None, "graph", "graph"]
    assert [record.agreement.baseline if record.agreement else None for record in found] == [None, "graph", "graph"]
    assert found[2].timing is not None
    assert found[2].timing.overlapped


def test_one_that_fails_costs_itself_alone_even_where_the_others_are_compared_with_it(small: Detector) -> None:
    media = Breaks()

    def tell(what: str, _: int, __: int) -> None:
        media.matters = what == "first: timing"

    bench = Bench(EvaluationData(media, None, None, None, Calibration("nothing", list)), 40, progress=tell)
    words = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=numpy"
    failed, *others = bench.measure_in_turns([variant(small, words, name=name) for name in ("first", "second", "third")])

    assert isinstance(failed, MediaError)
    for record in others:
        assert isinstance(record, Record)
        assert record.timing is not None
        assert len(record.timing.total_seconds) == 40
        assert record.comparison is None
        assert not any("session" in text for text in record.warnings)


@pytest.mark.slow
def test_a_baseline_that_fails_after_others_were_compared_with_it_leaves_no_comparison(small: Detector) -> None:
    media, compared = Breaks(), set[str]()

    def tell(what: str, _: int, __: int) -> None:
        if "comparing with first" in what:
            compared.add(what)

    def on_turn(number: int) -> None:
        media.matters = number == 0 and len(compared) == 2

    data = EvaluationData(media, None, None, None, Calibration("nothing", list))
    bench = Bench(data, 40, comparison_seconds=0.1, progress=tell)
    words = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=numpy"
    rows = [variant(small, words, name=name) for name in ("first", "second", "third")]
    failed, *others = bench.measure_in_turns(rows, on_turn)

    assert isinstance(failed, MediaError)
    assert len(compared) == 2
    assert [record.comparison for record in others if isinstance(record, Record)] == [None, None]


def test_of_several_that_stop_in_turns_each_keeps_its_own_times(small: Detector) -> None:
    media, timing = Breaks(), set[str]()

    def tell(what: str, _: int, __: int) -> None:
        timing.update([what] if what.endswith(": timing") else [])
        media.matters = len(timing) == 2

    data = EvaluationData(media, None, None, None, Calibration("nothing", list))
    bench = Bench(data, 40, comparison_seconds=0.1, progress=tell)
    words = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=numpy"
    rows = [variant(small, words, name=name) for name in ("first", "second")]
    outcomes = bench.measure_in_turns(rows)

    problems = [bench.problem_record(row, error) for row, error in zip(rows, outcomes, strict=True) if isinstance(error, Exception)]
    assert [record.problem.kind for record in problems if record.problem] == ["MediaError", "MediaError"]
    assert [len(record.timing.total_seconds) if record.timing else 0 for record in problems] == [17, 17]


def test_without_a_frame_to_time_one_line_says_so(small_data: EvaluationData) -> None:
    with pytest.raises(SettingsError, match="frames is 0: there is nothing to time; choose 1 or more"):
        Bench(small_data, 0)


@pytest.mark.slow
def test_each_is_timed_with_its_own_threads_whatever_it_is_compared_with(small: Detector) -> None:
    seen: dict[str, set[int]] = {}

    def tell(what: str, _: int, __: int) -> None:
        seen.setdefault(what, set()).add(cv2.getNumThreads())

    data = EvaluationData(Breaks(), None, None, None, Calibration("nothing", list))
    words = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=numpy,runtime.threads=2"
    rows = [variant(small, f"{words},feed.mode=threads,feed.workers=2", name="workers"), variant(small, words, name="loop")]
    alone = Bench(data, 12, comparison_seconds=0.1, progress=tell)
    for row in rows:
        alone.measure(row)
    Bench(data, 12, comparison_seconds=0.1, progress=tell).measure_in_turns(rows)

    assert seen["workers: timing"] == {1}
    assert seen["loop: timing"] == {2}

"""A user's own function on the bench: measured, judged and compared as a setting is."""

import re
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.litert_loop import litert_loop
from workbench import stage, write_report
from workbench.choosing import Budget, compare_records, pick
from workbench.detections import Detections
from workbench.errors import ModelError, SettingsError, UnavailableError
from workbench.history import History, Summary
from workbench.measuring import Bench
from workbench.measuring.notebook_progress import Progress
from workbench.opening import EvaluationData, check, open_detector, variant
from workbench.record import Record, Records
from workbench.settings import FUNCTION

FRAMES = 6
SECONDS = 0.2  # for a comparison: what it says about time is not the subject here
BOX = [10.0, 20.0, 60.0, 80.0]


def bench_on(data: EvaluationData, frames: int = FRAMES, progress: Progress | None = None) -> Bench:
    return Bench(data, frames, comparison_seconds=SECONDS, progress=progress)


def unlabelled(data: EvaluationData) -> EvaluationData:
    return replace(data, labelled=None, labelled_truth=None)


def one_box(_: np.ndarray) -> tuple[list[list[float]], list[float], list[str]]:
    return [BOX], [0.9], ["disc"]


@pytest.fixture(scope="module")
def pair(small_tflite: Path, small_data: EvaluationData) -> tuple[Record, Record]:
    """A setting, and the same as a plain loop."""
    detector = open_detector(str(small_tflite))
    bench = bench_on(small_data)
    return bench.measure(variant(detector, "litert")), bench.measure(litert_loop(small_tflite, threads=1))


def test_a_plain_loop_is_judged_as_the_setting_that_it_spells_out(pair: tuple[Record, Record]) -> None:
    setting, loop = pair

    assert setting.accuracy is not None
    assert loop.accuracy is not None
    assert setting.accuracy.ap == pytest.approx(loop.accuracy.ap, abs=1e-6)
    assert loop.accuracy.intervals["ap"].low == pytest.approx(setting.accuracy.intervals["ap"].low, abs=1e-6)
    assert loop.accuracy.ap > 0.3
    assert loop.agreement is not None
    assert loop.agreement.ratio == 1.0


def test_its_stages_are_those_that_it_marks(pair: tuple[Record, Record]) -> None:
    timings = [record.timing for record in pair]
    assert all(timings)
    setting, loop = (list(timing.stage_seconds) for timing in timings if timing is not None)

    assert loop == setting == ["decode", "preprocess", "infer", "nms", "draw"]


def test_it_is_compared_in_turns_with_the_setting(pair: tuple[Record, Record]) -> None:
    setting, loop = pair

    assert loop.comparison is not None
    assert (loop.comparison.a_id, loop.comparison.b) == (setting.id, "detect (your function)")


def test_it_says_of_itself_what_it_is_and_of_settings_nothing(pair: tuple[Record, Record]) -> None:
    loop = pair[1]
    row = Records([loop]).to_dict()[0]

    assert (loop.detector.name, loop.detector.kind, loop.settings.runtime.engine) == ("detect", "your function", FUNCTION)
    assert loop.settings.flat() == dict.fromkeys(loop.settings.flat()) | {"runtime.engine": FUNCTION}
    assert loop.engine is not None
    assert loop.engine.threads is None
    assert Record.from_tree(row) == loop


def test_another_source_is_another_function(small_data: EvaluationData) -> None:
    bench = bench_on(small_data)
    rows = [bench.row(one) for one in (one_box, lambda frame: ([frame.shape[:2] * 2], [0.5], [0]), one_box)]
    hashes = [row.detector.facts.sha256 for row in rows]

    assert hashes[0] == hashes[2] != hashes[1]


class Called:
    def __call__(self, frame: np.ndarray) -> dict[str, object]:
        return {"boxes": np.array([BOX]), "scores": np.array([1.0]), "labels": np.array([frame.ndim - 1])}


def test_an_object_that_can_be_called_has_one_stage_and_no_more(small_data: EvaluationData) -> None:
    record = bench_on(unlabelled(small_data)).measure(Called())

    assert record.name == "Called (your function)"
    assert record.timing is not None
    assert set(record.timing.stage_seconds) == {"decode", "Called", "draw"}
    assert {row.class_ids for row in record.detections} == {(2,)}


def test_what_no_stage_of_its_own_holds_is_unexplained_and_inner_stages_are_not_counted_twice(small_data: EvaluationData) -> None:
    def detect(frame: np.ndarray) -> Detections:
        with stage("outer"):
            for _ in range(2):
                with stage("inner"):
                    frame.sum()
        return Detections.empty()

    record = bench_on(unlabelled(small_data)).measure(detect)

    assert record.timing is not None
    assert list(record.timing.stage_seconds) == ["decode", "outer", "inner", "draw"]
    stages = np.array(list(record.timing.stage_seconds.values())).sum(axis=0)
    assert (stages <= np.array(record.timing.split_total_seconds) + 1e-6).all()
    assert "it finds nothing in any of 4 frames, which it is given in RGB" in record.warnings


class FailsLater:
    """A function that raises once so many frames were timed: a quick one is called a thousand times to warm up."""

    def __init__(self, error: BaseException) -> None:
        self.error, self.timed = error, 0

    def tell(self, what: str, done: int, _: int) -> None:
        self.timed = done if what.endswith("timing") else 0

    def detect(self, frame: np.ndarray) -> object:
        if self.timed > 20:
            raise self.error
        return one_box(frame)


def test_what_it_raises_comes_with_its_own_lines_and_keeps_what_was_timed(small_data: EvaluationData) -> None:
    fails = FailsLater(ZeroDivisionError("by nothing"))
    bench = bench_on(unlabelled(small_data), frames=100, progress=fails.tell)
    with pytest.raises(ZeroDivisionError) as raised:
        bench.measure(fails.detect)
    record = bench.problem_record(fails.detect, raised.value)

    names = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert names[-2:] == ["measure", "detect"]
    assert record.timing is not None
    assert len(record.timing.total_seconds) > 20
    assert record.problem is not None
    assert (record.problem.kind, record.problem.message) == ("ZeroDivisionError", "by nothing")


def test_an_interrupt_keeps_what_was_timed(small_data: EvaluationData) -> None:
    fails = FailsLater(KeyboardInterrupt())
    bench = bench_on(unlabelled(small_data), frames=100, progress=fails.tell)
    with pytest.raises(KeyboardInterrupt):
        bench.measure(fails.detect)

    timing = bench.problem_record(fails.detect, SettingsError("interrupted")).timing
    assert timing is not None
    assert len(timing.total_seconds) > 20
    assert timing.compile_seconds > 0


def test_a_frame_cannot_be_changed_for_those_that_get_it_next(small_data: EvaluationData) -> None:
    def detect(frame: np.ndarray) -> object:
        frame[:] = 0
        return one_box(frame)

    with pytest.raises(ValueError, match="read-only"):
        bench_on(unlabelled(small_data)).measure(detect)


def test_what_is_nothing_to_measure_is_said_so(small_data: EvaluationData) -> None:
    with pytest.raises(SettingsError, match="str cannot be measured; choose variant"):
        bench_on(small_data).row("litert")


def test_reports_comparisons_and_the_history_take_it(pair: tuple[Record, Record], tmp_path: Path) -> None:
    setting, loop = pair
    page = tmp_path / "report.html"
    write_report(pair, page)
    with History(tmp_path / "history.sqlite3") as history:
        for record in pair:
            history.append(record)
        row = history.summaries(name=loop.name)[0]

    assert "detect (your function)" in page.read_text(encoding="utf-8")
    assert compare_records(setting, loop).changes == ("runtime.engine: litert -> function",)
    assert (row.engine, row.precision, row.detector_sha256) == (FUNCTION, "", loop.detector.sha256)


def test_a_pick_leaves_it_out(pair: tuple[Record, Record]) -> None:
    picked = pick([Summary.of(record) for record in pair], Budget())

    assert picked.candidates == 1
    assert picked.chosen is not None
    assert picked.chosen.summary.id == pair[0].id


@pytest.mark.parametrize("what", ["open_detector", "tune", "Workbench"])
def test_what_needs_a_model_says_what_a_function_is_for(what: str) -> None:
    import workbench

    with pytest.raises(ModelError, match="this needs a model; measure it with Bench"):
        getattr(workbench, what)(one_box)


def test_its_record_is_no_setting_of_a_detector(pair: tuple[Record, Record], small_tflite: Path) -> None:
    with pytest.raises(UnavailableError, match="choose the record of a setting"):
        check(open_detector(str(small_tflite)), pair[1].settings)


def test_its_record_says_how_to_measure_it_again(pair: tuple[Record, Record]) -> None:
    command = pair[1].command

    assert re.fullmatch(r"bench\.measure\(detect\)  # in Python, with the source whose hash begins with [0-9a-f]{8}", command)

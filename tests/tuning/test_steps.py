"""What tuning cannot begin with: what does not run, and what finds nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.saved_records import record
from workbench.detectors import Detector
from workbench.errors import MediaError, UnavailableError
from workbench.history import History
from workbench.opening import EvaluationData, Sources, check, wished
from workbench.record import Record
from workbench.repair import Job
from workbench.sweep import Sweep
from workbench.tuning.grid import NOTHING
from workbench.tuning.steps import MeasuringSteps, usual_baseline

PROBLEM = {"kind": "WorkerError", "message": "its process crashes the runtime (SIGSEGV)"}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.sqlite") as opened:
        yield opened


def steps_with(known: Record, small: Detector, data: EvaluationData, sources: Sources, history: History) -> MeasuringSteps:
    """Return steps to which what runs now is known already."""
    sweep = Sweep([sources], history, grid=NOTHING, frames=3, baseline="naive", confirm=(), detector=small)
    (identity,) = sweep.confirmed_ids
    settings = check(small, wished(small, "naive"))
    history.append(known.model_copy(update={"id": identity, "settings": settings, "detector": small.facts}))
    return MeasuringSteps(small, data, sources, history, history.path.parent, 3, lambda _: None)


@pytest.fixture
def sources(small: Detector, small_folder: Path) -> Sources:
    return Sources(detector=small.facts.source, media=str(small_folder))


def test_what_crashes_is_said_and_tried_again_the_next_time(
    small: Detector, small_data: EvaluationData, sources: Sources, history: History
) -> None:
    steps = steps_with(record(problem=PROBLEM, seconds=None), small, small_data, sources, history)

    with pytest.raises(UnavailableError, match=r"what you have now does not run: its process crashes the runtime \(SIGSEGV\)"):
        steps.measure()
    assert not history.records()


def test_what_finds_nothing_is_said(small: Detector, small_data: EvaluationData, sources: Sources, history: History) -> None:
    steps = steps_with(record(name="naive", detections=()), small, small_data, sources, history)

    with pytest.raises(MediaError, match="naive finds nothing in clip, so no setting can be told to be as right"):
        steps.measure()


def test_by_a_truth_that_was_corrected_a_repair_is_made_again(
    small: Detector, small_data: EvaluationData, sources: Sources, history: History
) -> None:
    job = Job(sources=sources, settings=check(small, wished(small, "")), max_ap_loss=0.02, frames=3, repair=True, options=())

    def ids(key: str) -> list[str]:
        data = replace(small_data, labelled_truth=replace(small_data.labelled_truth, key=key))
        return MeasuringSteps(small, data, sources, history, history.path.parent, 3, lambda _: None)._repair_ids(job)

    assert ids("1") == ids("1")
    assert not set(ids("1")) & set(ids("2"))


def test_what_was_cancelled_does_not_begin(small: Detector, small_data: EvaluationData, sources: Sources, history: History) -> None:
    steps = steps_with(record(), small, small_data, sources, history)
    steps.cancel()

    with pytest.raises(KeyboardInterrupt):
        steps.measure()


def test_people_have_naive_where_the_detector_can_be_run_so(small: Detector, small_tflite: Path, small_folder: Path) -> None:
    other, _ = Sources(detector=str(small_tflite), media=str(small_folder)).open()

    assert (usual_baseline(small), usual_baseline(other)) == ("naive", "")

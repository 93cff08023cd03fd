"""What is screened: what promises most first, as much as fits."""

from pathlib import Path

from tests.saved_records import record
from workbench.detectors import Detector
from workbench.history import History
from workbench.opening import Sources, check
from workbench.sweep import Sweep
from workbench.tuning.grid import NOTHING, fitted_grid, pace_of

BASELINE = record(name="naive", seconds=0.05, **{"input.size_hw": (64, 96)})


def pairs(detector: Detector, seconds: float, labelled: int = 0) -> list[tuple[object, ...]]:
    first, *_ = fitted_grid(detector, BASELINE, labelled, seconds).grid.axes
    return [(one["runtime.engine"], one["runtime.precision"]) for one in first]


def test_little_time_is_for_what_promises_most(small: Detector) -> None:
    assert pairs(small, 0) == [("litert", "float32")]
    assert pairs(small, 35) == [("litert", "float32"), ("litert", "int8")]


def test_the_size_that_runs_now_comes_first(small: Detector) -> None:
    first, *_ = fitted_grid(small, BASELINE, 0, 1e6).grid.axes

    assert [one["input.size_hw"] for one in first][:3] == [(64, 96), (64, 96), 160]


def test_much_time_is_for_all_of_it(small: Detector) -> None:
    fitted = fitted_grid(small, BASELINE, 0, 1e6)

    assert fitted.left_out == 0
    assert {("graph", "float32"), ("xla", "float32"), ("litert", "dynamic-int8")} <= set(pairs(small, 1e6))
    assert len(fitted.grid.axes[0]) > fitted_grid(small, BASELINE, 0, 35).left_out > 0


def test_thresholds_stay_as_they_are(small: Detector) -> None:
    assert not fitted_grid(small, BASELINE, 0, 1e6).grid.named & {"nms.score", "nms.iou", "nms.per_class"}


def test_slow_models_and_many_labelled_frames_leave_time_for_fewer(small: Detector) -> None:
    assert len(pairs(small, 60, labelled=2000)) < len(pairs(small, 60))
    assert pace_of(record(seconds=0.4), 400) == 8.0
    assert pace_of(record(seconds=0.01), 5) == 1.0


def test_a_sweep_of_nothing_has_its_baseline_and_what_it_confirms(small: Detector, small_folder: Path, tmp_path: Path) -> None:
    whole = check(small, small.default_settings())
    with History(tmp_path / "history.sqlite") as history:
        sources = Sources(detector=small.facts.source, media=str(small_folder))
        sweep = Sweep([sources], history, grid=NOTHING, confirm=[whole], baseline="litert", detector=small)

        assert (sweep.estimate().combinations, sweep.estimate().tasks) == (0, 0)
        assert not sweep.ids
        assert len(sweep.confirmed_ids) == 2

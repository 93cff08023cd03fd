"""A device that answers later, as GPUs do: what is timed as `copy` and `infer` ends when the copy and the results are there."""

import threading
from collections.abc import Callable
from typing import Any, final

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.pipeline.test_pipeline import frame, given
from workbench.catalogue import ENGINES, EngineRow
from workbench.detectors import Calibration, Detector
from workbench.engines import Candidates, Engine, EngineCode
from workbench.measuring import Bench
from workbench.opening import EvaluationData, check, variant
from workbench.pipeline import Pipeline
from workbench.settings import Settings
from workbench.timing import NoWatch, Span

ANCHORS, CLASSES = 4, 3
HOST = {"input.size_hw": "64x96", "input.resize": "opencv", "nms.method": "numpy", "runtime.engine": "late"}


@final
class Handle:
    """What will be an array: a device begins on it when it is made, and ends, on a thread of its own, once somebody waits."""

    def __init__(self, work: Callable[[], NDArray[Any]]) -> None:
        self._wanted, self.arrived = threading.Event(), threading.Event()
        self._work = work
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        self._wanted.wait()
        self._values = self._work()
        self.arrived.set()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        self._wanted.set()
        self.arrived.wait()
        return np.array(self._values, dtype=dtype, copy=True if copy is None else copy)


@final
class Late(Engine):
    """Copies a batch to a device, and hands out what the device will answer; it waits for neither."""

    covers = ("model", "box decoding")
    compilations = 0
    copies = True

    def __init__(self, detector: Detector, settings: Settings, _: Calibration) -> None:
        self.input_spec, self.batch = detector.input_spec, settings.runtime.batch
        self.copied: list[NDArray[Any]] = []
        self.handles: list[Handle] = []

    def upload(self, batch: NDArray[np.generic]) -> Any:
        there = Handle(lambda: np.array(batch))
        self.copied.append(np.asarray(there))  # what the seam asks for: it waits until the batch is there
        return there

    def run(self, batch: Any) -> Candidates:
        count = len(np.asarray(batch))
        boxes = Handle(lambda: np.tile(np.array([8, 8, 24, 24], np.float32), (count, ANCHORS, 1)))
        scores = Handle(lambda: np.full((count, ANCHORS, CLASSES), 0.9, np.float32))
        self.handles += [boxes, scores]
        return Candidates(boxes, scores)  # type: ignore[arg-type]  # handles, as devices give them


@final
class Witness:
    """A watch that looks, at the end of each stage, whether all that a device owes has arrived."""

    def __init__(self) -> None:
        self.engine: Late | None = None
        self.seen: list[tuple[str, int, int]] = []

    def lap(self, stage: str) -> None:
        assert self.engine is not None
        owed = sum(not handle.arrived.is_set() for handle in self.engine.handles)
        self.seen.append((stage, len(self.engine.copied), owed))

    def add(self, span: Span) -> None: ...


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    row = EngineRow(name="late", spoken="a device", runtime="Device", code=f"{__name__}:LATE")
    monkeypatch.setitem(ENGINES, "late", row)


LATE = EngineCode(Late)


@pytest.mark.usefixtures("late")
def test_a_stage_ends_when_what_the_device_owes_has_arrived(small: Detector) -> None:
    pipeline = Pipeline(small, check(small, Settings().with_values(HOST)), Calibration("nothing", list))
    assert isinstance(pipeline.engine, Late)
    watch = Witness()
    watch.engine = pipeline.engine

    (found,) = pipeline.pass_batch([frame(64, 96)], watch).found

    assert watch.seen == [("preprocess", 0, 0), ("copy", 1, 0), ("infer", 1, 0), ("nms", 1, 0), ("draw", 1, 0)]
    np.testing.assert_array_equal(found.boxes_xyxy_px, np.tile([8, 8, 24, 24], (CLASSES, 1)))


@pytest.mark.usefixtures("late")
def test_a_measured_record_holds_the_copy_as_its_stage(small: Detector, small_data: EvaluationData) -> None:
    words = ",".join(f"{name}={value}" for name, value in HOST.items())

    record = Bench(small_data, frames=3).measure(variant(small, words))

    assert record.timing is not None, record.problem
    assert list(record.timing.stage_seconds) == ["decode", "preprocess", "copy", "infer", "nms", "draw"]
    assert all(min(seconds) > 0 for seconds in record.timing.stage_seconds.values())


@pytest.mark.usefixtures("late")
def test_frames_that_overlap_wait_for_their_own_results(small: Detector) -> None:
    values = {**HOST, "feed.mode": "threads", "feed.workers": 2}
    pipeline = Pipeline(small, check(small, Settings().with_values(values)), Calibration("nothing", list))
    counts: list[int] = []
    steps = pipeline.steps(given([frame(64, 96)] * 6), lambda _, found: counts.extend(map(len, found)))
    while steps(NoWatch()):
        pass
    steps.close()

    assert counts == [CLASSES] * 6

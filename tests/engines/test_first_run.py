"""A stranger's network meets a runtime in a process of its own first: whatever it does there costs a sentence."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from workbench.detectors import Calibration, Detector, detector_of, detector_tree
from workbench.detectors.conversion import kept_conversion
from workbench.engines import first_run, run_first
from workbench.engines.first_run_child import run_here
from workbench.errors import UnavailableError
from workbench.machine import ChildFailedError
from workbench.machine.child_process import MARK
from workbench.opening import check, open_detector
from workbench.settings import parse_variant
from workbench.stages import prepare

NO_FRAMES = Calibration("nothing", list)
MIB = 1 << 20
STEPS = ("it is converted to int8", "LiteRT allocates it at int8", "it runs for the first time")
MEMORY_CHOICE = "free some memory, or choose a smaller size or batch, or"
DONE = "print('{\"done\": true}', flush=True)"


def step(name: str, seconds: float = 30.0) -> str:
    return f"print({json.dumps({'step': name, 'seconds': seconds})!r}, flush=True); "


@pytest.fixture
def try_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Try a setting of the small detector in a process that does as told; returns why it cannot be run, or nothing."""
    monkeypatch.delenv(MARK)
    first_run._failed.clear()
    own = open_detector(str(SHAPES))  # it remembers what is refused

    def attempt(code: str, words: str = "litert", detector: Detector = own, **more: Any) -> str:
        try:
            settings = check(detector, parse_variant(words, base=detector.default_settings()))
            run_first(detector, settings, NO_FRAMES, tmp_path, ("-c", code), **more)
        except UnavailableError as error:
            return str(error)
        return ""

    return attempt


@pytest.mark.parametrize(
    ("deed", "how", "choose"),
    [
        ("import os; os.abort()", "crashes the runtime (SIGABRT)", "choose"),
        ("import os; os._exit(7)", "ends its process with code 7", "choose"),
        ("import time; time.sleep(1000)", "does not return: it wrote nothing for 1 s", "choose"),
        ("import os; os.write(2, 200_000 * b'pages\\n'); os._exit(1)", "ends its process with code 1", "choose"),
        (f"import time; held = bytearray({200 * MIB}); time.sleep(1000)", "runs out of memory", MEMORY_CHOICE),
    ],
    ids=["abort", "exit", "hang", "a megabyte", "memory"],
)
def test_what_it_did_and_at_what_is_told_in_a_line(try_one: Callable[..., str], deed: str, how: str, choose: str) -> None:
    told = try_one(step(STEPS[1], 1.0 if "wrote nothing" in how else 30.0) + deed, memory_bytes=100 * MIB)

    assert "\n" not in told
    assert len(told) < 400 + len(str(SHAPES))
    assert told.startswith(f"{SHAPES} with LiteRT {how}")
    assert f" when {STEPS[1]}; {choose} another engine, precision or size" in told
    assert told.endswith("(it printed: pages)") == ("pages" in deed)


@pytest.mark.parametrize("name", [*STEPS, first_run.LOADING])
def test_the_step_that_it_was_at_is_named(try_one: Callable[..., str], name: str) -> None:
    assert f" when {name}; " in try_one((step(name) if name in STEPS else "") + "import os; os.abort()")


def test_what_went_well_is_tried_once_and_each_setting_for_itself(try_one: Callable[..., str]) -> None:
    assert not try_one(DONE)

    dies = step(STEPS[0]) + "import os; os.abort()"
    assert not try_one(dies), "the same again costs nothing"
    assert not try_one(dies, "litert,runtime.threads=1"), "nor does what changes no program"
    assert not try_one(dies, "litert,input.filter=area"), "nor what happens before it"
    for other in (
        "litert,input.size_hw=96x160",
        "litert,runtime.precision=int8",
        "litert,runtime.precision=int8,input.filter=area",
        "litert,runtime.batch=2",
        "litert,runtime.engine=openvino",
        "xla",
    ):
        assert "SIGABRT" in try_one(dies, other), other


def test_what_failed_is_not_tried_again_while_the_process_lives(try_one: Callable[..., str]) -> None:
    told = try_one("import os; os.abort()")

    assert told
    assert try_one(DONE) == told


def test_a_refusal_is_handed_on_as_it_is(try_one: Callable[..., str]) -> None:
    assert try_one('print(\'{"refused": "the converter could not"}\', flush=True); ' + DONE) == "the converter could not"


def test_what_needs_no_process_has_none(try_one: Callable[..., str], mobile: Detector, small_tflite: Path) -> None:
    dies = "import os; os.abort()"

    assert not try_one(dies, "litert", mobile), "the package's own"
    assert not try_one(dies, "graph"), "what the trial ran"
    own = open_detector(str(small_tflite))
    assert not try_one(dies, "litert", own), "a file that the trial allocated and invoked as it is"
    assert try_one(dies, "litert,runtime.engine=openvino", own)


def test_what_may_take_much_memory_is_tried_whatever_it_is_and_however_it_went_before(try_one: Callable[..., str]) -> None:
    dies, large, sample = "import os; os.abort()", "graph,input.size_hw=4096,runtime.batch=", open_detector()

    assert "inspector-mobile with a TensorFlow graph crashes" in try_one(dies, large + "8", sample)
    assert not try_one(DONE, large + "7", sample)
    assert not try_one(dies, large + "7", sample), "once in a process"
    first_run._went_well.clear()
    assert "crashes" in try_one(dies, large + "7", sample), "the next has other memory"


def test_what_was_converted_there_is_no_old_conversion_when_it_is_opened_first(try_one: Callable[..., str], tmp_path: Path) -> None:
    def is_new(name: str) -> bool:
        (tmp_path / name).write_bytes(b"kept")
        return kept_conversion(tmp_path / name, "conversion", lambda _: True, lambda: pytest.fail("it lies there")).converted

    assert not try_one('print(\'{"converted": "one.tflite"}\', flush=True); ' + DONE)

    assert [is_new("one.tflite") for _ in range(2)] == [True, False]
    assert not is_new("other.tflite")


def test_somebody_else_may_end_it(try_one: Callable[..., str]) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(ChildFailedError, match="was stopped"):
        try_one("import time; time.sleep(1000)", stop=stop)
    assert not try_one(DONE), "it is nobody's fault"


def test_a_watched_process_tries_by_itself(small: Detector, tmp_path: Path) -> None:
    settings = check(small, parse_variant("litert", base=small.default_settings()))

    run_first(small, settings, NO_FRAMES, tmp_path, ("-c", "import os; os.abort()"))

    assert not list(tmp_path.iterdir())


def test_a_detector_is_handed_over_whole(small: Detector, mobile: Detector) -> None:
    again = detector_of(json.loads(json.dumps(detector_tree(small))))

    assert again.facts.sha256 == small.facts.sha256
    assert (again.input_spec, again.facts.labels) == (small.input_spec, small.facts.labels)
    sample = detector_of(json.loads(json.dumps(detector_tree(mobile))))
    assert (sample.facts, sample.meaning) == (mobile.facts, mobile.meaning)


def test_frames_for_the_ranges_come_prepared_the_same(small: Detector, small_calibration: Calibration) -> None:
    settings = check(small, parse_variant("litert-int8", base=small.default_settings()))
    spec, size_hw = small.input_spec, settings.input.size_hw
    assert size_hw is not None

    sent = first_run.calibration_frames(small, settings, small_calibration)

    for frame, whole in zip(sent, small_calibration.frames(), strict=True):
        np.testing.assert_array_equal(prepare([frame], spec, size_hw), prepare([whole], spec, size_hw))


def test_the_child_opens_an_engine_and_runs_it(small_tflite: Path) -> None:
    detector = open_detector(str(small_tflite))

    run_here(detector, check(detector, detector.default_settings()), NO_FRAMES)

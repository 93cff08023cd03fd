"""What a setting weighs: counted right in a process of its own, and said where it cannot be."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.saved_records import record
from workbench.detectors import Detector
from workbench.errors import RecordError, UnavailableError
from workbench.measuring import weigh, weighing_child
from workbench.measuring.weighing import modules, weight_of, write_request
from workbench.measuring.weighing_child import Parts, peak
from workbench.opening import EvaluationData, open_detector, variant
from workbench.quantising import Flatbuffer
from workbench.record import Problem, Weight
from workbench.settings import Settings

LITERT = "litert,input.size_hw=64x96"
BALLAST_BYTES = 200_000_000
# A process starts with the peak of the one that it was forked from: this one has to be small.
WAIT = "import os, sys; pid = os.posix_spawn(sys.executable, sys.argv[1:], os.environ); print(os.wait4(pid, 0)[2].ru_maxrss)"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is Linux's")


@pytest.fixture(scope="module")
def heavy(small_tflite: Path, tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """The small detector with a constant beside its weights that nothing reads."""
    file = Flatbuffer(small_tflite.read_bytes())
    file.add_constant("ballast", np.zeros(BALLAST_BYTES, np.uint8))
    path = copied(small_tflite, tmp_path_factory.mktemp("heavy"))
    path.write_bytes(file.packed())
    return open_detector(str(path))


def copied(model: Path, folder: Path) -> Path:
    """Copy a model and the card beside it."""
    for path in (model, model.with_name(f"{model.name}.card.toml")):
        shutil.copy(path, folder)
    return folder / model.name


@pytest.fixture(scope="module")
def light(small_tflite: Path, small_data: EvaluationData) -> Weight:
    detector = open_detector(str(small_tflite))
    return weight_of(detector, small_data, variant(detector, LITERT).settings)


def test_a_model_that_is_larger_weighs_as_much_more(light: Weight, heavy: Detector, small_data: EvaluationData) -> None:
    found = weight_of(heavy, small_data, variant(heavy, LITERT).settings)

    assert found.running_bytes - light.running_bytes == pytest.approx(BALLAST_BYTES, rel=0.1)
    assert found.load_bytes - light.load_bytes >= 0.9 * BALLAST_BYTES
    assert found.libraries_bytes == pytest.approx(light.libraries_bytes, rel=0.1)


def test_each_part_is_counted(light: Weight) -> None:
    assert 0 < light.libraries_bytes < light.workbench_bytes <= light.peak_bytes
    assert light.calls == 1 + 2 * 4, "the first, and two rounds over four frames"
    assert light.startup_seconds == light.libraries_seconds + light.load_seconds + light.first_call_seconds
    assert all(seconds > 0 for seconds in (light.libraries_seconds, light.load_seconds, light.first_call_seconds))
    assert not [note for note in light.notes if "converted" in note]


@on_linux
def test_the_peak_is_what_the_system_says_of_the_same_process(heavy: Detector, small_data: EvaluationData, tmp_path: Path) -> None:
    """Of its last part: setting the peak back does so for both."""
    write_request(tmp_path, heavy, small_data, variant(heavy, LITERT).settings)
    words = [sys.executable, weighing_child.__file__, str(tmp_path)]
    waiting = subprocess.Popen([sys.executable, "-S", "-c", WAIT, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert waiting.stdin is not None
    assert waiting.stdout is not None
    with waiting:
        messages = [json.loads(line) for line in waiting.stdout]

    *_, answer, kilobytes = messages
    assert answer["weight"]["running_bytes"] == pytest.approx(kilobytes * 1024, rel=0.1)


@on_linux
def test_a_part_s_peak_is_its_own() -> None:
    parts = Parts()
    held = np.ones(BALLAST_BYTES, np.uint8)
    parts.end("holding")
    del held
    parts.end("letting go")  # what was in use when it began
    parts.end("after")

    assert parts.peaks["holding"].bytes - parts.peaks["after"].bytes > 0.9 * BALLAST_BYTES
    assert parts.peaks["after"].counter == "VmHWM"


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="Windows has another counter")
def test_where_the_system_shows_no_peak_the_one_since_the_start_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = peak().bytes
    monkeypatch.setattr(weighing_child, "STATUS", tmp_path / "none")

    assert peak().bytes >= 0.9 * before
    assert peak().counter == "ru_maxrss, which counts from the start of the process"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (LITERT, ["numpy", "cv2", "ai_edge_litert.interpreter"]),
        (f"{LITERT},nms.method=tensorflow", ["numpy", "cv2", "ai_edge_litert.interpreter", "tensorflow"]),
        (f"{LITERT},input.resize=pillow", ["numpy", "cv2", "ai_edge_litert.interpreter", "PIL.Image"]),
        ("graph,input.size_hw=64x96", ["numpy", "cv2", "tensorflow", "keras"]),
    ],
    ids=["litert", "an NMS of TensorFlow", "pillow", "graph"],
)
def test_only_libraries_that_a_setting_calls_are_imported(small: Detector, words: str, named: list[str]) -> None:
    assert modules(small, variant(small, words).settings) == named


def test_what_did_not_run_is_not_weighed(small: Detector, small_data: EvaluationData) -> None:
    failed = record(problem=Problem(kind="UnavailableError", message="no such engine"))

    with pytest.raises(RecordError, match="did not run \\(no such engine\\); weigh a setting that does"):
        weigh(small, small_data, failed)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"settings": Settings.of_function()},
            "xla cannot be weighed: a function of your own .*: this needs a model",
        ),
        ({"detector": record().detector}, "xla ran another detector than shapes.*; weigh it with its own"),
        ({"media": record().media}, "xla ran on other frames than .*; weigh it with its own"),
    ],
    ids=["a function", "detector", "frames"],
)
def test_what_is_of_another_detector_or_of_other_frames_is_not_weighed(
    small: Detector, small_data: EvaluationData, changes: dict[str, object], says: str
) -> None:
    ran = record().model_copy(update={"detector": small.facts, "media": small_data.media.facts(), **changes})

    with pytest.raises(RecordError, match=says):
        weigh(small, small_data, ran)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.unlink(), "cannot read the model .*shapes.tflite"),
        (lambda file: file.write_bytes(b"nothing"), "shapes.tflite"),
    ],
    ids=["gone", "changed"],
)
def test_a_setting_that_does_not_run_there_says_why(
    small_tflite: Path, small_data: EvaluationData, tmp_path: Path, spoil: Callable[[Path], object], says: str
) -> None:
    model = copied(small_tflite, tmp_path)
    detector = open_detector(str(model))
    settings = variant(detector, LITERT).settings
    spoil(model)

    with pytest.raises(UnavailableError, match=says):
        weight_of(detector, small_data, settings)


def test_a_detector_of_this_process_cannot_be_weighed(small: Detector, small_data: EvaluationData) -> None:
    here = Detector(small.network, small.meaning, name="here", source="here")  # without a card, nobody else knows its tensors

    with pytest.raises(UnavailableError, match="in this process only"):
        weight_of(here, small_data, variant(small, LITERT).settings)

"""A stranger's network meets a runtime in a process of its own first: whatever it does there costs a sentence."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from tests.session.sessions import player_of, until
from workbench.detectors import Calibration, Detector, detector_of, detector_tree
from workbench.engines import first_run, run_first
from workbench.engines.first_run_child import run_here
from workbench.errors import UnavailableError
from workbench.machine import ChildFailedError
from workbench.machine.child_process import IDLE_VARIABLE, MARK, MEMORY_VARIABLE
from workbench.opening import check, open_detector
from workbench.session import Session
from workbench.settings import parse_variant
from workbench.stages import prepare

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
NO_FRAMES = Calibration("nothing", list)
MIB = 1 << 20
LONGEST_TOLD = 400
STEPS = ("it is converted to int8", "LiteRT allocates it at int8", "it runs for the first time")
MEMORY_CHOICE = "free some memory, or choose a smaller size or batch, or"
DONE = "print('{\"done\": true}', flush=True)"


def step(name: str, seconds: float = 30.0) -> str:
    return f"print({json.dumps({'step': name, 'seconds': seconds})!r}, flush=True); "


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a user's kernel, which nobody watches."""
    monkeypatch.delenv(MARK)


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
    for other in (
        "litert,input.size_hw=96x160",
        "litert,runtime.precision=int8",
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

    sent = first_run._frames(small, settings, small_calibration)

    for frame, whole in zip(sent, small_calibration.frames(), strict=True):
        np.testing.assert_array_equal(prepare([frame], spec, size_hw), prepare([whole], spec, size_hw))


def test_the_child_opens_an_engine_and_runs_it(small_tflite: Path) -> None:
    detector = open_detector(str(small_tflite))

    run_here(detector, check(detector, detector.default_settings()), NO_FRAMES)


# The whole way: networks that do in a converter what no converter stands.


def stranger(folder: Path, deed: str) -> Path:
    """Write the small detector with a layer that runs, but does something while it is traced, in any process but this."""
    code = f"lambda x: x if tf.executing_eagerly() or os.getpid() == {os.getpid()} else {deed}"
    for module in ("os", "tensorflow", "sys", "time"):
        code = code.replace(f"{module}.", f"__import__('{module}').")
    layer = keras.layers.Lambda(eval(code.replace("tf.", "__import__('tensorflow').")), output_shape=(64, 96, 3))  # noqa: S307
    image = keras.Input((64, 96, 3))
    found = keras.saving.load_model(SHAPES)(layer(image))
    named = found if isinstance(found, dict) else dict(zip(("offsets", "scores"), found, strict=True))
    path = folder / "stranger.keras"
    keras.Model(image, named).save(path)
    path.with_suffix(".card.toml").write_text(SHAPES.with_suffix(".card.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


DEEDS = {
    "abort": ("os.abort()", "crashes the runtime (SIGABRT)"),
    "exit": ("os._exit(7)", "ends its process with code 7"),
    "hang": ("time.sleep(1000)", "does not return: it neither wrote nor computed anything for"),
    "a megabyte": ("(os.write(1, 200_000 * b'pages\\n'), os.write(2, 200_000 * b'pages\\n'), os._exit(1))", "with code 1"),
    "memory": ("[(b'x' * (1 << 26), time.sleep(0.05)) for _ in iter(int, 1)]", "runs out of memory (it took"),
}
CONVERTED = " when it is converted to float32; "


@pytest.fixture
def limited(unwatched: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it comes first
    """What hangs is found soon, and what takes all memory takes little."""
    monkeypatch.setenv(IDLE_VARIABLE, "6")
    monkeypatch.setenv(MEMORY_VARIABLE, "2.5")


def one_line_of(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    told = done.stderr.strip().splitlines()[-1]
    assert told.startswith("workbench: ")
    assert len(told) <= LONGEST_TOLD
    return told


def command(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([WORKBENCH, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("name", ["run", "export"])
def test_a_command_says_it_in_a_line(tmp_path: Path, small_folder: Path, small_tflite: Path, name: str, deed: str) -> None:
    code, how = DEEDS[deed]
    words = [small_folder, "--preset", "litert", *(["--out", tmp_path / "out"] if name == "export" else ["--frames", "2"])]

    told = one_line_of(command(name, stranger(tmp_path, code), *words, "--allow", "lambda"))

    assert how in told
    assert CONVERTED in told
    after = command(name, small_tflite, *words)
    assert after.returncode == 0, after.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("deed", DEEDS)
def test_the_live_workbench_says_it_and_opens_the_next(tmp_path: Path, small_folder: Path, deed: str) -> None:
    code, how = DEEDS[deed]
    path = stranger(tmp_path, code)
    session = Session(str(path), str(small_folder), preset="litert", history=tmp_path / "h.sqlite", frames=3, allow=("lambda",))
    try:
        until(session, lambda: session.notices.message, errors=True)
        assert session.notices.message is not None
        assert how in session.notices.message.text
        assert CONVERTED in session.notices.message.text

        session.notices.message = None
        session.open_detector(str(SHAPES))
        until(session, lambda: session.running is not None and player_of(session).shown is not None)
    finally:
        session.close()


@pytest.mark.slow
@pytest.mark.usefixtures("unwatched")
def test_the_live_workbench_opens_another_while_one_hangs(tmp_path: Path, small_folder: Path) -> None:
    path = stranger(tmp_path, DEEDS["hang"][0])
    session = Session(str(path), str(small_folder), preset="litert", history=tmp_path / "h.sqlite", frames=3, allow=("lambda",))
    try:
        until(session, lambda: session.opened and session.notices.job)
        time.sleep(3.0)  # its process is there

        session.open_detector(str(SHAPES))

        until(session, lambda: session.running is not None and player_of(session).shown is not None)
        assert session.opened is not None
        assert session.opened.detector.facts.source == str(SHAPES)
    finally:
        session.close()


@pytest.mark.slow
@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("deed", DEEDS)
def test_a_sweep_says_it_and_goes_on(tmp_path: Path, small_folder: Path, deed: str) -> None:
    code, how = DEEDS[deed]
    path, grid = stranger(tmp_path, code), tmp_path / "grid.toml"
    grid.write_text('"runtime.engine" = ["litert", "eager"]\n')
    words = ["--allow", "lambda", "--grid", grid, "--yes", "--frames", "2", "--history", tmp_path / "h.sqlite"]

    done = command("sweep", path, small_folder, *words, "--json", tmp_path / "swept.json")

    assert "Traceback" not in done.stderr
    records = json.loads((tmp_path / "swept.json").read_text())
    assert how in json.dumps(records), json.dumps(records)[:2000]


@pytest.mark.slow
@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("deed", ["hang", "memory"])
def test_what_happens_when_it_runs_is_told_likewise(tmp_path: Path, small_folder: Path, small_tflite: Path, deed: str) -> None:
    code, how = DEEDS[deed]
    model = tmp_path / "stranger.tflite"
    model.write_bytes(small_tflite.read_bytes())
    decode = "def decode(outputs, size_hw):\n    import os, time\n"
    there = f"    if len(os.environ.get({MARK!r}, '').split()) == 1:\n        {code}\n"
    (tmp_path / "decode.py").write_text(f"{decode}{there}    import numpy as np\n    return np.zeros((0, 4)), np.zeros((0, 3))\n")
    labels = 'labels = ["disc", "square", "cross"]'
    model.with_suffix(".card.toml").write_text(f'decode = "decode.py:decode"\n{labels}\n[input]\nvalues = "0..1"\n')

    words = ["--preset", "litert,runtime.engine=openvino", "--frames", "2", "--allow", "code"]
    told = one_line_of(command("run", model, small_folder, *words))

    assert how in told
    assert " when it runs for the first time; " in told

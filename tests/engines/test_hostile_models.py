"""Models and settings that crash, hang or take all memory, the whole way: one line in each command, and the next model opens."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import keras
import pytest

from tests.assets.scenes import SHAPES
from tests.session.sessions import player_of, until
from workbench.machine.child_process import IDLE_VARIABLE, MARK, MEMORY_VARIABLE
from workbench.session import Session

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # a sweep starts half a dozen processes, which on a busy machine load TensorFlow for 20 s each
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
LONGEST_TOLD = 400
TOO_MUCH = "graph,input.size_hw=4096,runtime.batch=8"


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a user's kernel, which nobody watches."""
    monkeypatch.delenv(MARK)


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
ENDINGS = ("abort", "hang", "memory")  # as a process can end; how each is said, a run shows
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


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize(("name", "deed"), [*(("run", deed) for deed in DEEDS), ("export", "abort"), ("export", "hang")])
def test_a_command_says_it_in_a_line(tmp_path: Path, small_folder: Path, small_tflite: Path, name: str, deed: str) -> None:
    code, how = DEEDS[deed]
    words = [small_folder, "--preset", "litert", *(["--out", tmp_path / "out"] if name == "export" else ["--frames", "2"])]

    told = one_line_of(command(name, stranger(tmp_path, code), *words, "--allow", "lambda"))

    assert how in told
    assert CONVERTED in told
    after = command(name, small_tflite, *words)
    assert after.returncode == 0, after.stderr


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("deed", ENDINGS)
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


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("deed", ENDINGS)
def test_a_sweep_says_it_and_goes_on(tmp_path: Path, small_folder: Path, deed: str) -> None:
    code, how = DEEDS[deed]
    path, grid = stranger(tmp_path, code), tmp_path / "grid.toml"
    grid.write_text('"runtime.engine" = ["litert", "eager"]\n')
    words = ["--allow", "lambda", "--grid", grid, "--yes", "--frames", "2", "--history", tmp_path / "h.sqlite"]

    done = command("sweep", path, small_folder, *words, "--json", tmp_path / "swept.json")

    assert "Traceback" not in done.stderr
    records = json.loads((tmp_path / "swept.json").read_text())
    assert how in json.dumps(records), json.dumps(records)[:2000]


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


@pytest.mark.usefixtures("limited")
def test_a_setting_that_takes_too_much_memory_fails_alone_in_a_run(tmp_path: Path) -> None:
    words = ["--preset", "graph", "--preset", TOO_MUCH, "--frames", "4", "--history", tmp_path / "h.sqlite"]

    done = command("run", "inspector-mobile", *words, "--json", tmp_path / "ran.json")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    small, large = json.loads((tmp_path / "ran.json").read_text())
    assert small["problem"] is None
    assert "runs out of memory (it took" in large["problem"]["message"]
    assert len(large["problem"]["message"]) <= LONGEST_TOLD


@pytest.mark.usefixtures("limited")
def test_a_setting_that_takes_too_much_memory_fails_alone_in_a_sweep(tmp_path: Path, small_folder: Path) -> None:
    grid = tmp_path / "grid.toml"
    grid.write_text('"runtime.engine" = ["graph"]\n"input.size_hw" = [320, 4096]\n"runtime.batch" = [8]\n')
    words = ["--grid", grid, "--yes", "--frames", "4", "--history", tmp_path / "h.sqlite"]

    done = command("sweep", "inspector-mobile", small_folder, *words, "--json", tmp_path / "swept.json")

    assert "Traceback" not in done.stderr
    swept = json.loads((tmp_path / "swept.json").read_text())
    (problem,) = swept["problems"]
    assert "4096" in problem["name"]
    assert "memory" in problem["message"]
    assert swept["new_records"] > 1, "the other is there"


@pytest.mark.usefixtures("limited")
def test_the_live_workbench_plays_on_where_a_setting_takes_too_much_memory(tmp_path: Path, small_folder: Path) -> None:
    session = Session("inspector-mobile", str(small_folder), preset="graph", history=tmp_path / "h.sqlite", frames=3)
    try:
        until(session, lambda: session.running is not None and player_of(session).shown is not None)
        before = session.running

        session.use_preset(TOO_MUCH)

        until(session, lambda: session.notices.message, errors=True)
        assert session.notices.message is not None
        assert "runs out of memory (it took" in session.notices.message.text
        assert len(session.notices.message.text) <= LONGEST_TOLD
        assert session.running == session.settings == before
    finally:
        session.close()

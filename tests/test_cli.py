"""The command line, as people and scripts use it: one line and exit 2 for their errors, JSON that keeps its promises."""

import json
import os
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.command_line import Done, Workbench
from workbench.catalog import SAMPLE_CLIP, SAMPLE_STILLS
from workbench.detectors import Detector
from workbench.history import History
from workbench.record import Record, read_records
from workbench.settings import PRESETS, setting_names
from workbench.variants import variant

REPOSITORY = Path(__file__).parents[1]
LITERT = "litert,input.size_hw=192x320"  # starts at once: other tests of the session have converted it
QUICK = ("--preset", LITERT)
TIMING_KEYS = {
    "compile_seconds",
    "first_call_seconds",
    "total_seconds",
    "stage_seconds",
    "unexplained_share",
    "bound_share",
    "fps",
    "median_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
}
RECORD_KEYS = {
    "schema",
    "settings",
    "detector",
    "media",
    "environment",
    "timing",
    "accuracy",
    "agreement",
    "noise",
    "warnings",
    "problem",
}


def program(*words: str | Path, stdout: Any = subprocess.PIPE) -> Done:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-c", "from workbench.cli import main; main()", *map(str, words)]
    done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    return Done(done.returncode, done.stdout or "", done.stderr)


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four small pictures."""
    folder = tmp_path_factory.mktemp("media") / "shots"
    folder.mkdir()
    for n in range(4):
        image = np.random.default_rng(n).integers(0, 256, (72, 128, 3), np.uint8)
        cv2.imwrite(str(folder / f"{n}.png"), image)
    return folder


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that are nothing good."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty.tflite").write_bytes(b"")
    (folder / "text.tflite").write_bytes(b"hello, world")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_bytes(b"hello, world")
    clip = SAMPLE_CLIP.read_bytes()
    (folder / "cut.webm").write_bytes(clip[: len(clip) // 3])
    still = (SAMPLE_STILLS / "still_002.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(still[: len(still) // 2])
    (folder / "notes.txt").write_text("hello, world")
    (folder / "history.sqlite").write_text("no database")
    (folder / "empty.sqlite").write_bytes(b"")
    with sqlite3.connect(folder / "other.sqlite") as base:
        base.execute("CREATE TABLE things (name TEXT)")
    base.close()
    (folder / "no pictures").mkdir()
    (folder / "no pictures" / "notes.txt").write_text("hello, world")
    (folder / "record.json").write_text('{"schema": 1, "settings": {')
    (folder / "old.json").write_text('{"schema": 0}')
    return folder


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("run nowhere.tflite", "there is no model 'nowhere.tflite'; choose a file that exists, or the name of a sample detector"),
        ("run {bad}/empty.tflite", "{bad}/empty.tflite is empty (0 bytes); copy the model again"),
        ("run {bad}/text.tflite", "{bad}/text.tflite is no LiteRT model"),
        ("run {bad}", "{bad} is no SavedModel: it has no saved_model.pb"),
        (
            "run inspector-mobile nowhere.mp4",
            "there is no nowhere.mp4; choose a picture, a folder or glob of pictures, a numbered sequence, a GIF, a video,",
        ),
        ("run inspector-mobile '{bad}/no pictures'", "{bad}/no pictures holds no pictures but 1 files that are none"),
        ("run inspector-mobile {bad}/cut.webm", "{bad}/cut.webm is cut short: "),
        ("run inspector-mobile {bad}/half.jpg", "{bad}/half.jpg is cut short or damaged"),
        ("run inspector-mobile {bad}/empty.mp4", "{bad}/empty.mp4 is empty (0 bytes); choose a video"),
        ("run inspector-mobile {bad}/text.mp4", "{bad}/text.mp4 is not a video that OpenCV can read, or is damaged"),
        ("run inspector-mobile {bad}/notes.txt", "{bad}/notes.txt is neither a picture"),
        ("run inspector-mobile '{bad}/*.bmp'", "{bad}/*.bmp matches 0 files and no picture among them"),
        ("run --truth nowhere.json", "cannot read nowhere.json"),
        ("run --set nms.scores=1", "there is no setting 'nms.scores'; choose one of input.size_hw"),
        ("run --set nms.score", "'nms.score' is not of the form group.field=value, such as nms.score=0.4"),
        ("run --set nms.score=7", "nms.score is '7': Input should be less than or equal to 1"),
        ("run --set runtime.threads=none", "runtime.threads is 'none': "),
        ("run --set input.size_hw=333", "input.size_hw is 333x333; choose multiples of 32"),
        ("run --set input.size_hw=big", "input.size_hw is 'big': write a size as 320 or as HEIGHTxWIDTH, such as 288x512"),
        (
            "run --set runtime.engine=turbo",
            "runtime.engine is 'turbo': Input should be 'keras', 'eager', 'graph', 'xla', 'litert', 'openvino' or 'onnxruntime'",
        ),
        ("run --set runtime.device=gpu:9", "runtime.device is gpu:9: TensorFlow sees"),
        ("run --set feed.cache=file", "feed.cache is file: only tf.data keeps prepared frames; choose none, or feed.mode=tfdata"),
        ("run --preset quick", "there is no preset 'quick'; choose one of naive, graph, xla, litert, litert-int8, fast"),
        ("run --preset litert,input.resize=graph", "input.resize is graph: the litert engine runs the network alone"),
        ("run --frames 0", "Invalid value for '--frames': "),
        ("run --frames many", "Invalid value for '--frames': "),
        ("run --baseline nowhere.json", "cannot read nowhere.json: No such file or directory; choose a file that `workbench run"),
        ("run --baseline {bad}/record.json", "{bad}/record.json is not JSON"),
        ("run --history {bad}/history.sqlite", "cannot read the history {bad}/history.sqlite: file is not a database"),
        ("run --history {bad}/other.sqlite", "{bad}/other.sqlite is a database of something else"),
        ("run --history {bad}/notes.txt/history.sqlite", "cannot open {bad}/notes.txt/history.sqlite"),
        ("run --unheard-of", "No such option: --unheard-of; see `workbench run --help`"),
        ("compare --a graph", "Missing option '--b'; see `workbench compare --help`"),
        ("compare --a graph --b quick", "there is no preset 'quick'"),
        ("report nowhere.json", "cannot read nowhere.json"),
        ("report {bad}/record.json", "{bad}/record.json is not JSON"),
        ("report {bad}/old.json", "{bad}/old.json has schema 0, this version reads schema 1"),
        ("report --history {bad}/nowhere.sqlite", "there is no history at {bad}/nowhere.sqlite"),
        ("report --history {bad}/empty.sqlite", "the history {bad}/empty.sqlite is empty; measure something with `workbench run`"),
        ("train inspector-huge", "there is no sample detector 'inspector-huge' to train"),
        ("runn", "No such command 'runn'"),
    ],
    ids=lambda value: value.replace("{bad}/", "") if value.split()[0] in {"run", "compare", "report", "train", "runn"} else "",
)
def test_a_users_error_is_one_line_and_exit_2(workbench: Workbench, bad: Path, tmp_path: Path, words: str, error: str) -> None:
    given = [word.replace("{bad}", str(bad)) for word in shlex.split(words)]
    if given[0] in {"run", "compare"} and "--history" not in given:
        given += ["--history", str(tmp_path / "history.sqlite")]

    done = workbench(*given)

    assert done.status == 2
    assert done.out == ""
    assert len(done.error_lines) == 1
    assert done.error_lines[0].startswith(f"workbench: {error.replace('{bad}', str(bad))}")


@pytest.mark.parametrize("name", ["coral_mobilenet_v1_0.25_128_quant_classifier.tflite", "coral_model_invoking_error.tflite"])
def test_a_model_that_is_no_detector_is_one_line_and_exit_2(workbench: Workbench, assets: Path, tmp_path: Path, name: str) -> None:
    done = workbench("run", assets / "negative" / name, "--history", tmp_path / "history.sqlite")

    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1)


def test_a_file_name_cannot_break_the_line(workbench: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.onnx"
    path.write_bytes(b"\x08")

    done = workbench("run", path, "--history", tmp_path / "history.sqlite")

    assert (done.status, len(done.error_lines)) == (2, 1)


def test_without_a_command_there_is_help(workbench: Workbench) -> None:
    done = workbench()

    assert done.status == 2
    assert "Usage: workbench" in done.err
    assert "doctor" in done.err


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def promised(record: dict[str, Any]) -> None:
    """Check the keys that DESIGN.md promises of one record."""
    assert set(record) >= RECORD_KEYS
    assert record["schema"] == 1
    assert set(record["timing"]) >= TIMING_KEYS
    assert set(record["noise"]) >= {"verdict", "reasons"}
    assert {f"{group}.{field}" for group, fields in record["settings"].items() for field in fields} == set(setting_names())
    if record["accuracy"] is not None:
        assert set(record["accuracy"]) >= {"ap", "ap50", "ap_small", "ap_medium", "ap_large"}


def test_json_on_standard_output_is_all_there_is(shots: Path, history: Path) -> None:
    """In a process of its own, since TensorFlow prints when it loads."""
    done = program("run", "inspector-mobile", shots, *QUICK, "--frames", "2", "--history", history, "--json", "-")

    assert done.status == 0
    record = json.loads(done.out)
    promised(record)
    assert record["problem"] is None
    assert len(record["timing"]["total_seconds"]) == 2
    assert "E0000" not in done.err, "what native code prints is kept off the screen"
    assert "oneDNN" not in done.err
    assert "Traceback" not in done.err


def test_a_run_is_kept_in_the_history_and_in_its_file(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    out = tmp_path / "folder" / "run.json"

    done = workbench("run", "inspector-mobile", shots, *QUICK, "--frames", "2", "--history", history, "--json", out)

    assert done.status == 0
    (written,) = read_records(out)
    promised(json.loads(out.read_text()))
    with History(history) as kept:
        assert kept.records() == (written,)
    assert "size_hw=192x320" in done.out


def test_truth_on_the_command_line_gives_accuracy(workbench: Workbench, tmp_path: Path, history: Path) -> None:
    pictures = str(SAMPLE_STILLS / "still_00[2-4].jpg")
    size = ("--set", "input.size_hw=192x320", "--frames", "3")
    out = tmp_path / "run.json"

    assert workbench("run", "inspector-mobile", pictures, *size, "--history", history, "--json", out).status == 0

    record = json.loads(out.read_text())
    promised(record)
    assert record["accuracy"]["ap"] > 0
    assert len(record["pictures"]) >= 1


@pytest.mark.slow
def test_compare_gives_a_ratio_its_interval_and_a_verdict(workbench: Workbench, shots: Path, history: Path) -> None:

    done = workbench(
        "compare",
        "inspector-mobile",
        shots,
        "--a",
        LITERT,
        "--b",
        f"{LITERT},nms.method=numpy",
        "--history",
        history,
        "--json",
        "-",
    )

    assert done.status == 0
    tree = json.loads(done.out)
    assert set(tree["ratio"]) == {"median", "low", "high"}
    assert tree["ratio"]["low"] <= tree["ratio"]["median"] <= tree["ratio"]["high"]
    assert tree["verdict"] in {"faster", "slower", "no measurable difference"}
    for row in ("a", "b"):
        promised(tree[row])
    assert tree["b"]["agreement"]["ratio"] == 1.0
    with History(history) as kept:
        assert [record.id for record in kept.records()] == [tree["a"]["id"], tree["b"]["id"]]


@pytest.mark.slow
def test_several_presets_are_one_list_of_records(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    out, page = tmp_path / "runs.json", tmp_path / "report.html"
    presets = ("--preset", LITERT, "--preset", f"{LITERT},nms.method=numpy")

    done = workbench(
        "run", "inspector-mobile", shots, *presets, "--frames", "2", "--history", history, "--json", out, "--report", page
    )

    assert done.status == 0
    first, second = read_records(out)
    assert (first.comparison, first.agreement) == (None, None)
    assert second.comparison is not None
    assert second.agreement is not None
    assert second.name == "litert size_hw=192x320 method=numpy"
    assert page.read_text().startswith("<!")
    assert all(word in done.out for word in second.name.split())

    assert f"report: {page}" in done.out.splitlines()

    # From the file, and from the history: the page is written again, and the JSON says of which records.
    for source in ((out,), ("--history", history)):
        told = workbench("report", *source, "--out", tmp_path / "again.html", "--json", "-")
        assert told.status == 0
        assert json.loads(told.out)["records"] == [first.id, second.id]
        assert (tmp_path / "again.html").exists()


@pytest.mark.parametrize("target", ["/dev/full", "{tmp}/file/run.json"], ids=["full disk", "no such folder"])
def test_what_was_measured_is_kept_where_its_file_cannot_be_written(
    workbench: Workbench, shots: Path, tmp_path: Path, history: Path, target: str
) -> None:
    if target == "/dev/full" and not Path(target).is_char_device():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "file").write_text("")
    path = target.replace("{tmp}", str(tmp_path))

    done = workbench("run", "inspector-mobile", shots, *QUICK, "--frames", "2", "--history", history, "--json", path)

    assert done.status == 2
    assert done.error_lines[-1].startswith(f"workbench: cannot write {path}: ")
    assert "Traceback" not in done.err
    with History(history) as kept:
        assert len(kept.records()) == 1
    assert target != "/dev/full" or Path(target).is_char_device(), "a device is written to, not replaced"


def test_standard_output_on_a_full_disk_is_one_line(shots: Path, history: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        words = ("run", "inspector-mobile", shots, *QUICK, "--frames", "2", "--history", history, "--json", "-")
        done = program(*words, stdout=full)

    assert done.status == 2
    assert done.error_lines[-1] == "workbench: cannot write to standard output: No space left on device; choose another place"
    with History(history) as kept:
        assert len(kept.records()) == 1


def test_annotated_frames_are_written(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    frames = tmp_path / "frames"
    batch = ("--preset", "runtime.engine=eager,runtime.batch=2,input.size_hw=64x96", "--frames", "3")

    done = workbench("run", "inspector-mobile", shots, *batch, "--history", history, "--save-frames", frames)

    assert done.status == 0
    assert sorted(path.name for path in frames.iterdir()) == ["000000.jpg", "000001.jpg", "000002.jpg"]
    assert cv2.imread(str(frames / "000002.jpg")).shape == (72, 128, 3)


def test_the_stored_command_parses_again(
    workbench: Workbench, shots: Path, tmp_path: Path, history: Path, mobile: Detector
) -> None:
    folder = tmp_path / "it's a folder; of $shots"
    folder.symlink_to(shots, target_is_directory=True)
    out = tmp_path / "run.json"
    first = (
        "run",
        "inspector-mobile",
        folder,
        "--preset",
        "litert, input.size_hw=192x320",
        "--set",
        "nms.score=0.4",
        "--frames",
        "2",
        "--history",
        history,
    )
    assert workbench(*first, "--json", out).status == 0
    (record,) = read_records(out)

    program_name, *words = shlex.split(record.command)

    assert program_name == "workbench"
    assert workbench(*words, "--history", history, "--json", out).status == 0
    (again,) = read_records(out)
    assert (again.settings, again.media.sha256, again.command) == (record.settings, record.media.sha256, record.command)
    assert variant(mobile, words[words.index("--preset") + 1]).settings == record.settings


def test_a_saved_record_may_be_the_baseline(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    out = tmp_path / "run.json"
    words = ("run", "inspector-mobile", shots, *QUICK, "--frames", "2", "--history", history, "--json", out)
    assert workbench(*words).status == 0

    assert workbench(*words, "--baseline", out).status == 0

    (record,) = read_records(out)
    assert record.agreement is not None
    assert record.agreement.ratio == 1.0


def test_a_saved_record_of_other_media_is_refused(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    out = tmp_path / "run.json"
    common = (*QUICK, "--frames", "1", "--history", history)
    assert workbench("run", "inspector-mobile", shots, *common, "--json", out).status == 0

    done = workbench("run", "inspector-mobile", shots / "1.png", *common, "--baseline", out)

    assert done.status == 2
    assert done.error_lines[-1].endswith("choose a record of the same media")


def test_fast_is_the_fastest_in_the_history(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    common = ("run", "inspector-mobile", shots, "--frames", "2", "--history", history, "--json", tmp_path / "run.json")
    assert workbench(*common, *QUICK, "--set", "nms.method=numpy").status == 0

    assert workbench(*common, "--preset", "fast").status == 0

    (record,) = read_records(tmp_path / "run.json")
    assert (record.settings.input.size_hw, record.settings.nms.method) == ((192, 320), "numpy")


def test_doctor_says_what_is_here(workbench: Workbench) -> None:
    done = workbench("doctor", "--json", "-")

    assert done.status == 0
    tree = json.loads(done.out)
    assert set(tree) >= {"schema", "environment", "noise", "checks"}
    assert all(check["remedy"] is None for check in tree["checks"].values()), tree["checks"]


@pytest.mark.parametrize(
    "words", ["--help", "run --help", "compare -h", "report --help", "doctor --help", "train --help", "--version"]
)
def test_help_loads_neither_tensorflow_nor_opencv(words: str) -> None:
    code = (
        "import sys\n"
        "from workbench.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(sorted({'tensorflow', 'keras', 'ai_edge_litert', 'cv2', 'scipy', 'plotly'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *words.split()], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stderr == ""


@pytest.mark.parametrize("preset", PRESETS)
def test_help_names_every_preset(workbench: Workbench, preset: str) -> None:
    assert preset in workbench("run", "--help").out


def test_the_installed_program_is_this_one() -> None:
    found = Path(sys.executable).with_name("workbench")
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False, env=os.environ)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_history_of_the_user_is_left_alone_by_another_one(workbench: Workbench, shots: Path, history: Path) -> None:
    from workbench.history import default_path

    workbench("run", "inspector-mobile", shots, *QUICK, "--frames", "1", "--history", history)

    if default_path().exists():
        with History(default_path()) as own:
            assert all(isinstance(record, Record) for record in own.records())
            assert not any(record.media.source == str(shots) for record in own.records())

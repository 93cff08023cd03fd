"""`workbench run`, as people and scripts use it: JSON that keeps its promises, and a history that keeps all."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.assets.scenes import SHAPES
from tests.cli.promises import promised
from tests.command_line import Done, Workbench
from workbench.detectors import Detector
from workbench.history import History
from workbench.opening import variant
from workbench.record import Record, read_records
from workbench.samples import SAMPLE_STILLS

LITERT = "litert,input.size_hw=96x160"
EAGER = f"{LITERT},runtime.engine=eager"
QUICK = ("--preset", LITERT)


def program(*words: str | Path, stdout: Any = subprocess.PIPE) -> Done:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-c", "from workbench.cli import main; main()", *map(str, words)]
    done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    return Done(done.returncode, done.stdout or "", done.stderr)


def test_json_on_standard_output_is_all_there_is(shots: Path, history: Path) -> None:
    """In a process of its own, since TensorFlow prints when it loads."""
    done = program("run", SHAPES, shots, *QUICK, "--frames", "2", "--history", history, "--json", "-")

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

    done = workbench("run", SHAPES, shots, *QUICK, "--frames", "2", "--history", history, "--json", out)

    assert done.status == 0
    (written,) = read_records(out)
    promised(json.loads(out.read_text()))
    with History(history) as kept:
        assert kept.records() == (written,)
    assert "size_hw=96x160" in done.out


def test_truth_on_the_command_line_gives_accuracy(workbench: Workbench, tmp_path: Path, history: Path) -> None:
    pictures = str(SAMPLE_STILLS / "still_00[2-4].jpg")
    size = ("--set", "input.size_hw=192x320", "--frames", "3")
    out = tmp_path / "run.json"

    assert workbench("run", "inspector-mobile", pictures, *size, "--history", history, "--json", out).status == 0

    record = json.loads(out.read_text())
    promised(record)
    assert record["accuracy"]["ap"] > 0
    assert len(record["pictures"]) >= 1


def test_several_presets_are_one_list_of_records(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    out, page = tmp_path / "runs.json", tmp_path / "report.html"
    presets = ("--preset", LITERT, "--preset", EAGER)

    done = workbench("run", SHAPES, shots, *presets, "--frames", "2", "--history", history, "--json", out, "--report", page)

    assert done.status == 0
    first, second = read_records(out)
    assert (first.comparison, first.agreement) == (None, None)
    assert second.comparison is not None
    assert second.agreement is not None
    assert second.name == "litert size_hw=96x160 engine=eager"
    assert page.read_text().startswith("<!")
    assert all(word in done.out for word in second.name.split())

    assert f"report: {page}" in done.out.splitlines()

    # From the file, and from the history: the page is written again, and the JSON says of which records.
    for source in ((out,), ("--history", history)):
        told = workbench("report", *source, "--out", tmp_path / "again.html", "--json", "-")
        assert told.status == 0
        assert json.loads(told.out)["records"] == [first.id, second.id]
        assert (tmp_path / "again.html").exists()


@pytest.mark.parametrize(("target", "kept"), [("/dev/full", 1), ("{tmp}/file/run.json", 0)], ids=["full disk", "no such folder"])
def test_a_file_that_cannot_be_written_is_told_at_once_and_a_full_one_loses_nothing(
    workbench: Workbench, shots: Path, tmp_path: Path, history: Path, target: str, kept: int
) -> None:
    if target == "/dev/full" and not Path(target).is_char_device():
        pytest.skip("this system has no /dev/full")
    (tmp_path / "file").write_text("")
    path = target.replace("{tmp}", str(tmp_path))

    done = workbench("run", SHAPES, shots, *QUICK, "--frames", "2", "--history", history, "--json", path)

    assert done.status == 2
    assert done.error_lines[-1].startswith(f"workbench: cannot write {path}: ")
    assert "Traceback" not in done.err
    with History(history) as opened:
        assert len(opened.records()) == kept
    assert target != "/dev/full" or Path(target).is_char_device(), "a device is written to, not replaced"


def test_standard_output_on_a_full_disk_is_one_line(shots: Path, history: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        words = ("run", SHAPES, shots, *QUICK, "--frames", "2", "--history", history, "--json", "-")
        done = program(*words, stdout=full)

    assert done.status == 2
    assert done.error_lines[-1] == "workbench: cannot write to standard output: No space left on device; choose another place"
    with History(history) as kept:
        assert len(kept.records()) == 1


def test_annotated_frames_are_the_last_setting_s(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    frames = tmp_path / "frames"
    batch = (*QUICK, "--preset", "runtime.engine=eager,runtime.batch=2,input.size_hw=32x64,nms.score=0.9", "--frames", "3")

    done = workbench("run", SHAPES, shots, *batch, "--history", history, "--save-frames", frames)

    assert done.status == 0
    assert re.search(rf"^frames: {frames}, as .*score=0\.9.* finds them$", done.out, re.MULTILINE)
    assert sorted(path.name for path in frames.iterdir()) == ["000000.jpg", "000001.jpg", "000002.jpg"]
    assert cv2.imread(str(frames / "000002.jpg")).shape == (72, 128, 3)


def test_the_stored_command_parses_again(workbench: Workbench, shots: Path, tmp_path: Path, history: Path, small: Detector) -> None:
    folder = tmp_path / "it's a folder; of $shots"
    folder.symlink_to(shots, target_is_directory=True)
    out = tmp_path / "run.json"
    first = (
        "run",
        SHAPES,
        folder,
        "--preset",
        "litert, input.size_hw=96x160",
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
    assert variant(small, words[words.index("--preset") + 1]).settings == record.settings


def test_a_saved_record_may_be_the_baseline(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    out = tmp_path / "run.json"
    words = ("run", SHAPES, shots, *QUICK, "--frames", "2", "--history", history, "--json", out)
    assert workbench(*words).status == 0

    assert workbench(*words, "--baseline", out).status == 0

    (record,) = read_records(out)
    assert record.agreement is not None
    assert record.agreement.ratio == 1.0


def test_a_saved_record_of_other_media_is_refused(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    out = tmp_path / "run.json"
    common = (*QUICK, "--frames", "1", "--history", history)
    assert workbench("run", SHAPES, shots, *common, "--json", out).status == 0

    done = workbench("run", SHAPES, shots / "1.png", *common, "--baseline", out)

    assert done.status == 2
    assert done.error_lines[-1].endswith("choose a record of the same media")


def test_fast_is_the_fastest_in_the_history(workbench: Workbench, shots: Path, tmp_path: Path, history: Path) -> None:
    common = ("run", SHAPES, shots, "--frames", "2", "--history", history, "--json", tmp_path / "run.json")
    assert workbench(*common, *QUICK, "--set", "nms.method=numpy").status == 0

    assert workbench(*common, "--preset", "fast").status == 0

    (record,) = read_records(tmp_path / "run.json")
    assert (record.settings.input.size_hw, record.settings.nms.method) == ((96, 160), "numpy")


def test_the_history_of_the_user_is_left_alone_by_another_one(workbench: Workbench, shots: Path, history: Path) -> None:
    from workbench.history import default_path

    workbench("run", SHAPES, shots, *QUICK, "--frames", "1", "--history", history)

    if default_path().exists():
        with History(default_path()) as own:
            assert all(isinstance(record, Record) for record in own.records())
            assert not any(record.media.source == str(shots) for record in own.records())


def test_frames_beyond_the_media_repeat_them_and_real_time_waits_for_no_more(
    workbench: Workbench, shots: Path, tmp_path: Path, history: Path
) -> None:
    out = tmp_path / "run.json"
    there = len(list(shots.iterdir()))
    asked = there + 5

    done = workbench(
        "run", SHAPES, shots, *QUICK, "--frames", asked, "--real-time", "drop", "--fps", "20", "--history", history, "--json", out
    )

    (record,) = read_records(out)
    note = f"{asked} frames were timed and the media hold {there}: they were repeated"
    assert done.status == 0
    assert len(record.timing.total_seconds) == len(record.real_time.age_seconds) == asked
    assert note in record.warnings
    assert note in " ".join(done.out.split())


def test_a_setting_is_weighed_where_that_is_asked_for(
    workbench: Workbench, small_tflite: Path, shots: Path, tmp_path: Path, history: Path
) -> None:
    out = tmp_path / "run.json"
    words = (small_tflite, shots, "--preset", "litert", "--frames", "2", "--history", history, "--json", out)

    assert "memory" not in workbench("run", *words).out
    assert json.loads(out.read_text())["weight"] is None
    done = workbench("run", *words, "--weigh")

    weight = json.loads(out.read_text())["weight"]
    assert weight["peak_bytes"] >= weight["running_bytes"] > weight["libraries_bytes"]
    assert "in a process of its own: at most" in done.out
    with History(history) as kept:
        assert [row.peak_bytes for row in kept.summaries()] == [None, weight["peak_bytes"]]

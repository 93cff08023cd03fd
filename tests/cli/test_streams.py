"""Standard streams that are closed, full or of another encoding: one line, and what else was asked for is done."""

import json
import logging
import os
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from tests.command_line import Workbench
from workbench.cli.terminal import native_lines_apart

FULL = Path("/dev/full")
NO_SPACE = "workbench: cannot write to standard output: No space left on device; choose another place"

needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@needs_full
@pytest.mark.parametrize("words", ["--version", "run --help", "history --history {path}", "pick --json - --history {path}"])
def test_a_full_standard_output_is_one_line(workbench: Workbench, path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    with FULL.open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        done = workbench(*words.format(path=path).split())

    assert done.status == 2
    assert done.error_lines[-1] == NO_SPACE


@needs_full
def test_so_is_one_without_a_buffer(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = os.dup(1)
    with FULL.open("wb") as full:
        os.dup2(full.fileno(), 1)
    monkeypatch.setattr(sys, "stdout", None)
    try:
        done = workbench("--version")
    finally:
        os.dup2(saved, 1)
        os.close(saved)

    assert (done.status, done.error_lines) == (2, [NO_SPACE])


@needs_full
def test_what_else_was_asked_for_is_done_when_standard_output_is_full(
    workbench: Workbench, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with FULL.open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        done = workbench("pick", "--history", path, "--json", tmp_path / "pick.json")

    assert (done.status, done.error_lines) == (2, [NO_SPACE])
    assert json.loads((tmp_path / "pick.json").read_text())["sentence"]


def test_another_encoding_gets_what_it_lacks_written_out(
    workbench: Workbench, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with out.open("w", encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        done = workbench("history", "show", "aaa1", "--history", path)

    assert (done.status, done.err) == (0, "")
    assert r"\u2013" in out.read_text()


def test_a_word_that_is_not_utf_8_is_one_line(workbench: Workbench) -> None:
    done = workbench("run", os.fsdecode(b"caf\xe9.mp4"))

    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1)
    assert done.err.startswith(r"workbench: 'caf\xe9.mp4' is a name that is not UTF-8")


def test_a_current_folder_that_was_deleted_is_one_line(
    workbench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        done = workbench("history")
    finally:
        os.chdir(tmp_path)

    assert (done.status, done.out) == (2, "")
    assert done.error_lines == ["workbench: the current folder was deleted; change to one that is there"]


def test_what_libraries_print_stays_apart_and_what_we_say_does_not(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    with native_lines_apart():
        os.write(2, b"libpng error: IDAT: CRC error\n")
        warnings.showwarning("Corrupt EXIF data", UserWarning, "TiffImagePlugin.py", 982)
        logging.getLogger("tensorflow").warning("5 out of the last 5 calls triggered tf.function retracing")
        print("ours", file=sys.stderr)  # noqa: T201 - the subject
    os.write(2, b"behind\n")

    assert capfd.readouterr().err == "ours\nbehind\n"


def test_who_sets_the_log_level_sees_what_libraries_print(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with native_lines_apart():
        os.write(2, b"native\n")

    assert capfd.readouterr().err == "native\n"


SURROUNDINGS = {
    "standard output is closed": ">&-",
    "standard output is full": ">/dev/full",
    "standard error is closed": "2>&-",
    "all streams are closed": ">&- 2>&- <&-",
    "nobody reads": "| true",
    "an ASCII terminal": "PYTHONIOENCODING=ascii",
    "the C locale": "LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0",
    "another backend of Keras": "KERAS_BACKEND=torch",
    "no home": "HOME=/nowhere XDG_DATA_HOME= XDG_CACHE_HOME=",
}
COMMANDS = (
    "history --history {path}",
    "pick --history {path} --json -",
    "run {small} {media} --preset litert --frames 1 --history {path}",
    "run {keras} {media} --preset graph --frames 1 --history {path}",
    "describe {small} {media} --picture {tmp}/sheet.jpg",
    "export --out {tmp}/exported {small} {media}",
    "doctor",
    "sweep --dry-run {small} {media} --history {path}",
)


@pytest.mark.slow
@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words.partition(" {")[0])
def test_every_command_ends_with_its_result_or_one_line_whatever_is_around_it(
    path: Path, small_tflite: Path, small_folder: Path, tmp_path: Path, surrounding: str, command: str
) -> None:
    places = {"path": path, "small": small_tflite, "keras": SHAPES, "media": small_folder, "tmp": tmp_path}
    around = SURROUNDINGS[surrounding]
    variables, redirected = ("", around) if around[0] in "><2|" else (around, "")
    program = shlex.join([sys.executable, "-c", "from workbench.cli import main; main()", *command.format_map(places).split()])
    line = f"env {variables} {program} {redirected}; exit $?" if redirected != "| true" else f"{program} | true"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode in {0, 1, 2}, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= (1 if "--json" not in command else 12), done.stderr
    if done.returncode == 2 and "2>&-" not in redirected:
        assert done.stderr.splitlines()[-1].startswith("workbench: ")

"""Tuning as a user has it, on the small detector: killed, interrupted and started again it comes to its end."""

import getpass
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from tests.ssh_server import WHY_NOT, ssh_server
from workbench.history import History
from workbench.opening import open_detector
from workbench.record import Record

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
LONGEST_SECONDS = 250
MOST_BYTES = 60_000  # of a file: more than an empty history has, and less than a record with its pictures
NEEDS_LIMITS = pytest.mark.skipif(os.name != "posix", reason="this system has no limit on the size of a file")


def started(out: Path, media: Path, *more: str, before: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
    words = [WORKBENCH, "tune", str(SHAPES), str(media), "--time", "120s", "--frames", "6", "--out", str(out), *more]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=before)  # noqa: PLW1509 - of one thread


def line_of_a_full_disk(media: Path, out: Path) -> str:
    """Tune where no file may become larger than `MOST_BYTES`, as on a full disk; return the one line that it costs."""

    def leave_little() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))

    process = started(out, media, before=leave_little)
    _, errors = process.communicate(timeout=LONGEST_SECONDS)
    assert (process.returncode, errors.count("\n")) == (2, 1), errors
    return errors


def known(out: Path) -> dict[str, Record]:
    path = out / "history.sqlite"
    if not path.exists():
        return {}
    with History(path, create=False) as history:
        return {record.id: record for record in history.records(pictures=False)}


def ended_by(how: signal.Signals, process: "subprocess.Popen[str]", out: Path, records: int) -> int:
    """Wait until the history has so many records, and end the process; return its exit code."""
    until = time.monotonic() + LONGEST_SECONDS
    while process.poll() is None and len(known(out)) < records and time.monotonic() < until:
        time.sleep(0.2)
    process.send_signal(how)
    process.communicate(timeout=LONGEST_SECONDS)
    return process.returncode


def kept_as_they_were(before: dict[str, Record], after: dict[str, Record]) -> bool:
    """Say whether all that was measured is there still, and none of it was measured again."""
    return {key: record.created for key, record in before.items()}.items() <= {
        key: record.created for key, record in after.items()
    }.items()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_and_interrupted_it_comes_to_its_end_and_keeps_what_it_measured(small_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tuned"
    killed = ended_by(signal.SIGKILL, started(out, small_folder), out, 1)
    after_kill = known(out)
    interrupted = ended_by(signal.SIGINT, started(out, small_folder), out, len(after_kill) + 1)
    after_interrupt = known(out)
    process = started(out, small_folder, "--json", str(tmp_path / "tuned.json"))
    printed, errors = process.communicate(timeout=LONGEST_SECONDS)
    after_end = known(out)

    assert (killed, interrupted, process.returncode) == (-signal.SIGKILL, 130, 0), errors
    assert len(after_kill) < len(after_interrupt) < len(after_end)
    assert kept_as_they_were(after_interrupt, after_end)
    tree = json.loads((tmp_path / "tuned.json").read_text())
    assert tree["sentence"] in printed
    assert (tree["baseline"], tree["chosen"]) == (tree["records"][0], tree["chosen"])
    chosen = after_end[tree["chosen"]]
    assert not chosen.broken
    assert not chosen.composed
    assert chosen.comparison is not None
    assert "naive" in Path(tree["report"]).read_text()
    self_test = [sys.executable, "detect.py", "--self-test", "--detections-only"]
    done = subprocess.run(self_test, cwd=tree["exported"], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    again = started(out, small_folder)
    again.communicate(timeout=LONGEST_SECONDS)
    assert again.returncode == 0
    assert kept_as_they_were(after_end, known(out))  # it may have looked further


@pytest.mark.slow
def test_frames_in_which_nothing_is_found_cost_one_line(tmp_path: Path) -> None:
    media = tmp_path / "nothing"
    media.mkdir()
    for number in range(3):
        cv2.imwrite(str(media / f"{number}.png"), np.zeros((120, 192, 3), np.uint8))
    process = started(tmp_path / "tuned", media)
    _, errors = process.communicate(timeout=LONGEST_SECONDS)

    assert process.returncode == 2
    assert "naive finds nothing in nothing, so no setting can be told to be as right; choose frames that show something" in errors
    assert errors.count("\n") == 1


@pytest.mark.slow
@NEEDS_LIMITS
def test_a_full_temporary_folder_costs_one_line(small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nothing tried yet"))  # so the model is tried first, in that folder

    assert "free some space or name another one in TMPDIR" in line_of_a_full_disk(small_folder, tmp_path / "tuned")


@pytest.mark.slow
@NEEDS_LIMITS
def test_a_full_disk_costs_one_line_and_what_was_known_stays(small_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tuned"
    open_detector(str(SHAPES), str(small_folder))  # tried already: the history is the first that finds no room
    line = line_of_a_full_disk(small_folder, out)

    assert f"cannot write {out / 'history.sqlite'}" in line
    assert "nothing that was saved before is lost, free some space or choose another place" in line
    assert known(out) == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")
def test_the_best_are_measured_on_another_machine_too_and_once(
    small_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, home = tmp_path / "tuned", tmp_path / "home there"
    home.mkdir()
    with ssh_server(tmp_path / "server", home) as (port, programs):
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        words = ("--time", "60s", "--run-on", f"ssh://{getpass.getuser()}@127.0.0.1:{port}")
        place = f"{getpass.getuser()}@127.0.0.1, port {port}"
        first = started(out, small_folder, *words)
        printed, errors = first.communicate(timeout=2 * LONGEST_SECONDS)
        after = known(out)
        again = started(out, small_folder, *words)
        repeated, _ = again.communicate(timeout=LONGEST_SECONDS)

    assert (first.returncode, again.returncode) == (0, 0), errors
    assert f"frames a second on {place}" in printed.replace("\n", " ")
    assert f"frames a second on {place}" in repeated.replace("\n", " ")
    there = [record for record in after.values() if record.name.endswith(f" on {place}")]
    assert there
    assert kept_as_they_were(after, known(out))
    assert all(record.name in (out / "report.html").read_text() for record in there)

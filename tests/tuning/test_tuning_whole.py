"""Tuning as a user has it, on the small detector: killed, interrupted and started again it comes to its end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from workbench.history import History
from workbench.record import Record

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
LONGEST_SECONDS = 250


def started(out: Path, media: Path, *more: str) -> "subprocess.Popen[str]":
    words = [WORKBENCH, "tune", str(SHAPES), str(media), "--time", "120s", "--frames", "6", "--out", str(out), *more]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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
    assert {key: record.created for key, record in after_interrupt.items()}.items() <= {
        key: record.created for key, record in after_end.items()
    }.items()
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
    assert set(known(out)) == set(after_end)

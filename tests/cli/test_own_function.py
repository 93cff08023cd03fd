"""The commands on a record of a user's own function: they take it, or say in a line why not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import Done, Workbench
from workbench.detectors import Calibration
from workbench.history import History
from workbench.measuring import Bench
from workbench.media import array_media
from workbench.opening import EvaluationData
from workbench.record import Record

TAG = "before"


def detect(frame: np.ndarray) -> tuple[list[list[int]], list[float], list[int]]:
    return [[1, 2, frame.shape[1], frame.shape[0]]], [0.5], [0]


@pytest.fixture(scope="module")
def measured() -> Record:
    frames = array_media(np.random.default_rng(1).integers(0, 256, (4, 40, 60, 3), np.uint8), name="noise")
    data = EvaluationData(frames, None, None, None, Calibration("nothing", list), ("thing",))
    return Bench(data, 8).measure(detect)


@pytest.fixture
def kept(measured: Record, history: Path) -> Path:
    with History(history) as opened:
        opened.append(measured)
        opened.set_tag(measured.id, TAG)
    return history


Run = Callable[..., Done]


@pytest.fixture
def run(workbench: Workbench, kept: Path) -> Run:
    return lambda *words: workbench(*words, "--history", kept)


def test_it_is_listed_and_shown_without_settings(run: Run, measured: Record) -> None:
    assert "detect (your function)" in run("history", "list").out
    shown = run("history", "show", measured.id[:8]).out

    assert "settings: runtime.engine=function\n" in shown
    assert f"detector: detect ({measured.detector.source}) [{measured.detector.sha256[:8]}]" in shown
    assert f"again: {measured.command}" in shown


def test_a_pick_has_nothing_to_pick_and_names_it(run: Run) -> None:
    done = run("pick", "--min-fps", "1")

    assert done.status == 1
    assert "left out, for no setting can be changed in it and nothing exported: detect (your function)" in done.out


def test_it_cannot_be_exported(run: Run, measured: Record, tmp_path: Path) -> None:
    done = run("export", "--pick", measured.id[:8], "--out", tmp_path / "exported")

    assert done.status == 2
    (line,) = done.error_lines
    assert "is of detect (your function): a function of your own has no settings to change and no file to quantise" in line
    assert line.endswith("choose the record of a setting")


def test_it_is_checked_against_an_earlier_one_of_the_same_source(run: Run, measured: Record, kept: Path) -> None:
    again = measured.model_copy(update={"id": "later", "tag": None})
    with History(kept) as opened:
        opened.append(again)
    done = run("check", "--against", TAG, "--record", "history:later")

    assert (done.status, done.out.splitlines()[0][:29]) == (0, "as good: detect detect (your ")


def test_measured_again_it_has_a_trend(run: Run, measured: Record, kept: Path, tmp_path: Path) -> None:
    with History(kept) as opened:
        opened.append(measured.model_copy(update={"id": "later", "tag": None}))
    done = run("history", "trend", "--json", tmp_path / "trend.json")

    assert done.status == 0
    assert "detect (your function)" in done.out
    assert '"engine": "function"' in (tmp_path / "trend.json").read_text()


def test_advice_has_none_for_it_and_a_report_shows_it(run: Run, tmp_path: Path) -> None:
    assert run("advise").status == 0
    page = tmp_path / "page.html"

    assert run("report", "--out", page).status == 0
    assert "detect (your function)" in page.read_text(encoding="utf-8")

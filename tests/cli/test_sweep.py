"""`workbench sweep`: what there is to do, and what came of it."""

import json
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from tests.command_line import Workbench
from tests.record.test_weight import WEIGHT
from tests.saved_records import record
from workbench.cli.measured import weigh_left
from workbench.history import History
from workbench.media import open_media
from workbench.opening import Sources, open_detector, variant
from workbench.record import Problem

GRID = '"runtime.engine" = ["litert"]\n"input.resize" = ["opencv"]\n"input.size_hw" = ["64x96"]\n"nms.score" = [0.2, 0.4]\n'


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    file = tmp_path / "grid.toml"
    file.write_text(GRID)
    return file


def test_a_dry_run_says_how_much_there_is_and_measures_nothing(
    workbench: Workbench, shots: Path, grid: Path, history: Path
) -> None:
    done = workbench("sweep", SHAPES, shots, "--grid", grid, "--history", history, "--dry-run", "--json", "-")

    assert done.status == 0
    tree = json.loads(done.out)
    assert (tree["combinations"], tree["known"], tree["new_records"], tree["frontier"]) == (2, 0, 0, [])
    assert "2 combinations: " in done.err
    with History(history) as kept:
        assert kept.summaries() == ()


def test_what_cannot_run_is_not_known_already(workbench: Workbench, shots: Path, grid: Path, history: Path) -> None:
    grid.write_text(GRID.replace('"opencv"', '"opencv", "graph"'))  # which litert cannot take

    done = workbench("sweep", SHAPES, shots, "--grid", grid, "--history", history, "--dry-run", "--json", "-")

    tree = json.loads(done.out)
    assert (tree["combinations"], tree["known"], tree["cannot_run"]) == (4, 0, 2)
    assert "4 combinations, 2 that cannot run: 1 runs" in done.err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--grid", "nowhere.toml"), "cannot read the grid nowhere.toml"),
        (("--weigh", "--cluster", "tcp://host:8786"), "--weigh weighs on this machine, and --cluster measures on others"),
        (("--baseline", "quick"), "there is no preset 'quick'"),
        (("nowhere.mp4",), "there is no nowhere.mp4"),
    ],
    ids=["no grid", "weighed elsewhere", "no such baseline", "no media"],
)
def test_a_users_error_is_one_line_and_exit_2(workbench: Workbench, history: Path, words: tuple[str, ...], error: str) -> None:
    done = workbench("sweep", SHAPES, *words, "--history", history)

    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1)
    assert done.err.startswith(f"workbench: {error}")


def test_what_was_measured_whole_is_weighed_once(small_tflite: Path, shots: Path, history: Path) -> None:
    detector = open_detector(str(small_tflite))
    ran = {"detector": detector.facts, "settings": variant(detector, "litert").settings, "media": open_media(shots).facts()}
    rows = [
        record(id="left").model_copy(update=ran),
        record(id="weighed", weight=WEIGHT).model_copy(update=ran),
        record(id="failed", problem=Problem(kind="UnavailableError", message="no")).model_copy(update=ran),
        record(id="another"),
    ]
    told: list[str] = []
    with History(history) as kept:
        kept.append_many(rows)
        weigh_left(rows, [Sources(detector=str(small_tflite), media=str(shots))], kept, lambda what, *_: told.append(what))
        found = {row.id: row.peak_bytes for row in kept.summaries()}

    assert told == ["xla: weighing"]
    assert found["left"]
    assert (found["weighed"], found["failed"], found["another"]) == (WEIGHT.peak_bytes, None, None)

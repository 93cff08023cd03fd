"""`workbench check` where it measures: what was tagged is run again under its own settings."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from workbench.cli.check import REPEATS
from workbench.cli.entry import main
from workbench.history import History
from workbench.record import Record

LITERT = "litert,input.size_hw=96x160"
FRAMES = 24
ANY_TIME = ("--max-slower", "50")  # nothing here asserts how long something takes

Workbench = Callable[..., int]


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media") / "shots"
    folder.mkdir()
    for n in range(FRAMES):
        cv2.imwrite(str(folder / f"{n:02}.png"), np.random.default_rng(n).integers(0, 256, (72, 128, 3), np.uint8))
    return folder


@pytest.fixture
def workbench(monkeypatch: pytest.MonkeyPatch) -> Workbench:
    def run(*words: str | Path) -> int:
        monkeypatch.setattr(sys, "argv", ["workbench", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


@pytest.fixture
def path(workbench: Workbench, shots: Path, tmp_path: Path) -> Path:
    """A history with one tagged record, and another that is not."""
    file = tmp_path / "history.sqlite"
    for words in (("--preset", LITERT), ("--preset", f"{LITERT},nms.method=numpy")):
        assert workbench("run", SHAPES, shots, *words, "--frames", str(FRAMES), "--history", file) == 0
    with History(file) as history:
        history.set_tag(history.summaries()[0].id, "v1")
    return file


def change(path: Path, update: Callable[[Record], dict[str, Any]]) -> None:
    """Put another record in the tagged one's place."""
    with History(path) as history:
        old = history.records(tag="v1")[0]
        history.remove(old.id)
        history.append(old.model_copy(update=update(old)))


def test_what_is_as_good_as_it_was_exits_with_0_and_is_kept(workbench: Workbench, shots: Path, path: Path, tmp_path: Path) -> None:
    out = tmp_path / "check.json"

    assert workbench("check", SHAPES, shots, "--against", "v1", *ANY_TIME, "--history", path, "--json", out) == 0

    (one,) = json.loads(out.read_text())["checks"]
    with History(path) as history:
        before, after = history.get(one["before"]), history.get(one["after"])
    assert after.settings == before.settings
    assert len(after.timing.total_seconds) == FRAMES  # type: ignore[union-attr]
    assert (after.name, after.tag, one["worse"]) == (before.name, None, [])
    assert any(words.startswith("agreement 1.000") for words in one["judged"])


def test_what_is_slower_is_measured_again_before_it_is_said(workbench: Workbench, shots: Path, path: Path) -> None:
    change(
        path,
        lambda old: {
            "timing": old.timing.model_copy(update={"total_seconds": tuple(s / 100 for s in old.timing.total_seconds)})  # type: ignore[union-attr]
        },
    )

    assert workbench("check", SHAPES, shots, "--against", "v1", "--history", path) == 1

    with History(path) as history:
        assert len(history.summaries()) == 2 + REPEATS


def test_detections_that_are_gone_exit_with_1(workbench: Workbench, shots: Path, path: Path) -> None:
    def more_boxes(old: Record) -> dict[str, Any]:
        row = old.detections[0].model_copy(
            update={"boxes_xyxy_px": ((1.0, 1.0, 60.0, 60.0),) * 9, "scores": (0.9,) * 9, "class_ids": (0,) * 9}
        )
        return {"detections": (row, *old.detections[1:])}

    change(path, more_boxes)

    assert workbench("check", SHAPES, shots, "--against", "v1", *ANY_TIME, "--history", path) == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--preset", f"{LITERT},nms.method=numpy"), "under these settings; tagged are shapes litert"),
        (("--against", "v9"), "is tagged 'v9'"),
    ],
    ids=["other settings", "another tag"],
)
def test_what_was_not_tagged_is_a_users_error(
    workbench: Workbench, shots: Path, path: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], error: str
) -> None:
    assert workbench("check", SHAPES, shots, "--against", "v1", *words, "--history", path) == 2
    assert error in capfd.readouterr().err


def test_a_tag_of_another_machine_is_refused_unless_that_is_said(workbench: Workbench, shots: Path, path: Path) -> None:
    change(path, lambda old: {"environment": old.environment.model_copy(update={"machine_id": "elsewhere"})})
    words = ("check", SHAPES, shots, "--against", "v1", "--history", path)

    assert workbench(*words) == 2
    assert workbench(*words, "--different-machines") == 0

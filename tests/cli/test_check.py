"""`workbench check`: what was tagged against a saved record, and measured again under its own settings."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.assets.scenes import SHAPES
from tests.cli.saved_history import MARKUP, times
from tests.command_line import Workbench
from tests.saved_records import record
from workbench.cli.check import REPEATS
from workbench.history import History
from workbench.machine import environment
from workbench.record import FrameDetections, Problem, Record

LITERT = "litert,input.size_hw=96x160"
FRAMES = 24
ANY_TIME = ("--max-slower", "50")  # nothing here asserts how long something takes


def again(path: Path, identity: str, ms: float = 10.7, ap: float = 0.583, **changes: object) -> None:
    """Store what `bbb2` might be when it is measured again."""
    with History(path) as history:
        old = history.get("bbb2")
        new = record(seconds=times(ms, 1), ap=ap)
        update = {"id": identity, "tag": None, "timing": new.timing, "accuracy": new.accuracy, **changes}
        history.append(old.model_copy(update=update))


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({}, 0, "as good: inspector-mobile quick: takes 1.00 times as long"),
        ({"ms": 12.5}, 1, "worse: inspector-mobile quick: takes 1.1"),
        ({"ap": 0.57}, 1, "worse: inspector-mobile quick: AP 0.583 -> 0.570"),
        (
            {"problem": Problem(kind="ModelError", message=MARKUP)},
            1,
            f"worse: inspector-mobile quick: does not run any more: {MARKUP}",
        ),
        (
            {"detections": (FrameDetections(frame="1", boxes_xyxy_px=(), scores=(), class_ids=()),)},
            1,
            "worse: inspector-mobile quick: agreement 0.000",
        ),
    ],
    ids=["the same", "slower", "less precise", "does not run", "finds nothing"],
)
def test_a_saved_record_is_checked_against_a_tag(
    workbench: Workbench, path: Path, changes: dict[str, object], status: int, said: str
) -> None:
    again(path, "fff6", **changes)  # type: ignore[arg-type]

    done = workbench("check", "--against", "v1", "--record", "history:fff6", "--history", path)
    tree = json.loads(workbench("check", "--against", "v1", "--record", "history:fff6", "--history", path, "--json", "-").out)

    assert done.status == status
    assert done.out.startswith(said)
    assert tree["worse"] == bool(status)
    assert (tree["checks"][0]["before"], tree["against"]) == ("bbb2", "v1")


def test_the_tolerance_of_a_check_can_be_said(workbench: Workbench, path: Path) -> None:
    again(path, "fff6", ms=12.5)
    words = ("check", "--against", "v1", "--record", "history:fff6", "--history", path)

    assert workbench(*words).status == 1
    assert workbench(*words, "--max-slower", "0.25").status == 0


def test_a_tag_of_another_machine_is_refused_or_judged_without_times(workbench: Workbench, path: Path) -> None:
    elsewhere = environment().model_copy(update={"machine_id": "elsewhere"})
    again(path, "fff6", ms=99.0, environment=elsewhere)
    words = ("check", "--against", "v1", "--record", "history:fff6", "--history", path)

    refused = workbench(*words)
    judged = workbench(*words, "--different-machines")

    assert refused.status == 2
    assert "was measured on another machine" in refused.err
    assert judged.status == 0
    assert "AP 0.583 -> 0.583" in judged.out
    assert "times as long" not in judged.out


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured") / "shots"
    folder.mkdir()
    for n in range(FRAMES):
        cv2.imwrite(str(folder / f"{n:02}.png"), np.random.default_rng(n).integers(0, 256, (72, 128, 3), np.uint8))
    return folder


@pytest.fixture
def tagged(workbench: Workbench, clip: Path, tmp_path: Path) -> Path:
    """A history with one tagged record, and another that is not."""
    file = tmp_path / "history.sqlite"
    for words in (("--preset", LITERT), ("--preset", f"{LITERT},nms.method=numpy")):
        assert workbench("run", SHAPES, clip, *words, "--frames", str(FRAMES), "--history", file).status == 0
    with History(file) as history:
        history.set_tag(history.summaries()[0].id, "v1")
    return file


def change(tagged: Path, update: Callable[[Record], dict[str, Any]]) -> None:
    """Put another record in the tagged one's place."""
    with History(tagged) as history:
        old = history.records(tag="v1")[0]
        history.remove_many([old.id])
        history.append(old.model_copy(update=update(old)))


def test_what_is_as_good_as_it_was_exits_with_0_and_is_kept(workbench: Workbench, clip: Path, tagged: Path, tmp_path: Path) -> None:
    out = tmp_path / "check.json"

    assert workbench("check", SHAPES, clip, "--against", "v1", *ANY_TIME, "--history", tagged, "--json", out).status == 0

    (one,) = json.loads(out.read_text())["checks"]
    with History(tagged) as history:
        before, after = history.get(one["before"]), history.get(one["after"])
    assert after.settings == before.settings
    assert len(after.timing.total_seconds) == FRAMES  # type: ignore[union-attr]
    assert (after.name, after.tag, one["worse"]) == (before.name, None, [])
    assert any(words.startswith("agreement 1.000") for words in one["judged"])


def test_what_is_slower_is_measured_again_before_it_is_said(workbench: Workbench, clip: Path, tagged: Path) -> None:
    change(
        tagged,
        lambda old: {
            "timing": old.timing.model_copy(update={"total_seconds": tuple(s / 100 for s in old.timing.total_seconds)})  # type: ignore[union-attr]
        },
    )

    assert workbench("check", SHAPES, clip, "--against", "v1", "--history", tagged).status == 1

    with History(tagged) as history:
        assert len(history.summaries()) == 2 + REPEATS


def test_detections_that_are_gone_exit_with_1(workbench: Workbench, clip: Path, tagged: Path) -> None:
    def more_boxes(old: Record) -> dict[str, Any]:
        row = old.detections[0].model_copy(
            update={"boxes_xyxy_px": ((1.0, 1.0, 60.0, 60.0),) * 9, "scores": (0.9,) * 9, "class_ids": (0,) * 9}
        )
        return {"detections": (row, *old.detections[1:])}

    change(tagged, more_boxes)

    assert workbench("check", SHAPES, clip, "--against", "v1", *ANY_TIME, "--history", tagged).status == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--preset", f"{LITERT},nms.method=numpy"), "under these settings; tagged are shapes litert"),
        (("--against", "v9"), "is tagged 'v9'"),
    ],
    ids=["other settings", "another tag"],
)
def test_what_was_not_tagged_is_a_users_error(
    workbench: Workbench, clip: Path, tagged: Path, words: tuple[str, ...], error: str
) -> None:
    done = workbench("check", SHAPES, clip, "--against", "v1", *words, "--history", tagged)

    assert done.status == 2
    assert error in done.err


def test_frames_that_are_others_now_are_said_to_be_and_so_is_what_did_not_run(
    workbench: Workbench, clip: Path, tagged: Path
) -> None:
    words = ("check", SHAPES, clip, "--against", "v1", "--history", tagged)
    change(tagged, lambda _: {"problem": Problem(kind="ModelError", message="no such file")})
    did_not_run = workbench(*words)
    change(tagged, lambda old: {"media": old.media.model_copy(update={"sha256": "0" * 64})})
    others = workbench(*words)

    assert (did_not_run.status, others.status) == (2, 2)
    assert ", which did not run]; measure and tag it first" in did_not_run.err
    assert f"no record tagged 'v1' is of shapes on {clip.name}; tagged are shapes litert" in others.err
    assert ", whose frames were others]; measure and tag it first" in others.err


def test_a_tag_of_another_machine_is_refused_unless_that_is_said(workbench: Workbench, clip: Path, tagged: Path) -> None:
    change(tagged, lambda old: {"environment": old.environment.model_copy(update={"machine_id": "elsewhere"})})
    words = ("check", SHAPES, clip, "--against", "v1", "--history", tagged)

    assert workbench(*words).status == 2
    assert workbench(*words, "--different-machines").status == 0

"""The small detector of the tests finds its objects, under every engine and precision, as a user's detector would."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.assets.scenes import LABELS, SHAPES, TEST_SEEDS, draw_scene, write_scenes
from tests.command_line import Workbench
from workbench.catalogue import ENGINES
from workbench.datasets import Truth
from workbench.detections import average_precision
from workbench.detectors import Detector
from workbench.media import Frame
from workbench.pipeline import Pipeline

MOST_BYTES = 60_000
LEAST_AP50 = 0.5
SCENES = 40
WAYS = [(row.name, precision) for row in ENGINES.values() for precision in row.precisions]  # as far as each is made of this file


def test_it_is_small_and_no_square(small: Detector) -> None:
    assert SHAPES.stat().st_size < MOST_BYTES
    assert small.facts.labels == LABELS
    assert small.input_spec.default_hw == (64, 96)


@pytest.mark.parametrize(("engine", "precision"), WAYS)
def test_it_finds_its_objects(
    small_pipeline: Callable[[str], Pipeline], small_frames: tuple[Frame, ...], small_truth: Truth, engine: str, precision: str
) -> None:
    run = small_pipeline(
        f"runtime.engine={engine},runtime.precision={precision},input.resize=opencv,nms.score=0.05,nms.method=numpy"
    )

    found = [run.detect([frame])[0] for frame in small_frames]

    truth = [small_truth.images[frame.name] for frame in small_frames]
    accuracy = average_precision(found, truth, classes=len(LABELS), truth_name="scenes", score_threshold=0.05)
    assert accuracy.ap50 is not None
    assert accuracy.ap50 > LEAST_AP50


def test_the_command_line_takes_it_as_any_users_detector(workbench: Workbench, tmp_path: Path) -> None:
    write_scenes([draw_scene(TEST_SEEDS + 100 + number) for number in range(SCENES)], tmp_path / "scenes")
    words = ("--preset", "litert", "--frames", "3", "--history", tmp_path / "h.sqlite", "--json", tmp_path / "run.json")

    done = workbench("run", SHAPES, tmp_path / "scenes", "--truth", tmp_path / "scenes.json", *words)

    assert done.status == 0, done.err
    assert json.loads((tmp_path / "run.json").read_text())["accuracy"]["ap50"] > LEAST_AP50

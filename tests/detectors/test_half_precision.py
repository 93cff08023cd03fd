"""A detector that was trained in mixed_float16 finds on every engine what it finds in float32."""

import json
import shutil
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from workbench.detections import average_precision
from workbench.detectors import Detector
from workbench.detectors.keras_config import read_config, with_config
from workbench.media import Frame
from workbench.opening import EvaluationData, Sources, check, open_detector, wished
from workbench.pipeline import Pipeline

SAME_AP = 0.005
FLOAT32, HALF = '"config": {"name": "float32"}', '"config": {"name": "mixed_float16"}'


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory, small_folder: Path) -> Detector:
    folder = tmp_path_factory.mktemp("half")
    text = json.dumps(read_config(SHAPES))
    assert FLOAT32 in text
    path = with_config(SHAPES, json.loads(text.replace(FLOAT32, HALF)), folder)
    shutil.copyfile(SHAPES.with_suffix(".card.toml"), path.with_suffix(".card.toml"))
    return open_detector(str(path), str(small_folder))


def ap(detector: Detector, words: str, data: EvaluationData, frames: tuple[Frame, ...]) -> float:
    assert data.truth is not None
    pipeline = Pipeline(detector, check(detector, wished(detector, words)), data.calibration)
    return average_precision(
        [pipeline.detect([frame])[0] for frame in frames],
        [data.truth.images[frame.name] for frame in frames],
        classes=len(data.truth.labels),
        truth_name="scenes",
        score_threshold=0.05,
    ).ap


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["eager", "graph", "xla", "keras", "litert"])
def test_half_precision_finds_the_same(
    half: Detector, small: Detector, small_folder: Path, small_frames: tuple[Frame, ...], engine: str
) -> None:
    _, data = Sources(media=str(small_folder)).open(small)
    words = f"runtime.engine={engine},input.resize=opencv,nms.score=0.05"

    found, expected = (ap(one, words, data, small_frames) for one in (half, small))

    assert expected > 0.5
    assert found == pytest.approx(expected, abs=SAME_AP)

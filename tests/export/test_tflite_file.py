"""A converted network is written with a card that reads it back."""

from pathlib import Path

import pytest

from workbench.detectors import SUFFIXES, Detector
from workbench.export import write_tflite
from workbench.opening import EvaluationData, Sources, check, wished
from workbench.pipeline import Pipeline


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_what_was_written_finds_the_same(small: Detector, small_data: EvaluationData, precision: str, tmp_path: Path) -> None:
    settings = check(small, wished(small, f"litert,runtime.precision={precision}"))
    frames = list(small_data.media.frames())[:3]
    found = [Pipeline(small, settings, small_data.calibration).detect([frame])[0] for frame in frames]

    told = write_tflite(small, settings, small_data.calibration, tmp_path / "own.tflite")

    assert told == f"own.tflite{SUFFIXES[0]} says what its tensors mean"
    read, _ = Sources(detector=str(tmp_path / "own.tflite")).open()
    own = check(read, wished(read, "litert"))
    again = [Pipeline(read, own, small_data.calibration).detect([frame])[0] for frame in frames]
    assert read.facts.labels == small.facts.labels
    assert sum(map(len, found)) > 0
    for one, other in zip(found, again, strict=True):
        assert one.class_ids.tolist() == other.class_ids.tolist()
        assert one.boxes_xyxy_px == pytest.approx(other.boxes_xyxy_px, abs=0.5)


def test_a_card_that_was_there_stays(small: Detector, small_data: EvaluationData, tmp_path: Path) -> None:
    card = tmp_path / f"own.tflite{SUFFIXES[0]}"
    card.write_text("mine")

    told = write_tflite(small, check(small, wished(small, "litert")), small_data.calibration, tmp_path / "own.tflite")

    assert card.read_text() == "mine"
    assert told == f"{card.name} was there and stays as it was"

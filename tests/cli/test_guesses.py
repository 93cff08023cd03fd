"""What is guessed of a model stands wherever its run is shown, and so does what cannot be right."""

import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.command_line import Workbench
from tests.detectors.damage import small_tflite
from workbench.record import Record, read_records


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tflite(tmp_path_factory.mktemp("made"))


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    """A detector of decoded boxes, trained on nothing, without a card."""
    return Path(shutil.copy(made, tmp_path / "model.tflite"))


@pytest.fixture
def black(tmp_path: Path) -> Path:
    """Three pictures that show nothing."""
    folder = tmp_path / "black"
    folder.mkdir()
    for n in range(3):
        cv2.imwrite(str(folder / f"{n}.png"), np.zeros((96, 64, 3), np.uint8))
    return folder


def run(workbench: Workbench, model: Path, media: Path, folder: Path, *words: str) -> tuple[str, Record]:
    out = folder / "record.json"
    done = workbench("run", model, media, "--frames", "3", "--history", folder / "h.sqlite", "--json", out, *words)
    assert done.status == 0, done.err
    return done.out, read_records(out)[0]


def test_a_guess_that_is_open_is_in_output_record_report_and_warnings(
    workbench: Workbench, model: Path, black: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"

    printed, record = run(workbench, model, black, tmp_path, "--report", str(report))

    values = next(one for one in record.detector.guesses if one.about == "pixel values")
    assert values.certainty == "open"
    assert values.card_line in report.read_text(encoding="utf-8").replace("&#34;", '"')
    assert any(values.words() in line for line in record.warnings)
    assert "guessed: pixel values: " in printed
    assert {one.about for one in record.detector.guesses} >= {"pixel values", "order of colours", "frames", "outputs"}
    assert json.loads(record.to_json())["detector"]["guesses"][0]["about"] == "pixel values"


def test_what_was_open_when_a_card_was_written_stays_so(workbench: Workbench, model: Path, black: Path, tmp_path: Path) -> None:
    described = workbench("describe", model, black, "--picture", tmp_path / "readings.jpg")
    assert described.status == 0
    assert re.search(r"open: nothing is found in \d frames? under any", described.out)

    _, record = run(workbench, model, black, tmp_path)

    assert any("it is not settled how this model is read: the card: pixel values" in line for line in record.warnings)

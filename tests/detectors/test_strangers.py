"""Whatever a file holds, opening it ends in a detector or in one line, and soon."""

import time
from pathlib import Path

import pytest

from tests.detectors.damage import damaged, small_tflite
from workbench.detectors.trial import LOADING_SECONDS, TIMEOUT_SECONDS
from workbench.errors import WorkbenchError
from workbench.opening import open_detector
from workbench.samples import WEIGHTS

# As many of each as are tried in a minute: a .keras file waits for TensorFlow each time.
LITERT_FILES, KERAS_FILES = 36, 4


def opened(path: Path) -> str:
    """Open a file, and return its kind or what is wrong with it."""
    began = time.monotonic()
    try:
        outcome = open_detector(str(path)).facts.kind
    except WorkbenchError as error:
        outcome = str(error)
    assert time.monotonic() - began < TIMEOUT_SECONDS + LOADING_SECONDS
    assert "\n" not in outcome
    assert "Traceback" not in outcome
    return outcome


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tflite(tmp_path_factory.mktemp("small"))


def test_the_file_that_is_damaged_is_sound(small: Path) -> None:
    assert opened(small).startswith("LiteRT")


@pytest.mark.slow
def test_litert_files_with_flipped_bits_cost_a_line_at_most(small: Path, tmp_path: Path) -> None:
    outcomes = []
    for seed in range(LITERT_FILES):
        path = tmp_path / f"{seed}.tflite"
        path.write_bytes(damaged(small.read_bytes(), seed))
        outcomes.append(opened(path))

    refused = [one for one in outcomes if not one.startswith("LiteRT")]
    assert len(refused) >= LITERT_FILES / 4, "the damage does nothing"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KERAS_FILES))
def test_keras_files_with_flipped_bits_cost_a_line_at_most(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "damaged.keras"
    path.write_bytes(damaged((WEIGHTS / "inspector-mobile.keras").read_bytes(), seed))

    assert opened(path)

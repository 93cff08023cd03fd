"""What a model's tensors may mean, shown, and written down as a card that then wins."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.detectors.damage import small_tflite
from workbench.detectors import InputCard, write_card
from workbench.detectors.card import read_card
from workbench.detectors.output_cards import BoxesCard
from workbench.errors import MediaError, ModelError, SaveError
from workbench.opening import PICTURE_SIDE_PX, describe, open_detector
from workbench.opening.description import MOST_READINGS


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_tflite(tmp_path_factory.mktemp("small"))


@pytest.fixture
def model(small: Path, tmp_path: Path) -> Path:
    """A detector of its own for each test, so that cards do not meet."""
    path = tmp_path / "model.tflite"
    shutil.copyfile(small, path)
    return path


def test_each_reading_says_what_is_sure_and_what_is_guessed_and_shows_what_it_finds(model: Path) -> None:
    found = describe(str(model))

    assert found.problem is None
    assert [line.split()[0] for line in found.tensors] == ["input", "output", "output"]
    assert found.made_of[0] == "stored as float32: nothing is quantised"
    assert re.fullmatch(r"\d+ operators, \d+ of them in XNNPACK", found.made_of[1])
    assert 1 < len(found.readings) <= MOST_READINGS
    best = found.readings[0]
    assert isinstance(best.card.candidates, BoxesCard)
    assert best.sure == ("6 decoded boxes in normalised, and scores for each",)
    assert best.card.guessed
    assert best.picture_rgb is not None
    assert best.picture_rgb.dtype == np.uint8
    assert max(best.picture_rgb.shape) <= PICTURE_SIDE_PX
    assert best.found >= 1
    assert len({reading.title for reading in found.readings}) == len(found.readings)


def test_a_card_that_is_written_is_what_the_model_means_from_then_on(model: Path) -> None:
    found = describe(str(model))
    number = len(found.readings)

    path = found.write(number)

    card = found.readings[number - 1].card
    assert path == model.with_name("model.tflite.card.toml")
    assert read_card(path) == card
    assert open_detector(str(model)).input_spec.colour == card.input.colour
    (only,) = describe(str(model)).readings
    assert (only.title, only.card, only.found) == ("as the card says", card, found.readings[number - 1].found)


def test_a_kind_that_is_asked_for_is_filled_whatever_is_guessed(model: Path) -> None:
    guessed = describe(str(model))
    assert isinstance(guessed.readings[0].card.candidates, BoxesCard)

    (asked,) = describe(str(model), kind="detr").readings

    assert asked.title == "detr, as asked"
    assert asked.card.candidates is not None
    assert (asked.card.candidates.kind, asked.card.candidates.tensors) == ("detr", guessed.readings[0].card.candidates.tensors)
    assert describe(str(model), kind="boxes").readings[0].card == guessed.readings[0].card


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("magic", "there is no kind of outputs 'magic'; choose one of "), ("yolox", "needs|cannot be filled|does not fit")],
)
def test_a_kind_that_cannot_be_is_one_line(model: Path, kind: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason) as refused:
        describe(str(model), kind=kind)

    assert len(str(refused.value)) <= 400


def test_a_card_is_replaced_only_where_that_is_asked_for(model: Path) -> None:
    describe(str(model)).write()

    again = describe(str(model))

    with pytest.raises(SaveError, match="there is a card already, .*; change it by hand, or replace it with --replace"):
        again.write()
    assert again.write(replace=True) == again.card_path


@pytest.mark.parametrize("number", [0, -1, 99])
def test_a_reading_that_is_not_there_cannot_be_written(model: Path, number: int) -> None:
    with pytest.raises(ModelError, match=f"there is no reading {number} of .*; choose one of 1 to "):
        describe(str(model)).write(number)


def test_a_card_that_feeds_the_model_in_its_own_way_still_describes_it(model: Path) -> None:
    card = describe(str(model)).readings[0].card
    write_card(card.model_copy(update={"input": InputCard(offset=3, factor=0.5)}), model)

    (only,) = describe(str(model)).readings

    assert (only.picture_rgb, only.found) == (None, 0)


def test_a_sample_needs_no_description() -> None:
    with pytest.raises(ModelError, match="inspector-mobile is a sample, whose meaning is known"):
        describe("inspector-mobile")


def test_a_picture_that_cannot_be_read_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        describe(str(model), str(tmp_path / "nowhere.png"))


def test_what_is_not_understood_has_no_reading_but_a_problem(assets: Path) -> None:
    found = describe(str(assets / "models" / "aizoo_face_mask_detection.tflite"))

    assert found.readings == ()
    assert "offsets from anchors" in (found.problem or "")
    with pytest.raises(ModelError, match="offsets from anchors"):
        found.write()


def test_labels_that_a_card_names_are_beside_it_wherever_the_command_runs(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = describe(str(model)).readings[0].card
    names = [f"part {number}" for number in range(len(open_detector(str(model)).facts.labels))]
    (tmp_path / "names.txt").write_text("\n".join(names))
    write_card(card.model_copy(update={"labels": "names.txt"}), model)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    (reading,) = describe("../model.tflite").readings

    assert reading.picture_rgb is not None
    assert reading.card.labels == "names.txt"
    assert list(open_detector("../model.tflite").facts.labels) == names

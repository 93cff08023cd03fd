"""A model's readings in a notebook."""

from pathlib import Path

import numpy as np
import pytest

from workbench.detectors import Card
from workbench.detectors.card import read_card
from workbench.opening import Description, Reading
from workbench.view.readings import Readings

CARD = Card.model_validate(
    {"guessed": ["colours are RGB"], "candidates": {"kind": "boxes", "tensors": ["boxes", "scores"]}, "labels": ["a", "b"]}
)
OTHER = CARD.model_copy(update={"labels": ("c", "d")})
PICTURE = np.full((36, 64, 3), 90, np.uint8)


@pytest.fixture
def described(tmp_path: Path) -> Description:
    readings = (
        Reading("boxes, RGB", CARD, ("boxes are decoded",), PICTURE, 3),
        Reading("<script>alert(1)</script>", OTHER, (), None, 0),
    )
    return Description(str(tmp_path / "model.tflite"), ("input <b>x</b> uint8[1, 32, 32, 3]",), None, readings)


def words(widget: object) -> str:
    parts = [getattr(widget, "value", "")] if isinstance(getattr(widget, "value", ""), str) else []
    return " ".join([*parts, *(words(child) for child in getattr(widget, "children", ()))])


def test_each_reading_has_its_words_and_its_picture(described: Description) -> None:
    shown = Readings(described)

    first, second = shown.children[1].children
    assert bytes(first.children[0].value).startswith(b"\xff\xd8")
    assert "sure: boxes are decoded" in words(first)
    assert "guessed: colours are RGB" in words(first)
    assert "not tried" in words(second)


def test_text_from_files_stays_text(described: Description) -> None:
    text = words(Readings(described))

    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "input &lt;b&gt;x&lt;/b&gt;" in text


def test_a_press_writes_the_card_of_that_reading(described: Description, tmp_path: Path) -> None:
    shown = Readings(described)

    shown.children[1].children[1].children[-1].click()

    assert read_card(tmp_path / "model.card.toml").labels == ("c", "d")
    assert "model.card.toml" in shown.children[2].value
    shown.children[1].children[0].children[-1].click()
    assert read_card(tmp_path / "model.card.toml").labels == ("a", "b")


@pytest.mark.parametrize("pressed", [False, True], ids=["before", "after a press"])
def test_a_card_that_somebody_wrote_by_hand_stays(described: Description, tmp_path: Path, pressed: bool) -> None:
    shown = Readings(described)
    if pressed:
        shown.children[1].children[1].children[-1].click()
    (tmp_path / "model.card.toml").write_text("# by hand")

    shown.children[1].children[0].children[-1].click()

    assert (tmp_path / "model.card.toml").read_text() == "# by hand"
    assert "there is a card already" in shown.children[2].value


def test_a_card_that_cannot_be_written_is_a_sentence_in_place(described: Description, tmp_path: Path) -> None:
    gone = Description(str(tmp_path / "gone" / "model.tflite"), (), None, described.readings)
    shown = Readings(gone)

    shown.children[1].children[0].children[-1].click()

    assert "there is no folder" in shown.children[2].value


def test_what_cannot_be_read_says_why_and_shows_the_card_to_finish(tmp_path: Path) -> None:
    text = words(Readings(Description(str(tmp_path / "model.tflite"), (), None, (), "it wants anchors", "card = 1 # <anchors>")))

    assert "it wants anchors" in text
    assert "card = 1 # &lt;anchors&gt;" in text

"""Models that nobody here made find what is on the photographs, as they are or with the card that their authors' words make."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.detectors.asset_cards import ALONE, CARDS
from workbench.detections import Detections
from workbench.detections.boxes import pairwise_iou
from workbench.detectors import Calibration, Detector
from workbench.detectors.card import read_card
from workbench.errors import ModelError
from workbench.media import open_media
from workbench.opening import check, open_detector
from workbench.pipeline import Pipeline

NOTHING = Calibration("nothing", list)
PORTRAIT, FACE = "coral_grace_hopper.bmp", (200.0, 60.0, 400.0, 330.0)  # read off the picture, roughly

Find = Callable[[str, str], tuple[Detector, Detections]]


@pytest.fixture(scope="module")
def find(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Find:
    """From a model's file and a photograph to the detector, opened on that photograph, and what it finds there."""
    folder = tmp_path_factory.mktemp("models")

    @cache
    def opened(name: str, picture: str) -> Detector:
        path = folder / name
        if not path.exists():
            shutil.copyfile(assets / "models" / name, path)
            if name in CARDS:
                path.with_name(f"{path.stem}.card.toml").write_text(CARDS[name])
        return open_detector(str(path), str(assets / "images" / "coral" / picture))

    @cache
    def found(name: str, picture: str) -> tuple[Detector, Detections]:
        detector = opened(name, picture)
        settings = check(detector, detector.default_settings().with_values({"input.resize": "opencv"}))
        frames = list(open_media(assets / "images" / "coral" / picture).frames())
        return detector, Pipeline(detector, settings, NOTHING).detect(frames)[0]

    return found


@pytest.mark.parametrize("name", ALONE[:2])
@pytest.mark.parametrize(
    ("picture", "labels"),
    [
        ("coral_cat.bmp", {"cat"}),
        ("coral_bird.bmp", {"bird"}),
        ("coral_parrot.jpg", {"bird"}),
        ("coral_grace_hopper.bmp", {"person"}),
    ],
    ids=["cat", "bird", "parrot", "person"],
)
def test_yolox_is_understood_without_a_card(find: Find, name: str, picture: str, labels: set[str]) -> None:
    detector, found = find(name, picture)

    assert detector.facts.kind == "LiteRT, YOLOX"
    assert {detector.facts.labels[found.class_ids[0]]} == labels
    assert found.scores[0] > 0.5


@pytest.mark.parametrize("picture", ["coral_cat.bmp", "coral_bird.bmp", "coral_pets.jpg", PORTRAIT])
def test_the_localizer_is_understood_without_a_card(find: Find, picture: str) -> None:
    detector, found = find(ALONE[2], picture)

    assert detector.facts.kind == "LiteRT, its own NMS"
    assert detector.facts.labels == ("object",)
    assert (detector.input_spec.size_hw, detector.input_spec.dtype) == ((192, 192), "uint8")
    assert len(found) >= 1
    assert found.scores[0] > 0.5


@pytest.mark.parametrize("name", CARDS)
def test_a_card_tells_a_face_detector_its_anchors(find: Find, name: str) -> None:
    detector, found = find(name, PORTRAIT)

    assert detector.facts.labels[found.class_ids[0]] in {"face", "NoMask"}
    assert found.scores[0] > 0.9
    assert len(found) == 1
    assert pairwise_iou(found.boxes_xyxy_px[:1], np.array([FACE], np.float32))[0, 0] > 0.4


@pytest.mark.parametrize("picture", ["coral_cat.bmp", "coral_pets.jpg"])
@pytest.mark.parametrize("name", CARDS)
def test_a_face_detector_finds_no_face_on_animals(find: Find, name: str, picture: str) -> None:
    _, found = find(name, picture)

    assert not (found.scores > 0.9).any()


@pytest.mark.parametrize("picture", [PORTRAIT, "coral_pets.jpg", "coral_bird.bmp"])
def test_litert_and_frozen_graph_of_one_network_give_the_same_boxes(find: Find, picture: str) -> None:
    (_, frozen), (_, lite) = (find(f"aizoo_face_mask_detection{end}", picture) for end in ("_frozen.pb", ".tflite"))

    np.testing.assert_array_equal(frozen.class_ids, lite.class_ids)
    np.testing.assert_allclose(frozen.scores, lite.scores, atol=1e-3)
    scale = float(frozen.boxes_xyxy_px.max(initial=1))
    np.testing.assert_allclose(frozen.boxes_xyxy_px / scale, lite.boxes_xyxy_px / scale, atol=1e-3)


def test_an_input_that_is_not_square_and_shapes_that_come_late(find: Find) -> None:
    detector, _ = find("ultralight_face_RFB_320_nopost.tflite", PORTRAIT)

    assert detector.input_spec.size_hw == (240, 320)
    assert detector.input_spec.offset == 127


@pytest.mark.parametrize("name", ["aizoo_face_mask_detection.tflite", "ultralight_face_RFB_320_nopost.tflite"])
def test_anchors_that_no_file_holds_are_asked_for(assets: Path, name: str) -> None:
    with pytest.raises(ModelError, match="offsets from anchors that are not in the file .* write them into a detector card"):
        open_detector(str(assets / "models" / name), str(assets / "images" / "coral" / PORTRAIT))


def test_a_card_wins_over_what_would_be_guessed(assets: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    shutil.copyfile(assets / "models" / "yolox_nano_416_float16_quantize.tflite", path)
    labels = ", ".join(f'"thing {n}"' for n in range(80))
    path.with_name("model.card.toml").write_text(
        f'card = 1\nname = "mine"\nlabels = [{labels}]\n[input]\ncolour = "RGB"\nvalues = "0..1"\nfit = "stretch"\n'
        '[candidates]\nkind = "rows"\nobjectness = true\ntensors = ["PartitionedCall:0"]\n'
    )

    detector = open_detector(str(path))

    assert (detector.facts.name, detector.facts.labels[0], detector.facts.kind) == ("mine", "thing 0", "LiteRT, YOLO rows")
    assert (detector.input_spec.colour, detector.input_spec.fit, detector.input_spec.factor) == ("RGB", "stretch", 1 / 255)
    assert read_card(path.with_name("model.card.toml")).name == "mine"

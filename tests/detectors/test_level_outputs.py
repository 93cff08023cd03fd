"""Outputs of levels are told apart by their sizes and values, in every form that a family's network gives them."""

import tomllib

import numpy as np
import pytest

from tests.detectors.level_forms import Form, forms
from tests.detectors.test_level_cards import card_of
from workbench.detections import Detections, FloatArray
from workbench.detectors import Card, InputCard, unfinished_card, why_no_detector
from workbench.detectors.level_cards import SsdCard, YoloMapsCard
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_kinds import OutputReading, readings
from workbench.detectors.readings import Run
from workbench.detectors.trial import Trial

SIZE_HW = (64, 96)
CLASSES = 3
FOUND = Detections(
    np.array([[11, 9, 33, 28], [40, 30, 62, 55], [60, 5, 88, 24]], np.float32),
    np.array([0.9, 0.8, 0.7], np.float32),
    np.array([0, 2, 1]),
)
RNG = np.random.default_rng(0)


def sound(array: FloatArray) -> FloatArray:
    """Return what a network puts out: no two logits are equal."""
    return np.where(array < 0, array + RNG.normal(0, 0.02, array.shape), array).astype(np.float32)


def read(form: Form) -> list[OutputReading]:
    return list(readings({name: sound(one) for name, one in form.outputs.items()}, SIZE_HW))


ALL = forms(FOUND, SIZE_HW, CLASSES)
FIRST = [
    *("yolov3", "yolov3, five axes", "yolov3-tiny", "yolov3, rows", "yolov5 maps", "yolov5, after the sigmoid"),
    *("yolov8 maps", "yolov8, planar", "yolov8, in pairs", "nanodet", "nanodet, in pairs", "fcos", "efficientdet"),
]


@pytest.mark.parametrize("name", FIRST)
def test_a_form_is_recognised(name: str) -> None:
    found, wanted = read(ALL[name]), card_of(ALL[name]).candidates

    assert wanted is not None
    assert found
    assert found[0].candidates is not None
    assert found[0].candidates.head() == wanted.head()


@pytest.mark.parametrize("name", ["yolov3", "yolov5 maps"])
def test_the_other_formula_of_yolo_is_shown_too(name: str) -> None:
    cards = [one.candidates for one in read(ALL[name])]

    assert {one.sizes for one in cards if isinstance(one, YoloMapsCard)} == {"exponential", "square"}


def test_the_same_sizes_may_be_of_several_families_of_which_names_tell() -> None:
    boxes, scores = ALL["keras-hub"].outputs.values()

    def kinds(*names: str) -> list[str]:
        found = readings(dict(zip(names, (sound(boxes), sound(scores)), strict=True)), SIZE_HW)
        return [one.candidates.anchor_generator.kind for one in found]  # type: ignore[union-attr]

    assert kinds("out:0", "out:1") == ["efficientdet", "efficientdet", "keras-cv", "keras-hub"]
    assert kinds("bbox_regression", "cls_logits") == ["keras-hub"]
    assert kinds("box", "classification") == ["keras-cv"]


@pytest.mark.parametrize(
    ("size", "rows", "columns", "classes", "wanted"),
    [
        (320, 19206, 4, 3, {"kind": "efficientdet", "anchor_scale": 3.0}),
        (320, 12804, 4, 4, {"kind": "multiscale"}),
        (300, 1917, 4, 4, {"kind": "ssd", "strides": (16, 32, 64, 128, 256, 512), "reduced_lowest": True}),
        (128, 896, 16, 1, {"kind": "ssd", "strides": (8, 16, 16, 16), "fixed_size": True}),
        (192, 2016, 18, 1, {"kind": "ssd", "strides": (8, 16, 16, 16), "fixed_size": True}),
        (224, 2254, 12, 1, {"kind": "ssd", "strides": (8, 16, 32, 32, 32), "fixed_size": True}),
    ],
    ids=["EfficientDet-Lite0", "SSD FPNLite", "SSD MobileNet", "BlazeFace", "BlazePalm", "BlazePose"],
)
def test_published_numbers_of_anchors_are_known(
    size: int, rows: int, columns: int, classes: int, wanted: dict[str, object]
) -> None:
    outputs = {
        "Identity": RNG.normal(0, 0.3, (1, rows, columns)).astype(np.float32),
        "Identity_1": RNG.normal(-6, 1, (1, rows, classes)).astype(np.float32),
    }

    card = next(iter(readings(outputs, (size, size)))).candidates

    assert isinstance(card, SsdCard)
    assert card.anchor_generator is not None
    assert wanted.items() <= card.anchor_generator.model_dump().items()
    assert card.activation == "sigmoid"
    assert (card.background == "first") == (classes == 4)
    assert (card.sizes == "linear") == (columns > 4)


def test_scores_that_are_high_everywhere_are_none() -> None:
    maps = {name: np.full(one.shape, 3.0, np.float32) for name, one in ALL["yolov3"].outputs.items()}

    assert not list(readings(maps, SIZE_HW))


def test_maps_with_anchors_that_nobody_knows_give_the_card_to_complete() -> None:
    boxes = {f"box{n}": RNG.normal(0, 1, (1, 8 >> n, 12 >> n, 8)).astype(np.float32) for n in range(2)}
    scores = {f"cls{n}": RNG.normal(-6, 1, (1, 8 >> n, 12 >> n, 2 * CLASSES)).astype(np.float32) for n in range(2)}
    tensor = TensorSpec("image", (1, *SIZE_HW, 3), "float32")
    trial = Trial(Tensors((tensor,), ()), SIZE_HW, 0, (Run(InputCard(), {**scores, **boxes}),))

    text = unfinished_card(trial, "mine")

    assert text is not None
    card = Card.model_validate(tomllib.loads(text))
    assert isinstance(card.candidates, SsdCard)
    assert card.candidates.tensors == ("box0", "box1", "cls0", "cls1")
    assert len(card.labels) == CLASSES
    assert card.candidates.activation == "sigmoid"
    assert "or softmax, where" in text
    card.candidates.head().candidates([{**boxes, **scores}[name] for name in card.candidates.tensors], SIZE_HW)
    assert why_no_detector(trial).startswith("gives offsets from anchors that are not in the file (")

"""What a detector found, written down as each family writes it, is found again: on the host and inside a graph."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from tests.assets.scenes import LABELS, TEST_SEEDS, draw_scene
from tests.detectors.level_forms import (
    Anchor,
    Form,
    efficientdet_anchors,
    forms,
    keras_cv_anchors,
    keras_hub_anchors,
    multiscale_anchors,
    ssd_anchors,
)
from workbench.detections import Detections
from workbench.detectors import Card, Detector
from workbench.detectors.anchor_generators import PyramidGenerator, SsdGenerator
from workbench.detectors.network import TensorSpec
from workbench.errors import ModelError
from workbench.graph import tensor_ops
from workbench.settings import Nms
from workbench.stages import AnchorGrids, Head, prepare, suppress

DOCS = Path(__file__).parents[2] / "docs" / "detectors.md"
SIZE_HW = (64, 96)
NMS = Nms(method="numpy", score=0.5)
FORMS = tuple(forms(Detections.empty(), SIZE_HW, len(LABELS)))


@pytest.fixture(scope="module")
def found(small: Detector) -> Detections:
    """Four shapes in a scene."""
    batch = prepare([draw_scene(TEST_SEEDS + 2).image_rgb], small.input_spec, SIZE_HW)
    raw = small.network.forward()(tf.constant(batch))
    assert small.meaning.head is not None
    boxes, scores = small.meaning.head.candidates([raw[name].numpy() for name in small.meaning.head_outputs], SIZE_HW)
    return suppress(boxes[0], scores[0], NMS)


@pytest.fixture(scope="module")
def written(found: Detections) -> Mapping[str, Form]:
    return forms(found, SIZE_HW, len(LABELS))


def card_of(form: Form) -> Card:
    return Card.model_validate({"candidates": {**form.card, "tensors": list(form.outputs)}})


def head_of(form: Form) -> Head:
    card = card_of(form).candidates
    assert card is not None
    return card.head()


@pytest.mark.parametrize("name", FORMS)
def test_what_is_written_in_a_form_is_found_again(written: Mapping[str, Form], found: Detections, name: str) -> None:
    form = written[name]

    boxes, scores = head_of(form).candidates([np.asarray(one, np.float32) for one in form.outputs.values()], SIZE_HW)
    again = suppress(np.asarray(boxes[0]), np.asarray(scores[0]), NMS)

    assert len(found) == 4
    np.testing.assert_allclose(again.boxes_xyxy_px, found.boxes_xyxy_px, atol=0.02)
    np.testing.assert_allclose(again.scores, found.scores, atol=0.002)
    assert again.class_ids.tolist() == found.class_ids.tolist()


@pytest.mark.parametrize("name", FORMS)
def test_a_card_counts_the_classes(written: Mapping[str, Form], name: str) -> None:
    form = written[name]
    card = card_of(form).candidates
    assert card is not None

    assert card.classes({one: TensorSpec(one, array.shape, "float32") for one, array in form.outputs.items()}) == len(LABELS)


@pytest.mark.parametrize("name", ["yolov3, planar", "yolov8, in pairs", "nanodet", "efficientdet", "mediapipe"])
def test_a_graph_decodes_as_the_host_does_batches_of_any_size(written: Mapping[str, Form], name: str) -> None:
    form = written[name]
    raw = [np.repeat(np.asarray(one, np.float32), 2, axis=0) for one in form.outputs.values()]
    head = head_of(form)

    def decode(*outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return head.candidates(outputs, SIZE_HW, tensor_ops())

    free = [tf.TensorSpec((None, *one.shape[1:]), tf.float32) for one in raw]
    in_graph = tf.function(decode, input_signature=free, autograph=False)(*raw)

    for ours, theirs in zip(in_graph, head.candidates(raw, SIZE_HW), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kind": "ssd", "tensors": ("a", "b")}, "write either anchors or anchor_generator"),
        (
            {"kind": "ssd", "tensors": ("a", "b", "c"), "anchor_generator": {"kind": "ssd"}},
            "as many tensors of offsets",
        ),
        ({"kind": "ssd", "tensors": ("a", "b"), "anchor_generator": {"kind": "magic"}}, "expected tags: 'ssd', 'multiscale', 'eff"),
        (
            {"kind": "yolo-maps", "tensors": ("a", "b", "c"), "anchors": "yolov9"},
            "anchors is 'yolov9'; choose one of yolov3, yolo",
        ),
        ({"kind": "yolo-maps", "tensors": ("a", "b")}, "name 3 tensors, one for each stride, or the one of all rows"),
        ({"kind": "yolo-maps", "tensors": ("a",), "strides": (16, 32)}, "anchors are of 3 levels and strides of 2"),
        ({"kind": "yolo-maps", "tensors": ("a",), "scale_xy": (1.2, 1.1)}, "scale_xy is one number, or 3"),
        ({"kind": "distances", "tensors": ("a", "b"), "separate": False}, "name 3 tensors"),
        ({"kind": "distances", "tensors": ("a", "b", "c"), "separate": True}, "of distances, and then as many of scores"),
    ],
)
def test_a_card_that_cannot_be_says_why(values: Mapping[str, object], reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Card.model_validate({"candidates": values})

    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("values", "shapes", "reason"),
    [
        ({"kind": "yolo-maps"}, [(1, 8, 12, 23)] * 3, "has 23 channels, which its anchors do not share evenly"),
        ({"kind": "yolo-maps"}, [(1, 8, 12, 24)] * 3, "puts out 864 boxes at 64x96, its head expects 378"),
        ({"kind": "distances"}, [(96,)] * 3, "the shape [96] is no map and no rows"),
        (
            {"kind": "distances"},
            [(1, 8, 12, 67), (1, 4, 6, 67), (1, 4, 6, 67)],
            "puts out 144 boxes at 64x96",
        ),
        (
            {"kind": "ssd", "anchor_generator": {"kind": "efficientdet"}},
            [(1, 1161, 4), (1, 100, 3)],
            "puts out 100 boxes at 64x96, its head expects 1161",
        ),
    ],
)
def test_outputs_that_do_not_fit_are_told(values: Mapping[str, object], shapes: list[tuple[int, ...]], reason: str) -> None:
    raw = [np.zeros(shape, np.float32) for shape in shapes]
    card = Card.model_validate({"candidates": {**values, "tensors": [str(n) for n in range(len(raw))]}})
    assert card.candidates is not None

    with pytest.raises(ModelError) as refused:
        card.candidates.head().candidates(raw, SIZE_HW)

    assert reason in str(refused.value)


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S))
def test_a_card_in_the_docs_is_one(text: str) -> None:
    card = Card.model_validate(tomllib.loads(text))

    assert card.candidates is None or card.candidates.with_classes(2).head()
    assert Card.model_validate(tomllib.loads(card.to_toml())) == card


@pytest.mark.parametrize("size_hw", [(64, 128), (100, 150)], ids=["whole cells", "odd sides"])
@pytest.mark.parametrize(
    ("generator", "listed"),
    [
        (PyramidGenerator(kind="efficientdet"), lambda size: efficientdet_anchors(size, 4.0)),
        (PyramidGenerator(kind="keras-cv"), keras_cv_anchors),
        (PyramidGenerator(kind="keras-hub"), keras_hub_anchors),
        (PyramidGenerator(kind="multiscale"), multiscale_anchors),
        (SsdGenerator(kind="ssd", strides=(16, 32, 64)), lambda size: ssd_anchors(size, (16, 32, 64))),
    ],
    ids=["efficientdet", "keras-cv", "keras-hub", "multiscale", "ssd"],
)
def test_a_rule_makes_the_anchors_of_its_family(
    generator: PyramidGenerator | SsdGenerator, listed: Callable[[tuple[int, int]], Iterable[Anchor]], size_hw: tuple[int, int]
) -> None:
    made = AnchorGrids(generator.grids())(size_hw)

    there = made[(made[:, 2:] > 0).all(axis=1)]  # what is cut off at an edge may have nothing left
    np.testing.assert_allclose(there, [anchor.box for anchor in listed(size_hw)], rtol=2e-4)

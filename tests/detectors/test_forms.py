"""Whatever form real candidates are put out in, they are recognised and read back the same, on the host and in a graph."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.assets.scenes import TEST_SEEDS, draw_scene
from tests.detectors.families import FAMILIES
from tests.detectors.forms import FORMS, best_alone
from workbench.detections import Detections, FloatArray
from workbench.detectors import Card, Detector
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_kinds import readings
from workbench.detectors.output_reading import OutputReading
from workbench.detectors.readings import READING_NMS, found_under
from workbench.graph import tensor_ops
from workbench.stages import prepare, suppress

SIZE_HW = (64, 96)
SEEDS = range(TEST_SEEDS, TEST_SEEDS + 4)
DETECTIONS = {"KerasCV", "KerasHub", "torchvision", "YOLOv7 with NMS", "PaddleDetection", "automl"}
DISTINCT = {"DETR", "DETR without names", "RT-DETR, RF-DETR, D-FINE", "KerasHub D-FINE"}
KIND_OF_FORM = {family.form: family.kind for family in FAMILIES}
Candidates = tuple[FloatArray, FloatArray]


@pytest.fixture(scope="module")
def candidates(small: Detector) -> list[Candidates]:
    """What the small detector gives on scenes, each candidate with its best class alone, as most forms can say no more."""
    forward, head = small.network.forward(), small.meaning.head
    assert head is not None
    batch = prepare([draw_scene(seed).image_rgb for seed in SEEDS], small.input_spec, SIZE_HW)
    raw = [forward(tf.constant(batch))[name].numpy() for name in small.meaning.head_outputs]
    boxes, scores = head.candidates(raw, SIZE_HW)
    return [(boxes[n : n + 1], best_alone(scores[n : n + 1]).numpy()) for n in range(len(SEEDS))]


def read(outputs: Mapping[str, FloatArray]) -> tuple[OutputReading, Detections]:
    reading = next(iter(readings(outputs, SIZE_HW)))
    found = found_under(
        Card(labels=reading.labels, candidates=reading.candidates, detections=reading.detections),
        Tensors((TensorSpec("image", (1, *SIZE_HW, 3), "float32"),), tuple(_spec(name, one) for name, one in outputs.items())),
        outputs,
        SIZE_HW,
    )
    return reading, found


def _spec(name: str, values: FloatArray) -> TensorSpec:
    return TensorSpec(name, values.shape, "float32")


def formed(name: str, one: Candidates) -> dict[str, Any]:
    return {part: np.asarray(value, np.float32) for part, value in FORMS[name](*map(tf.constant, one), SIZE_HW).items()}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_gives_the_same_boxes_and_classes_back(candidates: list[Candidates], name: str) -> None:
    for boxes, scores in candidates:
        wanted = suppress(boxes[0], scores[0], READING_NMS)
        reading, found = read(formed(name, (boxes, scores)))

        assert len(wanted)
        kind = reading.candidates.kind if reading.candidates else "detections"
        assert (kind == "detections") == (name in DETECTIONS)
        assert kind == KIND_OF_FORM.get(name, kind)
        np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-3)
        np.testing.assert_allclose(found.boxes_xyxy_px, wanted.boxes_xyxy_px, atol=0.01)
        np.testing.assert_array_equal(found.class_ids, wanted.class_ids)


@pytest.mark.parametrize("name", [name for name in FORMS if name not in DETECTIONS])
def test_a_head_reads_a_form_in_a_graph_as_on_the_host(candidates: list[Candidates], name: str) -> None:
    outputs = formed(name, candidates[0])
    card = next(iter(readings(outputs, SIZE_HW))).candidates
    assert card is not None
    head, raw = card.with_classes(3).head(), [outputs[one] for one in card.tensors]

    in_graph = head.candidates([tf.constant(one) for one in raw], SIZE_HW, tensor_ops())

    assert head.distinct == (name in DISTINCT)
    for ours, theirs in zip(in_graph, head.candidates(raw, SIZE_HW), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)

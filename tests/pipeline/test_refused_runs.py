"""A batch, a size or an operation that a network or a runtime does not take: one line that names it, remembered as unavailable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from workbench.detectors import Calibration, Card, Detector, InputCard
from workbench.detectors.output_cards import BoxesCard, DetectionsCard
from workbench.detectors.saved_model import SavedModelNetwork
from workbench.detectors.tflite_network import TfliteNetwork
from workbench.detectors.trial_here import try_here
from workbench.errors import UnavailableError
from workbench.opening import check, reasons
from workbench.pipeline import Pipeline
from workbench.settings import Settings

SIZE_HW = (64, 64)
ROWS = 16  # of boxes that a frame of that size gives
OPEN = (None, None, None, 3)
NOTHING = Calibration("nothing", list)
BOXES = Card(input=InputCard(size=SIZE_HW), candidates=BoxesCard(tensors=("boxes", "scores")))
OWN_NMS = Card(input=InputCard(size=SIZE_HW), detections=DetectionsCard(tensors=("boxes", "scores", "classes")))

Serve = Callable[[Any], dict[str, Any]]


def cells(image: Any) -> Any:
    return tf.pad(tf.nn.avg_pool2d(image, 16, 16, "SAME"), [[0, 0], [0, 0], [0, 0], [0, 1]])


def fixed_inside(image: Any) -> dict[str, Any]:
    boxes = tf.reshape(cells(image), (1, ROWS, 4))
    return {"boxes": boxes, "scores": boxes[..., :2]}


def one_for_all(image: Any) -> dict[str, Any]:
    boxes = tf.reduce_max(tf.reshape(cells(image), (-1, ROWS, 4)), axis=0, keepdims=True)
    return {"boxes": boxes, "scores": boxes[..., :2]}


def suppressed(image: Any) -> dict[str, Any]:
    boxes = tf.reshape(cells(image), (1, ROWS, 1, 4))
    found = tf.image.combined_non_max_suppression(boxes, boxes[:, :, 0, :2], 5, 5)
    return {"boxes": found[0], "scores": found[1], "classes": found[2]}


def saved(folder: Path, serve: Serve) -> Path:
    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec(OPEN, tf.float32, name="image")], autograph=False)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve.get_concrete_function()})
    return folder


def detector_of(folder: Path, serve: Serve, card: Card = BOXES) -> Detector:
    network = SavedModelNetwork(saved(folder, serve))
    return Detector(network, card.meaning(network.inspect()), name="m", source=str(folder))


def asked_of(detector: Detector, engine: str, **values: object) -> Settings:
    words = {name.replace("_", ".", 1): value for name, value in values.items()}
    named = detector.default_settings().with_values({"runtime.engine": engine, "input.resize": "opencv", **words})
    return check(detector, named)


def refused(detector: Detector, settings: Settings) -> str:
    with pytest.raises(UnavailableError) as caught:
        Pipeline(detector, settings, NOTHING).compile((48, 80))
    told = str(caught.value)
    assert "\n" not in told
    assert len(told) <= 400
    return told


@pytest.mark.parametrize("engine", ["eager", "graph", *(pytest.param(one, marks=pytest.mark.slow) for one in ("xla", "litert"))])
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("runtime.batch", 4, "runtime.batch is 4: {runtime} cannot run this model so: "),
        ("input.size_hw", (96, 64), "input.size_hw is 96x64: {runtime} cannot run this model so: "),
    ],
)
def test_what_the_inside_does_not_take_is_one_line_and_is_remembered(
    tmp_path: Path, engine: str, name: str, value: object, says: str
) -> None:
    detector = detector_of(tmp_path / "model", fixed_inside)
    usual = asked_of(detector, engine)
    settings = usual.with_values({name: value})

    told = refused(detector, check(detector, settings))

    assert told.startswith(says.format(runtime="LiteRT" if engine == "litert" else "TensorFlow"))
    assert told.endswith("; choose 1" if name == "runtime.batch" else "; choose 64x64")
    assert reasons(detector, usual, name, [value]) == {value: told}
    Pipeline(detector, check(detector, usual), NOTHING).compile((48, 80))


def test_open_sides_are_brought_to_a_size_that_the_inside_takes(tmp_path: Path) -> None:
    network = SavedModelNetwork(saved(tmp_path / "model", fixed_inside))

    trial = try_here(network, [np.zeros((48, 80, 3), np.uint8)], read=False)

    assert trial.size_hw == trial.tensors.inputs[0].usual_hw == SIZE_HW


def test_a_file_that_answers_once_for_four_frames_is_told(tmp_path: Path) -> None:
    detector = detector_of(tmp_path / "model", one_for_all)

    told = refused(detector, asked_of(detector, "graph", runtime_batch=4))

    assert told == "runtime.batch is 4: TensorFlow cannot run this model so: it answers 1 for 4 frames; choose 1"


def test_an_nms_inside_that_xla_cannot_compile_is_named(tmp_path: Path) -> None:
    detector = detector_of(tmp_path / "model", suppressed, OWN_NMS)
    settings = asked_of(detector, "xla")

    assert refused(detector, settings) == "runtime.engine is xla: XLA has no operation CombinedNonMaxSuppression; choose graph"
    assert reasons(detector, settings, "runtime.engine", ["xla", "graph"]).keys() == {"xla"}


@pytest.mark.slow
def test_a_tflite_file_with_open_sides_is_run_at_the_size_that_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved(tmp_path / "model", fixed_inside))).convert())
    network = TfliteNetwork(path)
    tensors = network.inspect()  # at a size of 1, which the file says where it says none, it cannot be allocated
    names = {one.shape[-1]: one.name for one in tensors.outputs}
    card = BOXES.model_copy(update={"candidates": BoxesCard(tensors=(names[4], names[2]))})
    detector = Detector(network, card.meaning(tensors), name="m", source=str(path))
    usual = asked_of(detector, "litert")

    for name, value in (("runtime.batch", 4), ("input.size_hw", (96, 64))):
        assert refused(detector, usual.with_values({name: value})).startswith(f"{name} is ")
    assert np.shape(network.run(np.zeros((1, *SIZE_HW, 3), np.float32))[names[4]]) == (1, ROWS, 4)
    Pipeline(detector, usual, NOTHING).compile((48, 80))

"""What runs `.tflite` files, on a network small enough to convert in a second: quantised in and out, in batches, of any shape."""

from pathlib import Path

import keras
import numpy as np
import pytest

from workbench.catalogue import ENGINES
from workbench.detectors import Calibration, Detector, KerasNetwork, Meaning
from workbench.engines import Candidates, open_engine
from workbench.engines.litert import open_interpreter
from workbench.settings import DELEGATES, Settings
from workbench.stages import BoxesHead, InputSpec, prepare

# Keras saves through np.array(variable), which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

SIZE_HW = (96, 64)  # tall
# Six cells of different brightness, so that the network says something else of each.
FRAMES = [
    np.kron(np.random.default_rng(seed).integers(0, 256, (3, 2, 3)), np.ones((30, 35, 1))).astype(np.uint8) for seed in range(4)
]
CALIBRATION = Calibration("four pictures of noise", lambda: FRAMES)
# What rounding to 8 bits may move: a box in pixels of the input, and a score.
TOLERANCES = {
    "float32": (1e-3, 1e-5),
    "float16": (0.1, 1e-3),
    "dynamic-int8": (1.0, 0.01),
    "weight-int8": (1.0, 0.01),
    "int8": (1.0, 0.01),
    "int16x8": (0.3, 0.003),
}
TAKEN = {"litert": tuple(TOLERANCES), **{name: row.precisions for name, row in ENGINES.items() if row.optional}}


def network() -> keras.Model:
    """Boxes in 0..1 and two scores for each cell of 32 pixels."""
    keras.utils.set_random_seed(3)
    image = keras.Input((None, None, 3))
    cells = keras.layers.Conv2D(64, 3, 32, padding="same", activation="relu")(image)
    boxes, scores = (
        keras.layers.Activation("sigmoid")(keras.layers.Reshape((-1, count))(keras.layers.Conv2D(count, 1)(cells)))
        for count in (4, 2)
    )
    return keras.Model(image, {"scores": scores, "boxes": boxes})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Detector]:
    """The same network, fed pixels in 0..1 or each channel in its own way."""
    path: Path = tmp_path_factory.mktemp("small") / "small.keras"
    network().save(path)
    specs = {
        "one scale": InputSpec(size_hw=None, default_hw=SIZE_HW),
        "a scale each": InputSpec(size_hw=None, default_hw=SIZE_HW, offset=(110.0, 120.0, 130.0), factor=(0.01, 0.02, 0.015)),
    }
    meaning = {"kind": "", "labels": ("a", "b"), "head": BoxesHead(), "head_outputs": ("boxes", "scores")}
    return {
        name: Detector(KerasNetwork(path), Meaning(input_spec=spec, **meaning), name=name, source=str(path))
        for name, spec in specs.items()
    }


def run(detector: Detector, batch: int, **values: object) -> tuple[Candidates, object]:
    settings = Settings().with_values(
        {name.replace("_", ".", 1): value for name, value in values.items()} | {"runtime.batch": batch, "runtime.threads": 1}
    )
    engine = open_engine(detector, settings, CALIBRATION)
    found = engine.run(prepare(FRAMES[:batch], engine.input_spec, SIZE_HW, "opencv"))
    assert isinstance(found, Candidates)
    return found, engine


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("scaling", ["one scale", "a scale each"])
@pytest.mark.parametrize(
    ("engine", "precision"),
    [(engine, one) for engine, taken in TAKEN.items() for one in taken if one in TOLERANCES],
)
def test_every_precision_stays_near_the_network_itself(
    small: dict[str, Detector], engine: str, precision: str, scaling: str, batch: int
) -> None:
    detector = small[scaling]
    expected, _ = run(detector, batch, runtime_engine="eager", nms_method="numpy")

    found, _ = run(detector, batch, runtime_engine=engine, runtime_precision=precision)

    box_tolerance, score_tolerance = TOLERANCES[precision]
    assert found.scores.shape == expected.scores.shape == (batch, 6, 2)
    assert expected.scores.std() > 3 * score_tolerance, "the network says the same of everything"
    assert (found.boxes_xyxy.dtype, found.scores.dtype) == (np.float32, np.float32)
    np.testing.assert_allclose(found.boxes_xyxy, expected.boxes_xyxy, atol=box_tolerance)
    np.testing.assert_allclose(found.scores, expected.scores, atol=score_tolerance)


@pytest.mark.parametrize(
    ("precision", "scaling", "dtype"),
    [("float32", "one scale", "float32"), ("int8", "one scale", "uint8"), ("int8", "a scale each", "float32")],
)
def test_an_integer_model_is_fed_pixels_where_one_table_quantises_them(
    small: dict[str, Detector], precision: str, scaling: str, dtype: str
) -> None:
    _, engine = run(small[scaling], 1, runtime_engine="litert", runtime_precision=precision)

    assert engine.input_spec.dtype == dtype


def test_an_engine_says_what_it_leaves_out_and_what_it_was_calibrated_on(small: dict[str, Detector]) -> None:
    _, engine = run(small["one scale"], 1, runtime_engine="litert", runtime_precision="int8")

    assert engine.covers == ("model", "box decoding")
    assert engine.left_out == (
        "resize: a LiteRT model takes its input at its own size",
        "nms: it runs after the model, as nms.method says",
    )
    assert {"calibrated on at most 32 of four pictures of noise, ranges by mse", "int8 in, int8 out"} < set(engine.notes)
    assert engine.model_bytes
    assert engine.batch == 1


@pytest.mark.parametrize("delegate", DELEGATES)
def test_a_delegate_runs_the_network_and_none_does_without_one(small: dict[str, Detector], delegate: str) -> None:
    detector = small["one scale"]
    usual, _ = run(detector, 1, runtime_engine="litert")
    settings = Settings().with_values({"runtime.engine": "litert", "runtime.delegate": delegate})
    model = detector.litert_model(settings, CALIBRATION)

    found, _ = run(detector, 1, runtime_engine="litert", runtime_delegate=delegate)
    interpreter = open_interpreter(model.content, settings.runtime)
    interpreter.allocate_tensors()
    kinds = {operator["op_name"] for operator in interpreter._get_ops_details()}

    np.testing.assert_allclose(found.boxes_xyxy, usual.boxes_xyxy, atol=1e-3)
    assert ("DELEGATE" in kinds) == (delegate != "none")

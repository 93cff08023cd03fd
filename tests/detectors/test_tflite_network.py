"""`.tflite` files that others made: they find what is there."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.detectors.drawn import DrawnNetwork, rows
from tests.quantising.networks import allocated
from workbench.detections import Detections, agreement
from workbench.detectors import Calibration, Detector, InputCard, Meaning, quiet_logger
from workbench.detectors.network import Conversion, Tensors, TensorSpec
from workbench.detectors.output_cards import BoxesCard, CandidatesCard, RowsCard
from workbench.detectors.tflite_network import TfliteNetwork, _why_not_opened
from workbench.errors import ModelError, UnavailableError
from workbench.machine import native_stderr_captured
from workbench.media import open_media
from workbench.opening import check, open_detector
from workbench.pipeline import Pipeline
from workbench.quantising import stored_precision
from workbench.settings import PRECISIONS
from workbench.stages import InputSpec

NO_FRAMES = Calibration("not asked", lambda: pytest.fail("frames are decoded though nothing is calibrated"))

Load = Callable[[str], Detector]


@pytest.fixture(scope="module")
def yolox(assets: Path) -> Load:
    """From the stored precision to YOLOX-nano."""
    return cache(lambda kind: open_detector(str(assets / "models" / f"yolox_nano_416_{kind}_quantize.tflite")))


def found_in(detector: Detector, picture: Path) -> Detections:
    settings = check(detector, detector.default_settings())
    (found,) = Pipeline(detector, settings, NO_FRAMES).detect(list(open_media(picture).frames()))
    return found


@pytest.mark.parametrize(
    ("kind", "precision"),
    [
        ("float16", "float16"),
        pytest.param("dynamic_range", "dynamic-int8", marks=pytest.mark.slow),
        pytest.param("int8", "float32", marks=pytest.mark.slow),  # so its converter called it, and left each weight as it was
    ],
)
def test_a_file_says_what_it_is(yolox: Load, kind: str, precision: str) -> None:
    detector = yolox(kind)

    assert detector.facts.kind == "LiteRT, YOLOX"
    assert detector.default_settings().runtime.precision == precision
    assert (detector.input_spec.size_hw, detector.input_spec.batch) == ((416, 416), 1)
    assert (detector.input_spec.layout, detector.input_spec.colour) == ("NCHW", "BGR")
    assert detector.facts.labels[15] == "cat"
    assert len(detector.facts.labels) == 80


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("mobile_object_localizer_v1_192", [f"post_processed_{part}" for part in ("boxes", "classes", "scores", "count")]),
        ("yolox_nano_416_float16_quantize", ["output"]),
        ("ultralight_face_RFB_320_nopost", [None, None]),
    ],
    ids=["LiteRT's own NMS", "a signature", "neither"],
)
def test_outputs_are_called_as_the_operation_or_the_signature_has_it(assets: Path, name: str, called: list[str | None]) -> None:
    tensors = TfliteNetwork(assets / "models" / f"{name}.tflite").inspect()

    assert [one.called for one in tensors.outputs] == called


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float16", "dynamic_range"])
def test_the_cat_is_a_cat(yolox: Load, assets: Path, kind: str) -> None:
    detector = yolox(kind)

    found = found_in(detector, assets / "images" / "coral" / "coral_cat.bmp")

    assert detector.facts.labels[found.class_ids[0]] == "cat"
    assert found.scores[0] > 0.5


def test_stored_precisions_agree(yolox: Load, assets: Path) -> None:
    pictures = sorted((assets / "images" / "coral").glob("*.[bj][mp][pg]"))
    assert len(pictures) >= 4

    agreed = agreement(
        [found_in(yolox("dynamic_range"), picture) for picture in pictures],
        [found_in(yolox("float16"), picture) for picture in pictures],
        baseline_name="float16",
    )

    assert agreed.matched >= 4
    assert agreed.ratio >= 0.8


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            {"runtime.engine": "graph", "input.resize": "opencv"},
            "runtime.engine is graph: a .tflite file holds no TensorFlow network",
        ),
        ({"runtime.batch": 2}, "runtime.batch is 2: this detector takes exactly 1 at once"),
        ({"input.size_hw": "320"}, "input.size_hw is 320x320; this detector takes 416x416 only"),
        ({"input.resize": "graph"}, "input.resize is graph: the litert engine runs the network alone"),
        ({"nms.method": "model"}, "nms.method is model: this model holds no NMS of its own; choose any other method"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_a_file_fixes_cannot_be_changed(yolox: Load, words: dict[str, object], reason: str) -> None:
    detector = yolox("float16")

    with pytest.raises(UnavailableError) as refused:
        check(detector, detector.default_settings().with_values(words))

    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize("ask", ["keras_model", "forward"])
def test_a_file_gives_no_tensorflow_network(yolox: Load, ask: str) -> None:
    with pytest.raises(UnavailableError, match="holds no TensorFlow network; choose litert"):
        getattr(yolox("float16").network, ask)()


def test_a_file_runs_as_it_is_where_it_is_stored_so(yolox: Load) -> None:
    detector = yolox("float16")
    settings = detector.default_settings()

    model = detector.litert_model(settings, NO_FRAMES)

    assert settings.runtime.precision == "float16"
    assert model.notes == ("217 transposes between channels first and last",)
    assert not model.converted
    assert len(model.content) == detector.facts.size_bytes


def test_integers_are_brought_to_no_other_precision(yolox: Load) -> None:
    detector = yolox("dynamic_range")
    settings = detector.default_settings()

    assert settings.runtime.precision == "dynamic-int8"
    for other in set(PRECISIONS) - {"dynamic-int8"}:
        with pytest.raises(UnavailableError, match=f"runtime.precision is {other}: the file is stored as dynamic-int8"):
            check(detector, settings.with_values({"runtime.precision": other, "runtime.engine": "openvino"}))


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"runtime.precision": "int8"}, {"runtime.layout": "nhwc"}], ids=str)
def test_a_float_file_becomes_what_is_wanted(yolox: Load, assets: Path, changes: dict[str, object]) -> None:
    detector = yolox("float16")
    settings = check(detector, detector.default_settings().with_values({"runtime.precision": "float32", **changes}))
    frames = Calibration("pictures", lambda: [frame.image_rgb for frame in open_media(assets / "images" / "coral").frames()])

    model = detector.litert_model(settings, frames)

    assert stored_precision(model.content) == settings.runtime.precision
    assert model.outputs.keys() == set(detector.outputs(settings.nms))


def test_boxes_that_a_file_cuts_off_are_told_in_each_run(assets: Path) -> None:
    """Its tail alone is in integers, and boxes have the scale of scores there."""
    path = assets / "models" / "yolox_nano_416_int8_quantize.tflite"
    network = TfliteNetwork(path)
    network.tensors = network.inspect()
    conversion = Conversion(("output",), InputSpec(size_hw=(416, 416), default_hw=(416, 416)), "float32", (416, 416), 1)

    (warning,) = network.litert_model(conversion, NO_FRAMES).warnings

    assert warning.startswith("one scale for scores and other numbers, such as boxes: ")
    assert warning.endswith(" cuts off what is not within 0 and 1")
    assert network.tensors.made_of[0] == "stored as float32: no weight is quantised, though 18 operators work on integers"


ROWS, BOXES = RowsCard(tensors=("rows",)), BoxesCard(tensors=("rows", "scores"))


@pytest.mark.parametrize(("card", "step"), [(ROWS, 2.5), (BOXES, None)], ids=["rows", "scores of their own"])
def test_scores_have_the_step_of_what_they_share_with_boxes(card: CandidatesCard, step: float | None) -> None:
    network = DrawnNetwork(rows)
    taken = network.inspect().inputs
    network.tensors = Tensors(taken, (TensorSpec("rows", (1, 10, 6), "int8", step=2.5), TensorSpec("scores", (1, 10), "float32")))
    spec = InputCard().spec(taken[0])
    meaning = Meaning(kind="", input_spec=spec, labels=("a", "b"), head=card.head(), head_outputs=card.tensors)

    assert Detector(network, meaning, name="drawn", source="drawn").score_step == step


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [tf.int8, tf.float32], ids=["int8 out", "float out"])
def test_an_integer_file_says_how_far_its_values_are_apart(tmp_path: Path, dtype: tf.DType) -> None:
    weights = tf.random.stateless_normal((8, 8, 3, 6), (1, 2), stddev=0.1)

    def serve(image: Any) -> dict[str, Any]:
        return {"rows": 640 * tf.sigmoid(tf.reshape(tf.nn.conv2d(image, weights, 8, "SAME"), (1, -1, 6)))}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 64, 64, 3), tf.float32)], autograph=False)
    with native_stderr_captured(), quiet_logger():
        tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved"))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([np.random.default_rng(n).random((1, 64, 64, 3), np.float32)] for n in range(4))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_output_type = dtype
        (tmp_path / "int8.tflite").write_bytes(converter.convert())

    (output,) = TfliteNetwork(tmp_path / "int8.tflite").inspect().outputs

    assert (output.dtype, output.called) == (dtype.name, "rows")
    assert output.step == pytest.approx(2.5, abs=0.5)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            "Didn't find op for builtin opcode 'CONV_2D' version '99'. An older version of this builtin might be supported.",
            "needs the operation CONV_2D in a version that LiteRT here lacks; run `pip install -U ai-edge-litert`",
        ),
        (
            "Encountered unresolved custom op: Frob.",
            "needs the custom operation 'Frob', which LiteRT here lacks; convert the model",
        ),
        ("The model is not a valid Flatbuffer buffer", "is damaged or of another version: LiteRT says"),
    ],
    ids=["version", "custom", "damaged"],
)
def test_only_what_is_no_flatbuffer_is_called_damaged(message: str, says: str) -> None:
    told = _why_not_opened(message)

    assert told.startswith(says)
    assert "damaged" not in told or "Flatbuffer" in message


@pytest.mark.slow
def test_an_operation_of_tensorflow_s_own_is_named(tmp_path: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 3), tf.float32)], autograph=False)
    def serve(image: tf.Tensor) -> tf.Tensor:
        return tf.linalg.det(tf.transpose(image[:, :3, :3], (0, 3, 1, 2)))

    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    path = tmp_path / "model.tflite"
    path.write_bytes(converter.convert())

    with pytest.raises(ModelError, match="needs the TensorFlow operation MatrixDeterminant, .*; convert the model with built-in"):
        TfliteNetwork(path).inspect()


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"runtime.precision": "float16"}, ("float32", "float32")),
        ({"runtime.precision": "int8"}, ("int8", "int8")),
        ({"runtime.precision": "int8", "runtime.float_ops": "PartitionedCall*"}, ("int8", "float32")),
    ],
    ids=["float16", "int8", "int8 with its ends in float"],
)
def test_a_float_file_takes_other_precisions_and_keeps_its_outputs(
    small_tflite: Path, small_calibration: Calibration, changes: dict[str, object], ends: tuple[str, str]
) -> None:
    detector = open_detector(str(small_tflite))
    settings = check(detector, detector.default_settings().with_values(changes))

    model = detector.litert_model(settings, small_calibration)

    made = allocated(model.content)
    called = {details["name"]: details["dtype"].__name__ for details in made.get_output_details()}
    outputs = detector.outputs(settings.nms)
    assert stored_precision(model.content) == settings.runtime.precision
    assert (made.get_input_details()[0]["dtype"].__name__, *{called[model.outputs[name]] for name in outputs}) == ends
    assert len({model.outputs[name] for name in outputs}) == len(outputs)


def test_a_layout_is_refused_where_there_is_nothing_to_rewrite(small_tflite: Path, small_calibration: Calibration) -> None:
    detector = open_detector(str(small_tflite))

    with pytest.raises(UnavailableError, match="runtime.layout is nhwc: there is nothing to rewrite"):
        detector.litert_model(detector.default_settings().with_values({"runtime.layout": "nhwc"}), small_calibration)

"""Converting to LiteRT, on a network small enough to convert in a second."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from workbench.detectors import Calibration, LiteRtModel
from workbench.detectors.conversion import Export, convert_tensorflow, note_converted_first
from workbench.detectors.keras_network import export_model
from workbench.detectors.network import Conversion
from workbench.errors import UnavailableError
from workbench.quantising import INTEGERS, stored_precision
from workbench.settings import PRECISIONS
from workbench.stages import InputSpec

SIZE_HW = (32, 64)
SPEC = InputSpec(size_hw=None, default_hw=SIZE_HW)
FRAMES = [np.random.default_rng(seed).integers(0, 256, (48, 80, 3), np.uint8) for seed in range(3)]
NO_FRAMES = Calibration("not asked", lambda: pytest.fail("frames are decoded though nothing is calibrated"))
SOME_FRAMES = Calibration("three pictures of noise", lambda: FRAMES)

Change = Callable[..., tuple[Conversion, str, Export]]


class Unconvertible(keras.layers.Layer):
    """An operation that LiteRT has no built-in for."""

    def call(self, x: Any) -> Any:
        return tf.raw_ops.Betainc(a=tf.ones_like(x), b=tf.ones_like(x), x=tf.sigmoid(x))


def network(*after: keras.layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((None, None, 3), name="image")
    x = keras.layers.Conv2D(8, 3, 32, padding="same", activation="relu")(image)
    for layer in after:
        x = layer(x)
    rows = keras.layers.Reshape((-1, 4))(keras.layers.Conv2D(4, 1)(x))
    scores = keras.layers.Activation("sigmoid", name="scores")(keras.layers.Reshape((-1, 2))(keras.layers.Conv2D(2, 1)(x)))
    return keras.Model(image, {"offsets": rows, "scores": scores})


def export_of(get_model: Callable[[], keras.Model]) -> Export:
    """Return what writes a model, which is made only then."""
    return lambda conversion, folder: export_model(get_model(), conversion, folder)


@pytest.fixture(scope="module")
def change() -> Change:
    """From what differs to a conversion of one small network."""
    base = {
        "outputs": ("offsets", "scores"),
        "input_spec": SPEC,
        "precision": "float32",
        "size_hw": SIZE_HW,
        "batch": 1,
    }
    whole = export_of(cache(network))

    def changed(*, sha256: str = "5" * 64, export: Export = whole, **values: Any) -> tuple[Conversion, str, Export]:
        return Conversion(**{**base, **values}), sha256, export

    return changed


def interpreter(model: LiteRtModel) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    found = Interpreter(model_content=model.content, num_threads=1)
    found.allocate_tensors()
    return found


@pytest.mark.parametrize(
    ("precision", "kind"),
    [
        ("float32", np.float32),
        ("float16", np.float32),
        ("dynamic-int8", np.float32),
        ("weight-int8", np.float32),
        ("weight-int4", np.float32),
        ("int8", np.int8),
        ("int16x8", np.int16),
    ],
)
def test_each_precision_converts_and_runs_with_the_types_that_it_names(
    change: Change, tmp_path: Path, precision: str, kind: type
) -> None:
    model = convert_tensorflow(*change(precision=precision), SOME_FRAMES, tmp_path)

    ready = interpreter(model)
    (taken,) = ready.get_input_details()
    given = ready.get_signature_runner().get_output_details()
    assert (taken["dtype"], {details["dtype"] for details in given.values()}) == (kind, {kind})
    assert taken["shape"].tolist() == [1, *SIZE_HW, 3]
    assert set(given) == set(model.outputs.values())
    assert list(model.outputs) == ["offsets", "scores"]
    ready.invoke()
    assert (stored_precision(model.content), model.warnings) == (precision, ())


def test_every_precision_but_bfloat16_has_a_conversion() -> None:
    assert set(PRECISIONS) - {"float32", "float16", *INTEGERS} == {"bfloat16"}


def test_a_conversion_holds_its_batch(change: Change, tmp_path: Path) -> None:
    model = convert_tensorflow(*change(batch=3), NO_FRAMES, tmp_path)

    assert interpreter(model).get_input_details()[0]["shape"].tolist() == [3, *SIZE_HW, 3]


def test_the_second_time_a_conversion_is_read_from_the_cache(change: Change, tmp_path: Path) -> None:
    first = convert_tensorflow(*change(), NO_FRAMES, tmp_path)

    second = convert_tensorflow(*change(), NO_FRAMES, tmp_path)

    assert (first.converted, second.converted) == (True, False)
    assert first.content == second.content
    assert "conversion read from the cache" in second.notes
    (cached,) = tmp_path.glob("*.tflite")
    note_converted_first(cached.name)
    made_by_another_process = convert_tensorflow(*change(), NO_FRAMES, tmp_path)
    assert made_by_another_process.converted
    assert any("made just now" in note for note in made_by_another_process.notes)


def test_a_cached_conversion_loads_no_network(change: Change, tmp_path: Path) -> None:
    convert_tensorflow(*change(), NO_FRAMES, tmp_path)

    unasked = export_of(lambda: pytest.fail("the network is loaded though nothing is converted"))
    again = convert_tensorflow(*change(export=unasked), NO_FRAMES, tmp_path)

    assert not again.converted


def test_cached_integer_models_need_no_frames_to_be_decoded_again(change: Change, tmp_path: Path) -> None:
    convert_tensorflow(*change(precision="int8"), SOME_FRAMES, tmp_path)

    again = convert_tensorflow(*change(precision="int8"), Calibration(SOME_FRAMES.key, NO_FRAMES.frames), tmp_path)

    assert not again.converted
    assert "calibrated on three pictures of noise, ranges by mse" in again.notes


@pytest.mark.parametrize(
    "values",
    [
        {"precision": "float16"},
        {"precision": "weight-int8", "float_ops": ("*",)},
        {"size_hw": (64, 64)},
        {"batch": 2},
        {"sha256": "6" * 64},
        {"input_spec": InputSpec(size_hw=None, default_hw=SIZE_HW, offset=127.5)},
    ],
    ids=lambda values: next(iter(values)),
)
def test_what_a_conversion_depends_on_is_not_taken_from_another(change: Change, tmp_path: Path, values: dict[str, Any]) -> None:
    convert_tensorflow(*change(), SOME_FRAMES, tmp_path)

    assert convert_tensorflow(*change(**values), SOME_FRAMES, tmp_path).converted


def test_other_calibration_frames_make_another_integer_model(change: Change, tmp_path: Path) -> None:
    convert_tensorflow(*change(precision="int8"), SOME_FRAMES, tmp_path)

    assert convert_tensorflow(*change(precision="int8"), Calibration("two of them", lambda: FRAMES[:2]), tmp_path).converted


def test_a_cache_that_cannot_be_written_costs_time_and_no_result(change: Change, tmp_path: Path) -> None:
    taken = tmp_path / "a file where the folder should be"
    taken.write_text("")

    model = convert_tensorflow(*change(), NO_FRAMES, taken)

    assert model.converted
    assert any(note.startswith("the conversion was not cached: cannot write") for note in model.notes)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, None], ids=["empty", "zeros", "half"])
def test_a_damaged_file_in_the_cache_is_converted_again(change: Change, tmp_path: Path, content: bytes | None) -> None:
    first = convert_tensorflow(*change(), NO_FRAMES, tmp_path)
    (cached,) = tmp_path.iterdir()
    cached.write_bytes(first.content[: len(first.content) // 2] if content is None else content)

    again = convert_tensorflow(*change(), NO_FRAMES, tmp_path)

    assert again.converted
    interpreter(again).invoke()
    assert not convert_tensorflow(*change(), NO_FRAMES, tmp_path).converted


def test_what_the_converter_cannot_make_is_refused_in_one_line_with_the_reason(change: Change, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as refused:
        convert_tensorflow(
            *change(export=export_of(lambda: network(Unconvertible())), sha256="of another model"), NO_FRAMES, tmp_path
        )

    message = str(refused.value)
    assert message.startswith("the converter could not make a .tflite file of this model: ")
    assert message.endswith("; choose another runtime.engine")
    assert "Betainc" in message
    assert "\n" not in message
    assert not list(tmp_path.iterdir())


def test_what_the_converter_says_stays_off_the_screen(change: Change, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    convert_tensorflow(*change(size_hw=(96, 32)), NO_FRAMES, tmp_path)

    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operations", "types", "precision"),
    [
        ("TFLITE_BUILTINS_INT8", {}, "int8"),
        ("TFLITE_BUILTINS_INT8", {"inference_output_type": tf.int8}, "int8"),
        ("EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8", {}, "int16x8"),
    ],
    ids=["floats in and out", "floats in", "int16 activations"],
)
def test_a_file_is_named_by_its_weights_whatever_comes_in_and_goes_out(
    tmp_path: Path, operations: str, types: dict[str, Any], precision: str
) -> None:
    model = network()
    model.export(str(tmp_path / "m"), input_signature=[tf.TensorSpec((1, *SIZE_HW, 3), tf.float32)], verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "m"))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: iter([[np.random.default_rng(0).random((1, *SIZE_HW, 3), np.float32)]])
    converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, operations)]
    for name, value in types.items():
        setattr(converter, name, value)

    assert stored_precision(converter.convert()) == precision

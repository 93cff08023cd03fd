"""Bringing `.tflite` models to ONNX, on a network small enough to convert in a second."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tensorflow as tf

from workbench.detectors import to_onnx
from workbench.detectors.conversion import ConvertedFile
from workbench.errors import UnavailableError
from workbench.machine import native_stderr_captured

HEIGHT, WIDTH = 32, 64


def flatbuffer(change: Any = tf.nn.relu) -> bytes:
    """A convolution of a wide picture and what is done to its output, for LiteRT."""
    weights = tf.constant(np.random.default_rng(0).normal(size=(3, 3, 3, 4)), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((1, HEIGHT, WIDTH, 3), tf.float32)], autograph=False)
    def serve(image: Any) -> Any:
        return change(tf.nn.conv2d(image, weights, 2, "SAME"))

    with native_stderr_captured():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()])
        content: bytes = converter.convert()
    return content


@pytest.fixture(scope="module")
def content() -> bytes:
    return flatbuffer()


def shapes(model: ConvertedFile) -> tuple[list[int], list[int]]:
    graph = onnx.load_model_from_string(model.content).graph
    taken, given = ([side.dim_value for side in one.type.tensor_type.shape.dim] for one in (*graph.input, *graph.output))
    return taken, given


def test_inputs_and_outputs_keep_their_order_of_axes(content: bytes, tmp_path: Path) -> None:
    assert shapes(to_onnx(content, tmp_path)) == ([1, HEIGHT, WIDTH, 3], [1, HEIGHT // 2, WIDTH // 2, 4])


def test_the_second_time_it_is_read_from_the_cache(content: bytes, tmp_path: Path) -> None:
    first = to_onnx(content, tmp_path)

    second = to_onnx(content, tmp_path)

    assert (first.converted, second.converted) == (True, False)
    assert first.content == second.content
    assert second.notes == ("conversion to ONNX read from the cache",)


def test_another_model_is_converted_anew(content: bytes, tmp_path: Path) -> None:
    to_onnx(content, tmp_path)

    assert to_onnx(flatbuffer(tf.nn.relu6), tmp_path).converted


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, None], ids=["empty", "zeros", "half"])
def test_a_damaged_file_in_the_cache_is_converted_again(content: bytes, tmp_path: Path, damage: bytes | None) -> None:
    first = to_onnx(content, tmp_path)
    (cached,) = tmp_path.iterdir()
    cached.write_bytes(first.content[: len(first.content) // 2] if damage is None else damage)

    assert to_onnx(content, tmp_path).converted
    assert not to_onnx(content, tmp_path).converted


def test_a_cache_that_cannot_be_written_costs_time_and_no_result(content: bytes, tmp_path: Path) -> None:
    taken = tmp_path / "a file where the folder should be"
    taken.write_text("")

    model = to_onnx(content, taken)

    assert model.converted
    assert model.notes[0].startswith("the conversion to ONNX was not cached: cannot write")


def test_an_operation_that_onnx_has_none_for_is_named_in_one_line(tmp_path: Path) -> None:
    unknown = flatbuffer(lambda x: tf.cast(tf.raw_ops.Bucketize(input=x, boundaries=[0.0, 1.0]), tf.float32))

    with pytest.raises(UnavailableError) as refused:
        to_onnx(unknown, tmp_path)

    assert str(refused.value) == "ONNX has no operation for BUCKETIZE of this model; choose litert"
    assert not list(tmp_path.iterdir())


def test_what_is_no_flatbuffer_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="^tf2onnx could not bring this model to ONNX: .*; choose litert$"):
        to_onnx(b"\x08\x00\x00\x00TFL3", tmp_path)


def test_what_the_converter_says_stays_off_the_screen(
    content: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    to_onnx(content, tmp_path)

    assert capfd.readouterr() == ("", "")
    assert not recwarn.list

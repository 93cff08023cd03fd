"""A stranger's model is tried in a process of its own: what crashes or hangs there costs a sentence."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf

from tests.view.opening_and_closing import until
from workbench.detectors import InputCard, quiet_logger, trial
from workbench.detectors.access import Access
from workbench.detectors.feeding import stated_scaling, ways_to_feed
from workbench.detectors.network import TensorSpec
from workbench.detectors.trial import try_out
from workbench.errors import ModelError
from workbench.machine import native_stderr_captured

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

FRAME = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
SHORT = 3.0
RUNNING_SECONDS = 12.0  # after which the runtime is there, and the model runs


def tflite(folder: Path, *, endless: bool) -> Path:
    """Write a network that puts its picture's first column out, or loops for ever before that."""

    def serve(image: Any) -> dict[str, Any]:
        limit = 2.0 if endless else -1.0
        (zero,) = tf.while_loop(lambda n: n < limit, lambda n: (n * 0.0,), (tf.reduce_max(image) * 0.0,))
        return {"column": image[:, :, 0, :] + zero}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, 32, 32, 3), tf.float32)], autograph=False)
    with quiet_logger(), native_stderr_captured():
        tf.saved_model.save(module, str(folder / "saved"), signatures=module.serve.get_concrete_function())
        content = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert()
    path = folder / "model.tflite"
    path.write_bytes(content)
    return path


def test_a_trial_feeds_each_way_and_is_kept_by_content(tmp_path: Path) -> None:
    path = tflite(tmp_path, endless=False)
    first = try_out(".tflite", path, "content", [FRAME], read=False, cache=tmp_path / "cache")

    path.unlink()
    again = try_out(".tflite", path, "content", [FRAME], read=False, cache=tmp_path / "cache")

    assert again.tensors == first.tensors
    assert {(run.fed.colour, run.fed.values) for run in again.runs} == {
        (colour, values) for colour in ("RGB", "BGR") for values in ("0..1", "0..255", "-1..1", "imagenet")
    }
    red, blue = (next(run for run in again.runs if run.fed.colour == colour).outputs for colour in ("RGB", "BGR"))
    for name, one in red.items():
        assert one.shape == (1, 32, 3)
        np.testing.assert_array_equal(one, blue[name][..., ::-1])


@pytest.mark.parametrize("what", ["another frame", "another file", "a damaged one"])
def test_what_was_kept_of_something_else_is_not_taken(tmp_path: Path, what: str) -> None:
    path, cache = tflite(tmp_path, endless=False), tmp_path / "cache"
    try_out(".tflite", path, "content", [FRAME], read=False, cache=cache)
    path.unlink()
    if what == "a damaged one":
        (kept,) = cache.iterdir()
        kept.write_bytes(kept.read_bytes()[:-100])

    with pytest.raises(ModelError, match="cannot read the model"):
        try_out(
            ".tflite",
            path,
            "other" if what == "another file" else "content",
            [255 - FRAME if what == "another frame" else FRAME],
            read=False,
            cache=cache,
        )


def test_a_model_that_never_returns_is_given_up(tmp_path: Path) -> None:
    path = tflite(tmp_path, endless=True)
    began = time.monotonic()

    with pytest.raises(ModelError) as refused:
        try_out(".tflite", path, "endless", [FRAME], read=False, cache=tmp_path, timeout_seconds=SHORT)

    assert str(refused.value) == f"{path} does not return within 3 s from one frame; choose a smaller model"
    assert time.monotonic() - began < trial.LOADING_SECONDS
    assert not list(tmp_path.glob("*.npz"))

    with pytest.raises(ModelError, match=r"runs out of memory \(it took .* GiB, the limit is .*\) when it is loaded and run"):
        try_out(".tflite", path, "endless", [FRAME], read=False, cache=tmp_path, memory_bytes=1 << 20)


ORPHAN = """
import sys
from pathlib import Path
import numpy as np
from workbench.detectors.trial import try_out
frame = np.zeros((48, 64, 3), np.uint8)
try_out(sys.argv[1], Path(sys.argv[2]), "endless", [frame], read=False, cache=Path(sys.argv[3]), timeout_seconds=1000)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", [".tflite", "folder"])
def test_a_trial_of_what_never_returns_ends_when_its_parent_is_killed(tmp_path: Path, kind: str) -> None:
    path = tflite(tmp_path, endless=True)
    words = (sys.executable, "-c", ORPHAN, kind, str(path if kind == ".tflite" else tmp_path / "saved"), str(tmp_path / "cache"))
    with subprocess.Popen(words) as parent:
        until(lambda: psutil.Process(parent.pid).children())
        (child,) = psutil.Process(parent.pid).children()
        time.sleep(RUNNING_SECONDS)
        assert child.is_running()
        parent.kill()

    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("os.kill(os.getpid(), 11)", "crashes the runtime (SIGSEGV)"),
        ("os._exit(7)", "ends its process with code 7"),
    ],
    ids=["crash", "exit"],
)
def test_a_model_that_ends_its_process_costs_a_sentence(tmp_path: Path, code: str, words: str) -> None:
    path = tmp_path / "lambda.keras"
    harmless_here = f"lambda x: x if os.getpid() == {os.getpid()} else {code}".replace("os.", "__import__('os').")
    layer = keras.layers.Lambda(eval(harmless_here), output_shape=(32, 32, 3))  # noqa: S307 - this test's own words
    image = keras.Input((32, 32, 3))
    keras.Model(image, layer(image)).save(path)

    with pytest.raises(ModelError) as refused:
        try_out(".keras", path, code, [FRAME], access=Access(trusted=True), cache=tmp_path)

    assert str(refused.value) == f"{path} {words} when it is loaded and run on one frame; choose another model"


@pytest.mark.parametrize(
    ("spec", "count", "dtype"),
    [
        (TensorSpec("x", (1, 32, 32, 3), "float32"), 8, "float32"),
        (TensorSpec("x", (1, 3, 32, 32), "float32"), 8, "float32"),
        (TensorSpec("x", (1, 32, 32, 3), "uint8"), 2, "uint8"),
        (TensorSpec("x", (1, 32, 32, 3), "int8", (1 / 255, -128)), 2, "float32"),
    ],
    ids=["float", "planar", "uint8", "int8"],
)
def test_the_ways_to_feed_follow_the_inputs_type(spec: TensorSpec, count: int, dtype: str) -> None:
    ways = ways_to_feed(spec)

    assert len(ways) == count
    assert {way.dtype for _, way in ways} == {dtype}
    assert isinstance(ways[0][0], InputCard)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (TensorSpec("x", (1, 32, 32, 1), "float32"), "takes no colour pictures; choose a detector of RGB pictures"),
        (TensorSpec("x", (1, 80), "float32"), "takes no colour pictures; choose a detector of RGB pictures"),
        (TensorSpec("x", (), "float32"), "takes no colour pictures; choose a detector of RGB pictures"),
        (TensorSpec("x", (1, 32, 32, 3), "int64"), "of a type that pictures are not fed in; convert it to take float32 or uint8"),
        (TensorSpec("x", (None,), "object"), "of a type that pictures are not fed in; convert it to take float32 or uint8"),
    ],
    ids=["grey", "vector", "scalar", "int64", "encoded"],
)
def test_an_input_that_takes_no_pictures_is_refused(spec: TensorSpec, reason: str) -> None:
    with pytest.raises(ModelError) as refused:
        ways_to_feed(spec)

    assert str(refused.value).endswith(reason)


@pytest.mark.parametrize(
    ("quantization", "dtype", "expected"),
    [
        ((1 / 255, -128), "int8", (0.0, 1 / 255)),
        ((2 / 255, 0), "int8", (127.5, 2 / 255)),
        ((1.0, -128), "int8", (0.0, 1.0)),
        ((1 / 32767, 0), "int16", (0.0, 1 / 255)),
    ],
    ids=["0..1", "-1..1", "0..255", "int16"],
)
def test_a_quantised_input_states_its_scaling(quantization: tuple[float, int], dtype: str, expected: tuple[float, float]) -> None:
    offset, factor = stated_scaling(TensorSpec("x", (1, 8, 8, 3), dtype, quantization))

    assert offset == pytest.approx(expected[0], abs=1)
    assert factor == pytest.approx(expected[1], rel=0.01)

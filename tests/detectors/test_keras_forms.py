"""The forms in which people save a Keras detector: what loads, and one line for what does not."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from workbench.detectors import load_model
from workbench.detectors.access import Access
from workbench.detectors.keras_config import as_keras_3, import_packages, read_config
from workbench.detectors.keras_network import KerasNetwork, _reason
from workbench.errors import ModelError

# Keras saves through np.array(variable), which NumPy 2 warns of; it also warns that .h5 is an old format.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

SIDE = 16
PICTURE = np.random.default_rng(0).uniform(size=(1, SIDE, SIDE, 3)).astype(np.float32)
FRAME = np.zeros((64, 96, 3), np.uint8)
CODE = """
import keras


class Doubled(keras.layers.Layer):
    def call(self, x):
        return x * 2
"""


class Doubled(keras.layers.Layer):
    """A layer whose class nobody registered."""

    def call(self, x: Any) -> Any:
        return x * 2


class Subclassed(keras.Model):
    """A model that is code, not layers that are wired."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.convolution = keras.layers.Conv2D(4, 3)

    def call(self, x: Any) -> Any:
        return {"map": self.convolution(x)}


def wired(path: Path, *layers: keras.layers.Layer) -> Path:
    x = image = keras.Input((SIDE, SIDE, 3), name="image")
    for layer in layers:
        x = layer(x)
    keras.Model(image, x).save(path)
    return path


def opened(path: Path, **access: Any) -> KerasNetwork:
    network = KerasNetwork(path, access=Access(**access))
    return KerasNetwork(path, access=Access(**access), tensors=network.inspect())


def refusal(path: Path, **access: Any) -> str:
    with pytest.raises(ModelError) as refused:
        opened(path, **access)
    told = str(refused.value)
    assert "\n" not in told
    assert len(told) - len(str(path)) <= 400
    return told


def test_a_sequential_model_is_read_and_run(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((SIDE, SIDE, 3)), keras.layers.Conv2D(4, 3)]).save(path)

    network = opened(path)

    assert network.tensors is not None
    assert [str(one) for one in network.tensors.outputs] == [f"output_0 float32[?, {SIDE - 2}, {SIDE - 2}, 4]"]
    assert network.run(PICTURE)["output_0"].shape == (1, SIDE - 2, SIDE - 2, 4)


def test_a_sequential_model_keeps_the_names_that_its_last_layer_gives(tmp_path: Path) -> None:
    path, image = tmp_path / "model.keras", keras.Input((SIDE, SIDE, 3))
    inner = keras.Model(image, {"boxes": keras.layers.ReLU()(image), "scores": image})
    keras.Sequential([keras.Input((SIDE, SIDE, 3)), inner]).save(path)

    network = opened(path)

    assert network.tensors is not None
    assert [one.name for one in network.tensors.outputs] == ["boxes", "scores"]
    assert set(network.run(PICTURE)) == {"boxes", "scores"}


def test_half_precision_comes_out_as_float32(tmp_path: Path) -> None:
    path = wired(tmp_path / "model.keras", keras.layers.Conv2D(4, 3, dtype="mixed_float16", name="map"))

    network = opened(path)

    (found,) = network.run(PICTURE).values()
    assert found.dtype == np.float32
    assert np.array_equal(found, found.astype(np.float16)), "it was computed as the file says"


def test_a_configuration_in_float32_has_no_half_precision_left(tmp_path: Path) -> None:
    path = wired(tmp_path / "model.keras", keras.layers.Conv2D(4, 3, dtype="mixed_float16"), keras.layers.ReLU())
    tree = read_config(path)

    assert "mixed_float16" in json.dumps(as_keras_3(tree))
    assert "float16" not in json.dumps(as_keras_3(tree, in_float32=True))


def test_the_half_precision_that_layers_compute_in_has_a_name(tmp_path: Path) -> None:
    half = wired(tmp_path / "half.keras", keras.layers.Conv2D(4, 3, dtype="mixed_float16"), keras.layers.ReLU())
    plain = wired(tmp_path / "plain.keras", keras.layers.Conv2D(4, 3))

    assert (opened(half).half_policy, opened(plain).half_policy) == ("mixed_float16", None)


@pytest.mark.parametrize("policy", [{"class_name": "Policy", "config": {"name": "mixed_float16"}}, "mixed_float16"])
def test_a_policy_of_keras_2_becomes_its_name(policy: object) -> None:
    layer = {"class_name": "Conv2D", "config": {"name": "c", "dtype": policy}}

    assert as_keras_3(layer)["config"]["dtype"] == "mixed_float16"
    assert as_keras_3(layer, in_float32=True)["config"]["dtype"] == "float32"


def test_a_class_that_is_not_there_is_named_with_the_cure(tmp_path: Path) -> None:
    told = refusal(wired(tmp_path / "model.keras", Doubled()))

    assert "'Doubled'" in told
    assert "is Python code that is not in the file; name its file with --allow code=FILE" in told


def test_code_that_is_allowed_is_run_and_told(tmp_path: Path) -> None:
    path = wired(tmp_path / "model.keras", Doubled(name="map"))
    code = tmp_path / "layers.py"
    code.write_text(CODE)

    network = opened(path, code=(str(code),))

    assert np.allclose(next(iter(network.run(PICTURE).values())), PICTURE * 2)
    assert [(one.name, len(one.sha256)) for one in network.code] == [("layers.py", 64)]
    assert network.sha256 != KerasNetwork(path).sha256, "with other code it would be another network"


@pytest.mark.parametrize(
    ("content", "says"),
    [("import no_such_thing", "does not run: ModuleNotFoundError"), (None, "cannot read the Python file")],
    ids=["fails", "missing"],
)
def test_code_that_does_not_run_is_one_line(tmp_path: Path, content: str | None, says: str) -> None:
    path, code = wired(tmp_path / "model.keras", Doubled()), tmp_path / "layers.py"
    if content is not None:
        code.write_text(content)

    assert says in refusal(path, code=(str(code),))


def test_a_class_registered_in_this_process_is_taken(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("tests")
    class Tripled(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 3

    path = wired(tmp_path / "model.keras", keras.layers.Conv2D(4, 3), Tripled())

    loaded = load_model(str(path), lambda: [FRAME])

    assert loaded.network.only_here
    assert [len(one.shape) for one in loaded.trial.tensors.outputs] == [4]


def test_a_subclassed_model_is_taken_with_its_code(tmp_path: Path) -> None:
    path, model = tmp_path / "model.keras", Subclassed()
    model(PICTURE)
    model.save(path)
    code = tmp_path / "model.py"
    code.write_text("import keras\n" + CODE_OF_SUBCLASSED)

    network = opened(path, code=(str(code),))

    assert network.tensors is not None
    assert str(network.tensors.inputs[0]) == "image float32[?, ?, ?, 3]"
    assert network.tensors.inputs[0].usual_hw == (SIDE, SIDE)
    assert [one.name for one in network.tensors.outputs] == ["map"]
    assert "'Subclassed'" in refusal(path)


CODE_OF_SUBCLASSED = """
class Subclassed(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.convolution = keras.layers.Conv2D(4, 3)

    def call(self, x):
        return {"map": self.convolution(x)}
"""


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change the configuration of the second layer in an HDF5 file."""
    with h5py.File(path, "r+") as file:
        tree = json.loads(file.attrs["model_config"])
        change(tree["config"]["layers"][1]["config"])
        file.attrs["model_config"] = json.dumps(tree)
    return path


def test_keys_of_keras_2_that_had_no_effect_are_left_out(tmp_path: Path) -> None:
    path = wired(tmp_path / "model.h5", keras.layers.DepthwiseConv2D(3, name="map"))
    expected = next(iter(opened(path).run(PICTURE).values()))

    old = opened(changed(path, lambda layer: layer.update(groups=1, batch_input_shape=[None, SIDE, SIDE, 3])))

    assert np.array_equal(next(iter(old.run(PICTURE).values())), expected)


def test_a_key_of_keras_2_that_has_an_effect_is_refused_without_the_configuration(tmp_path: Path) -> None:
    path = wired(tmp_path / "model.h5", keras.layers.DepthwiseConv2D(3))

    told = refusal(changed(path, lambda layer: layer.update(groups=3)))

    assert told.endswith("Unrecognized keyword arguments passed to DepthwiseConv2D: {'groups': 3}")


def test_a_package_that_is_not_installed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    layer = {"module": "keras_cv.src.models", "class_name": "YOLOV8Detector", "registered_name": "keras_cv>YOLOV8Detector"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({**layer, "config": {"much": ["of it"] * 2000}}))
        archive.writestr("metadata.json", "{}")

    told = refusal(path)

    assert told.endswith("its layer 'YOLOV8Detector' is of keras-cv, which is not installed; run `pip install keras-cv`")


def test_a_package_that_is_installed_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keras_nlp.py").write_text("raise RuntimeError('of another version')")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModelError, match="keras-nlp, which its layers are of, does not load: of another version"):
        import_packages({"class_name": "X", "registered_name": "keras_nlp>X", "config": {}})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Unknown layer: 'TFOpLambda'. Please ensure you are using", "TFOpLambda is an operation as only Keras 2 reads it"),
        ("Could not locate function 'swishy'. Make sure", "'swishy' is Python code that is not in the file"),
        ("a\n\nconfig={1}\n\nException encountered: b. Full object config: {2}", "b."),
    ],
)
def test_what_keras_says_becomes_one_line(text: str, says: str) -> None:
    assert _reason(text, {}, Access()).startswith(says)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_a_configuration_that_is_damaged_anywhere_says_nothing_and_breaks_nothing(tmp_path: Path, method: int) -> None:
    path = tmp_path / "model.keras"
    text = json.dumps({"class_name": "Functional", "config": {"layers": list(range(200))}})
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("config.json", text)
    sound, random = path.read_bytes(), np.random.default_rng(1)
    assert read_config(path) == json.loads(text)

    for _ in range(200):
        damaged = bytearray(sound)
        for place in random.integers(0, len(damaged), 4):
            damaged[place] ^= 1 << int(random.integers(8))
        path.write_bytes(damaged)
        assert isinstance(read_config(path), dict)

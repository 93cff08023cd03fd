"""Each fault of a file is named, in one line, with what to do; code of strangers runs only where it is allowed by name."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from workbench.detectors import load_detector, load_model
from workbench.detectors.access import Access
from workbench.detectors.files import FILE_KINDS
from workbench.detectors.network import Network
from workbench.errors import ModelError, SettingsError
from workbench.opening import open_detector
from workbench.samples import WEIGHTS

# Keras saves through np.array(variable), which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
HDF5 = b"\x89HDF\r\n\x1a\n"
FRAME = np.zeros((64, 96, 3), np.uint8)
Serve = Callable[..., Any]


def no_frame() -> Any:
    pytest.fail("media are read though the model is refused")


def inspected(path: Path, **access: Any) -> Network:
    """Load a file in this process: the child would say the same, and start for seconds."""
    kind = FILE_KINDS["folder" if path.is_dir() else path.suffix]
    network = kind.open(path, Access(**access))
    network.inspect()
    return network


def saved(folder: Path, serve: Serve, *taken: tf.TensorSpec, signature: str = "serving_default") -> Path:
    module = tf.Module()
    module.weight = tf.Variable(2.0)
    module.serve = tf.function(lambda *images: serve(*images, module.weight), input_signature=list(taken), autograph=False)
    tf.saved_model.save(module, str(folder), signatures={signature: module.serve.get_concrete_function()})
    return folder


IMAGE = tf.TensorSpec((1, 32, 32, 3), tf.float32, name="image")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return saved(tmp_path / "sound", lambda image, weight: {"y": image * weight}, IMAGE)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("m.pb", b"", "is empty (0 bytes); copy the model again"),
        ("m.h5", POINTER, "is a Git LFS pointer, not the model; run `git lfs pull` where it comes from"),
        ("m.pb", POINTER, "is a Git LFS pointer, not the model; run `git lfs pull` where it comes from"),
        ("m.h5", b"PK\3\4", "is no HDF5 file: its first bytes are not those of one; choose a .h5 or .keras file"),
        ("m.pkl", b"", "is, or holds, a Python pickle: code of whoever made it, which is never loaded here"),
        ("m.pt", b"PK", "is, or holds, a Python pickle: code of whoever made it, which is never loaded here"),
        (
            "m.pth",
            b"PK",
            "is, or holds, a Python pickle: code of whoever made it, which is never loaded here; export the model where",
        ),
        ("m.onnx", b"\x08\x07", "is an ONNX model; convert it with `onnx2tf -i MODEL.onnx`, which writes a SavedModel and .tflite"),
        ("m.xml", b"<net>", "is OpenVINO's own format; give the model that it was made of"),
        ("model.ckpt-1000.index", b"", "is a training checkpoint, not a model that runs; export it with the Object Detection API"),
        ("pipeline.config", b"", "is a training checkpoint, not a model that runs; export it with the Object Detection API"),
        ("m.txt", b"", "is of no kind of model that is read here; choose a SavedModel's folder, .keras, .h5, .pb (a frozen graph)"),
        ("m.model", pickle.dumps([1]), "is, or holds, a Python pickle: code of whoever made it, which is never loaded here"),
    ],
)
def test_what_plainly_is_no_model_is_refused_before_media_are_read(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ModelError) as refused:
        load_detector(str(path), no_frame)

    assert str(refused.value).startswith(f"{path} {reason}")


@pytest.mark.parametrize("part", ["pipeline.config", "model.ckpt-1000.index"])
def test_a_folder_of_a_training_checkpoint_says_how_to_export_it(tmp_path: Path, part: str) -> None:
    (tmp_path / part).write_bytes(b"")

    with pytest.raises(ModelError, match="holds a training checkpoint, not a model that runs; export it with the Object Detection"):
        load_detector(str(tmp_path), no_frame)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((), "is no SavedModel: it has no saved_model.pb; choose the folder that the export wrote, whole"),
        (("variables",), "is half a SavedModel (variables, but no saved_model.pb); choose the folder that the export wrote, whole"),
        (("assets", "keras_metadata.pb"), "is half a SavedModel (assets, keras_metadata.pb, but no saved_model.pb); choose"),
    ],
    ids=["empty", "variables only", "the rest only"],
)
def test_a_folder_that_is_half_a_model_says_which_half(tmp_path: Path, parts: tuple[str, ...], reason: str) -> None:
    for part in parts:
        (tmp_path / part).mkdir()

    with pytest.raises(ModelError) as refused:
        load_detector(str(tmp_path), no_frame)

    assert str(refused.value).startswith(f"{tmp_path} {reason}")


@pytest.mark.parametrize("part", ["variables.data-00000-of-00001", "variables.index"])
def test_variables_that_are_not_whole_are_missed(sound: Path, part: str) -> None:
    (sound / "variables" / part).unlink()

    with pytest.raises(ModelError, match="is half a SavedModel: of its variables only a part is there; copy or export it again"):
        inspected(sound)


def test_all_variables_missing_are_missed(sound: Path) -> None:
    shutil.rmtree(sound / "variables")

    with pytest.raises(ModelError) as refused:
        inspected(sound)

    assert "\n" not in str(refused.value)


def test_the_file_inside_a_saved_models_folder_stands_for_it(sound: Path) -> None:
    loaded = load_model(str(sound / "saved_model.pb"), lambda: [FRAME])

    assert loaded.network.path == sound
    assert [str(one) for one in loaded.trial.tensors.outputs] == ["y float32[1, 32, 32, 3]"]


def test_a_saved_model_that_holds_nonsense_is_damaged(sound: Path) -> None:
    (sound / "saved_model.pb").write_bytes(b"\xff" * 100)

    with pytest.raises(ModelError, match="saved_model.pb is damaged: it is no SavedModel's graph; copy or export the model again"):
        inspected(sound)


def test_a_frozen_graph_that_is_none_is_refused(tmp_path: Path, sound: Path) -> None:
    path = tmp_path / "model.pb"
    path.write_bytes(b"\xff\xfe" * 50)
    with pytest.raises(ModelError, match="is no frozen graph, or damaged; choose a .pb that holds a GraphDef, or a SavedModel's"):
        inspected(path)

    shutil.copyfile(sound / "saved_model.pb", path)
    with pytest.raises(ModelError) as refused:
        inspected(path)
    assert "\n" not in str(refused.value)


def test_a_model_of_two_inputs_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "two", lambda a, b, _: {"y": a + b}, IMAGE, tf.TensorSpec((1, 32, 32, 3), tf.float32, name="other"))

    with pytest.raises(ModelError, match=r"takes 2 inputs \(image, other\); choose a detector of one picture"):
        inspected(path)


def test_a_model_without_a_signature_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    module.weight = tf.Variable(1.0)
    tf.saved_model.save(module, str(tmp_path / "bare"))

    with pytest.raises(ModelError, match="has no signature that says how it is called; export it with one"):
        inspected(tmp_path / "bare")


def test_one_signature_of_another_name_will_do(tmp_path: Path) -> None:
    assert inspected(saved(tmp_path / "named", lambda image, _: {"y": image}, IMAGE, signature="detect"))


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Conv2D(2, 1)(image)).save_weights(tmp_path / "model.weights.h5")

    with pytest.raises(ModelError, match="holds weights only, no model; build the model in Keras, load them into it and save all"):
        inspected(tmp_path / "model.weights.h5")


def test_a_damaged_hdf5_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(HDF5 + b"\0" * 500)

    with pytest.raises(ModelError, match="is a damaged HDF5 file: .*; copy it again"):
        inspected(path)


def test_python_functions_in_a_graph_are_refused_unless_they_are_allowed(tmp_path: Path) -> None:
    def serve(image: Any, _: Any) -> Any:
        return {"y": tf.ensure_shape(tf.py_function(lambda x: x, [image], tf.float32), (1, 32, 32, 3))}

    path = saved(tmp_path / "python", serve, IMAGE)

    with pytest.raises(ModelError, match="calls Python functions .*; export it without them, or allow python-functions by name"):
        inspected(path)
    assert inspected(path, trusted=True)


def test_a_lambda_layer_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3))
    layer = keras.layers.Lambda(eval("lambda x: x * 2"))  # noqa: S307 - this test's own words
    keras.Model(image, layer(image)).save(tmp_path / "lambda.keras")

    with pytest.raises(ModelError, match="a Lambda layer, which is Python code of whoever made the file; allow it with --allow"):
        inspected(tmp_path / "lambda.keras")
    assert inspected(tmp_path / "lambda.keras", trusted=True)


@pytest.mark.parametrize("name", ["pickles", "everything", "lambda-layers"])
@pytest.mark.parametrize("model", ["model.tflite", "inspector-mobile", None])
def test_only_what_has_a_name_can_be_allowed_to_whatever_model(name: str, model: str | None) -> None:
    with pytest.raises(
        SettingsError, match=f"'{name}' cannot be allowed; choose one of lambda, python-functions, code, outside, code=FILE"
    ):
        open_detector(model, allow=(name,))


def test_an_allowance_is_for_its_own_kind_of_file() -> None:
    """What a SavedModel may do, a Keras file may not."""
    assert FILE_KINDS[".keras"].allowance == "lambda"
    assert FILE_KINDS["folder"].allowance == FILE_KINDS[".pb"].allowance == "python-functions"
    assert FILE_KINDS[".tflite"].allowance is None


def two_ways(folder: Path) -> Path:
    """A model whose usual signature takes JPEG files, and another one pictures."""
    module = tf.Module()
    taken = {"files": tf.TensorSpec((None,), tf.string), "pictures": tf.TensorSpec((None, 32, 32, 3), tf.float32)}
    called = {"serving_default": "files", "from_pictures": "pictures"}
    for name in called.values():
        serve = tf.function(lambda given: {"y": tf.identity(given)}, input_signature=[taken[name]], autograph=False)
        setattr(module, name, serve)
    signatures = {name: getattr(module, one).get_concrete_function() for name, one in called.items()}
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


def test_a_signature_that_takes_pictures_is_offered_and_can_be_chosen(tmp_path: Path) -> None:
    path = two_ways(tmp_path / "model")

    with pytest.raises(ModelError, match="serving_default that takes no pictures; choose one that does with --signature from_p"):
        inspected(path)
    chosen = inspected(path, signature="from_pictures")
    assert [str(one) for one in chosen.inspect().inputs] == ["given float32[?, 32, 32, 3]"]
    assert chosen.sha256 != FILE_KINDS["folder"].open(path).sha256, "it is another network"
    with pytest.raises(ModelError, match="has no signature 'other'; choose one of"):
        inspected(path, signature="other")


def test_only_a_saved_model_has_signatures_to_choose_from(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"-")

    with pytest.raises(ModelError, match="has no signatures to choose 'detect' from; only a SavedModel has: leave it out"):
        load_detector(str(tmp_path / "model.tflite"), no_frame, signature="detect")


def test_a_missing_operation_is_named(tmp_path: Path) -> None:
    graph = tf.compat.v1.GraphDef()
    graph.node.add(name="image", op="Placeholder").attr["dtype"].type = 1
    graph.node.add(name="y", op="Frobnicate", input=["image"])
    (tmp_path / "model.pb").write_bytes(graph.SerializeToString())

    with pytest.raises(ModelError, match="'Frobnicate', which TensorFlow here lacks; export it with built-in operations only"):
        inspected(tmp_path / "model.pb")


def test_a_keras_model_of_several_unnamed_outputs_still_names_them(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3))
    keras.Model(image, [keras.layers.Conv2D(2, 1, name="a")(image), keras.layers.Conv2D(4, 1, name="b")(image)]).save(
        tmp_path / "two.keras"
    )

    assert [one.name for one in inspected(tmp_path / "two.keras").inspect().outputs] == ["a", "b"]


def test_the_samples_file_is_sound() -> None:
    assert [one.name for one in inspected(WEIGHTS / "inspector-mobile.keras").inspect().outputs] == ["offsets", "scores"]

"""`.keras` files: what loads, and what is refused."""

import io
import zipfile
from pathlib import Path

import keras
import pytest

from workbench.detectors import Detector, KerasNetwork
from workbench.errors import ModelError, SettingsError
from workbench.samples import LABELS, SAMPLE_ANCHORS, SAMPLE_DETECTORS, WEIGHTS, sample_detector
from workbench.settings import Nms


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("name", SAMPLE_DETECTORS)
def test_the_samples_say_what_they_are(name: str) -> None:
    detector = sample_detector(name)

    assert (detector.facts.name, detector.facts.source, detector.facts.kind) == (name, name, "Keras")
    assert detector.facts.labels == LABELS
    assert detector.facts.size_bytes > 1_000_000
    assert detector.outputs(Nms()) == ("offsets", "scores")


def test_there_is_no_other_sample() -> None:
    with pytest.raises(ModelError, match="no sample detector 'inspector'; choose one of inspector-mobile, inspector-large"):
        sample_detector("inspector")


@pytest.mark.parametrize("size_hw", [(96, 160), (160, 96)], ids=["wide", "tall"])
def test_the_network_gives_one_row_for_each_anchor_at_any_size(mobile: Detector, size_hw: tuple[int, int]) -> None:
    import tensorflow as tf

    given = mobile.network.forward()(tf.zeros((2, *size_hw, 3)))

    count = len(SAMPLE_ANCHORS(size_hw))
    assert {name: tuple(one.shape) for name, one in given.items()} == {"offsets": (2, count, 4), "scores": (2, count, len(LABELS))}


def test_a_keras_model_takes_every_float32_engine(mobile: Detector) -> None:
    assert "runtime.engine" not in mobile.refusals


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty (0 bytes); copy the model again"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer, not the model"),
        (b"hello", "is no Keras 3 model: its first bytes are not those of one; choose a .keras file"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 64, "is no Keras 3 model: its first bytes are not those of one; choose a .keras file"),
    ],
    ids=["empty", "LFS pointer", "text", "an old .h5 file"],
)
def test_what_plainly_is_no_keras_model_is_refused_when_it_is_opened(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(content)

    with pytest.raises(ModelError) as refused:
        KerasNetwork(path)

    assert str(refused.value).startswith(f"{path} {reason}")


@pytest.mark.parametrize("name", ["nowhere.keras", "."], ids=["missing", "folder"])
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="cannot read the model .*; choose a model that can be read"):
        KerasNetwork(tmp_path / name)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:1000] + bytes(1000) + content[2000:],
        lambda content: content[: len(content) // 2] + b"\x55" * 5000 + content[len(content) // 2 + 5000 :],
        lambda _: archive(**{"a.txt": "b"}),
        lambda _: archive(**{"config.json": "{", "metadata.json": "{}"}),
        lambda _: archive(**{"config.json": '{"module": "os", "class_name": "system", "config": {}}', "metadata.json": "{}"}),
    ],
    ids=["half", "damaged config", "damaged weights", "another archive", "half a config", "a class that is no layer"],
)
def test_a_damaged_model_is_refused_in_one_line_when_it_loads(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(damage((WEIGHTS / "inspector-mobile.keras").read_bytes()))
    network = KerasNetwork(path)

    with pytest.raises(ModelError) as refused:
        network.keras_model()

    assert str(refused.value).startswith(f"{path} holds no Keras model that loads safely: ")
    assert "\n" not in str(refused.value)


def test_a_model_with_python_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lambda.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]).save(path)

    with pytest.raises(ModelError, match="holds no Keras model that loads safely: .*Lambda"):
        KerasNetwork(path).keras_model()


def test_a_size_off_the_grid_is_refused(mobile: Detector) -> None:
    with pytest.raises(SettingsError, match="input.size_hw is 100x160; choose multiples of 32"):
        mobile.input_spec.choose_size((100, 160))

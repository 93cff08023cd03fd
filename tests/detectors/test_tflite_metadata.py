"""What a `.tflite` file says of itself: names, task, size; as Ultralytics and TensorFlow write them, and damaged."""

import io
import json
import zipfile
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from workbench.detectors.feeding import default_size
from workbench.detectors.files import load_model
from workbench.detectors.network import TensorSpec
from workbench.detectors.tflite_metadata import Metadata, read_metadata
from workbench.detectors.tflite_network import TfliteNetwork
from workbench.errors import ModelError

TWO = ("bolt", "dent")
ULTRALYTICS = {"description": "x", "stride": 64, "task": "detect", "imgsz": [640, 320], "names": {"0": "bolt", "1": "dent"}}
LICENCE = "Apache License\nVersion 2.0\n\nPermission is granted"


@pytest.fixture
def content(small_tflite: Path) -> bytes:
    return small_tflite.read_bytes()


def with_files(content: bytes, files: dict[str, str]) -> bytes:
    """Append files in a zip archive, as every exporter does."""
    archive = io.BytesIO(content)
    with zipfile.ZipFile(archive, "a") as writing:
        for name, text in files.items():
            writing.writestr(name, text)
    return archive.getvalue()


def with_label_file(content: bytes, label_file: str) -> bytes:
    """Write into the flatbuffer that the first output's labels are in a file of the archive, and its description in another."""
    build = flatbuffers.Builder(256)
    files = []
    for name, kind in (("about.txt", 1), (label_file, 3)):
        called = build.CreateString(name)
        build.StartObject(5)
        build.PrependUOffsetTRelativeSlot(0, called, 0)
        build.PrependInt8Slot(2, kind, 0)
        files.append(build.EndObject())
    last = table(build, 7, 6, vector(build, files))
    for fields, field in ((8, 3), (8, 3)):
        last = table(build, fields, field, vector(build, [last]))
    build.Finish(last)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    one, buffer = schema.MetadataT(), schema.BufferT()
    one.name, one.buffer, buffer.data = "TFLITE_METADATA", len(model.buffers), list(build.Output())
    model.metadata, model.buffers = [one], [*model.buffers, buffer]
    packed = flatbuffers.Builder(len(content))
    packed.Finish(model.Pack(packed), b"TFL3")
    return bytes(packed.Output())


def table(build: flatbuffers.Builder, fields: int, field: int, value: int) -> int:
    build.StartObject(fields)
    build.PrependUOffsetTRelativeSlot(field, value, 0)
    return int(build.EndObject())


def vector(build: flatbuffers.Builder, places: list[int]) -> int:
    build.StartVector(4, len(places), 4)
    for place in reversed(places):
        build.PrependUOffsetTRelative(place)
    return int(build.EndVector())


NAMED = {
    "metadata.json": {"metadata.json": json.dumps(ULTRALYTICS)},
    "a literal": {"temp_meta.txt": str(ULTRALYTICS)},
    "a literal with numbers": {
        "temp_meta.txt": "{'names': {0: 'bolt', 1: 'dent'}, 'stride': 64, 'task': 'detect', 'imgsz': (640, 320)}"
    },
    "behind a licence": {"LICENSE.txt": LICENCE, "metadata.json": json.dumps(ULTRALYTICS)},
}


@pytest.mark.parametrize("files", NAMED.values(), ids=NAMED.keys())
def test_what_ultralytics_writes_is_read(files: dict[str, str], content: bytes) -> None:
    assert read_metadata(with_files(content, files)) == Metadata(TWO, "detect", (640, 320), 64)


LABELLED = {
    "names alone": {"labels.txt": "bolt\ndent\n"},
    "a literal of names alone": {"meta.txt": "{0: 'bolt', 1: 'dent'}"},
    "a literal list": {"meta.txt": "['bolt', 'dent']"},
    "a tree of names and stride": {"meta.txt": "{'stride': 32, 'names': {0: 'bolt', 1: 'dent'}}"},
    "a licence before": {"LICENSE.txt": LICENCE, "labelmap.txt": "bolt\ndent\n"},
    "other texts before": {"README.txt": "a detector", "about.txt": "of bolts", "labelmap.txt": "bolt\ndent\n"},
    "any name": {"licence.txt": LICENCE, "parts.txt": "0 bolt\n1 dent"},
    "label map": {"map.pbtxt": "item {\n id: 2\n name: 'dent'\n}\nitem {\n id: 1\n name: 'bolt'\n}"},
}


@pytest.mark.parametrize("files", LABELLED.values(), ids=LABELLED.keys())
def test_labels_are_found_and_a_licence_is_none(files: dict[str, str], content: bytes) -> None:
    labels = read_metadata(with_files(content, files)).labels
    assert labels in (TWO, ("n/a", *TWO))


def test_the_file_that_the_metadata_calls_labels_goes_before_others(content: bytes) -> None:
    files = {"labels_of_another.txt": "cat\ndog", "about.txt": "a\nb", "parts.txt": "bolt\ndent"}
    assert read_metadata(with_files(content, files)).labels == ("cat", "dog")
    assert read_metadata(with_files(with_label_file(content, "parts.txt"), files)).labels == TWO
    assert read_metadata(with_files(with_label_file(content, "gone.txt"), files)).labels == ("cat", "dog")


def test_the_one_name_of_a_literal_is_not_its_text(content: bytes) -> None:
    assert read_metadata(with_files(content, {"meta.txt": "{0: 'bolt'}"})).labels == ("bolt",)


NOTHING = {
    "no archive": None,
    "a licence alone": {"LICENSE.txt": LICENCE},
    "too large": {"labels.txt": "a\n" * 1_000_000},
    "a picture": {"labels.png": "bolt"},
    "binary": {"labels.txt": "\0\1"},
    "cut": {"metadata.json": json.dumps(ULTRALYTICS)[:-9]},
    "wild": {"metadata.json": json.dumps({"names": 7, "imgsz": "x", "stride": -1})},
}


@pytest.mark.parametrize("files", NOTHING.values(), ids=NOTHING.keys())
def test_where_nothing_is_said_nothing_is_taken(files: dict[str, str] | None, content: bytes) -> None:
    assert read_metadata(content if files is None else with_files(content, files)) == Metadata()


@pytest.mark.parametrize("step", range(0, 64, 7))
def test_damaged_metadata_is_passed_over(step: int, content: bytes) -> None:
    whole = bytearray(with_label_file(content, "parts.txt"))
    at = whole.index(b"parts.txt") - step
    whole[at : at + 4] = b"\xff\xff\xff\x7f"
    assert read_metadata(with_files(bytes(whole), {"parts.txt": "bolt\ndent"})).labels in (TWO, ())


def test_a_file_is_inspected_with_what_it_says(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "said.tflite"
    path.write_bytes(with_files(content, {"metadata.json": json.dumps(ULTRALYTICS)}))
    tensors = TfliteNetwork(path).inspect()
    assert (tensors.labels, tensors.task) == (TWO, "detect")
    assert (tensors.inputs[0].usual_hw, tensors.inputs[0].multiple_of) == ((640, 320), 64)


def test_the_size_that_a_file_states_is_taken_where_its_sides_are_open() -> None:
    from workbench.detectors import InputCard

    free = TensorSpec("image", (1, None, None, 3), "float32", usual_hw=(640, 320), multiple_of=64)
    spec = InputCard().spec(free)
    assert (default_size(free), spec.default_hw, spec.multiple_of) == ((640, 320), (640, 320), 64)
    assert InputCard(size=(128, 128)).spec(free).default_hw == (128, 128)


@pytest.mark.parametrize("task", ["segment", "pose", "obb", "classify"])
def test_another_task_than_detection_is_said_unless_a_card_says_what_is_there(
    task: str, content: bytes, small_tflite: Path, small_frames, tmp_path: Path
) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(with_files(content, {"metadata.json": json.dumps(ULTRALYTICS | {"task": task})}))
    with pytest.raises(ModelError, match=f"its task is '{task}', not 'detect'; choose a detector"):
        load_model(str(path), lambda: [small_frames[0].image_rgb])
    path.with_suffix(".card.toml").write_text(small_tflite.with_name("shapes.tflite.card.toml").read_text())
    assert load_model(str(path), lambda: [small_frames[0].image_rgb]).card is not None

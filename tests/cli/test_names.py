"""Names and truth through the command line: a file as Ultralytics exports it, on truth with COCO's own names."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
import yaml
from PIL import Image

from tests.assets.scenes import SHAPES
from tests.command_line import Workbench
from workbench.detectors import quiet_logger
from workbench.detectors.labels import COCO80
from workbench.graph import tensor_ops
from workbench.machine import native_stderr_captured
from workbench.stages import AnchorGrid, AnchorGrids, SsdHead

SIZE_HW = (64, 96)
MEANT = {"disc": "motorcycle", "square": "couch", "cross": "tv"}  # what the small detector's shapes pass for
OTHER_WORDS = {
    "motorcycle": "motorbike",
    "couch": "sofa",
    "tv": "tvmonitor",
    "airplane": "aeroplane",
    "dining table": "diningtable",
}
WELL_FOUND = 0.7  # AP; .82 where all is read rightly, 0 where boxes or classes are not


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The small detector with rows of a box in fractions and 80 scores, as YOLOv8 is exported."""
    model = keras.models.load_model(SHAPES, compile=False)
    grids = AnchorGrids((AnchorGrid(boxes_wh=((20, 20),), stride_px=8, units="pixels"),))
    head = SsdHead(anchors_cxcywh_px=grids)
    places = tf.one_hot([COCO80.index(name) for name in MEANT.values()], len(COCO80))

    def serve(image: Any) -> Any:
        raw = model(image, training=False)
        boxes, scores = head.candidates([raw["offsets"], raw["scores"]], SIZE_HW, tensor_ops())
        boxes = tf.clip_by_value(boxes, 0, tf.constant([SIZE_HW[1], SIZE_HW[0]] * 2, tf.float32))
        centred = tf.concat([(boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]], -1)
        fractions = centred / tf.constant([SIZE_HW[1], SIZE_HW[0]] * 2, tf.float32)
        return tf.transpose(tf.concat([fractions, scores @ places], -1), (0, 2, 1))

    module = tf.Module()
    module.weights = [one.value for one in model.weights]
    module.serve = tf.function(serve, input_signature=[tf.TensorSpec((1, *SIZE_HW, 3), tf.float32)], autograph=False)
    folder = tmp_path_factory.mktemp("rows")
    with quiet_logger(), native_stderr_captured():
        tf.saved_model.save(module, str(folder), signatures=module.serve.get_concrete_function())
        return bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert())


@pytest.fixture
def model(content: bytes, tmp_path: Path):
    """Writes that file, with files in a zip archive behind it."""

    def write(**files: str) -> Path:
        archive = io.BytesIO(content)
        if files:
            with zipfile.ZipFile(archive, "a") as writing:
                for name, text in files.items():
                    writing.writestr(name.replace("_", "."), text)
        path = tmp_path / "exported.tflite"
        path.write_bytes(archive.getvalue())
        return path

    return write


@pytest.fixture
def truth(small_folder: Path, tmp_path: Path):
    """Writes the scenes' truth with COCO's 80 categories and ids that have gaps."""

    def write(names: dict[str, str] | None = None) -> Path:
        tree = json.loads(small_folder.with_suffix(".json").read_text())
        numbers = {shape["id"]: COCO80.index(MEANT[shape["name"]]) for shape in tree["categories"]}
        for one in tree["annotations"]:
            one["category_id"] = 2 * numbers[one["category_id"]] + 1
        tree["categories"] = [{"id": 2 * number + 1, "name": (names or {}).get(name, name)} for number, name in enumerate(COCO80)]
        path = tmp_path / "truth.json"
        path.write_text(json.dumps(tree))
        return path

    return write


@pytest.fixture
def measured(workbench: Workbench, tmp_path: Path):
    """Runs and returns the record."""

    def run(*words: str | Path) -> dict[str, Any]:
        out = tmp_path / "record.json"
        done = workbench("run", *words, "--frames", "6", "--history", tmp_path / "history.sqlite", "--json", out)
        assert done.status == 0, done.err
        assert "Traceback" not in done.err
        return json.loads(out.read_text())

    return run


ULTRALYTICS = {"stride": 32, "task": "detect", "imgsz": list(SIZE_HW)}
INSIDE = {
    "nothing inside": {},
    "metadata.json": {"metadata_json": json.dumps(ULTRALYTICS | {"names": dict(enumerate(COCO80))})},
    "darknet's words in a literal": {
        "temp_txt": str({"names": {at: OTHER_WORDS.get(name, name) for at, name in enumerate(COCO80)}})
    },
}


QUICK = {("COCO's own", "nothing inside"), ("other words", "metadata.json")}


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        pytest.param(inside, words, id=f"{spoken}-{name}", marks=[] if (spoken, name) in QUICK else pytest.mark.slow)
        for spoken, words in (("COCO's own", {}), ("other words", OTHER_WORDS))
        for name, inside in INSIDE.items()
    ],
)
def test_all_80_classes_are_judged_without_card_or_label_file(inside, words, model, truth, measured, small_folder) -> None:
    record = measured(model(**inside), small_folder, "--truth", truth(words))

    assert record["accuracy"]["ap"] > WELL_FOUND
    assert len(record["detector"]["labels"]) == 80
    assert not [warning for warning in record["warnings"] if "does not know" in warning or "is not about" in warning]


def test_names_inside_go_before_cocos(model, measured, small_folder) -> None:
    names = {at: f"part {at}" for at in range(80)}
    record = measured(
        model(LICENSE_txt="Apache License\nVersion 2.0", metadata_json=json.dumps(ULTRALYTICS | {"names": names})), small_folder
    )
    assert record["detector"]["labels"][79] == "part 79"
    assert record["accuracy"] is None
    assert any("there is no accuracy" in warning for warning in record["warnings"])


def test_another_task_is_one_line(model, workbench: Workbench, small_folder, tmp_path) -> None:
    path = model(metadata_json=json.dumps(ULTRALYTICS | {"task": "segment", "names": dict(enumerate(COCO80))}))
    done = workbench("run", path, small_folder, "--history", tmp_path / "history.sqlite")
    assert (done.status, done.out, len(done.error_lines)) == (2, "", 1)
    assert "its task is 'segment', not 'detect'" in done.err
    assert len(done.err) < 400


class TestTruth:
    """What is wrong with truth that merely lies there costs nobody a run; of truth that is named it is one line."""

    def test_truth_of_another_size_is_scaled(self, model, truth, measured, small_folder) -> None:
        path = truth()
        tree = json.loads(path.read_text())
        for image in tree["images"]:
            image |= {"width": 2 * image["width"], "height": 2 * image["height"]}
        for one in tree["annotations"]:
            one |= {"bbox": [2 * side for side in one["bbox"]], "area": 4 * one["area"]}
        path.write_text(json.dumps(tree))
        record = measured(model(), small_folder, "--truth", path)
        assert record["accuracy"]["ap"] > WELL_FOUND
        assert any("was made for another size" in warning and "6 frames are scaled" in warning for warning in record["warnings"])

    @pytest.mark.slow
    def test_no_annotation_at_all_is_said(self, model, truth, measured, small_folder) -> None:
        path = truth()
        path.write_text(json.dumps(json.loads(path.read_text()) | {"annotations": []}))
        record = measured(model(), small_folder, "--truth", path)
        assert any("truth.json has no box in these frames" in warning for warning in record["warnings"])

    @pytest.mark.slow
    def test_a_data_sets_yaml_is_read(self, model, truth, measured, small_folder, tmp_path) -> None:
        tree = json.loads(truth().read_text())
        (tmp_path / "set" / "images").mkdir(parents=True)
        (tmp_path / "set" / "labels").mkdir()
        for image in tree["images"]:
            with Image.open(small_folder / image["file_name"]) as picture:
                picture.save(tmp_path / "set" / "images" / image["file_name"])
            of_image = [one for one in tree["annotations"] if one["image_id"] == image["id"]]
            lines = [yolo_line(one["category_id"] // 2, one["bbox"], image) for one in of_image]
            (tmp_path / "set" / "labels" / Path(image["file_name"]).with_suffix(".txt")).write_text("\n".join(lines))
        data = tmp_path / "set" / "coco.yaml"
        data.write_text(yaml.safe_dump({"path": "../datasets/coco", "val": "images", "names": dict(enumerate(COCO80))}))
        path = model()
        record = measured(path, tmp_path / "set" / "images", "--truth", data)
        assert record["accuracy"]["ap"] > WELL_FOUND
        # Nobody names the classes where names are looked for: what merely lies there stops no run.
        record = measured(path, tmp_path / "set" / "images")
        assert record["accuracy"] is None
        assert any("there is no accuracy" in warning for warning in record["warnings"])


def yolo_line(number: int, box: list[float], image: dict[str, Any]) -> str:
    x, y, width, height = box
    across, down = image["width"], image["height"]
    return f"{number} {(x + width / 2) / across} {(y + height / 2) / down} {width / across} {height / down}"

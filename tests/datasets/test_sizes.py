"""Truth that was made for another size, or for pictures on their side; and boxes that are corners."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from workbench.datasets import read_truth, truth_of
from workbench.errors import TruthError
from workbench.media import Media, open_media

LABELS = ("dent",)
BOX = [20, 10, 60, 30]  # x, y, width, height in 200x100


def coco(*images: tuple[str, int | None, int | None], **changes: Any) -> dict[str, Any]:
    tree = {
        "images": [
            {"id": at, "file_name": name, "width": width, "height": height} for at, (name, width, height) in enumerate(images)
        ],
        "annotations": [{"id": at, "image_id": at, "category_id": 1, "bbox": BOX} for at in range(len(images))],
        "categories": [{"id": 1, "name": "dent"}],
    }
    return tree | changes


@pytest.fixture
def write(tmp_path):
    def write_truth(tree: dict[str, Any]) -> Path:
        path = tmp_path / "truth.json"
        path.write_text(json.dumps(tree))
        return path

    return write_truth


def pictures(tmp_path: Path, *sizes: tuple[int, int], orientation: int = 1) -> Media:
    exif = Image.Exif()
    exif[0x0112] = orientation
    folder = tmp_path / "stills"
    folder.mkdir()
    for at, size in enumerate(sizes):
        Image.new("RGB", size).save(folder / f"{at}.jpg", exif=exif)
    return open_media(folder)


def test_truth_of_the_same_size_is_taken_as_it_is(write, tmp_path):
    truth = truth_of(pictures(tmp_path, (200, 100)), LABELS, write(coco(("0.jpg", 200, 100))))
    assert truth.images["0.jpg"].boxes_xyxy_px.tolist() == [[20, 10, 80, 40]]
    assert truth.notes == ()


@pytest.mark.parametrize("told", [(400, 200), (100, 50), (399, 200)], ids=["twice", "half", "rounded"])
def test_truth_of_another_size_is_scaled_and_that_is_said(told, write, tmp_path):
    scale = 200 / told[0]
    tree = coco(("0.jpg", *told))
    tree["annotations"][0]["area"] = 1000
    truth = truth_of(pictures(tmp_path, (200, 100)), LABELS, write(tree))
    image = truth.images["0.jpg"]
    assert image.boxes_xyxy_px == pytest.approx(np.array([[20, 10, 80, 40]]) * scale, rel=0.01)
    assert image.areas_px == pytest.approx([1000 * scale**2], rel=0.01)
    assert image.size_hw == (100, 200)
    assert truth.notes == (
        f"truth.json was made for another size (0.jpg: {told[0]}x{told[1]}, here 200x100): boxes of 1 frames are scaled",
    )


def test_a_videos_truth_is_scaled_too(write, tmp_path):
    path = tmp_path / "line.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 32))
    for _ in range(2):
        writer.write(np.zeros((32, 64, 3), np.uint8))
    writer.release()
    truth = truth_of(open_media(path), LABELS, write(coco(("line.avi#0", 128, 64), ("line.avi#1", 128, 64))))
    assert [image.boxes_xyxy_px.tolist() for image in truth.images.values()] == [[[10, 5, 40, 20]]] * 2
    assert "boxes of 2 frames are scaled" in truth.notes[0]


def test_truth_of_another_shape_is_refused(write, tmp_path):
    with pytest.raises(TruthError, match=r"made for pictures of another shape \(0\.jpg: 200x150, here 200x100\); choose"):
        truth_of(pictures(tmp_path, (200, 100)), LABELS, write(coco(("0.jpg", 200, 150))))


def test_one_picture_of_another_shape_is_left_out_and_told(write, tmp_path):
    media = pictures(tmp_path, (200, 100), (200, 100))
    truth = truth_of(media, LABELS, write(coco(("0.jpg", 200, 150), ("1.jpg", 200, 100))))
    assert list(truth.images) == ["1.jpg"]
    assert "made for another shape of 1 frames (0.jpg: 200x150, here 200x100): they count for no accuracy" in truth.notes[0]


def test_truth_that_says_no_size_is_taken_as_it_is(write, tmp_path):
    truth = truth_of(pictures(tmp_path, (200, 100)), LABELS, write(coco(("0.jpg", None, 0))))
    assert truth.images["0.jpg"].boxes_xyxy_px.tolist() == [[20, 10, 80, 40]]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
@pytest.mark.parametrize("scale", [1, 2])
def test_truth_of_a_picture_as_it_is_stored_is_turned_with_it(orientation, scale, write, tmp_path):
    """What is marked in the stored picture is where Pillow turns it to."""
    media = pictures(tmp_path, (200, 100), orientation=orientation)
    marked = Image.new("L", (200, 100))
    x, y, width, height = BOX
    marked.paste(255, (x, y, x + width, y + height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    marked.info["exif"] = exif.tobytes()
    marked.getexif()[0x0112] = orientation
    left, top, right, bottom = ImageOps.exif_transpose(marked).getbbox()
    box = [side * scale for side in BOX]
    tree = coco(("0.jpg", 200 * scale, 100 * scale))
    tree["annotations"][0]["bbox"] = box

    truth = truth_of(media, LABELS, write(tree))

    assert truth.images["0.jpg"].size_hw == next(media.frames()).size_hw == (200, 100)
    assert truth.images["0.jpg"].boxes_xyxy_px == pytest.approx(np.array([[left, top, right, bottom]]), abs=1e-3)
    assert truth.notes == ("truth.json has boxes of pictures as they are stored, on their side: 0.jpg; they are turned upright",)


def test_truth_of_a_picture_as_it_is_shown_is_taken_as_it_is(write, tmp_path):
    truth = truth_of(pictures(tmp_path, (200, 100), orientation=6), LABELS, write(coco(("0.jpg", 100, 200))))
    assert truth.images["0.jpg"].boxes_xyxy_px.tolist() == [[20, 10, 80, 40]]
    assert truth.notes == ()


def test_truth_without_any_box_is_said(write, tmp_path):
    truth = truth_of(pictures(tmp_path, (200, 100)), LABELS, write(coco(("0.jpg", 200, 100), annotations=[])))
    assert truth.notes[-1] == "truth.json has no box in these frames: there is no AP without any"


def test_truth_in_which_every_box_is_a_crowd_is_said(write, tmp_path):
    crowd = boxes([20, 10, 60, 30], iscrowd=1)
    truth = truth_of(pictures(tmp_path, (200, 100)), LABELS, write(coco(("0.jpg", 200, 100), annotations=crowd)))
    assert truth.notes[-1] == (
        "truth.json has no box in these frames but those of crowds or difficult objects: there is no AP without any other"
    )


def boxes(*corners: list[float], **more: Any) -> list[dict[str, Any]]:
    return [{"id": at, "image_id": 0, "category_id": 1, "bbox": box} | more for at, box in enumerate(corners)]


def test_corners_in_the_place_of_width_and_height_are_noticed(write):
    truth = read_truth(write(coco(("0.jpg", 200, 100), annotations=boxes([20, 10, 80, 40], [120, 50, 180, 90]))))
    assert truth.images["0.jpg"].boxes_xyxy_px.tolist() == [[20, 10, 80, 40], [120, 50, 180, 90]]
    assert truth.images["0.jpg"].areas_px.tolist() == [1800, 2400]
    assert "its boxes are read as corners [x1, y1, x2, y2]" in truth.notes[0]


SIZES = {
    "inside as they are": boxes([20, 10, 80, 40], [30, 20, 90, 60]),
    "not all can be corners": boxes([120, 50, 180, 90], [150, 50, 40, 20]),
    "a little over the border": boxes([10, 10, 191, 91]),
    "the areas say so": boxes([120, 50, 180, 90], area=180 * 90),
}


@pytest.mark.parametrize("annotations", SIZES.values(), ids=SIZES.keys())
def test_widths_and_heights_are_not_taken_for_corners(annotations, write):
    truth = read_truth(write(coco(("0.jpg", 200, 100), annotations=annotations)))
    x, y, width, height = annotations[0]["bbox"]
    assert truth.images["0.jpg"].boxes_xyxy_px[0].tolist() == [x, y, x + width, y + height]


BAD = {
    "no box": {"bbox": None},
    "three numbers": {"bbox": [1, 2, 3]},
    "inside out": {"bbox": [90, 80, -30, 4]},
    "outside": {"bbox": [500, 10, 20, 20]},
    "too large": {"bbox": [1, 2, 1e300, 4]},
    "unknown image": {"image_id": 99},
    "unknown category": {"category_id": 99},
    "a word for a category": {"category_id": "dent"},
    "negative area": {"area": -1},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_one_bad_annotation_is_counted_and_told(change, write):
    one, other = boxes(BOX, BOX)
    truth = read_truth(write(coco(("0.jpg", 200, 100), annotations=[one, other | change])))
    assert len(truth.images["0.jpg"]) == 1
    (note,) = truth.notes
    assert note.startswith("truth.json: 1 wrong annotations are left out; the first: ")
    assert len(note) < 400


def test_ids_may_be_numbers_or_text_and_marks_may_be_missing(write):
    (one,) = boxes(BOX, image_id="0", iscrowd=None)
    truth = read_truth(write(coco(("0.jpg", 200, 100), annotations=[one])))
    assert (len(truth.images["0.jpg"]), truth.images["0.jpg"].iscrowd.tolist(), truth.notes) == (1, [False], ())


class TestRoots:
    """COCO's data sets by their root."""

    @pytest.fixture
    def root(self, tmp_path):
        for split in ("train2017", "val2017"):
            (tmp_path / split).mkdir()
            Image.new("RGB", (200, 100)).save(tmp_path / split / f"{split}.jpg")
            (tmp_path / "annotations").mkdir(exist_ok=True)
            for kind in ("captions", "instances", "person_keypoints"):
                tree = coco((f"{split}.jpg", 200, 100)) if kind == "instances" else coco(("x.jpg", 1, 1))
                (tmp_path / "annotations" / f"{kind}_{split}.json").write_text(json.dumps(tree))
        return tmp_path

    @pytest.mark.parametrize("split", ["train2017", "val2017"])
    def test_the_file_is_read_that_the_media_are_of(self, split, root):
        truth = truth_of(open_media(root / split), LABELS, root)
        assert (truth.name, list(truth.images)) == (f"instances_{split}.json", [f"{split}.jpg"])

    @pytest.mark.parametrize("split", ["train2017", "val2017"])
    def test_where_no_name_tells_it_is_the_file_that_knows_the_pictures(self, split, root):
        (root / split).rename(root / "pictures")
        assert truth_of(open_media(root / "pictures"), LABELS, root).name == f"instances_{split}.json"

    def test_where_several_files_know_the_same_pictures_it_is_asked(self, root):
        (root / "val2017").rename(root / "pictures")
        (root / "annotations" / "instances_mine.json").write_text(json.dumps(coco(("val2017.jpg", 200, 100))))
        with pytest.raises(TruthError, match=r"in .*instances_mine\.json and in .*instances_val2017\.json.*; choose one of these"):
            truth_of(open_media(root / "pictures"), LABELS, root)

    def test_roboflows_lie_beside_the_pictures(self, tmp_path):
        for split in ("test", "valid"):
            (tmp_path / split).mkdir()
            Image.new("RGB", (200, 100)).save(tmp_path / split / f"{split}.jpg")
            (tmp_path / split / "_annotations.coco.json").write_text(json.dumps(coco((f"{split}.jpg", 200, 100))))
        truth = truth_of(open_media(tmp_path / "valid"), LABELS, tmp_path)
        assert list(truth.images) == ["valid.jpg"]

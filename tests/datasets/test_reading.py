"""Ground truth: read, matched to frames by name, and refused with one line where it cannot be right."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from workbench.datasets import match, read_truth, truth_for, truth_of
from workbench.detections import ImageTruth
from workbench.errors import TruthError
from workbench.media import Media, array_media, open_media

LABELS = ("dent", "scratch", "stain")


def coco(**changes: Any) -> dict[str, Any]:
    """Two pictures that are not square, three boxes in the first and none in the second; ids neither contiguous nor in order."""
    tree = {
        "images": [
            {"id": 7, "file_name": "a.jpg", "width": 200, "height": 100},
            {"id": 3, "file_name": "b.jpg", "width": 100, "height": 200},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 90, "bbox": [10, 20, 30, 40], "area": 600.5, "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 5, "bbox": [150.5, 0, 49.5, 8], "iscrowd": 1},
            {"id": 3, "image_id": 7, "category_id": 90, "bbox": [0, 0, 1, 1]},
        ],
        "categories": [{"id": 90, "name": "Scratch"}, {"id": 5, "name": "dent"}],
    }
    return tree | changes


def annotation(**changes: Any) -> list[dict[str, Any]]:
    return [{"id": 4, "image_id": 7, "category_id": 5, "bbox": [10, 20, 30, 40]} | changes]


@pytest.fixture
def write(tmp_path):
    def write_coco(tree: object = None, name: str = "truth.json") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(coco() if tree is None else tree))
        return path

    return write_coco


def folder_of(tmp_path: Path, *names: str) -> Media:
    folder = tmp_path / "stills"
    folder.mkdir()
    for name in names:
        Image.new("RGB", (20, 10)).save(folder / name)
    return open_media(folder)


class TestReading:
    def test_boxes_become_corners_in_pixels(self, write):
        boxes = read_truth(write()).images["a.jpg"].boxes_xyxy_px
        assert boxes.dtype == np.float32
        assert boxes.tolist() == [[10, 20, 40, 60], [150.5, 0, 200, 8], [0, 0, 1, 1]]

    def test_classes_are_the_detectors_found_by_name_in_whatever_case(self, write):
        truth = read_truth(write(), LABELS)
        assert truth.labels == LABELS
        assert truth.images["a.jpg"].class_ids.tolist() == [1, 0, 1]

    def test_without_a_detector_classes_are_the_categories_by_id(self, write):
        truth = read_truth(write())
        assert truth.labels == ("dent", "Scratch")
        assert truth.images["a.jpg"].class_ids.tolist() == [1, 0, 1]

    def test_areas_are_the_outlines_where_given_else_the_boxes(self, write):
        assert read_truth(write()).images["a.jpg"].areas_px.tolist() == [600.5, 396.0, 1.0]

    def test_crowds_are_told(self, write):
        assert read_truth(write()).images["a.jpg"].iscrowd.tolist() == [False, True, False]

    def test_a_picture_without_boxes_is_there_and_empty(self, write):
        image = read_truth(write()).images["b.jpg"]
        assert len(image) == 0
        assert image.boxes_xyxy_px.shape == (0, 4)
        assert image.size_hw == (200, 100)

    def test_what_the_detector_does_not_know_is_left_out_and_told(self, write):
        truth = read_truth(write(), ["DENT"])
        assert len(truth.images["a.jpg"]) == 1
        assert truth.notes == ("truth.json has 2 boxes of what the detector does not know (Scratch): they are left out",)

    def test_what_the_truth_is_not_about_is_told(self, write):
        assert read_truth(write(), LABELS).notes == ("truth.json is not about stain: what is found of it is not judged",)

    @pytest.mark.parametrize("label", ["SCRATCH", "scratch ", " Scratch"])
    def test_case_and_spaces_around_do_not_matter(self, label, write):
        assert 1 in read_truth(write(), ["dent", label]).images["a.jpg"].class_ids

    @pytest.mark.parametrize(("own", "label"), [("traffic_light", "Traffic light"), ("hard-hat", "hard_hat"), ("\ufb01n", "fin")])
    def test_names_may_be_written_differently(self, own, label, write):
        tree = coco(categories=[{"id": 90, "name": own}, {"id": 5, "name": "dent"}])
        assert read_truth(write(tree), ["stain", label]).images["a.jpg"].class_ids.tolist() == [1, 1]

    @pytest.mark.parametrize("label", ["Scratches", "scratch 2", "scrat ch"])
    def test_a_plural_or_another_word_is_another_class(self, label, write):
        assert len(read_truth(write(), ["dent", label]).images["a.jpg"]) == 1

    def test_an_equal_name_goes_before_one_that_is_alike(self, write):
        assert read_truth(write(), ["scratch", "dent", "Scratch"]).images["a.jpg"].class_ids.tolist() == [2, 1, 2]

    def test_two_labels_of_one_name_take_the_first(self, write):
        assert set(read_truth(write(), ["dent", "scratch", "Dent"]).images["a.jpg"].class_ids.tolist()) == {0, 1}

    def test_boxes_without_width_are_left_out_and_told(self, write):
        tree = coco(annotations=[*coco()["annotations"], *annotation(bbox=[5, 5, 0, 9])])
        truth = read_truth(write(tree))
        assert len(truth.images["a.jpg"]) == 3
        assert truth.notes == ("truth.json has 1 boxes without width or height: they are left out",)

    def test_what_is_annotated_twice_counts_once_and_is_told(self, write):
        truth = read_truth(write(coco(annotations=coco()["annotations"] * 2)))
        assert truth.images["a.jpg"].class_ids.tolist() == [1, 0, 1]
        assert truth.notes == ("truth.json says 3 boxes again, of the same picture and class: each counts once",)

    def test_annotations_that_share_an_id_are_kept_where_they_differ(self, write):
        others = [{"bbox": [10, 20, 30, 41]}, {"category_id": 90}, {"iscrowd": 1}, {"image_id": 3}]
        truth = read_truth(write(coco(annotations=[one for change in ({}, *others) for one in annotation(**change)])))
        assert [len(image) for image in truth.images.values()] == [4, 1]
        assert truth.notes == ()

    def test_a_category_that_is_listed_twice_is_one(self, write):
        assert read_truth(write(coco(categories=coco()["categories"] * 2))).labels == ("dent", "Scratch")

    def test_a_picture_whose_size_is_not_told_is_read(self, write):
        truth = read_truth(write(coco(images=[{"id": 7, "file_name": "a.jpg"}])))
        assert truth.images["a.jpg"].size_hw is None

    def test_truth_that_describes_empty_pictures_only_is_read(self, write):
        assert len(read_truth(write(coco(annotations=[])), LABELS)) == 2

    def test_a_few_boxes_in_fractions_are_left_out_and_told(self, write):
        truth = read_truth(write(coco(annotations=coco()["annotations"] + annotation(bbox=[0.1, 0.2, 0.3, 0.4], image_id=3))))
        assert [len(image) for image in truth.images.values()] == [3, 0]
        (note,) = truth.notes
        assert "1 wrong annotations are left out" in note
        assert "in b.jpg lies a box in fractions of the picture" in note

    def test_a_box_may_reach_over_the_border(self, write):
        assert len(read_truth(write(coco(annotations=annotation(bbox=[-5, 90, 300, 30])))).images["a.jpg"]) == 1


REFUSED = {
    "not about these labels": (coco(categories=[{"id": 90, "name": "cat"}, {"id": 5, "name": "dog"}]), "no name in common"),
    "a list": ([], "no list of images and of annotations and of categories"),
    "no annotations": ({"images": [], "categories": []}, "no list of annotations; choose"),
    "annotations that are no list": (coco(annotations={}), "no list of annotations"),
    "no categories": (coco(categories=[]), "wrong at categories"),
    "no box": (coco(annotations=[{"id": 1, "image_id": 7, "category_id": 5}]), r"wrong at annotations\.0\.bbox: Field required"),
    "three numbers": (coco(annotations=annotation(bbox=[1, 2, 3])), r"wrong at annotations\.0\.bbox"),
    "words": (coco(annotations=annotation(bbox=["a", 1, 2, 3])), r"wrong at annotations\.0\.bbox"),
    "not a number": (coco(annotations=annotation(bbox=[1, 2, float("nan"), 4])), r"wrong at annotations\.0\.bbox"),
    "infinite": (coco(annotations=annotation(bbox=[1, 2, float("inf"), 4])), r"wrong at annotations\.0\.bbox"),
    "inside out": (coco(annotations=annotation(bbox=[90, 80, -30, 4])), "annotation 4 has the box"),
    "fractions": (coco(annotations=annotation(bbox=[0.1, 0.2, 0.3, 0.4])), "boxes in fractions of the picture"),
    "fractions of which one is rounded up": (
        coco(annotations=annotation(bbox=[0.734376, 0.2, 0.265625, 0.3]) + annotation(bbox=[0.1, 0.2, 0.3, 0.4])),
        "boxes in fractions of the picture",
    ),
    "corners in fractions": (coco(annotations=annotation(bbox=[0.6, 0.5, 0.9, 1.0])), "boxes in fractions of the picture"),
    "fractions but for one box": (
        coco(annotations=[one for x in (0.1, 0.2, 90) for one in annotation(bbox=[x, 0.2, 0.3, 0.4])]),
        "boxes in fractions of the picture",
    ),
    "outside": (
        coco(annotations=annotation(bbox=[10, 150, 20, 20])),
        r"in a\.jpg \(width 200, height 100\) lies a box wholly outside",
    ),
    "unknown image": (coco(annotations=annotation(image_id=99)), "annotation 4 is of image 99, which is not in its images"),
    "unknown category": (coco(annotations=annotation(category_id=99)), "annotation 4 is of category 99"),
    "one name twice": (coco(images=[{"id": 7, "file_name": "a.jpg"}, {"id": 3, "file_name": "a.jpg"}]), "a.jpg more than once"),
    "one image id for two": (
        coco(images=[{"id": 7, "file_name": "a.jpg"}, {"id": "7", "file_name": "b.jpg"}]),
        r"has the image id 7 for a\.jpg, b\.jpg; give each its own",
    ),
    "one category id for two": (
        coco(categories=[{"id": 90, "name": "dent"}, {"id": 5, "name": "dent"}, {"id": 5, "name": "stain"}]),
        r"has the category id 5 for dent, stain; give each its own",
    ),
    "too large": (coco(annotations=annotation(bbox=[1, 2, 1e300, 4])), r"in a\.jpg lies a box as large as infinity"),
    "negative area": (coco(annotations=annotation(area=-1)), r"wrong at annotations\.0\.area"),
}


class TestRefusing:
    @pytest.mark.parametrize(("tree", "words"), REFUSED.values(), ids=REFUSED.keys())
    def test_what_cannot_be_right_is_one_line(self, tree, words, write):
        with pytest.raises(TruthError, match=words) as caught:
            read_truth(write(tree), LABELS)
        assert "truth.json" in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "content", [b"", b"hello", b'{"images": [', b"\xff\xfe\x00", b"[" * 100_000], ids=["empty", "text", "cut", "binary", "deep"]
    )
    def test_what_is_not_json_says_so(self, content, tmp_path):
        (tmp_path / "truth.json").write_bytes(content)
        with pytest.raises(TruthError, match="is not JSON, or cut short"):
            read_truth(tmp_path / "truth.json")

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(TruthError, match=r"cannot read .*truth\.json: No such file or directory; choose a COCO json file"):
            read_truth(tmp_path / "truth.json")

    def test_a_format_that_is_not_read_says_what_is(self, tmp_path):
        (tmp_path / "labels.csv").touch()
        with pytest.raises(TruthError, match=r"labels\.csv is not ground truth that can be read; choose a COCO json file, a"):
            read_truth(tmp_path / "labels.csv")

    def test_a_folder_without_annotations_says_so(self, tmp_path):
        (tmp_path / "notes.txt").write_text("bright day, 2 people")
        with pytest.raises(TruthError, match=r"is a folder without annotations that can be read; choose a COCO json file, a"):
            read_truth(tmp_path)


class TestMatching:
    def test_truth_takes_the_frames_names_and_order(self, write):
        assert list(match(read_truth(write()), ["b.jpg", "a.jpg"]).images) == ["b.jpg", "a.jpg"]

    def test_folders_in_either_name_do_not_matter(self, write):
        tree = coco(images=[{"id": 7, "file_name": "train\\a.jpg"}, {"id": 3, "file_name": "x/b.jpg"}])
        assert list(match(read_truth(write(tree)), ["a.jpg", "y/b.jpg"]).images) == ["a.jpg", "y/b.jpg"]

    def test_equal_names_in_different_folders_are_not_confused(self, write):
        tree = coco(images=[{"id": 7, "file_name": "x/1.jpg"}, {"id": 3, "file_name": "y/1.jpg"}])
        truth = match(read_truth(write(tree)), ["y/1.jpg", "x/1.jpg"])
        assert [len(image) for image in truth.images.values()] == [0, 3]
        with pytest.raises(TruthError):
            match(truth, ["1.jpg"])

    def test_two_frames_of_one_name_do_not_share_a_truth_without_folders(self, write):
        truth = match(read_truth(write()), ["x/a.jpg", "y/a.jpg", "y/b.jpg"])
        assert list(truth.images) == ["y/b.jpg"]

    def test_an_empty_picture_is_known(self, write):
        assert match(read_truth(write()), ["b.jpg"]).notes == ()

    def test_frames_without_truth_are_left_out_and_told(self, write):
        truth = match(read_truth(write()), ["a.jpg", "c.jpg", "d.jpg"])
        assert list(truth.images) == ["a.jpg"]
        assert truth.notes == ("truth.json does not know 2 of 3 frames (c.jpg, d.jpg): they count for no accuracy",)

    def test_truth_of_other_media_is_refused_with_both_names(self, write):
        with pytest.raises(TruthError, match=r"describes a\.jpg, b\.jpg, none of which are among the frames clip\.webm#0"):
            match(read_truth(write()), ["clip.webm#0"])

    def test_long_lists_of_names_are_shortened(self, write):
        with pytest.raises(TruthError, match=r"x4 and 995 more;"):
            match(read_truth(write()), [f"x{index}" for index in range(1000)])

    def test_long_names_are_cut(self, write):
        tree = coco(categories=[{"id": 90, "name": "x" * 10_000}, {"id": 5, "name": "y" * 10_000}])
        with pytest.raises(TruthError, match="no name in common") as refused:
            read_truth(write(tree), ["a " * 5_000, "b " * 5_000])
        assert len(str(refused.value)) < 500


class TestFinding:
    def test_beside_a_folder_lies_its_json(self, write, tmp_path):
        media = folder_of(tmp_path, "a.jpg")
        assert truth_for(media) is None
        path = write(name="stills.json")
        assert truth_for(media) == path

    def test_beside_a_video_lies_the_json_of_its_name(self, write, tmp_path):
        path = tmp_path / "line.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 32))
        writer.write(np.zeros((32, 64, 3), np.uint8))
        writer.release()
        truth = write(coco(images=[{"id": 7, "file_name": "line.avi#0"}]) | {"annotations": []}, name="line.json")
        media = open_media(path)
        assert truth_for(media) == truth
        assert list(match(read_truth(truth), [frame.name for frame in media.frames()]).images) == ["line.avi#0"]

    def test_beside_a_picture_lies_its_own_or_its_folders(self, write, tmp_path):
        folder_of(tmp_path, "a.jpg")
        media = open_media(tmp_path / "stills" / "a.jpg")
        folders = write(name="stills.json")
        assert truth_for(media) == folders
        own = write(name="stills/a.json")
        assert truth_for(media) == own

    def test_beside_a_glob_lies_its_folders(self, write, tmp_path):
        folder_of(tmp_path, "a.jpg")
        path = write(name="stills.json")
        assert truth_for(open_media(tmp_path / "stills" / "*.jpg")) == path

    def test_json_that_is_plainly_something_else_is_passed_over(self, write, tmp_path):
        media = folder_of(tmp_path, "a.jpg")
        write({"exposure": 3}, name="stills.json")
        assert truth_for(media) is None

    def test_damaged_json_is_found_so_that_it_is_heard_of(self, tmp_path):
        media = folder_of(tmp_path, "a.jpg")
        (tmp_path / "stills.json").write_text('{"images": [')
        assert truth_for(media) == tmp_path / "stills.json"

    def test_arrays_have_no_place_and_so_no_truth(self):
        assert truth_for(array_media([np.zeros((4, 6, 3), np.uint8)])) is None


class TestTruthOfMedia:
    def test_what_lies_beside_is_read_and_matched(self, write, tmp_path):
        media = folder_of(tmp_path, "a.jpg")
        assert truth_of(media, LABELS) is None
        write(name="stills.json")
        assert list(truth_of(media, LABELS).images) == ["a.jpg"]

    def test_what_is_named_goes_before_what_lies_beside(self, write, tmp_path):
        media = folder_of(tmp_path, "a.jpg")
        write([], name="stills.json")
        assert truth_of(media, LABELS, write(name="other.json")).name == "other.json"

    def test_truth_of_other_classes_that_merely_lies_there_stops_nobody(self, write, tmp_path):
        media = folder_of(tmp_path, "a.jpg")
        path = write(name="stills.json")
        truth = truth_of(media, ("cat", "dog"))
        assert (truth.labels, dict(truth.images)) == (("cat", "dog"), {})
        assert truth.notes == (
            "there is no accuracy: stills.json is about dent, Scratch, the detector knows cat, dog: no name in common",
        )
        with pytest.raises(TruthError, match="no name in common; choose"):
            truth_of(media, ("cat", "dog"), path)

    def test_damaged_truth_is_heard_of(self, write, tmp_path):
        media = folder_of(tmp_path, "a.jpg")
        path = write([1], name="stills.json")
        path.write_text("{")
        (note,) = truth_of(media, LABELS).notes
        assert note.startswith(f"there is no accuracy: {path} is not JSON, or cut short")
        with pytest.raises(TruthError, match="cut short"):
            truth_of(media, LABELS, path)


def test_truth_of_shapes_that_do_not_agree_is_refused():
    with pytest.raises(ValueError, match="truth needs boxes"):
        ImageTruth(np.zeros((2, 4), np.float32), np.zeros(1, np.int64), np.zeros(2, np.bool_), np.zeros(2, np.float32))


def test_a_real_data_set_is_read_whole_and_fits_its_pictures(assets):
    truth = read_truth(assets / "images" / "bccd" / "instances.json", ["rbc", "wbc", "platelets"])
    media = open_media(assets / "images" / "bccd" / "JPEGImages")
    matched = match(truth, [frame.name for frame in media.frames()])
    assert (len(matched), sum(len(image) for image in matched.images.values()), matched.notes) == (60, 836, ())


SAME_CONTENT = {
    "the order of boxes": coco(annotations=coco()["annotations"][::-1]),
    "the order of pictures": coco(images=coco()["images"][::-1]),
    "numbers of classes": coco(categories=[{"id": 4, "name": "new"}, *coco()["categories"][::-1]]),
    "pictures that are no frames": coco(images=[*coco()["images"], {"id": 9, "file_name": "c.jpg"}]),
}
CATEGORIES = coco()["categories"]
FIRST, CROWD, LAST = coco()["annotations"]
OTHER_CONTENT = {
    "a box less": coco(annotations=[FIRST, CROWD]),
    "a box that the detector does not know": coco(
        annotations=[FIRST, CROWD, LAST, *annotation(category_id=7)], categories=[*CATEGORIES, {"id": 7, "name": "new"}]
    ),
    "a box elsewhere": coco(annotations=[FIRST, CROWD, LAST | {"bbox": [0, 0, 1, 2]}]),
    "another class": coco(annotations=[FIRST, CROWD, LAST | {"category_id": 5}]),
    "a crowd": coco(annotations=[FIRST, CROWD, LAST | {"iscrowd": 1}]),
    "another area": coco(annotations=[FIRST, CROWD, LAST | {"area": 0.5}]),
    "an empty picture less": coco(images=coco()["images"][:1]),
    "another picture": coco(annotations=[one | {"image_id": 3} for one in coco()["annotations"]]),
}


class TestKey:
    """What tells one truth of some frames from another."""

    @pytest.fixture
    def key(self, tmp_path, write):
        media = folder_of(tmp_path, "a.jpg", "b.jpg")

        def key_of(tree: object = None, labels: tuple[str, ...] = LABELS, name: str = "truth.json") -> str | None:
            truth = truth_of(media, labels, write(tree, name))
            assert truth is not None
            return truth.key

        return key_of

    @pytest.mark.parametrize("tree", SAME_CONTENT.values(), ids=SAME_CONTENT)
    def test_it_is_the_same_whatever(self, key, tree):
        assert key(tree, name="another.json") == key()

    def test_it_is_the_same_whatever_a_detector_calls_its_classes_and_knows_of_them(self, key):
        assert key(labels=("SCRATCH",)) == key(labels=("stain", "scratch", "dent")) == key()

    @pytest.mark.parametrize("tree", OTHER_CONTENT.values(), ids=OTHER_CONTENT)
    def test_it_is_another_with(self, key, tree):
        assert key(tree) != key()

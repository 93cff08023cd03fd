"""YOLO's txt: fractions become pixels of the picture, numbers become names, and what cannot be right is refused with one line."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.datasets import match, read_truth, truth_for, truth_of
from workbench.errors import TruthError
from workbench.media import open_media

LABELS = ("dent", "scratch", "stain")
YAML = "path: ../x\nnames:\n  0: stain\n  1: Scratch\n"


@pytest.fixture
def place(tmp_path):
    """Ultralytics' layout with one picture, 200 wide and 100 high; more files by their names."""

    def laid_out(text: str | bytes | None = "1 0.5 0.5 0.5 0.2\n", **files: str | bytes) -> Path:
        everything = {"data.yaml": YAML, "labels/val/a.txt": text} | files
        for name, content in everything.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        picture(tmp_path / "images" / "val" / "a.jpg")
        return tmp_path / "labels" / "val"

    return laid_out


def picture(path: Path, **saved: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (200, 100)).save(path, **saved)
    return path


class TestReading:
    def test_fractions_become_pixels_of_the_picture(self, place):
        truth = read_truth(place(), LABELS)
        image = truth.images["a.jpg"]
        assert image.boxes_xyxy_px.dtype == np.float32
        assert image.boxes_xyxy_px == pytest.approx(np.array([[50, 40, 150, 60]]))
        assert (image.class_ids.tolist(), image.size_hw, image.areas_px.tolist()) == ([1], (100, 200), pytest.approx([2000]))
        assert truth.notes == ("labels/val is not about dent: what is found of it is not judged",)

    def test_one_file_is_of_one_picture(self, place, tmp_path):
        folder = place(**{"labels/val/b.txt": "not read"})
        picture(tmp_path / "images" / "val" / "b.jpg")
        assert list(read_truth(folder / "a.txt").images) == ["a.jpg"]

    def test_outlines_become_the_boxes_around_them(self, place):
        boxes = read_truth(place("0 0.1 0.2 0.4 0.1 0.3 0.9\n1 0.5 0.5 0.5 0.2")).images["a.jpg"].boxes_xyxy_px
        assert boxes == pytest.approx(np.array([[20, 10, 80, 90], [50, 40, 150, 60]]))

    def test_a_confidence_behind_the_box_is_passed_over(self, place):
        assert read_truth(place("1 0.5 0.5 0.5 0.2 0.93")).images["a.jpg"].boxes_xyxy_px == pytest.approx(
            np.array([[50, 40, 150, 60]])
        )

    def test_keypoints_behind_the_box_are_passed_over(self, place):
        pose = YAML + "kpt_shape: [2, 3]\n"
        truth = read_truth(place("1 0.5 0.5 0.5 0.2 0.1 0.1 2 0.9 0.9 1", **{"data.yaml": pose}))
        assert truth.images["a.jpg"].boxes_xyxy_px == pytest.approx(np.array([[50, 40, 150, 60]]))

    @pytest.mark.parametrize("text", ["", "\n  \n", None], ids=["empty", "blank", "no file"])
    def test_a_picture_without_boxes_is_there_and_empty(self, text, place, tmp_path):
        folder = place(text, **{"labels/val/b.txt": "0 0.5 0.5 0.5 0.2"})
        picture(tmp_path / "images" / "val" / "b.jpg")
        image = read_truth(folder).images["a.jpg"]
        assert (len(image), image.size_hw) == (0, (100, 200))

    def test_pictures_without_a_file_are_told(self, place, tmp_path):
        folder = place()
        picture(tmp_path / "images" / "val" / "b.jpg")
        (note,) = read_truth(folder).notes
        assert note == "labels/val has no txt for 1 of 2 pictures (b.jpg): nothing is in them, as YOLO has it"

    def test_files_without_a_picture_are_told(self, place):
        folder = place(**{"labels/val/b.txt": "0 0.5 0.5 0.5 0.2"})
        assert "has 1 txt files without a picture (b): they are left out" in read_truth(folder).notes[0]

    def test_boxes_that_are_flat_are_left_out_and_told(self, place):
        truth = read_truth(place("1 0.5 0.5 0 0.2\n0 0.5 0.5 0.5 0.2"))
        assert len(truth.images["a.jpg"]) == 1
        assert "1 boxes without width or height" in truth.notes[0]

    def test_lines_that_are_written_twice_count_once_and_are_told(self, place):
        truth = read_truth(place("1 0.5 0.5 0.5 0.2\n0 0.5 0.5 0.5 0.2\n1 0.5 0.5 0.50 0.2"))
        assert truth.images["a.jpg"].class_ids.tolist() == [1, 0]
        assert truth.notes == ("labels/val says 1 boxes again, of the same picture and class: each counts once",)

    def test_a_picture_that_lies_on_its_side_counts_upright(self, place, tmp_path):
        folder = place()
        exif = Image.Exif()
        exif[0x0112] = 6
        picture(tmp_path / "images" / "val" / "a.jpg", exif=exif)
        image = read_truth(folder).images["a.jpg"]
        frame = next(open_media(tmp_path / "images" / "val").frames())
        assert image.size_hw == frame.size_hw == (200, 100)
        assert image.boxes_xyxy_px == pytest.approx(np.array([[25, 80, 75, 120]]))

    def test_pictures_may_lie_where_the_media_are(self, tmp_path):
        picture(tmp_path / "far" / "a.jpg")
        folder = tmp_path / "near"
        folder.mkdir()
        (folder / "a.txt").write_text("0 0.5 0.5 0.5 0.2")
        (folder / "classes.txt").write_text("dent")
        assert len(read_truth(folder, LABELS, open_media(tmp_path / "far")).images["a.jpg"]) == 1

    def test_a_box_at_the_border_may_be_rounded_over_it(self, place):
        assert len(read_truth(place("1 1.000001 0.5 0.5 0.2")).images["a.jpg"]) == 1


NAMED = {
    "yaml list": {"data.yaml": "names: [stain, Scratch]"},
    "yaml beside": {"data.yaml": None, "labels/val/data.yaml": YAML},
    "yaml out of order": {"data.yaml": "names: {1: Scratch, 0: stain}"},
    "classes.txt": {"data.yaml": None, "labels/classes.txt": "stain\nScratch\n\n"},
    "classes.txt with a mark": {"data.yaml": None, "labels/val/classes.txt": b"\xef\xbb\xbfstain\r\nScratch\r\n"},
    "obj.names": {"data.yaml": None, "obj.names": "stain\nScratch"},
    "the nearest": {"labels/classes.txt": "stain\nScratch", "data.yaml": "names: [cat, dog]"},
    "yaml without names": {"labels/val/data.yaml": "nc: 2"},
    "a gap": {"data.yaml": None, "labels/classes.txt": "\nScratch"},
}


@pytest.mark.parametrize("files", NAMED.values(), ids=NAMED.keys())
def test_class_numbers_are_named_by_a_file_nearby(files, place):
    assert read_truth(place(**files), LABELS).images["a.jpg"].class_ids.tolist() == [1]


REFUSED = {
    "too few columns": ("1 0.5 0.5 0.5", {}, r"a\.txt is wrong: Invalid YOLO annotation line '1 0\.5 0\.5 0\.5'"),
    "words": ("1 0.5 wide 0.5 0.2", {}, r"a\.txt is wrong: could not convert string to float: 'wide'"),
    "a name for a number": ("stain 0.5 0.5 0.5 0.2", {}, r"a\.txt is wrong: Invalid class id 'stain'"),
    "half a class": ("1.5 0.5 0.5 0.5 0.2", {}, "Invalid class id '1.5'"),
    "not a number": ("1 nan 0.5 0.5 0.2", {}, r"a\.txt is wrong: Invalid box"),
    "inside out": ("1 0.5 0.5 -0.5 0.2", {}, r"a\.txt is wrong: Invalid box extent"),
    "pixels": ("1 100 50 30 20", {}, r"a\.txt has values outside 0\.\.1: 1 100 50 30 20; YOLO's boxes"),
    "below": ("1 -0.5 0.5 0.5 0.2", {}, r"a\.txt has values outside 0\.\.1"),
    "too large": ("1 1e300 0.5 0.5 0.2", {}, r"a\.txt is wrong: xyxy must contain only finite"),
    "an outline outside": ("1 0.1 0.1 3 0.1 0.1 0.4", {}, r"a\.txt has values outside 0\.\.1"),
    "a class beyond the names": ("2 0.5 0.5 0.5 0.2", {}, r"a\.txt has class 2, and .*data\.yaml names 2 classes, 0 to 1"),
    "a class of many digits": ("1e999999999 0.5 0.5 0.5 0.2", {}, r"a\.txt has class numbers that cannot be"),
    "a class below": ("-1 0.5 0.5 0.5 0.2", {}, r"a\.txt has class -1"),
    "binary": (b"1 0.5 0.5 0.5 0.2\n\xff\xfe\x00", {}, r"a\.txt is not text"),
    "no names": ("1 0.5 0.5 0.5 0.2", {"data.yaml": None}, r"no file names them; write one name a line into .*classes\.txt"),
    "broken yaml": ("1 0.5 0.5 0.5 0.2", {"data.yaml": "names: [a"}, r"cannot read .*data\.yaml: while parsing"),
    "strange yaml": ("1 0.5 0.5 0.5 0.2", {"data.yaml": "names: !!python/object:os.system [a]"}, r"cannot read .*data\.yaml"),
    "names of nothing": ("1 0.5 0.5 0.5 0.2", {"data.yaml": "names: 7"}, "names that are neither a list nor numbered"),
    "names by name": ("1 0.5 0.5 0.5 0.2", {"data.yaml": "names: {a: b}"}, "names that are neither a list nor numbered"),
    "nested names": ("1 0.5 0.5 0.5 0.2", {"data.yaml": "names: [[a], b]"}, "names that are neither a list nor numbered"),
    "not about these labels": ("1 0.5 0.5 0.5 0.2", {"data.yaml": "names: [cat, dog]"}, "is about cat, dog, the detector knows"),
}


class TestRefusing:
    @pytest.mark.parametrize(("text", "files", "words"), REFUSED.values(), ids=REFUSED.keys())
    def test_what_cannot_be_right_is_one_line(self, text, files, words, place):
        with pytest.raises(TruthError, match=words) as caught:
            read_truth(place(text, **files), LABELS)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "bad", ["1 0.5 0.5 0.5", "stain 0.5 0.5 0.5 0.2", "1 100 50 30 20", "7 0.5 0.5 0.5 0.2", "1e9 1 1 1 1"]
    )
    def test_one_bad_line_is_counted_and_told(self, bad, place):
        truth = read_truth(place(f"1 0.5 0.5 0.5 0.2\n{bad}\n0 0.5 0.5 0.5 0.2\n"))
        assert truth.images["a.jpg"].class_ids.tolist() == [1, 0]
        assert truth.notes[0].startswith("labels/val: 1 wrong annotations are left out; the first: ")
        assert "a.txt" in truth.notes[0]

    def test_one_bad_file_is_counted_and_its_picture_unknown(self, place, tmp_path):
        folder = place(**{"labels/val/b.txt": b"\xff\xfe\x00"})
        picture(tmp_path / "images" / "val" / "b.jpg")
        truth = read_truth(folder)
        assert list(truth.images) == ["a.jpg"]
        assert "b.txt is not text" in truth.notes[0]

    def test_labels_without_pictures_say_where_they_are_looked_for(self, place, tmp_path):
        folder = place()
        (tmp_path / "images" / "val" / "a.jpg").rename(tmp_path / "images" / "val" / "z.jpg")
        with pytest.raises(TruthError, match="has no picture of its name beside it"):
            read_truth(folder)

    def test_a_picture_whose_size_cannot_be_read_is_named(self, place, tmp_path):
        folder = place()
        (tmp_path / "images" / "val" / "a.jpg").write_bytes(b"no picture")
        with pytest.raises(TruthError, match=r"the size of .*a\.jpg cannot be read"):
            read_truth(folder)

    def test_a_line_of_megabytes_is_not_repeated(self, place):
        with pytest.raises(TruthError) as caught:
            read_truth(place("1 " + "x" * 1_000_000))
        assert len(str(caught.value)) < 500


class TestFinding:
    def test_images_have_their_labels(self, place, tmp_path):
        folder = place()
        media = open_media(tmp_path / "images" / "val")
        assert truth_for(media) == folder
        assert list(match(read_truth(truth_for(media), LABELS, media), media.frame_names()).images) == ["a.jpg"]

    def test_a_picture_has_its_own_file(self, place, tmp_path):
        folder = place()
        assert truth_for(open_media(tmp_path / "images" / "val" / "a.jpg")) == folder / "a.txt"

    @pytest.mark.parametrize(("name", "found"), [("classes.txt", True), ("notes.md", False)])
    def test_txt_beside_pictures_is_truth_where_its_classes_are_named(self, name, found, tmp_path):
        picture(tmp_path / "p" / "a.jpg")
        (tmp_path / "p" / "a.txt").write_text("0 0.5 0.5 0.5 0.2")
        (tmp_path / "p" / name).write_text("dent")
        assert truth_for(open_media(tmp_path / "p")) == (tmp_path / "p" if found else None)

    def test_captions_are_passed_over(self, place, tmp_path):
        place("a dented part on a belt, 2 scratches")
        assert truth_for(open_media(tmp_path / "images" / "val")) is None

    def test_a_folder_of_pictures_alone_is_not_bothered_by_a_broken_yaml_above(self, tmp_path):
        picture(tmp_path / "p" / "a.jpg")
        (tmp_path / "data.yaml").write_text("names: [")
        assert truth_for(open_media(tmp_path / "p")) is None


class TestDataSets:
    """Ultralytics' and Roboflow's, by their `data.yaml` or their root."""

    @pytest.fixture
    def data_set(self, tmp_path):
        def laid_out(pictures: str, labels: str, yaml: str = "", name: str = "data.yaml", stems=("t", "v")) -> Path:
            root = tmp_path / "set"
            for split, stem, text in zip(("train", "val"), stems, ("0 0.5 0.5 0.5 0.2", "1 0.5 0.5 0.5 0.2"), strict=True):
                picture(root / pictures.format(split) / f"{stem}.jpg")
                (root / labels.format(split)).mkdir(parents=True, exist_ok=True)
                (root / labels.format(split) / f"{stem}.txt").write_text(text)
            (root / name).write_text(yaml + "names: [stain, Scratch]\n")
            return root

        return laid_out

    @pytest.mark.parametrize("named", ["data.yaml", "mine.yml", ""], ids=["data.yaml", "another name", "root"])
    @pytest.mark.parametrize(
        ("pictures", "labels", "yaml"),
        [
            ("images/{}", "labels/{}", "path: .\ntrain: images/train\nval: images/val\n"),
            ("images/{}", "labels/{}", "path: /where/it/was\ntrain: images/train\nval: [images/val]\n"),
            ("{}/images", "{}/labels", "train: ../train/images\nval: ../val/images\n"),
            ("{}/images", "{}/labels", ""),
        ],
        ids=["ultralytics", "a stale path", "roboflow", "nothing stated"],
    )
    @pytest.mark.parametrize(("split", "frame", "number"), [("train", "t.jpg", 0), ("val", "v.jpg", 1)])
    def test_of_a_data_set_that_part_is_read_that_the_media_are_of(
        self, named, pictures, labels, yaml, split, frame, number, data_set
    ):
        if not named and pictures == "images/{}":
            yaml = ""
        root = data_set(pictures, labels, yaml, named or "data.yaml")
        truth = truth_of(open_media(root / pictures.format(split)), ("stain", "scratch"), root / named)
        assert {name: image.class_ids.tolist() for name, image in truth.images.items()} == {frame: [number]}

    @pytest.mark.parametrize("named", ["data.yaml", ""], ids=["data.yaml", "root"])
    @pytest.mark.parametrize(
        ("pictures", "labels", "yaml"),
        [
            ("images/{}", "labels/{}", "train: images/train\nval: images/val\n"),
            ("images/{}", "labels/{}", "train: images/train\nval: images\\val\n"),
            ("images/{}", "labels/{}", "train: images/train\nval: null\nvalid: images/val\n"),
            ("{}/images", "{}/labels", "train: ../train/images\nval: ../val/images\n"),
        ],
        ids=["ultralytics", "Windows", "another key", "roboflow"],
    )
    @pytest.mark.parametrize(("split", "number"), [("train", 0), ("val", 1)])
    def test_parts_with_the_same_names_are_told_apart_by_the_folder_of_the_media(
        self, named, pictures, labels, yaml, split, number, data_set
    ):
        root = data_set(pictures, labels, yaml, stems=("0", "0"))
        truth = truth_of(open_media(root / pictures.format(split)), ("stain", "scratch"), root / named)
        assert truth.images["0.jpg"].class_ids.tolist() == [number]

    @pytest.mark.parametrize(("pictures", "labels"), [("deep/er/images/{}", "deep/er/labels/{}"), ("{}", "{}")])
    def test_the_folder_of_the_media_is_looked_for_where_no_file_names_it(self, pictures, labels, data_set):
        root = data_set(pictures, labels, f"train: {pictures.format('train')}\nvalid: somewhere\n", stems=("0", "0"))
        truth = read_truth(root / "data.yaml", media=open_media(root / pictures.format("val")))
        assert truth.images["0.jpg"].class_ids.tolist() == [1]

    @pytest.mark.parametrize("val", ["images/val", "images\\val", "null"])
    def test_where_nothing_tells_parts_with_the_same_names_apart_it_is_asked(self, val, data_set, tmp_path):
        root = data_set("images/{}", "labels/{}", f"train: images/train\nval: {val}\n", stems=("0", "0"))
        picture(tmp_path / "copied" / "0.jpg")
        with pytest.raises(TruthError, match=r"has labels of 0 in .*labels.* and in .*labels.*; choose one of these folders"):
            read_truth(root / "data.yaml", media=open_media(tmp_path / "copied"))
        (root / "labels" / "val" / "0.txt").rename(root / "labels" / "val" / "1.txt")  # nothing is in the picture
        with pytest.raises(TruthError, match="choose one of these folders"):
            read_truth(root, media=open_media(tmp_path / "copied"))

    def test_without_media_the_part_for_validation_is_read(self, data_set):
        assert list(read_truth(data_set("images/{}", "labels/{}") / "data.yaml").images) == ["v.jpg"]

    @pytest.mark.parametrize(
        "line",
        [
            "./../deep/er/images/{}/{}.jpg",
            "deep/er/images/{}/{}.jpg",
            "{root}/deep/er/images/{}/{}.jpg",
            "deep\\er\\images\\{}\\{}.jpg",
        ],
        ids=["from the file", "from the root", "absolute", "Windows"],
    )
    @pytest.mark.parametrize(("split", "frame", "number"), [("train", "t.jpg", 0), ("val", "v.jpg", 1)])
    def test_a_part_may_be_a_file_that_lists_its_pictures(self, line, split, frame, number, data_set):
        root = data_set("deep/er/images/{}", "deep/er/labels/{}", "train: lists/train.txt\nval: lists/val.txt\n")
        (root / "lists").mkdir()
        for part, stem in (("train", "t"), ("val", "v")):
            listed = line.replace("{root}", str(root)).format(part, stem)
            (root / "lists" / f"{part}.txt").write_bytes(f"\ufeff{listed}\n\n".encode())
        truth = truth_of(open_media(root / f"deep/er/images/{split}"), ("stain", "scratch"), root / "data.yaml")
        assert {name: image.class_ids.tolist() for name, image in truth.images.items()} == {frame: [number]}

    def test_a_list_of_pictures_that_is_missing_or_none_says_so(self, data_set):
        root = data_set("deep/er/images/{}", "deep/er/labels/{}", "train: gone.txt\nval: val.txt\n")
        (root / "val.txt").write_bytes(b"\xff\0nothing")
        with pytest.raises(TruthError, match="names no folder of labels that is there"):
            read_truth(root / "data.yaml")

    def test_a_yaml_without_labels_says_so(self, tmp_path):
        (tmp_path / "data.yaml").write_text("names: [a]\nval: images/val\n")
        with pytest.raises(TruthError, match=r"data\.yaml names no folder of labels that is there; choose the folder"):
            read_truth(tmp_path / "data.yaml")


class TestLyingBeside:
    @pytest.mark.parametrize(
        "files",
        [
            {"data.yaml": None},
            {"data.yaml": "names: ["},
            {"labels/val/a.txt": "1 100 50 30 20"},
            {"labels/val/a.txt": b"1 .5 .5 .5 .2 \xff"},
        ],
        ids=["no names", "broken names", "pixels", "binary"],
    )
    def test_what_nobody_asked_for_stops_nobody(self, files, place, tmp_path):
        folder = place(**files)
        media = open_media(tmp_path / "images" / "val")
        truth = truth_of(media, LABELS)
        assert not truth.images
        assert truth.notes[0].startswith("there is no accuracy: ")
        with pytest.raises(TruthError):
            truth_of(media, LABELS, folder)


def test_a_real_data_set_written_as_yolo_reads_as_its_json(assets, tmp_path):
    folder = assets / "images" / "bccd"
    media = open_media(folder / "JPEGImages")
    coco = match(read_truth(folder / "instances.json"), media.frame_names())
    for name, image in coco.images.items():
        height, width = image.size_hw
        boxes = image.boxes_xyxy_px.astype(float) / [width, height, width, height]
        middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        rows = zip(image.class_ids, *middle.T, *size.T, strict=True)
        text = "".join(" ".join(f"{value:.6f}" if at else str(value) for at, value in enumerate(row)) + "\n" for row in rows)
        (tmp_path / Path(name).with_suffix(".txt")).write_text(text)
    (tmp_path / "classes.txt").write_text("\n".join(coco.labels))
    yolo = match(read_truth(tmp_path, coco.labels, media), media.frame_names())
    assert (len(yolo), yolo.notes) == (60, ())
    for name, image in yolo.images.items():
        assert image.class_ids.tolist() == coco.images[name].class_ids.tolist()
        assert np.abs(image.boxes_xyxy_px - coco.images[name].boxes_xyxy_px).max() < 0.001  # six digits, as tools write them

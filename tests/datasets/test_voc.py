"""Pascal VOC's xml: read with the corners that VOC means, matched by the picture's name, and safe to open."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workbench.datasets import match, read_truth, truth_for
from workbench.errors import TruthError
from workbench.media import Media, open_media

LABELS = ("dent", "scratch", "stain")
BILLION_LAUGHS = """<!DOCTYPE annotation [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<annotation><object><name>&c;</name></object></annotation>"""
OTHER_FILE = """<!DOCTYPE annotation [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<annotation><object><name>&a;</name></object></annotation>"""


def thing(name: str = "scratch", corners: tuple[object, ...] = (11, 21, 40, 60), more: str = "") -> str:
    sides = "".join(f"<{side}>{at}</{side}>" for side, at in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))
    return f"<object><name>{name}</name><bndbox>{sides}</bndbox>{more}</object>"


def voc(*things: str, size: str = "<width>200</width><height>100</height><depth>3</depth>") -> str:
    return f"<annotation><filename>stale.png</filename><size>{size}</size>{''.join(things or (thing(),))}</annotation>"


@pytest.fixture
def write(tmp_path):
    def write_voc(text: str | None = None, name: str = "Annotations/a.xml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(voc() if text is None else text)
        return path

    return write_voc


def pictures(folder: Path, *names: str) -> Media:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (200, 100)).save(folder / name)
    return open_media(folder)


class TestReading:
    def test_pixels_are_counted_from_one_and_the_last_is_included(self, write):
        image = read_truth(write(voc(thing(corners=(1, 1, 200, 100))))).images["a"]
        assert image.boxes_xyxy_px.tolist() == [[0, 0, 200, 100]]
        assert (image.boxes_xyxy_px.dtype, image.size_hw) == (np.float32, (100, 200))
        assert image.areas_px.tolist() == [20000]

    def test_classes_are_the_detectors(self, write):
        truth = read_truth(write(voc(thing("stain"), thing("dent"), thing("STAIN", (1, 1, 9, 9)))), LABELS)
        assert (truth.labels, truth.images["a"].class_ids.tolist()) == (LABELS, [2, 0, 2])
        assert truth.notes == ("a.xml is not about scratch: what is found of it is not judged",)

    def test_a_folder_is_read_whole(self, write):
        write(voc(thing("stain")), "Annotations/b.xml")
        write("notes", "Annotations/readme.md")
        truth = read_truth(write().parent)
        assert (list(truth.images), truth.labels) == (["a", "b"], ("scratch", "stain"))
        assert truth.name.endswith("/Annotations")

    def test_the_folder_above_annotations_stands_for_it(self, write):
        assert list(read_truth(write().parent.parent).images) == ["a"]

    def test_difficult_objects_count_neither_way(self, write):
        marks = enumerate(("0", "1", " 1 ", "True", ""), 41)
        marked = [thing(corners=(11, 21, right, 60), more=f"<difficult>{mark}</difficult>") for right, mark in marks]
        assert read_truth(write(voc(thing(), *marked))).images["a"].iscrowd.tolist() == [False, False, True, True, True, False]

    def test_objects_that_are_written_twice_count_once_and_are_told(self, write):
        truth = read_truth(write(voc(thing("stain"), thing("dent"), thing("stain"))))
        assert [truth.labels[number] for number in truth.images["a"].class_ids] == ["stain", "dent"]
        assert truth.notes == ("a.xml says 1 boxes again, of the same picture and class: each counts once",)

    def test_a_picture_without_objects_is_there_and_empty(self, write):
        write("<annotation><filename>b.jpg</filename></annotation>", "Annotations/b.xml")
        image = read_truth(write().parent, LABELS).images["b"]
        assert (len(image), image.boxes_xyxy_px.shape, image.size_hw) == (0, (0, 4), None)

    def test_nothing_but_empty_pictures_is_truth_too(self, write):
        assert len(read_truth(write("<annotation/>"), LABELS).images["a"]) == 0

    def test_outlines_and_parts_are_passed_over(self, write):
        outline = "<polygon><x1>1</x1><y1>1</y1><x2>9e9</x2><y2>5</y2></polygon><part><name>head</name></part>"
        assert read_truth(write(voc(thing(more=outline)))).images["a"].boxes_xyxy_px.tolist() == [[10, 20, 40, 60]]

    def test_names_in_indented_xml_are_tidy(self, write):
        assert read_truth(write(voc(thing("\n  hard\n  hat\n")))).labels == ("hard hat",)

    def test_decimal_corners_are_read(self, write):
        boxes = read_truth(write(voc(thing(corners=(11.5, 21, 40.25, 60))))).images["a"].boxes_xyxy_px
        assert boxes.tolist() == [[10.5, 20, 40.25, 60]]

    @pytest.mark.parametrize("size", ["", "<width>0</width><height>0</height>", "<width>big</width><height>4</height>"])
    def test_a_picture_whose_size_is_not_told_is_read(self, size, write):
        assert read_truth(write(voc(size=size))).images["a"].size_hw is None


REFUSED = {
    "empty": ("", "a.xml is not xml, or cut short"),
    "half": (voc()[:150], "a.xml is not xml, or cut short"),
    "text": ("hello", "a.xml is not xml, or cut short"),
    "unknown encoding": ("<?xml version='1.0' encoding='klingon'?><annotation/>", "a.xml is not xml, or cut short"),
    "another root": ("<svg><object/></svg>", "a.xml is no Pascal VOC xml: it begins with <svg>, not <annotation>"),
    "no name": (voc("<object><bndbox/></object>"), "a.xml is wrong: Missing 'name'"),
    "an empty name": (voc(thing("  ")), "a.xml is wrong: Missing 'name'"),
    "no box": (voc("<object><name>dent</name></object>"), "a.xml is wrong: Missing bndbox"),
    "three corners": (voc(thing().replace("<ymax>60</ymax>", "")), "a.xml is wrong: Missing 'ymax'"),
    "words": (voc(thing(corners=("left", 2, 3, 4))), "a.xml is wrong: Invalid 'xmin' value 'left'"),
    "not a number": (voc(thing(corners=("nan", 2, 3, 4))), "a.xml is wrong: Invalid 'xmin'"),
    "too large": (voc(thing(corners=(1, 2, "1e300", 4))), r"a\.xml is wrong: xyxy must contain only finite"),
    "fractions": (voc(thing(corners=(0.1, 0.1, 0.5, 0.6))), "boxes in fractions of the picture; Pascal VOC's boxes are corners"),
    "fractions of which one is rounded up": (
        voc(thing(corners=(0.1, 0.1, 0.5, 0.6)), thing(corners=(0.734376, 0.2, 1.000001, 0.3))),
        "boxes in fractions of the picture",
    ),
    "outside": (voc(thing(corners=(300, 10, 320, 20))), r"in a \(width 200, height 100\) lies a box wholly outside"),
    "a size of many digits": (
        voc(thing(corners=(1, 300, 20, 310)), size=f"<width>{'9' * 400}</width><height>100</height>"),
        "lies a box wholly outside",
    ),
    "not about these labels": (voc(thing("cat")), "a.xml is about cat, the detector knows dent, scratch, stain: no name in common"),
    "entities that grow": (BILLION_LAUGHS, "a.xml defines entities of its own"),
    "another file's content": (OTHER_FILE, "a.xml defines entities of its own"),
}


class TestRefusing:
    @pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
    def test_what_cannot_be_right_is_one_line(self, text, words, write):
        with pytest.raises(TruthError, match=words) as caught:
            read_truth(write(text), LABELS)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 500

    def test_one_bad_file_of_a_folder_is_counted_and_named(self, write):
        write(voc()[:100], "Annotations/b.xml")
        truth = read_truth(write().parent)
        assert list(truth.images) == ["a"]
        assert "1 wrong annotations are left out; the first: " in truth.notes[0]
        assert "b.xml is not xml, or cut short" in truth.notes[0]

    def test_one_bad_object_of_a_file_is_counted_and_named(self, write):
        truth = read_truth(write(voc(thing("stain"), "<object><name>dent</name></object>", thing("dent", corners=("a", 2, 3, 4)))))
        assert (len(truth.images["a"]), truth.labels) == (1, ("stain",))
        assert "2 wrong annotations are left out; the first: " in truth.notes[0]
        assert "a.xml is wrong: Missing bndbox" in truth.notes[0]

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(TruthError, match=r"cannot read .*gone\.xml: No such file or directory; choose"):
            read_truth(tmp_path / "gone.xml")

    def test_an_empty_folder_says_so(self, tmp_path):
        (tmp_path / "Annotations").mkdir()
        with pytest.raises(TruthError, match="Annotations is a folder without annotations"):
            read_truth(tmp_path / "Annotations")

    def test_truth_of_other_pictures_is_refused_with_both_names(self, write):
        with pytest.raises(TruthError, match=r"describes a, none of which are among the frames b\.jpg"):
            match(read_truth(write()), ["b.jpg"])


class TestMatching:
    def test_an_xml_is_of_the_picture_of_its_name(self, write):
        assert list(match(read_truth(write()), ["x/a.JPEG", "b.jpg"]).images) == ["x/a.JPEG"]

    def test_a_name_with_dots_is_whole(self, write):
        assert list(match(read_truth(write(name="a.v2.xml")), ["a.v2.png", "a.png"]).images) == ["a.v2.png"]

    def test_two_pictures_of_one_name_are_not_confused(self, write):
        with pytest.raises(TruthError):
            match(read_truth(write()), ["a.jpg", "a.png"])

    def test_an_xml_is_of_no_frame_of_a_video(self, write):
        with pytest.raises(TruthError):
            match(read_truth(write(name="clip.xml")), ["clip.webm#0"])


class TestFinding:
    @pytest.mark.parametrize("place", ["Annotations", "annotations", "JPEGImages"])
    def test_a_folder_has_its_xml_beside_it_or_in_it(self, place, write, tmp_path):
        media = pictures(tmp_path / "JPEGImages", "a.jpg")
        assert truth_for(media) is None
        folder = write(name=f"{place}/a.xml").parent
        assert truth_for(media).samefile(folder)
        assert list(match(read_truth(truth_for(media), LABELS, media), media.frame_names()).images) == ["a.jpg"]

    def test_a_glob_has_its_folders(self, write, tmp_path):
        pictures(tmp_path / "JPEGImages", "a.jpg")
        folder = write().parent
        assert truth_for(open_media(tmp_path / "JPEGImages" / "*.jpg")).samefile(folder)

    def test_a_picture_has_its_own_file(self, write, tmp_path):
        pictures(tmp_path / "JPEGImages", "a.jpg")
        write("damaged", "Annotations/b.xml")
        own = write()
        assert truth_for(open_media(tmp_path / "JPEGImages" / "a.jpg")) == own

    def test_json_goes_before_xml(self, write, tmp_path):
        media = pictures(tmp_path / "JPEGImages", "a.jpg")
        write()
        (tmp_path / "JPEGImages.json").write_text(json.dumps({"images": [], "annotations": [], "categories": []}))
        assert truth_for(media).name == "JPEGImages.json"

    @pytest.mark.parametrize("name", ["Annotations/b.xml", "other/a.xml"])
    def test_xml_of_other_pictures_is_passed_over(self, name, write, tmp_path):
        media = pictures(tmp_path / "JPEGImages", "a.jpg")
        write(name=name)
        assert truth_for(media) is None

    def test_xml_that_is_plainly_something_else_is_passed_over(self, write, tmp_path):
        media = pictures(tmp_path / "stills", "a.jpg")
        write("<?xml version='1.0'?><x:xmpmeta/>", "stills/a.xml")
        assert truth_for(media) is None

    @pytest.mark.parametrize("text", ["", voc()[:100], "\x00\x01"], ids=["empty", "half", "binary"])
    def test_damaged_xml_is_found_so_that_it_is_heard_of(self, text, write, tmp_path):
        media = pictures(tmp_path / "JPEGImages", "a.jpg")
        write(text)
        with pytest.raises(TruthError, match=r"a\.xml is not xml"):
            read_truth(truth_for(media))


def test_a_real_data_set_reads_as_its_json_but_for_the_first_pixel(assets):
    """Whoever made the json took `xmin` and `ymin` as they stand; VOC counts from 1, so its boxes begin one pixel before."""
    folder = assets / "images" / "bccd"
    labels = ["rbc", "wbc", "platelets"]
    media = open_media(folder / "JPEGImages")
    assert truth_for(media).samefile(folder / "Annotations")
    xml = match(read_truth(truth_for(media), labels), media.frame_names())
    coco = match(read_truth(folder / "instances.json", labels), media.frame_names())
    assert (len(xml), xml.notes, list(xml.images)) == (60, (), list(coco.images))
    for one, other in zip(xml.images.values(), coco.images.values(), strict=True):
        assert one.class_ids.tolist() == other.class_ids.tolist()
        assert (other.boxes_xyxy_px - one.boxes_xyxy_px == [1, 1, 0, 0]).all()
        assert one.size_hw == other.size_hw

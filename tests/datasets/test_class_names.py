"""Class names, however a file writes them down; and other words for them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from workbench.datasets import Truth, parse_names, read_name_text
from workbench.datasets.class_names import MOST_NAME_BYTES, find_names, name_text
from workbench.datasets.classes import with_labels
from workbench.datasets.reach import Reach
from workbench.detections import ImageTruth
from workbench.detectors.labels import COCO80, COCO90
from workbench.errors import TruthError
from workbench.record import same_classes

TWO = {0: "bolt", 1: "red dent"}
FROM_ONE = {1: "bolt", 2: "red dent"}
ITEM = "item {\n  id: %d\n  name: %s\n}\n"
WRITTEN = {
    "a name a line": ("bolt\nred dent\n", TWO),
    "windows' line ends": ("bolt\r\nred dent\r\n", TWO),
    "numbers and spaces": ("0 bolt\n1  red dent", TWO),
    "numbers and colons": ("0: bolt\n1: red dent", TWO),
    "numbers and tabs": ("0\tbolt\n1\tred dent", TWO),
    "numbers from one": ("1 bolt\n2 red dent", FROM_ONE),
    "csv": ("0,bolt\n1,red dent", TWO),
    "csv with a head": ("id,name\n0,bolt\n1,red dent", TWO),
    "csv with quotes": ('0,"bolt"\n1,"red dent"', TWO),
    "csv, the number last": ("bolt,0\nred dent,1", TWO),
    "csv, the number last, with a head": ("name,id\nbolt,0\nred dent,1", TWO),
    "csv with semicolons": ("0;bolt\n1;red dent", TWO),
    "csv in one line": ("bolt, red dent", TWO),
    "a comment": ("# two classes\nbolt\n# the second\nred dent", TWO),
    "empty lines behind": ("bolt\nred dent\n\n\n", TWO),
    "an empty line between": ("bolt\n\nred dent", {0: "bolt", 2: "red dent"}),
    "an unused place": ("???\nbolt\n???\nred dent", {0: "???", 1: "bolt", 2: "???", 3: "red dent"}),
    "one word of many": ("7 up\n7 down", {0: "7 up", 1: "7 down"}),
    "numbers of other things": ("7 up\n3 musketeers", {0: "7 up", 1: "3 musketeers"}),
    "numbers that go up by much": ("3 musketeers\n7 up", {0: "3 musketeers", 1: "7 up"}),
    "numbers of other things in one line": ("7 up, 3 musketeers", {0: "7 up", 1: "3 musketeers"}),
    "one name that begins with a number": ("7 up", {0: "7 up"}),
    "speeds": ("50 km/h\n30 km/h\n0 km/h", {0: "50 km/h", 1: "30 km/h", 2: "0 km/h"}),
    "ways": ("1 way valve\n2 way valve\n3 way valve", {0: "1 way valve", 1: "2 way valve", 2: "3 way valve"}),
    "sizes behind names": ("screw, 10\nnut, 8", {0: "screw, 10", 1: "nut, 8"}),
    "measures with a comma": ("2,5 mm\n1,5 mm", {0: "2,5 mm", 1: "1,5 mm"}),
    "a comma in the first name": ("M3, long\n1 bolt", {0: "M3, long", 1: "1 bolt"}),
    "digits": ("0\n1\n2", {0: "0", 1: "1", 2: "2"}),
    "digits in one line": ("0,1,2", {0: "0", 1: "1", 2: "2"}),
    "numbers out of order": ("1 red dent\n0 bolt", TWO),
    "numbers with gaps": ("1 bolt\n4 red dent", {1: "bolt", 4: "red dent"}),
    "numbers that go up by much, set apart": ("17: bolt\n90: red dent", {17: "bolt", 90: "red dent"}),
    "numbers and unused places": ("0 ???\n1 bolt\n2 ???\n3 red dent", {0: "???", 1: "bolt", 2: "???", 3: "red dent"}),
    "numbers in one line": ("0: bolt, 1: red dent, 2: nut", {0: "bolt", 1: "red dent", 2: "nut"}),
    "an expression, as it stands": ("{0: __import__('os').getcwd()}", {0: "__import__('os').getcwd()"}),
    "a bracket first": ("[UNK]\nbolt", {0: "[UNK]", 1: "bolt"}),
    "json list": ('["bolt", "red dent"]', TWO),
    "json numbers": ('{"0": "bolt", "1": "red dent"}', TWO),
    "json names": ('{"bolt": 0, "red dent": 1}', TWO),
    "json in a tree": ('{"nc": 2, "names": ["bolt", "red dent"]}', TWO),
    "json of transformers": ('{"model_type": "detr", "id2label": {"0": "bolt", "1": "red dent"}}', TWO),
    "json of coco": ('{"categories": [{"id": 2, "name": "red dent"}, {"id": 1, "name": "bolt"}]}', FROM_ONE),
    "json out of order": ('{"1": "red dent", "0": "bolt"}', TWO),
    "literal": ("{0: 'bolt', 1: 'red dent'}", TWO),
    "literal list": ("['bolt', 'red dent']", TWO),
    "literal tree": ("{'stride': 32, 'imgsz': (640, 640), 'names': {0: 'bolt', 1: 'red dent'}}", TWO),
    "yaml list": ("path: ../d\nnames:\n- bolt\n- red dent", TWO),
    "yaml short list": ("train: x\nnames: [bolt, red dent]\nnc: 2", TWO),
    "yaml numbers": ("# a set\npath: ../d\nnames:\n  0: bolt\n  1: red dent", TWO),
    "label map": ((ITEM % (1, "'bolt'")) + (ITEM % (2, "'red dent'")), FROM_ONE),
    "label map with other quotes": ((ITEM % (2, '"red dent"')) + (ITEM % (1, '"bolt"')), FROM_ONE),
    "label map with shown names": (
        "item {\n name: '/m/1'\n id: 1\n display_name: \"bolt\"\n}\nitem{name:'/m/2' id:2 display_name:'red dent'}",
        FROM_ONE,
    ),
    "label map with an apostrophe": ('item {\n id: 1\n name: "driver\'s cab"\n}', {1: "driver's cab"}),
}


@pytest.mark.parametrize(("text", "names"), WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "byte order mark"])
def test_names_are_read_however_they_are_written(text: str, names: dict[int, str], mark: str) -> None:
    assert parse_names(name_text((mark + text).encode())) == names


@pytest.mark.parametrize("text", ["", "\n \n", "# nothing"])
def test_no_names_are_none(text: str) -> None:
    assert not parse_names(text)


BAD = {
    "cut json": '{"0": "bolt", "1": "re',
    "nested": '{"names": [["bolt"], "dent"]}',
    "no names": '{"names": 7}',
    "an expression": "[1, __import__('os').getcwd(), {}]",
    "a call in yaml": "names: !!python/object/apply:os.getcwd []",
    "deep": "[" * 100_000,
    "yaml that holds itself": "names: &a\n  names: *a",
    "a number too large": '{"999999": "bolt"}',
    "two names of one number": '{"bolt": 1, "dent": 1}',
    "two categories of one id": '[{"id": 1, "name": "bolt"}, {"id": 1, "name": "dent"}]',
    "two items of one id": ITEM % (1, "'bolt'") + ITEM % (1, "'dent'"),
    "a label map without numbers": "item {\n name: 'bolt'\n}",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_list_of_names_says_so_and_runs_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refused:
        parse_names(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_long_name_is_cut() -> None:
    assert len(parse_names("bolt\n" + "x" * 10_000)[1]) < 200


def test_files_that_hold_no_text_of_that_size_are_refused(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"a\n" * MOST_NAME_BYTES)
    (tmp_path / "wide").write_bytes("bolt".encode("utf-16"))
    os.mkfifo(tmp_path / "pipe")
    for name, words in {"large": "1 MB", "wide": "UTF-8", "pipe": "no file"}.items():
        with pytest.raises((OSError, ValueError), match=words):
            read_name_text(tmp_path / name)


# What classes are called


def truth_of_names(names: tuple[str, ...]) -> Truth:
    count = len(names)
    boxes = np.tile(np.array([[1, 1, 9, 9]], np.float32), (count, 1))
    image = ImageTruth(boxes, np.arange(count), np.zeros(count, np.bool_), np.full(count, 64, np.float32))
    return Truth("t.json", names, {"a.jpg": image})


DARKNET = {
    "motorcycle": "motorbike", "airplane": "aeroplane", "couch": "sofa", "potted plant": "pottedplant",
    "dining table": "diningtable", "tv": "tvmonitor",
}  # fmt: skip
OTHERS = {
    "hair drier": "hair dryer", "cell phone": "cellphone", "motorcycle": "motor bike", "donut": "doughnut",
    "traffic light": "TrafficLight", "hot dog": "hotdog", "tennis racket": "tennis-racquet",
}  # fmt: skip


@pytest.mark.parametrize("words", [DARKNET, OTHERS], ids=["darknet and VOC", "others"])
@pytest.mark.parametrize("backwards", [False, True], ids=["truth", "detector"])
def test_other_words_for_cocos_classes_are_the_same_classes(words: dict[str, str], backwards: bool) -> None:
    theirs = tuple(words.get(name, name) for name in COCO80)
    own, known = (COCO80, theirs) if backwards else (theirs, COCO80)
    truth = with_labels(truth_of_names(own), known)
    assert truth.images["a.jpg"].class_ids.tolist() == list(range(80))
    assert truth.notes == ()
    assert same_classes(own, known)


def test_other_classes_or_another_order_are_not_the_same() -> None:
    assert not same_classes(("sofa", "tv"), ("tv", "sofa"))
    assert not same_classes(("sofa",), ("sofa", "tv"))


def test_words_that_a_detector_tells_apart_stay_apart() -> None:
    assert with_labels(truth_of_names(("sofa", "couch")), ("couch", "sofa")).images["a.jpg"].class_ids.tolist() == [1, 0]


def test_numbers_that_no_class_has_are_not_missed() -> None:
    assert with_labels(truth_of_names(COCO80), COCO90).notes == ()


def test_names_near_labels_that_are_damaged_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text(json.dumps({"names": 7}))
    with pytest.raises(TruthError, match=r"cannot read .*classes\.txt: it has names that are neither a list nor numbered"):
        find_names(tmp_path, Reach())

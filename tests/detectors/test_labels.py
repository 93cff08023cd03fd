"""Class names of a detector: as many as it scores, wherever they come from."""

import os
from pathlib import Path

import pytest

from workbench.detectors import Card
from workbench.detectors.labels import COCO80, COCO90, COCO91, guessed_labels
from workbench.detectors.network import Tensors, TensorSpec
from workbench.detectors.output_cards import BoxesCard, DetectionsCard
from workbench.errors import ModelError

IMAGE = TensorSpec("image", (1, 64, 96, 3), "float32")
BOXES = TensorSpec("boxes", (1, 10, 4), "float32")
ITEM = "item {\n  id: %d\n  name: '%s'\n}\n"
THREE = ("bolt", "dent", "nut")


def labels(folder: Path, said: str | tuple[str, ...], count: int = 3, inside: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The labels of a card for a network that scores so many classes."""
    scores = TensorSpec("scores", (1, 10, count), "float32")
    card = Card(labels=said, candidates=BoxesCard(tensors=("boxes", "scores")))
    return card.meaning(Tensors((IMAGE,), (BOXES, scores), labels=inside), folder).labels


def labels_after_nms(folder: Path, said: str, inside: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The labels of a card for a network whose outputs do not tell how many classes it knows."""
    outputs = tuple(TensorSpec(name, (1, 5), "float32") for name in "bsc")
    return (
        Card(labels=said, detections=DetectionsCard(tensors=("b", "s", "c")))
        .meaning(Tensors((IMAGE,), outputs, labels=inside), folder)
        .labels
    )


@pytest.fixture
def write(tmp_path: Path):
    def write_labels(text: str, name: str = "names.txt") -> Path:
        (tmp_path / name).write_text(text)
        return tmp_path

    return write_labels


FIT = {
    "as many": "bolt\ndent\nnut",
    "the background first": "background\nbolt\ndent\nnut",
    "underscores": "__background__\nbolt\ndent\nnut",
    "question marks first": "???\nbolt\ndent\nnut",
    "numbers from one": "1,bolt\n2,dent\n3,nut",
    "empty lines between": "bolt\n\ndent\n\nnut\n",
    "numbers out of order": "2 dent\n1 bolt\n3 nut",
    "label map": "".join(ITEM % pair for pair in enumerate(THREE, 1)),
    "label map with gaps": "".join(ITEM % pair for pair in ((1, "bolt"), (5, "dent"), (9, "nut"))),
}


@pytest.mark.parametrize("text", FIT.values(), ids=FIT.keys())
def test_names_come_in_the_order_of_the_scores(text: str, write) -> None:
    assert labels(write(text), "names.txt") == THREE


def test_a_place_that_holds_a_number_keeps_it_where_it_is_scored(write) -> None:
    assert labels(write("???\nbolt\n???\ndent"), "names.txt", 4) == ("???", "bolt", "???", "dent")
    assert labels(write("background\nbolt\ndent"), "names.txt") == ("background", "bolt", "dent")
    assert labels(write("2 bolt\n4 dent"), "names.txt", 5) == ("n/a", "n/a", "bolt", "n/a", "dent")


def test_numbers_that_belong_to_names_change_neither_names_nor_order(write) -> None:
    assert labels(write("7 up\n3 musketeers\n5 o'clock"), "names.txt") == ("7 up", "3 musketeers", "5 o'clock")
    valves = tuple(f"{ways} way valve" for ways in (5, 2, 3, 4, 6))
    assert labels(write("\n".join(valves)), "names.txt", 5) == valves


def test_names_of_cocos_ninety_numbers_keep_their_numbers(write) -> None:
    numbered = [f"{number}  {name}" for number, name in enumerate(COCO90) if name != "n/a"]
    assert labels(write("\n".join(numbered)), "names.txt", 90) == COCO90
    assert labels(write("\n".join(numbered)), "names.txt", 80) == COCO80


@pytest.mark.parametrize("first", ["???\n", "background\n", ""])
def test_where_the_network_counts_from_its_first_class_names_do_too(first: str, write) -> None:
    assert labels_after_nms(write(f"{first}bolt\n???\ndent\nnut"), "names.txt") == ("bolt", "???", "dent", "nut")
    inside = (*([first.strip()] if first else []), *THREE)
    assert labels_after_nms(write(""), (), inside) == THREE


@pytest.mark.parametrize(("lines", "said"), [(2, "2 classes, the model scores 3"), (5, "5 classes, the model scores 3")])
def test_fewer_or_more_names_than_classes_are_refused_with_both_counts(lines: int, said: str, write) -> None:
    with pytest.raises(ModelError, match=said):
        labels(write("\n".join(f"part {number}a" for number in range(lines))), "names.txt")


def test_names_inside_a_file_that_are_not_as_many_are_not_taken(tmp_path: Path) -> None:
    assert labels(tmp_path, (), inside=THREE) == THREE
    assert labels(tmp_path, (), inside=("???", *THREE)) == THREE
    assert labels(tmp_path, (), inside=("bolt", "dent")) == ("class 0", "class 1", "class 2")


@pytest.mark.parametrize("text", ['{"names": 7}', "{'a'", "item {\n id: 1\n}"], ids=["no names", "cut", "no name"])
def test_what_holds_no_names_is_one_line(text: str, write) -> None:
    with pytest.raises(ModelError, match=r"cannot read the labels .*names\.txt: .*; choose a text file") as refused:
        labels(write(text), "names.txt")
    assert "\n" not in str(refused.value)


def test_a_card_names_files_in_its_own_folder_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    (folder / "names").mkdir(parents=True)
    (folder / "names" / "mine.txt").write_text("bolt\ndent\nnut")
    (tmp_path / "secret.txt").write_text("a\nb\nc")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(tmp_path)

    assert labels(folder, "names/mine.txt") == THREE
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt", "/dev/zero"):
        with pytest.raises(ModelError, match="lies outside its folder"):
            labels(folder, name)
    with pytest.raises(ModelError, match="it is no file"):
        labels(folder, "pipe")


def test_classes_that_nothing_names_are_cocos_where_they_are_as_many() -> None:
    assert [guessed_labels(count)[0] for count in (80, 90, 91, 3)] == ["person", "person", "background", "class 0"]
    assert [len(names) for names in (COCO80, COCO90, COCO91)] == [80, 90, 91]
    assert [COCO91.index(name) for name in ("person", "stop sign", "tv", "toothbrush")] == [1, 13, 72, 90]
    assert {"motorcycle", "airplane", "couch", "potted plant", "dining table", "tv"} <= set(COCO80)

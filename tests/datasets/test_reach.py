"""A data set reads what lies under its root or beside that, and nothing else unless its user says so."""

from pathlib import Path

import pytest
from PIL import Image

from workbench.datasets import read_truth
from workbench.errors import TruthError

BOX = "0 0.5 0.5 0.5 0.2\n"
CORNERS = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
XML = f"<annotation><object><name>bolt</name><bndbox>{CORNERS}</bndbox></object></annotation>"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data set without labels of its own, at `sets/mine`; `sets/train` and `elsewhere` have some."""
    for place in (tmp_path / "sets" / "train", tmp_path / "elsewhere"):
        write(place / "labels" / "a.txt", BOX)
        (place / "images").mkdir()
        Image.new("RGB", (200, 100)).save(place / "images" / "a.jpg")
    (tmp_path / "sets" / "mine").mkdir()
    return tmp_path / "sets" / "mine"


def yaml(root: Path, images: str) -> Path:
    return write(root / "data.yaml", f"names: [bolt]\nval: {images}\n")


def test_a_data_set_may_name_what_lies_beside_its_root(root: Path) -> None:
    assert list(read_truth(yaml(root, "../train/images")).images) == ["a.jpg"]


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_what_it_names_elsewhere_is_read_only_where_its_user_allows_it(root: Path, tmp_path: Path, absolute: bool) -> None:
    file = yaml(root, str(tmp_path / "elsewhere/images") if absolute else "../../elsewhere/images")
    with pytest.raises(TruthError, match=r"elsewhere.labels leads out of the data set.*add --allow outside"):
        read_truth(file)
    assert list(read_truth(file, outside=True).images) == ["a.jpg"]


def test_a_link_out_of_it_is_not_followed(root: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "1 2 3 4 root:x")
    write(root / "classes.txt", "bolt")
    Image.new("RGB", (200, 100)).save(root / "a.jpg")
    (root / "a.txt").symlink_to(secret)
    with pytest.raises(TruthError, match="leads out of the data set") as refused:
        read_truth(root)
    assert "root:x" not in str(refused.value)

    write(root / "b.txt", BOX)
    Image.new("RGB", (200, 100)).save(root / "b.jpg")
    assert "1 wrong annotations are left out" in read_truth(root).notes[0]
    (root / "classes.txt").unlink()
    (root / "classes.txt").symlink_to(write(tmp_path / "names", "bolt"))
    with pytest.raises(TruthError, match=r"classes.txt leads out of the data set"):
        read_truth(root)
    assert read_truth(root, outside=True).labels == ("bolt",)


def test_links_among_xml_are_not_followed_either(root: Path, tmp_path: Path) -> None:
    write(root / "b.xml", XML)
    (root / "a.xml").symlink_to(write(tmp_path / "a.xml", XML))
    assert list(read_truth(root).images) == ["b"]
    assert list(read_truth(root, outside=True).images) == ["a", "b"]


def test_what_its_user_names_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (root / "a.xml").symlink_to(write(tmp_path / "a.xml", XML))
    assert list(read_truth(root / "a.xml").images) == ["a"]
    (tmp_path / "link").symlink_to(root)
    write(root / "b.xml", XML)
    assert "b" in read_truth(tmp_path / "link").images

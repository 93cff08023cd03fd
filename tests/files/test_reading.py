"""What is read is a file, and no larger than it can be."""

import os
from pathlib import Path

import pytest

from workbench.detectors.card import read_card
from workbench.detectors.model_bytes import check_kind, read_model
from workbench.errors import ModelError, WorkbenchError
from workbench.files import is_inside, read_file, read_text
from workbench.media import open_media
from workbench.record import read_records
from workbench.sweep import read_grid

READERS = {
    "a record": (read_records, "record.json"),
    "a grid": (read_grid, "grid.toml"),
    "a card": (read_card, "model.card.toml"),
    "a model": (read_model, "model.tflite"),
    "a picture": (open_media, "picture.png"),
    "a numbered picture": (lambda path: open_media(path.with_name("%02d.png")), "01.png"),
    "a video": (open_media, "film.mp4"),
}


@pytest.mark.parametrize(("read", "name"), READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_has_no_end_is_refused_in_one_line(tmp_path: Path, read, name: str, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(WorkbenchError, match="a device, a pipe") as refused:
        read(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_whether_something_is_a_pickle_is_not_asked_of_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="a device, a pipe"):
        check_kind(tmp_path / "model.onnx", "a model")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5_000_000_000)
    with pytest.raises(OSError, match="more than 4,295 MB"):
        read_file(tmp_path / "sparse")
    with pytest.raises(ModelError, match="cannot read the detector card .*more than 16 MB"):
        read_card(tmp_path / "sparse")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"\xef\xbb\xbfbolt\r\n")
    (tmp_path / "grid.toml").write_bytes(b'\xef\xbb\xbf"nms.score" = [0.2, 0.4]\n')
    assert read_text(tmp_path / "notes.txt") == "bolt\r\n"
    assert len(read_grid(tmp_path / "grid.toml")) == 2


def test_inside_is_where_links_lead(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    assert is_inside(folder / "a" / ".." / "b", folder)
    assert not is_inside(folder / "out" / "x", folder)
    assert not is_inside(folder / ".." / "x", folder)

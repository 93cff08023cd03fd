"""A folder is there whole or not at all, and nobody loses what was there before."""

import os
import resource
from pathlib import Path

import pytest

from workbench.errors import SaveError
from workbench.export.folder import MARK, whole_folder

OURS = (MARK, "detect.py")


def fill(out: Path, text: str = "new", *, replace: bool = False) -> None:
    with whole_folder(out, OURS, replace=replace) as folder:
        (folder / MARK).write_text(text)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("exists", [False, True], ids=["new", "empty"])
def test_a_new_and_an_empty_folder_are_filled(tmp_path: Path, exists: bool) -> None:
    out = tmp_path / "above" / "out"
    if exists:
        out.mkdir(parents=True)

    fill(out)

    assert (out / MARK).read_text() == "new"
    assert left_in(out.parent) == ["out"]


def fail_half_way(out: Path, *, replace: bool = False) -> None:
    with whole_folder(out, OURS, replace=replace) as folder:
        (folder / MARK).write_text("half")
        raise ZeroDivisionError


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_half_way(tmp_path / "out")

    assert left_in(tmp_path) == []


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    with pytest.raises(ZeroDivisionError):
        fail_half_way(tmp_path / "out", replace=True)

    assert (tmp_path / "out" / MARK).read_text() == "old"
    assert left_in(tmp_path) == ["out"]


def test_an_earlier_export_is_replaced_only_where_that_is_said(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")

    with pytest.raises(SaveError, match="is not empty; choose a new one, or --replace"):
        fill(tmp_path / "out")
    assert (tmp_path / "out" / MARK).read_text() == "old"
    fill(tmp_path / "out", replace=True)

    assert (tmp_path / "out" / MARK).read_text() == "new"
    assert left_in(tmp_path) == ["out"]


@pytest.mark.parametrize("names", [["holiday.jpg"], [MARK, "holiday.jpg"], ["detect.py"]], ids=str)
def test_what_is_no_export_is_never_replaced(tmp_path: Path, names: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in names:
        (out / name).write_text("mine")

    with pytest.raises(SaveError, match="holds things that are no export"):
        fill(out, replace=True)

    assert left_in(out) == sorted(names)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")

    with pytest.raises(SaveError, match="is no folder"):
        fill(tmp_path / "out", replace=True)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="whoever may write everywhere is refused nowhere")
def test_a_place_where_nobody_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SaveError, match="Permission denied"):
            fill(tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)


def test_no_space_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # writing more fails, as on a full disk
    try:
        with pytest.raises(SaveError, match=r"cannot write .*out: File too large; nothing is left half done"):
            fill(tmp_path / "out", "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert left_in(tmp_path) == []

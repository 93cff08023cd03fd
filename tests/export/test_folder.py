"""A folder is there whole or not at all, and nobody loses what was there before."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.errors import SaveError
from workbench.export.folder import MANIFEST, exchange, put_right, replace_in_two, whole_folder
from workbench.files import part_of

MARK = "expected.json"
NOBODY = 2**22 + 1  # more than Linux and macOS number processes


def fill(out: Path, text: str = "new", *, replace: bool = False) -> None:
    with whole_folder(out, replace=replace) as folder:
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
    assert json.loads((out / MANIFEST).read_text())["files"].keys() == {MARK}


def fail_half_way(out: Path, *, replace: bool = False) -> None:
    with whole_folder(out, replace=replace) as folder:
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


def linked(folder: Path) -> None:
    (folder / MARK).rename(folder.with_name("elsewhere"))
    (folder / MARK).symlink_to(folder.with_name("elsewhere"))


def add(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text("mine")


def with_manifest(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / MANIFEST).write_text(text)


TOUCHED = {
    "a file more": (add("holiday.jpg"), "no export wrote holiday.jpg"),
    "one in a folder of the export's": (add("model/precious"), "no export wrote model/precious"),
    "one beside compiled code": (add("__pycache__/mine.py"), "no export wrote __pycache__"),
    "a changed file": (add(MARK), "expected.json was changed since it was exported"),
    "a link": (linked, "expected.json was changed"),
    "no manifest, as 0.1.0 wrote": (lambda folder: (folder / MANIFEST).unlink(), "it has no manifest.json"),
    "half a manifest": (with_manifest('{"files'), "it has no manifest.json"),
    "a manifest of nothing": (with_manifest('{"files": 7}'), "it has no manifest.json"),
}


@pytest.mark.parametrize(("touch", "why"), TOUCHED.values(), ids=TOUCHED.keys())
def test_what_no_export_wrote_is_never_replaced(tmp_path: Path, touch: Callable[[Path], object], why: str) -> None:
    out = tmp_path / "out"
    fill(out, "old")
    for name in ("model", "__pycache__"):
        (out / name).mkdir()
    touch(out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    with pytest.raises(SaveError, match=f"is not replaced: {why}.*choose a new one, or move or delete this one"):
        fill(out, replace=True)

    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_what_running_the_program_leaves_stands_in_nobodys_way(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, "old")
    out.chmod(0o750)
    (out / "record.json").write_text("{}")
    (out / "__pycache__").mkdir()
    (out / "__pycache__" / "detect.cpython-311.pyc").write_text("compiled")

    fill(out, replace=True)

    assert left_in(out) == [MARK, MANIFEST]
    assert out.stat().st_mode & 0o777 == 0o750


# A death between two steps


def of_another(part: Path) -> Path:
    """What a process that is gone left of it."""
    return part.with_name(part.name.replace(f"-{os.getpid()}-", f"-{NOBODY}-"))


class Killed(BaseException):
    """Stands for a signal that comes between two steps."""


@pytest.fixture
def killed_at_the_second_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.rename
    names: list[str] = []

    def rename(source: Path, target: Path) -> None:
        names.append(str(source))
        if len(names) == 2:
            raise Killed
        real(source, target)

    monkeypatch.setattr("os.rename", rename)


@pytest.mark.usefixtures("killed_at_the_second_rename")
def test_a_signal_between_two_renames_puts_the_earlier_export_back(tmp_path: Path) -> None:
    for name in ("out", "made"):
        (tmp_path / name).mkdir()
        (tmp_path / name / MARK).write_text(name)
    with pytest.raises(Killed):
        replace_in_two(tmp_path / "made", tmp_path / "out")
    assert (tmp_path / "out" / MARK).read_text() == "out"
    assert left_in(tmp_path) == ["made", "out"]


def test_the_next_export_puts_back_what_a_kill_between_two_renames_left(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, "old")
    made = of_another(part_of(out))
    (made / "parts").mkdir(parents=True)
    out.rename(made.with_name(f"{made.name}.before"))

    with pytest.raises(SaveError, match="is not empty; choose a new one, or --replace"):
        fill(out)

    assert (out / MARK).read_text() == "old"
    assert left_in(tmp_path) == ["out"]


def test_the_next_export_takes_away_what_a_killed_one_left_and_nothing_of_one_that_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, "old")
    running = part_of(out)
    for part in (running, of_another(part_of(out)), of_another(part_of(out)).with_suffix(".before")):
        part.mkdir()

    put_right(out)

    assert left_in(tmp_path) == sorted([running.name, "out"])


def test_two_folders_change_places_in_one_step_where_the_disk_can(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    swapped = exchange(tmp_path / "one", tmp_path / "other")
    assert left_in(tmp_path / "one") == (["other"] if swapped else ["one"])
    assert not exchange(tmp_path / "one", tmp_path / "nowhere")


KILLED = """
import os, signal, sys
from pathlib import Path
from workbench.export.folder import replace_in_two
from workbench.files import part_of
real, calls = os.rename, []
def rename(source, target):
    calls.append(source)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.rename = rename
out = Path(sys.argv[1])
made = part_of(out)
made.mkdir()
replace_in_two(made, out)
"""


@pytest.mark.slow
def test_a_real_kill_between_two_renames_loses_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    fill(out, "old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(out)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()

    put_right(out)

    assert (out / MARK).read_text() == "old"
    assert left_in(tmp_path) == ["out"]


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

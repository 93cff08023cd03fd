"""What is written is there whole or not at all, where it may be and as others may read it; nothing is left of what is not."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from workbench.errors import SaveError
from workbench.files import check_writable, part_of, temporary_folder, write_whole

NOBODY = 2**22 + 1  # more than Linux and macOS number processes


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_writing_makes_the_folders_and_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "record.json"
    write_whole(path, "é")
    assert path.read_bytes() == "é".encode()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("place", ["file/record.json", "folder"], ids=["below a file", "a folder"])
def test_what_cannot_be_written_is_an_error_and_leaves_nothing_behind(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SaveError, match="nothing that was saved before is lost"):
        write_whole(tmp_path / place, "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes to set")
def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "record.json"
    write_whole(path, "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(SaveError, match="cannot write"):
            write_whole(path, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("umask")
def test_a_new_file_has_the_mode_of_its_place_and_one_that_is_replaced_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_whole(path, "new")
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o600)
    write_whole(path, "newer")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "text"


def test_ctrl_c_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "record.json", "text")
    assert list(tmp_path.iterdir()) == []


def of_another(part: Path, process: int = NOBODY) -> Path:
    """What another process would have left there."""
    return part.with_name(part.name.replace(f"-{os.getpid()}-", f"-{process}-"))


def test_what_a_killed_process_left_is_swept_up_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 240)
    dead, alive, others = of_another(part_of(path)), part_of(path), of_another(part_of(tmp_path / "other"))
    began = str(round(psutil.Process().create_time()))
    earlier = alive.with_name(alive.name.replace(began, str(int(began) - 9999)))  # of a process that had this one's number
    for part in (dead, alive, earlier, others):
        part.write_text("half")

    write_whole(path, "whole")

    assert set(tmp_path.iterdir()) == {alive, others, path}


def test_folders_of_killed_processes_are_swept_up_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with temporary_folder() as mine, temporary_folder("frames") as others:
        left = of_another(Path(mine))
        (left / "model").mkdir(parents=True)
        with temporary_folder():
            assert not left.exists()
        assert Path(mine).is_dir()
        assert Path(others).is_dir()
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from workbench.files import temporary_folder, write_whole
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
with temporary_folder() as folder:
    write_whole(Path(sys.argv[1]), "half")
"""


@pytest.mark.slow
def test_a_real_kill_leaves_the_old_file_and_nothing_that_the_next_does_not_sweep_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, scratch = tmp_path / "record.json", tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    write_whole(path, "old")

    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, env={**os.environ, "TMPDIR": str(scratch)})
    assert done.returncode == -signal.SIGKILL
    assert (path.read_text(), len(list(tmp_path.iterdir())), len(list(scratch.iterdir()))) == ("old", 3, 1)

    write_whole(path, "new")
    with temporary_folder():
        pass

    assert sorted(one.name for one in tmp_path.rglob("*")) == ["record.json", "scratch"]


@pytest.mark.parametrize("place", ["file/record.json", "folder", "file/a/b/record.json", "x" * 300])
def test_what_could_not_be_written_is_known_before(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SaveError, match="cannot write .*choose another place"):
        check_writable(tmp_path / place)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_says_so() -> None:
    with pytest.raises(SaveError, match="cannot write /dev/full: No space left on device; nothing that was saved before is lost"):
        write_whole(Path("/dev/full"), "text")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
def test_where_a_temporary_folder_is_full_that_is_said() -> None:
    def write_into(full: Path) -> None:
        full.symlink_to("/dev/full")
        with full.open("wb") as file:
            np.savez(file, np.zeros(100_000))  # its error names no file

    with pytest.raises(SaveError, match="free some space or name another one in TMPDIR"), temporary_folder() as folder:
        write_into(Path(folder, "full"))
    assert not Path(folder).exists()


def test_what_is_not_the_temporary_folder_s_keeps_its_own_words() -> None:
    with pytest.raises(OSError, match="elsewhere") as raised, temporary_folder():
        raise OSError(errno.ENOSPC, "no space", "elsewhere")

    assert not isinstance(raised.value, SaveError)


def test_where_there_is_no_room_for_a_temporary_folder_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")

    with pytest.raises(SaveError, match="name another one in TMPDIR"):
        temporary_folder()


@pytest.mark.parametrize("place", ["file", "new", "a/b/new"])
def test_asking_leaves_everything_as_it_is(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("old")
    check_writable(tmp_path / place)
    check_writable(Path(os.devnull))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]

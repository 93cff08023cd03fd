"""Writing so that a file is there whole or not at all; what a killed process left half written, the next sweeps up."""

import errno
import hashlib
import os
import platform
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

import psutil

from workbench.errors import SaveError
from workbench.files.contents import Content

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
SAVED_MODEL = "saved_model.pb"  # in the folder of each
CLOCK_SECONDS = 60.0  # by which the time that a process began at may differ, seen from another: clocks are set


def write_whole(path: Path, content: str | bytes, *, over: Content | None = None) -> None:
    """Write a file so that it is either the old one or the whole new one, never half.

    It keeps the mode of the one before; a new one has what its place and the umask give. A link is followed; what is no regular
    file (a pipe, a device) is written to as it is.

    Args:
        path: Where.
        content: What.
        over: The one kind of file that may be replaced; any by default.

    Raises:
        SaveError: No space, no permission, no such folder, or another kind of file; what was there before is still there.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if over is not None:
            over.check_replaced(path)
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.write(data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        raise _refusal(path, error) from None


def check_writable(path: Path, over: Content | None = None) -> None:
    """See whether `write_whole` could write a file, before there is anything to write.

    Raises:
        SaveError: It could not.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        nearest = next(folder for folder in path.resolve().parents if folder.exists())
        with tempfile.TemporaryFile(dir=nearest):  # the one sure way: root passes every check of permissions
            pass
        if over is not None:
            over.check_replaced(path)
    except OSError as error:
        raise _refusal(path, error) from None


def check_apart(path: Path, read: Iterable[str | Path]) -> None:
    """Refuse a place for a result that is one of the files or folders that it comes of, or lies in a SavedModel of them.

    Raises:
        SaveError: It is, wherever links lead.
    """
    place = path.resolve()
    for one in map(Path, read):
        source = (one.parent if one.name == SAVED_MODEL else one).resolve()
        if place == source or (place.is_relative_to(source) and (source / SAVED_MODEL).is_file()):
            raise SaveError(f"cannot write {path} over or into {one}, which is read here; choose another place")


def _refusal(path: Path, error: OSError) -> SaveError:
    if isinstance(error, SaveError):
        return error
    return SaveError(f"cannot write {path}: {error.strerror}; nothing that was saved before is lost, choose another place")


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in left_behind(path):
        left.unlink(missing_ok=True)
    part = part_of(path)
    try:
        with part.open("xb") as file:
            if path.exists():
                part.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:  # Ctrl-C too
        part.unlink(missing_ok=True)
        raise


def part_of(path: Path) -> Path:
    """Return a free name beside a path, for what becomes it once it is whole. It says which process makes it: see `left_behind`."""
    return path.with_name(f".{_prefix(path.name)}{secrets.token_hex(4)}")


def left_behind(path: Path) -> Iterator[Path]:
    """Give the parts of a path whose processes have ended without taking them away."""
    yield from _left(path.parent, f".{_mark(path.name)}")


class _TemporaryFolder(tempfile.TemporaryDirectory[str]):
    """Says in one line where there is no room for what is written into it, whichever library writes."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, OSError) and error.errno in NO_ROOM and str(error.filename or self.name).startswith(self.name):
            raise _no_room(self.name, error) from None


def temporary_folder(name: str = "scratch") -> "tempfile.TemporaryDirectory[str]":
    """Make a folder for a while, and sweep up those of the same name that killed processes left.

    Raises:
        SaveError: There is no room for it; as a context, also where there is none for what is written within.
    """
    for left in _left(Path(tempfile.gettempdir()), _mark(name)):
        shutil.rmtree(left, ignore_errors=True)
    try:
        return _TemporaryFolder(prefix=_prefix(name))
    except OSError as error:
        raise _no_room(tempfile.gettempdir(), error) from None


def _no_room(folder: str, error: OSError) -> SaveError:
    return SaveError(
        f"cannot write the temporary folder {folder}: {error.strerror}; nothing that was saved before is lost, free some space or"
        " name another one in TMPDIR"
    )


def _mark(name: str) -> str:
    """Say what a part is of: short whatever the name, and another on each machine, for processes are numbered there."""
    return f"workbench-{hashlib.sha256(f'{platform.node()}/{name}'.encode(errors='surrogateescape')).hexdigest()[:12]}"


def _prefix(name: str) -> str:
    return f"{_mark(name)}-{os.getpid()}-{psutil.Process().create_time():.0f}-"


def _left(folder: Path, mark: str) -> Iterator[Path]:
    for part in folder.glob(f"{mark}-*-*-*"):
        number, began, _ = part.name.removeprefix(f"{mark}-").split("-", 2)
        if number.isdecimal() and began.isdecimal() and not _lives(int(number), int(began)):
            yield part


def _lives(number: int, began: int) -> bool:
    """Tell whether a process lives; its number alone may be another's by now."""
    try:
        return abs(psutil.Process(number).create_time() - began) < CLOCK_SECONDS
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:
        return False

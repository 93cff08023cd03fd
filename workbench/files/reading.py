"""Reading what others name: regular files of bounded size, for a device or a pipe has no end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 1 << 32  # of a file that is read into memory: models and records have far less


def open_file(path: Path) -> BinaryIO:
    """Open a regular file to read its bytes.

    Raises:
        OSError: It cannot be opened, or is something else; `strerror` says what.
    """
    mode = path.stat().st_mode  # before it is opened: opening a pipe waits for somebody who writes
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is no file but a device, a pipe or a socket", str(path))
    return path.open("rb")


def read_file(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """Read a regular file.

    Raises:
        OSError: It cannot be read, is something else, or is larger; `strerror` says what.
    """
    with open_file(path) as file:
        if os.fstat(file.fileno()).st_size > most_bytes:
            raise OSError(errno.EFBIG, f"it has more than {most_bytes / 1e6:,.0f} MB", str(path))
        return file.read()


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Read a regular file as UTF-8, without the byte order mark that some editors begin it with.

    Raises:
        OSError: As `read_file`.
        UnicodeDecodeError: It is no text.
    """
    return read_file(path, most_bytes).decode("utf-8-sig")


def is_inside(path: Path, folder: Path) -> bool:
    """Tell whether a path lies in or below a folder, wherever links in it lead."""
    return path.resolve().is_relative_to(folder.resolve())

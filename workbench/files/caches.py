"""Caches below the user's cache folder. Each has a bound: what was not used for the longest time goes first."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from workbench.files.writing import write_whole

CACHE_BYTES = 2 << 30  # of one cache: some hundred converted detectors, or the raw outputs of as many
RECENT_SECONDS = 3600.0  # what was used since then stays, bound or not: a process may be about to read it


def _root() -> Path:
    return user_cache_path("workbench")


def cache_folder(name: str) -> Path:
    """Return where a cache keeps its files."""
    return _root() / name


def cached_file(path: Path) -> bytes:
    """Read what was kept, which counts as a use.

    Raises:
        OSError: It was not, or cannot be read.
    """
    content = path.read_bytes()
    is_cached(path)
    return content


def is_cached(path: Path) -> bool:
    """Tell whether a file was kept, which counts as a use."""
    with suppress(OSError):  # on a disk that cannot be written nothing is removed either
        os.utime(path)
    return path.exists()


def cache_file(path: Path, content: bytes, *, cache: Path | None = None, most_bytes: int = CACHE_BYTES) -> None:
    """Keep a file, and remove what was not used for the longest time where the cache becomes too large.

    Args:
        path: Where.
        content: What.
        cache: The folder that is bounded; the file's own by default.
        most_bytes: That bound.

    Raises:
        SaveError: There is no space for it.
    """
    if path.is_relative_to(_root()):
        with suppress(OSError):  # writing says what is wrong
            _root().parent.mkdir(parents=True, exist_ok=True)
            _root().mkdir(mode=0o700, exist_ok=True)  # what is run from here nobody else may put here
    write_whole(path, content)
    _sweep(cache or path.parent, most_bytes)


def _sweep(folder: Path, most_bytes: int) -> None:
    files = _files(folder)
    size = sum(stat.st_size for stat in files.values())
    for path in sorted(files, key=lambda path: files[path].st_mtime):
        if size <= most_bytes or files[path].st_mtime > time.time() - RECENT_SECONDS:
            return
        with suppress(OSError):
            path.unlink()
            size -= files[path].st_size


def _files(folder: Path) -> dict[Path, os.stat_result]:
    found = {}
    for path in folder.rglob("*"):
        with suppress(OSError):  # another process may have removed it
            if path.is_file():
                found[path] = path.stat()
    return found


def caches() -> dict[Path, int]:
    """Return the folder of each cache and how many bytes it holds."""
    folders = sorted(path for path in _root().iterdir() if path.is_dir()) if _root().is_dir() else []
    return {folder: sum(stat.st_size for stat in _files(folder).values()) for folder in folders}


def empty_caches() -> None:
    """Remove all that is kept. Nothing is lost but time: it is made again where it is wanted."""
    for folder in caches():
        shutil.rmtree(folder, ignore_errors=True)

"""Pictures: one file, a folder or a glob of them."""

import glob
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import final

from workbench.errors import NOT_UTF_8, MediaError, is_utf_8
from workbench.media.decoding import check_header, decode_picture, is_changed
from workbench.media.frame import Frame, Media
from workbench.media.urls import masked
from workbench.media.video import VIDEO_SUFFIXES
from workbench.record import MediaFacts

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


@final
class Pictures(Media):
    """Picture files in natural order (`2.jpg` before `10.jpg`); their sizes may differ. EXIF orientation is applied."""

    def __init__(self, files: Sequence[Path], *, name: str, source: str, kind: str, notes: tuple[str, ...] = ()) -> None:
        self._files = tuple(sorted(files, key=natural_order))
        self._root = Path(os.path.commonpath([file.parent for file in self._files]))
        self._name, self._source, self._kind, self._notes = name, source, kind, notes
        for file in self._files:
            if not is_utf_8(str(file)):
                raise MediaError(f"{masked(str(file))} {NOT_UTF_8}")
            check_header(file)
        self._size_hw = next(self.frames()).size_hw

    def frames(self, start: int = 0) -> Iterator[Frame]:
        for index, file in enumerate(self._files[start:], start):
            yield Frame(decode_picture(file), self._frame_name(file), index)

    def frame_names(self) -> Sequence[str]:
        return tuple(self._frame_name(file) for file in self._files)

    def files(self) -> Sequence[Path] | None:
        return self._files if self._as_they_are else None

    @cached_property
    def _as_they_are(self) -> bool:
        return not any(is_changed(file) for file in self._files)

    def facts(self) -> MediaFacts:
        return self._facts

    @cached_property
    def _facts(self) -> MediaFacts:
        return MediaFacts(
            name=self._name,
            source=self._source,
            kind=self._kind,
            frames=len(self._files),
            size_hw=self._size_hw,
            sha256=self._sha256(),
            notes=self._notes,
        )

    def _frame_name(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()

    def _sha256(self) -> str:
        if self._kind == "picture":
            return hashlib.sha256(self._files[0].read_bytes()).hexdigest()
        whole = hashlib.sha256()
        for file in self._files:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            whole.update(f"{self._frame_name(file)}\0{content}\n".encode())
        return whole.hexdigest()


def natural_order(path: Path) -> list[tuple[int, str]]:
    """Return a sorting key that reads digits as numbers.

    >>> [path.name for path in sorted(map(Path, ["a10", "a2", "B1"]), key=natural_order)]
    ['a2', 'a10', 'B1']
    """
    parts = re.split(r"(\d+)", path.as_posix().casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def open_picture(source: str) -> Media:
    """Open one picture."""
    path = Path(source)
    return Pictures([path], name=path.name, source=source, kind="picture")


def open_folder(source: str) -> Media:
    """Open the pictures that lie directly in a folder; other files in it are passed over.

    Raises:
        MediaError: There are none.
    """
    folder = Path(source)
    files = [file for file in folder.iterdir() if file.is_file()]
    pictures = [file for file in files if is_picture(file)]
    if not pictures:
        videos = sorted((file.name for file in files if file.suffix.lower() in VIDEO_SUFFIXES), key=str.casefold)
        others = f"the video {videos[0]}" if videos else f"{len(files)} files that are none"
        raise MediaError(
            f"{folder} holds {f'no pictures but {others}' if files else 'no file at all'};"
            f" choose a folder with {'/'.join(PICTURE_SUFFIXES)} files directly in it, or a video"
        )
    return Pictures(pictures, name=folder.resolve().name, source=source, kind="folder")


def open_glob(source: str) -> Media:
    """Open the pictures that a pattern matches; `**` goes through folders.

    Raises:
        MediaError: It matches none.
    """
    matches = [Path(match) for match in glob.glob(source, recursive=True)]  # noqa: PTH207 - Path.glob refuses absolute patterns
    pictures = [match for match in matches if match.is_file() and is_picture(match)]
    if not pictures:
        raise MediaError(
            f"{source} matches {len(matches)} files and no picture among them; choose a pattern such as 'stills/*.jpg'"
        )
    return Pictures(pictures, name=Path(source).name, source=source, kind="glob")


def is_glob(source: str) -> bool:
    """Tell whether a name is a pattern."""
    return glob.has_magic(source)


def is_picture(path: Path) -> bool:
    """Tell by its name whether a file is a picture; hidden files (macOS leaves `._x.jpg`) are not."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")

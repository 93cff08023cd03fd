"""Animations: GIF, animated WebP and APNG, frame by frame through Pillow."""

import hashlib
import struct
import warnings
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, final

from workbench.errors import MediaError
from workbench.files import open_file
from workbench.media.decoding import check_end, identified, upright_rgb
from workbench.media.frame import Frame, Media, frame_name
from workbench.record import MediaFacts

if TYPE_CHECKING:
    from PIL.Image import Image

ANIMATION_SUFFIXES = (".gif", ".apng")
MAY_MOVE_SUFFIXES = (".webp", ".png")
HEAD_BYTES = 1 << 16  # where a PNG says that it moves; colour profiles come before that
BRIEF_SECONDS = 0.01  # and less is what files say that say nothing; every browser shows such a frame for USUAL_SECONDS
USUAL_SECONDS = 0.1
DAMAGE = (EOFError, OSError, SyntaxError, ValueError, IndexError, struct.error)  # what Pillow raises from within a damaged file


@final
class Animation(Media):
    """An animation. Each frame is all that is to be seen at its time, as Pillow puts it together; each pass decodes it anew."""

    def __init__(self, source: str) -> None:
        self._path = path = Path(source)
        self._source = source
        check_end(path)
        try:
            with path.open("rb") as file, identified(file, path) as picture:
                self._first = int(getattr(picture, "default_image", False))  # an APNG's picture for what cannot show it moving
                self._count = int(getattr(picture, "n_frames", 1)) - self._first
        except DAMAGE as error:
            raise _damaged(path, error) from None
        self._size_hw = next(self.frames()).size_hw

    def frames(self, start: int = 0) -> Iterator[Frame]:
        seconds = 0.0
        with self._opened() as file, identified(file, self._path) as picture:
            for index in range(self._count if start < self._count else 0):
                self._turn_to(picture, self._first + index)  # one after the other: a frame is what it changes in the one before
                if index >= start:
                    yield Frame(upright_rgb(picture, self._path), frame_name(self._path.name, index), index, seconds)
                seconds += _shown_seconds(picture)

    @property
    def jumps(self) -> bool:
        return False

    def facts(self) -> MediaFacts:
        return self._facts

    @cached_property
    def _facts(self) -> MediaFacts:
        return MediaFacts(
            name=self._path.name,
            source=self._source,
            kind="animation",
            frames=self._count,
            size_hw=self._size_hw,
            fps=self._fps(),
            sha256=hashlib.sha256(self._path.read_bytes()).hexdigest(),
        )

    def _fps(self) -> float | None:
        """Return the mean rate up to the last frame, by decoding them all; `None` for a single one."""
        if self._count < 2:
            return None
        *_, last = self.frames()
        return (self._count - 1) / last.seconds if last.seconds else None

    def _opened(self) -> BinaryIO:
        try:
            return open_file(self._path)
        except OSError as error:
            raise MediaError(f"cannot read {self._path}: {error.strerror}; choose an animation that can be read") from None

    def _turn_to(self, picture: "Image", index: int) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # damaged metadata does not hurt the pixels
                picture.seek(index)
                picture.load()
        except DAMAGE as error:
            raise _damaged(self._path, error) from None


def is_animation(path: Path) -> bool:
    """Tell by its name, and where that may be a still picture's too by its head, whether a file is an animation."""
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return False
    return suffix in ANIMATION_SUFFIXES or (suffix in MAY_MOVE_SUFFIXES and _moves(path))


def _moves(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[:4] == b"RIFF":
        return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & 0x02)  # RFC 9649, section 2.7
    pixels = head.find(b"IDAT")
    return 0 < head.find(b"acTL") < (pixels if pixels >= 0 else len(head))


def _shown_seconds(picture: "Image") -> float:
    seconds = float(picture.info.get("duration", 0)) / 1000
    return seconds if seconds > BRIEF_SECONDS else USUAL_SECONDS


def _damaged(path: Path, error: Exception) -> MediaError:
    if isinstance(error, MediaError):
        return error
    return MediaError(f"{path} is cut short or damaged ({str(error) or type(error).__name__}); choose a whole copy")

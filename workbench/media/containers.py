"""Whether a video file is as long as its container says: FFmpeg plays what is there and then stops as if that were all.

Only the outermost sizes are read, a few bytes each. Formats: ISO/IEC 14496-12 (MP4, MOV), RFC 9559 (Matroska, WebM), RIFF (AVI).
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

EBML = b"\x1a\x45\xdf\xa3"
SEGMENT = b"\x18\x53\x80\x67"
BOX_TYPES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp")


def missing_bytes(path: Path) -> int:
    """Return how many bytes were cut off the end; 0 where none were, or where the container does not tell."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        reader = next((read for is_this, read in CONTAINERS if is_this(head)), None)
        if reader is None:
            return 0
        file.seek(0)
        return max(0, reader(file, size) - size)


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    position = 0
    while position < size:
        file.seek(position)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        named = len(head) >= 8 and head[4:8].isascii() and head[4:8].decode().isprintable()
        if length < 8 or not named:  # 0 is "to the end of the file"; anything else is padding or damage, for FFmpeg to judge
            return size
        position += length
    return position


def _end_of_segment(file: BinaryIO, size: int) -> int:
    file.seek(len(EBML))
    header = _element_size(file)
    if header is None:
        return size
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != SEGMENT:
        return size
    length = _element_size(file)  # unknown in live recordings, such as a browser's
    return size if length is None else file.tell() + length


def _element_size(file: BinaryIO) -> int | None:
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & (0x7F >> extra)]) + file.read(extra), "big")
    return None if value == (1 << 7 * (extra + 1)) - 1 else value


def _end_of_riff(file: BinaryIO, size: int) -> int:
    position = 0
    while position < size:  # films of more than 1 GB are several lists in a row
        file.seek(position)
        head = file.read(8)
        length = int.from_bytes(head[4:8], "little")
        if head[:4] != b"RIFF" or not length:
            return size
        position += 8 + length + length % 2
    return position


CONTAINERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int], int]], ...] = (
    (lambda head: head[4:8] in BOX_TYPES, _end_of_boxes),
    (lambda head: head[:4] == EBML, _end_of_segment),
    (lambda head: head[:4] == b"RIFF", _end_of_riff),
)

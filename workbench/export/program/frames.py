"""A picture or a video, frame by frame, as the workbench reads them; what would be read otherwise here is refused."""

import os
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from workbench.detections import UInt8Array
from workbench.errors import MediaError
from workbench.files import open_file
from workbench.media import check_end, decode_picture, identified, missing_bytes, opencv

MAY_MOVE = frozenset({"GIF", "PNG", "WEBP"})  # in other formats further pictures are pages or smaller ones
DISPLAY_MATRIX = re.compile(rb"\x5ctkhd\x00.{39}(.{36})|\x68tkhd\x01.{51}(.{36})", re.DOTALL)  # ISO/IEC 14496-12, 8.3.2
# ProjectionPoseYaw of 180 or -180 (RFC 9559), in 4 or 8 bytes
TURNED_ROUND = re.compile(rb"\x76\x73(?:\x84[\x43\xc3]\x34\x00{2}|\x88[\x40\xc0]\x66\x80\x00{5})")
MATROSKA_HEAD_BYTES = 1 << 16  # where it says so, before its frames
LEAST_SHARE = 0.9  # of what a video says that it holds, by frames and by time; how many they are can be a guess


def read_picture(path: Path) -> UInt8Array:
    """Read a picture as RGB.

    Raises:
        MediaError: It is damaged, or moves.
    """
    with open_file(path) as file, identified(file, path) as picture:
        if picture.format == "GIF":
            check_end(path)
        if picture.format in MAY_MOVE and _has_second(picture, path):
            raise MediaError(f"{path} is an animation; choose a picture, or convert it to a video such as .mp4")
    return decode_picture(path)


def _has_second(picture: Any, path: Path) -> bool:
    try:
        picture.seek(1)
    except EOFError:
        return False
    except Exception as error:  # Pillow raises many kinds from within a damaged file
        raise MediaError(f"{path} is cut short or damaged ({error}); choose a whole copy") from None
    return True


def open_video(path: Path) -> Any:
    """Open a video.

    Raises:
        MediaError: It is none, is cut short, or is stored mirrored, which OpenCV takes for turned.
    """
    cv2 = opencv()
    if missing := missing_bytes(path):
        raise MediaError(f"{path} is cut short: {missing:,} bytes are missing; choose a whole copy")
    if _is_mirrored(path):
        raise MediaError(f"{path} is stored mirrored; store it as it is to be seen, such as by: ffmpeg -i FILE upright.mp4")
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not video.isOpened():
        raise MediaError(f"{path} is no picture or video, or a damaged one")
    return video


def _is_mirrored(path: Path) -> bool:
    """Whether an MP4 or MOV turns x to (a, b) and y to (c, d) so that left becomes right, or a Matroska file turns half around."""
    with open_file(path) as file:
        if TURNED_ROUND.search(file.read(MATROSKA_HEAD_BYTES)):
            return True
        matrices = (struct.unpack(">9i", old or new) for old, new in DISPLAY_MATRIX.findall(_track_headers(file)))
    return any(a * d < b * c for a, b, _, c, d, *_ in matrices)


def _track_headers(file: BinaryIO) -> bytes:
    """Return the box of an MP4 or MOV that says what its tracks are; nothing of other files."""
    position, size = 0, file.seek(0, os.SEEK_END)
    while position < size:
        file.seek(position)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if head[4:8] == b"moov":
            return file.read(length)
        position += length if length >= 8 else size  # 0 is "to the end of the file"
    return b""


def frames_of(video: Any, path: Path) -> Iterator[UInt8Array]:
    """Iterate over a video's frames, RGB; says so where they are fewer than the video says."""
    cv2 = opencv()
    count, seconds = 0, 0.0
    while (read := video.read())[0]:
        count, seconds = count + 1, video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        yield cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)
    if not count:
        raise MediaError(f"{path} is no picture or video, or a damaged one")
    wanted, fps = video.get(cv2.CAP_PROP_FRAME_COUNT), video.get(cv2.CAP_PROP_FPS)
    if count < wanted * LEAST_SHARE and seconds * fps < wanted * LEAST_SHARE:
        print(f"{path}: {count} of its {wanted:.0f} frames are there; it is damaged, or shows only a part", file=sys.stderr)

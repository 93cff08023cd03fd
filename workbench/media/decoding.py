"""From a picture file's bytes to an upright RGB array.

OpenCV decodes 1.7 times as fast as Pillow (a JPEG of 1280x720: 5.7 ms against 10), but it returns half a JPEG as half grey, with a
line on stderr that cannot be turned off. So it gets only what is seen to be whole; Pillow takes the rest and says what is wrong.
"""

import io
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from workbench.detections import UInt8Array
from workbench.errors import MediaError
from workbench.files import open_file, read_file
from workbench.media.backend import opencv
from workbench.media.containers import missing_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 89_478_485  # Pillow's own limit against decompression bombs: a quarter of a gigabyte of RGB
MOST_PIXELS_A_BYTE = 1024  # of a JPEG: each 64 pixels have a bit at least, so half of that is possible; what states more is damaged
PAPER = (255, 255, 255)  # what shows through transparent pixels, as on a page


def decode_picture(path: Path) -> UInt8Array:
    """Read a picture as a new `(height, width, 3)` uint8 array.

    EXIF orientation is applied, grey is repeated, transparency lies over white, of 16 bits the upper 8 remain. Of a file with
    several pictures the first is taken.

    Raises:
        MediaError: The file is missing, empty, cut short, too large, or not a picture.
    """
    try:
        content = read_file(path)
    except OSError as error:
        raise _unreadable(path, error) from None
    with identified(io.BytesIO(content), path) as picture:
        if picture.format == "JPEG" and picture.width * picture.height > MOST_PIXELS_A_BYTE * len(content):
            raise MediaError(f"{path} is cut short or damaged ({len(content)} bytes for {picture.size}); choose a whole copy")
        image = _decoded_by_opencv(picture, content)
        return upright_rgb(picture, path) if image is None else image


def check_header(path: Path) -> None:
    """Check that a file begins as a picture of a size that we take; its pixels are not read.

    Raises:
        MediaError: The file is missing, empty, too large, or not a picture.
    """
    try:
        with open_file(path) as file, identified(file, path):
            pass
    except OSError as error:
        raise _unreadable(path, error) from None


def is_changed(path: Path) -> bool:
    """Say whether decoding changes a picture's stored pixels: turns it upright, or makes RGB of what is neither RGB nor grey."""
    orientation_tag, upright = 0x0112, 1
    try:
        with open_file(path) as file, identified(file, path) as picture:
            plain = picture.mode in {"RGB", "L"} and not picture.has_transparency_data
            return not plain or picture.getexif().get(orientation_tag, upright) != upright
    except (OSError, MediaError, SyntaxError, ValueError):
        return True  # whoever decodes it says what is wrong


def check_end(path: Path) -> None:
    """Check that an animation's end is there: the pictures that are would be taken for all.

    Raises:
        MediaError: It is not.
    """
    size = path.stat().st_size
    if not size:
        raise MediaError(f"{path} is empty (0 bytes); choose an animation")
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-min(size, 64), os.SEEK_END)
        tail = file.read()
    ends = {b"GIF8": b"\0;", b"\x89PNG": b"IEND\xaeB`\x82"}  # some programs write a few bytes more behind a GIF's end
    if ends.get(head, b"") not in tail or missing_bytes(path):
        raise MediaError(f"{path} is cut short: its end is missing; choose a whole copy")


def identified(file: BinaryIO, path: Path) -> "Image":
    """Open a picture with Pillow; its pixels are not read.

    Raises:
        MediaError: It is empty, too large, or not a picture.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(file)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise MediaError(f"{path} has more than {MOST_PIXELS / 1e6:.0f} million pixels; choose a smaller picture") from None
    except (OSError, SyntaxError, ValueError):
        raise MediaError(_not_a_picture(file, path)) from None


def _not_a_picture(file: BinaryIO, path: Path) -> str:
    size = file.seek(0, io.SEEK_END)
    found = "is empty (0 bytes)" if not size else "is named like a picture but does not begin like one"
    return f"{path} {found}; choose a JPEG, PNG, BMP, WebP or TIFF file"


def _unreadable(path: Path, error: OSError) -> MediaError:
    return MediaError(f"cannot read {path}: {error.strerror}; choose a picture that can be read")


def _decoded_by_opencv(picture: "Image", content: bytes) -> UInt8Array | None:
    is_whole = WHOLE.get(picture.format or "")
    if picture.mode not in {"RGB", "L"} or picture.has_transparency_data or is_whole is None or not is_whole(content):
        return None
    cv2 = opencv()
    image: UInt8Array | None = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    return image


def upright_rgb(picture: "Image", name: object) -> UInt8Array:
    """Return the pixels of one of Pillow's pictures, which stays as it is, as `decode_picture` does.

    Raises:
        MediaError: Its file is cut short or damaged, or nobody knows the range of its pixels.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata does not hurt the pixels
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I;16"):
                grey = (np.asarray(upright) >> 8).astype(np.uint8)
                return np.repeat(grey[:, :, None], 3, axis=2)
            if upright.mode in {"I", "F"}:
                raise MediaError(f"{name} has 32 bits a pixel, of unknown range; convert it to 8 or 16 bits")
            if upright.has_transparency_data:
                drawn = upright.convert("RGBA")
                upright = Image.alpha_composite(Image.new("RGBA", drawn.size, (*PAPER, 255)), drawn)
            return np.array(upright.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(f"{name} is cut short or damaged ({error}); choose a whole copy") from None


def _jpeg_is_whole(content: bytes) -> bool:
    """Whether the picture's end is there: a thumbnail's end, inside a segment before the scan, does not count."""
    position = 2
    while content[position : position + 1] == b"\xff":
        if content[position + 1 : position + 2] == b"\xda":  # start of scan; in its data an 0xff is followed by 0x00
            return content.find(b"\xff\xd9", position) >= 0
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return False


WHOLE: dict[str, Callable[[bytes], bool]] = {
    "JPEG": _jpeg_is_whole,
    "MPO": _jpeg_is_whole,
    "PNG": lambda content: content.endswith(b"IEND\xaeB`\x82"),
}

"""Videos that are stored mirrored, as front cameras and some editors leave them: OpenCV turns frames, but mirrors none."""

import struct
from collections.abc import Callable
from typing import Any

from workbench.detections import UInt8Array
from workbench.media.backend import opencv
from workbench.media.live import TIMEOUT_SECONDS

Upright = Callable[[UInt8Array], UInt8Array]
"""From a picture as it is stored to the same as it is to be seen."""


def read_mirroring(source: str) -> Upright | None:
    """Return what makes the frames of a video upright that is stored mirrored; `None` for all others, which OpenCV turns itself.

    Args:
        source: A file, or the URL of one.
    """
    import av

    try:
        with av.open(source, timeout=TIMEOUT_SECONDS) as container:
            frame: Any = next(container.decode(video=0))
            matrix = frame.side_data.get("DISPLAYMATRIX")
    except (av.FFmpegError, IndexError, StopIteration):
        return None  # whoever reads it with OpenCV says what is wrong
    return None if matrix is None else _mirroring(bytes(matrix))


def _mirroring(matrix: bytes) -> Upright | None:
    """Read a display matrix: x goes to (a, b) and y to (c, d), of which the determinant tells whether it mirrors.

    Format: FFmpeg's `libavutil/display.h`, after ISO/IEC 14496-12.
    """
    cv2 = opencv()
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix)
    if a * d - b * c >= 0:
        return None
    if abs(a) > abs(b):
        return lambda image: cv2.flip(image, 1 if a < 0 else 0)
    return lambda image: cv2.transpose(image) if b > 0 else cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)


def as_stored(capture: Any) -> Any:
    """Return an OpenCV capture that turns no frame any more: it would take one that is mirrored for one that is turned."""
    capture.set(opencv().CAP_PROP_ORIENTATION_AUTO, 0)
    return capture

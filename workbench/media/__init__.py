"""Media: where frames come from. Pictures, sequences, animations, videos, cameras, streams, arrays."""

from workbench.media.arrays import array_media, recorded
from workbench.media.backend import opencv
from workbench.media.buffers import Buffers
from workbench.media.camera import no_camera
from workbench.media.containers import missing_bytes
from workbench.media.decoding import check_end, decode_picture, identified
from workbench.media.frame import Frame, Media, frames_at, frames_from
from workbench.media.opening import MediaSource, as_media, lies_among, open_media
from workbench.media.pictures import PICTURE_SUFFIXES, is_picture, natural_order
from workbench.media.real_time import RealTimeMedia
from workbench.media.urls import masked

__all__ = [
    "PICTURE_SUFFIXES",
    "Buffers",
    "Frame",
    "Media",
    "MediaSource",
    "RealTimeMedia",
    "array_media",
    "as_media",
    "check_end",
    "decode_picture",
    "frames_at",
    "frames_from",
    "identified",
    "is_picture",
    "lies_among",
    "masked",
    "missing_bytes",
    "natural_order",
    "no_camera",
    "open_media",
    "opencv",
    "recorded",
]

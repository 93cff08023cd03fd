"""Media: where frames come from. Pictures, sequences, animations, videos, cameras, streams, arrays."""

from workbench.media.arrays import ArraySource, array_media
from workbench.media.frame import Frame, Media, frame_name
from workbench.media.opening import MediaSource, as_media, open_media
from workbench.media.paced import Paced
from workbench.media.recording import recorded
from workbench.media.urls import masked
from workbench.media_facts import MediaFacts

__all__ = [
    "ArraySource",
    "Frame",
    "Media",
    "MediaFacts",
    "MediaSource",
    "Paced",
    "array_media",
    "as_media",
    "frame_name",
    "masked",
    "open_media",
    "recorded",
]

"""Media: where frames come from. Pictures, folders and globs of pictures, video files, cameras, arrays."""

from workbench.media.arrays import array_media
from workbench.media.frame import Frame, Media, MediaFacts, frame_name
from workbench.media.opening import open_media

__all__ = ["Frame", "Media", "MediaFacts", "array_media", "frame_name", "open_media"]

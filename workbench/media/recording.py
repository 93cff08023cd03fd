"""A recording: the first frames of a source that never ends, kept in memory so that several settings see the same ones."""

from workbench.errors import MediaError
from workbench.media.arrays import MOST_BYTES, Arrays, in_mib, kept_frames
from workbench.media.frame import Media


def recorded(media: Media, frames: int, most_bytes: int = MOST_BYTES) -> Media:
    """Record the first frames of a camera, a stream or a generator, as media that repeat.

    Frames keep their names and times; the rate is that at which they came. It takes as long as they take to come.

    Args:
        media: What to record; also media that end.
        frames: How many; fewer where the media end, or where more would not fit.
        most_bytes: How much memory they may take.

    Returns:
        Media of the kind `recording`, under the name of their source, with a hash of the frames.

    Raises:
        MediaError: The media cannot be read, or give no frame.
    """
    taken = media.frames()
    kept, has_more = kept_frames(taken, frames, most_bytes)
    del taken  # a camera is given back here
    facts = media.facts()
    if not kept:
        raise MediaError(f"{facts.name} gave no frame to record; choose other media")
    spent = (kept[-1].seconds or 0.0) - (kept[0].seconds or 0.0)
    notes = [f"recorded from {facts.name}: its first {len(kept)} frames"]
    if has_more:
        notes.append(f"{frames} were asked for, but more than {len(kept)} would not fit in {in_mib(most_bytes)}")
    return Arrays(
        kept,
        name=facts.name,
        source=facts.source,
        kind="recording",
        fps=(len(kept) - 1) / spent if spent > 0 else facts.fps,
        notes=(*notes, *facts.notes),
    )

"""Which source of frames a name stands for."""

import glob
import os
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from workbench.errors import NOT_UTF_8, MediaError, is_utf_8
from workbench.files import is_inside, open_file
from workbench.media.animation import ANIMATION_SUFFIXES, Animation, is_animation
from workbench.media.arrays import ArraySource, array_media
from workbench.media.camera import Camera, is_camera
from workbench.media.frame import Media
from workbench.media.pictures import PICTURE_SUFFIXES, is_glob, is_picture, open_folder, open_glob, open_picture
from workbench.media.sequence import is_sequence, open_sequence
from workbench.media.stream import open_stream
from workbench.media.urls import is_url, masked
from workbench.media.video import VIDEO_SUFFIXES, Video, is_video

MediaSource = str | Path | Media | ArraySource
"""Whatever stands for media where people name some."""

CHOICES = "choose a picture, a folder or glob of pictures, a numbered sequence, a GIF, a video, the URL of a stream, or camera:0"

# What a name is, and how to open that; the first that fits. New kinds of media are new rows.
OPENERS: tuple[tuple[Callable[[str], bool], Callable[[str], Media]], ...] = (
    (is_camera, Camera),
    (is_url, open_stream),
    (lambda source: Path(source).is_dir(), open_folder),
    (lambda source: Path(source).is_file() and is_animation(Path(source)), Animation),
    (lambda source: Path(source).is_file() and is_picture(Path(source)), open_picture),
    (lambda source: Path(source).is_file() and is_video(Path(source)), Video),
    (is_sequence, open_sequence),
    (is_glob, open_glob),
)


def as_media(source: MediaSource) -> Media:
    """Return media for whatever stands for some: media themselves, a name, arrays, or what makes arrays.

    Raises:
        MediaError: It stands for none.
    """
    if isinstance(source, Media):
        return source
    return open_media(source) if isinstance(source, str | Path) else array_media(source)


def open_media(source: str | Path) -> Media:
    """Open what a name stands for, and decode its first frame.

    Args:
        source: A picture, a folder or glob of pictures, a numbered sequence such as `frame_%04d.png`, an animation, a video, the
            URL of a stream or of a video on a server, or `camera:0`.

    Raises:
        MediaError: There is no such thing, or nothing in it that decodes, or it is cut short; one line that says what to choose.
    """
    name = os.path.expanduser(source)  # noqa: PTH111 - Path.expanduser raises where nobody has that name
    if not is_utf_8(name):
        raise MediaError(f"{masked(name)} {NOT_UTF_8}")
    if not name:  # `Path("")` would be the folder that people happen to be in
        raise MediaError(f"no media are named; {CHOICES}")
    try:
        for is_this, opens in OPENERS:
            if is_this(name):
                return opens(name)
        raise MediaError(_unknown(name))
    except OSError as error:
        raise MediaError(f"cannot read {masked(name)}: {error.strerror}; {CHOICES}") from None


def lies_among(folder: Path, source: str) -> bool:
    """Tell whether a folder is one that a name's pictures come from, or whose pictures the name would stand for too."""
    name = os.path.expanduser(source)  # noqa: PTH111 - as above
    path, place = Path(name), folder.resolve()
    is_file, is_folder = os.path.isfile(name), os.path.isdir(name)  # noqa: PTH112, PTH113 - Path's raise where a name is too long
    if is_folder or (is_picture(path) if is_file else is_sequence(name)):
        pattern = Path(glob.escape(str(path if is_folder else path.parent)), "*")
    elif is_glob(name) and not is_file and not is_url(name):
        pattern = path
    else:
        return False
    above, any_depth, _ = str(pattern).partition("**")
    found = [Path(match) for match in glob.iglob(str(pattern), recursive=True)]  # noqa: PTH207 - Path.glob refuses absolute patterns
    folders = {folder for file in found if is_picture(file) for folder in (file.parent.resolve(), file.resolve().parent)}
    below = bool(any_depth) and is_inside(place, Path(above))
    return below or place in folders or place.match(str(pattern.parent.resolve()))


def _unknown(name: str) -> str:
    path = Path(name)
    name = masked(name)
    if path.is_file():
        videos = " ".join((*VIDEO_SUFFIXES, *ANIMATION_SUFFIXES))
        return f"{name} is neither a picture ({' '.join(PICTURE_SUFFIXES)}) nor a video ({videos}); {CHOICES}"
    if path.exists():
        open_file(path).close()  # says what it is
    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    similar = get_close_matches(path.name, beside, n=1)
    meant = f" (there is {path.parent / similar[0]})" if similar else ""
    return f"there is no {name}{meant}; {CHOICES}"

"""Which source of frames a name stands for."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from workbench.errors import MediaError
from workbench.media.camera import is_camera, open_camera
from workbench.media.frame import Media
from workbench.media.pictures import PICTURE_SUFFIXES, is_glob, is_picture, open_folder, open_glob, open_picture
from workbench.media.video import VIDEO_SUFFIXES, is_video, open_video

CHOICES = "choose a picture, a folder or glob of pictures, a video, or camera:0"

# What a name is, and how to open that; the first that fits. New kinds of media, such as streams, are new rows.
OPENERS: tuple[tuple[Callable[[str], bool], Callable[[str], Media]], ...] = (
    (is_camera, open_camera),
    (lambda source: Path(source).is_dir(), open_folder),
    (lambda source: Path(source).is_file() and is_picture(Path(source)), open_picture),
    (lambda source: Path(source).is_file() and is_video(Path(source)), open_video),
    (is_glob, open_glob),
)


def open_media(source: str | Path) -> Media:
    """Open a picture, a folder or glob of pictures, a video, or a camera, and decode its first frame.

    Raises:
        MediaError: There is no such thing, or nothing in it that decodes, or it is cut short; one line that says what to choose.
    """
    name = str(Path(source).expanduser()) if str(source).startswith("~") else str(source)
    if not name:  # `Path("")` would be the folder that people happen to be in
        raise MediaError(f"no media are named; {CHOICES}")
    try:
        for is_this, opens in OPENERS:
            if is_this(name):
                return opens(name)
        raise MediaError(_unknown(name))
    except OSError as error:
        raise MediaError(f"cannot read {_on_one_line(name)}: {error.strerror}; {CHOICES}") from None


def _unknown(name: str) -> str:
    path = Path(name)
    name = _on_one_line(name)
    if path.is_file():
        return f"{name} is neither a picture ({' '.join(PICTURE_SUFFIXES)}) nor a video ({' '.join(VIDEO_SUFFIXES)}); {CHOICES}"
    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    similar = get_close_matches(path.name, beside, n=1)
    meant = f" (there is {path.parent / similar[0]})" if similar else ""
    return f"there is no {name}{meant}; {CHOICES}"


def _on_one_line(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)

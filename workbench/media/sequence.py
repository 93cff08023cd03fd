"""Numbered sequences: `frame_%04d.png`, as FFmpeg and Blender name them."""

import re
from itertools import pairwise
from pathlib import Path

from workbench.errors import MediaError
from workbench.media.frame import Media
from workbench.media.pictures import PICTURE_SUFFIXES, Pictures, is_picture

PLACE = re.compile(r"%(0?)(\d{0,2})d")
HOLES_SAID = 5  # more are counted


def is_sequence(source: str) -> bool:
    """Tell whether a file name holds a place for a number.

    >>> is_sequence("film/frame_%04d.png"), is_sequence("%d.jpg"), is_sequence("100%.jpg")
    (True, True, False)
    """
    return PLACE.search(Path(source).name) is not None


def open_sequence(source: str) -> Media:
    """Open the pictures that a pattern numbers, in the order of their numbers. Numbers that are missing are told in the notes.

    Raises:
        MediaError: There is no such picture, or the pattern is not that of pictures.
    """
    pattern = Path(source)
    if not is_picture(pattern):
        raise MediaError(f"{source} does not number pictures; choose a pattern that ends with {' '.join(PICTURE_SUFFIXES)}")
    matches = _matcher(pattern.name)
    folder = pattern.parent
    found = {
        int(match[1]): file for file in (folder.iterdir() if folder.is_dir() else ()) if (match := matches.fullmatch(file.name))
    }
    if not found:
        raise MediaError(f"{source} numbers no picture that is there; choose a pattern such as 'frames/frame_%04d.png'")
    return Pictures(list(found.values()), name=pattern.name, source=source, kind="sequence", notes=_holes(sorted(found)))


def _matcher(name: str) -> re.Pattern[str]:
    """Return what matches the names of a pattern, its number in the first group.

    >>> _matcher("a_%03d.png").fullmatch("a_0012.png"), _matcher("a_%03d.png").fullmatch("a_1234.png")[1]
    (None, '1234')
    """
    place = PLACE.search(name)
    assert place is not None, "`is_sequence` is asked first"
    before, after = (re.escape(part.replace("%%", "%")) for part in (name[: place.start()], name[place.end() :]))
    width = int(place[2] or 1)
    number = rf"\d{{{width}}}|[1-9]\d{{{width},}}" if place[1] or width > 1 else r"0|[1-9]\d*"
    return re.compile(rf"{before}({number}){after}")


def _holes(numbers: list[int]) -> tuple[str, ...]:
    """Say which numbers are missing.

    >>> _holes([1, 2, 5, 7])
    ('3 numbers between 1 and 7 are missing: 3-4, 6',)
    """
    gaps = [(low + 1, high - 1) for low, high in pairwise(numbers) if high - low > 1]
    if not gaps:
        return ()
    missing = sum(high - low + 1 for low, high in gaps)
    said = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in gaps[:HOLES_SAID])
    more = f" and {len(gaps) - HOLES_SAID} gaps more" if len(gaps) > HOLES_SAID else ""
    named = "1 number" if missing == 1 else f"{missing} numbers"
    return (f"{named} between {numbers[0]} and {numbers[-1]} {'is' if missing == 1 else 'are'} missing: {said}{more}",)

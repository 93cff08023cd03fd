"""What is really in the pictures, by the pictures' names."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from workbench.detections import ImageTruth
from workbench.errors import TruthError, one_line
from workbench.media import PICTURE_SUFFIXES

MOST_NAMED = 5  # of the names that an error or a note lists
LONGEST_PROBLEM = 280  # characters of a note's example, which begins with a path
LONGEST_QUOTE = 160  # characters; a damaged file may hold a line of megabytes


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is in each picture, by the picture's name.

    Attributes:
        name: The file's name.
        labels: What class ids count: the detector's labels where they were given.
        images: By file name as the truth has it; after `match`, by frame name. A picture that is not here is unknown, not empty.
        notes: What did not fit and was left out, for people.
        key: After it was read for media: equal for equal content, whichever of its classes a detector knows; see `content_key`.
    """

    name: str
    labels: tuple[str, ...]
    images: Mapping[str, ImageTruth]
    notes: tuple[str, ...] = ()
    key: str | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def has_ap(self) -> bool:
        """Whether there is average precision: some picture has a box that is to be found, which those of crowds are not."""
        return any(not image.iscrowd.all() for image in self.images.values())


def match(truth: Truth, names: Iterable[str]) -> Truth:
    """Find the truth of frames by their names.

    Equal names come first, then file names without folders, then Pascal VOC's, which have no suffix either. A name without its
    folder counts only where one frame and one picture of the truth have it.

    Returns:
        Truth whose images have the frames' names, in their order; frames that it does not know are left out, with a note.

    Raises:
        TruthError: It knows none of them.
    """
    wanted = tuple(dict.fromkeys(names))
    found: dict[str, ImageTruth] = {}
    for of_truth, of_frame in WAYS_TO_MATCH:
        known, left = _by_unique(of_truth, truth.images), [name for name in wanted if name not in found]
        found |= {name: truth.images[known[key]] for key, name in _by_unique(of_frame, left).items() if key in known}
    if not found:
        raise TruthError(
            f"{truth.name} describes {listed(truth.images)}, none of which are among the frames {listed(wanted)};"
            " choose the truth that belongs to these media"
        )
    unknown = tuple(name for name in wanted if name not in found)
    note = (f"{truth.name} does not know {len(unknown)} of {len(wanted)} frames ({listed(unknown)}): they count for no accuracy",)
    images = {name: found[name] for name in wanted if name in found}
    return replace(truth, images=images, notes=truth.notes + (note if unknown else ()))


def told_once(truth: Truth) -> Truth:
    """Return truth without what it says again: of the same picture and class, with the same box. It could be found only once."""
    images = {name: image.where(_is_first(image)) for name, image in truth.images.items()}
    doubles = sum(len(truth.images[name]) - len(image) for name, image in images.items())
    if not doubles:
        return truth
    note = f"{truth.name} says {doubles} boxes again, of the same picture and class: each counts once"
    return replace(truth, images=images, notes=(*truth.notes, note))


def _is_first(image: ImageTruth) -> NDArray[np.bool_]:
    rows = np.column_stack([image.class_ids, image.iscrowd, image.boxes_xyxy_px])
    _, firsts = np.unique(rows, axis=0, return_index=True)
    return np.isin(np.arange(len(image)), firsts)


def content_key(truth: Truth, names: Sequence[str]) -> str:
    """Return a text that is equal for equal boxes of equal classes in the same frames, in whatever order the truth has them.

    Args:
        truth: Matched with the frames, with the classes as its file has them.
        names: Of all frames, in order.
    """
    # A class counts by its name: numbers change where one is added before it.
    words = [hashlib.sha256(label.encode("utf-8", "backslashreplace")).digest() for label in truth.labels]
    hashed = hashlib.sha256()
    for position, name in enumerate(names):
        one = truth.images.get(name)
        if one is not None:
            numbers = np.column_stack([one.boxes_xyxy_px, one.areas_px, one.iscrowd]).astype("<f4")
            rows = sorted(words[class_id] + row.tobytes() for class_id, row in zip(one.class_ids, numbers, strict=True))
            hashed.update(f"{position} {one.size_hw} {len(rows)}\n".encode() + b"".join(rows))
    return hashed.hexdigest()[:16]


def told_problems(name: str, problems: Sequence[str], kept: int) -> tuple[str, ...]:
    """Return a note on annotations that are wrong and left out.

    Raises:
        TruthError: No other is left; says what is wrong with the first.
    """
    if problems and not kept:
        raise TruthError(problems[0])
    if not problems:
        return ()
    return (f"{name}: {len(problems)} wrong annotations are left out; the first: {shortened(problems[0], LONGEST_PROBLEM)}",)


def _by_unique(called: Callable[[str], str], names: Iterable[str]) -> dict[str, str]:
    every = [(called(name), name) for name in names]
    counts = Counter(key for key, _ in every)
    return {key: name for key, name in every if counts[key] == 1}


def _file_name(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _stem(name: str) -> str:
    path = PurePosixPath(_file_name(name))
    return path.stem if path.suffix.lower() in PICTURE_SUFFIXES else path.name  # `clip.webm#3` is a frame's whole name


# What a picture of the truth is called, and what a frame is; the most exact first.
WAYS_TO_MATCH: tuple[tuple[Callable[[str], str], Callable[[str], str]], ...] = (
    (str, str),
    (_file_name, _file_name),
    (_file_name, _stem),
)


def named(path: Path) -> str:
    """Return what to call the truth at a path: a file's name, a folder's with the one above, for `labels` alone says little."""
    whole = path.absolute()
    return f"{whole.parent.name}/{whole.name}" if path.is_dir() else path.name


def shortened(error: object, longest: int = LONGEST_QUOTE) -> str:
    """Return what somebody else's error says, or a word from a stranger's file, on one line."""
    return one_line(error, longest)


def listed(names: Iterable[str]) -> str:
    """Write names for people, the first few of many, fewer where they are long."""
    all_names = tuple(names)
    shown = all_names[:MOST_NAMED]
    while len(shown) > 1 and len(", ".join(shown)) > LONGEST_QUOTE:
        shown = shown[:-1]
    more = f" and {len(all_names) - len(shown)} more" if len(all_names) > len(shown) else ""
    return shortened(", ".join(shown)) + more if all_names else "nothing"

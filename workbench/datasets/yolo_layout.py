"""Where a YOLO data set keeps its labels: as its `data.yaml` says, or in the folders that its kind has."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from workbench.datasets.class_names import read_name_text, tree_in
from workbench.datasets.reach import Reach
from workbench.errors import TruthError
from workbench.files import is_inside
from workbench.media import PICTURE_SUFFIXES, Media

LABELS, IMAGES = "labels", "images"
YAML_SUFFIXES = frozenset({".yaml", ".yml"})
LIST_SUFFIX = ".txt"
MOST_LIST_BYTES = 16_000_000  # of a list of pictures: a third of a million of them
SPLITS = ("val", "test", "train")  # those that models are judged on first
# Ultralytics' `labels/val` and Roboflow's `valid/labels`, below the root.
LABEL_FOLDERS = (LABELS, f"{LABELS}/*", f"*/{LABELS}")

# Where the pictures of media lie, by the media's kind.
FOLDER_OF: dict[str, Callable[[Path], Path]] = {
    "picture": lambda source: source.parent,
    "folder": lambda source: source,
    "glob": lambda source: source.parent,
    "sequence": lambda source: source.parent,
}


def mirrored(folder: Path, old: str, new: str) -> tuple[Path, ...]:
    """Return the folder on the other side, `x/labels/val` for `x/images/val`; none where no part has the old name."""
    parts = folder.absolute().parts
    if old not in parts:
        return ()
    last = len(parts) - 1 - parts[::-1].index(old)
    return (Path(*parts[:last], new, *parts[last + 1 :]),)


def folders_of(media: Media | None) -> tuple[Path, ...]:
    """Return the folder that the pictures of media lie in; none where they are no pictures."""
    facts = media.facts() if media else None
    return (FOLDER_OF[facts.kind](Path(facts.source)),) if facts and facts.kind in FOLDER_OF else ()


def label_folder(path: Path, media: Media | None, reach: Reach) -> Path | None:
    """Return the folder of labels in a data set: that of the media's own pictures, else the one that has most of their names.

    Args:
        path: Its `data.yaml`, or its root.
        media: Whose labels are wanted; without any it is the first folder.
        reach: Where it may lie.

    Raises:
        TruthError: The file names only such as may not be read, or several folders have the same of the media's names.
    """
    places = folders_of(media)
    folders = _label_folders(path, places, reach)
    own = {place.resolve() for place in places}
    for folder in folders:
        if own & {pictures.resolve() for pictures in mirrored(folder, LABELS, IMAGES) or (folder,)}:
            return folder
    stems = {Path(name).stem for name in media.frame_names()} if media else set[str]()
    found = {folder: stems & _stems_of(folder) for folder in folders}
    best = max(folders, key=lambda folder: len(found[folder]), default=None)
    for other, names in found.items():
        if best and len(names) == len(found[best]) and names & found[best] and other.resolve() != best.resolve():
            raise TruthError(
                f"{path} has labels of {min(names & found[best])} in {best} and in {other}, and neither is of the media's folder;"
                " choose one of these folders"
            )
    return best


def _label_folders(path: Path, places: Iterable[Path], reach: Reach) -> list[Path]:
    """Return the folders that a data set names and that its kind has, and in it those of the places where the media lie."""
    root = path if path.is_dir() else path.parent
    there = [] if path.is_dir() else [place for place in _stated(path) if _has_labels(place)]
    stated = [place for place in there if reach.holds(place)] or [reach.check(place) for place in there]
    usual = sorted((place for pattern in LABEL_FOLDERS for place in root.glob(pattern) if _has_labels(place)), key=_by_split)
    beside = any(not mirrored(place, LABELS, IMAGES) for place in stated)  # labels lie with their pictures in this data set
    own = (labels for place in places for labels in mirrored(place.resolve(), IMAGES, LABELS) or ((place,) if beside else ()))
    return [*stated, *usual, *(labels for labels in own if is_inside(labels, root) and _has_labels(labels))]


def _has_labels(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.txt"))


def _stems_of(folder: Path) -> set[str]:
    """Return the names that labels have, and their pictures: one in which nothing is may have no labels."""
    there = (place for place in (folder, *mirrored(folder, LABELS, IMAGES)) if place.is_dir())
    return {file.stem for place in there for file in place.iterdir()}


def _by_split(folder: Path) -> int:
    return next(
        (place for place, split in enumerate(SPLITS) if any(part.startswith(split) for part in folder.parts[-2:])), len(SPLITS)
    )


def _stated(path: Path) -> Iterator[Path]:
    """Go through the folders of labels that a `data.yaml` names (https://docs.ultralytics.com/datasets/detect/)."""
    try:
        tree = tree_in(read_name_text(path))
    except (OSError, ValueError):
        return  # whoever reads the names says what is wrong
    if not isinstance(tree, dict):
        return
    for value in (one for split in SPLITS for one in _listed(tree.get(split))):
        for base in (path.parent / str(tree.get("path") or ""), path.parent):
            for place in (base / value, base / value.removeprefix("../")):  # Roboflow's begin one folder too high
                for pictures in _folders_in_list(place, base) if place.suffix == LIST_SUFFIX else (place,):
                    yield from mirrored(pictures.resolve(), IMAGES, LABELS) or (pictures,)


def _folders_in_list(path: Path, root: Path) -> Iterable[Path]:
    """Return the folders of the pictures that a file lists, a path a line: from where it lies if that begins with `./`."""
    if not path.is_file():
        return ()
    with path.open("rb") as file:
        lines = file.read(MOST_LIST_BYTES).decode("utf-8-sig", errors="replace").splitlines()
    pictures = (line.strip().replace("\\", "/") for line in lines if Path(line.strip()).suffix.lower() in PICTURE_SUFFIXES)
    parents = dict.fromkeys(one.rpartition("/")[0] for one in pictures)
    return [(path.parent if f"{one}/".startswith("./") else root) / one for one in parents]


def _listed(value: Any) -> Iterable[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]

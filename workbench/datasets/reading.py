"""Which file holds the truth, and what reads it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.datasets.coco import KEYS, read_coco
from workbench.datasets.truth import Truth
from workbench.errors import TruthError
from workbench.media import Media


def read_truth(path: str | Path, labels: Sequence[str] | None = None) -> Truth:
    """Read ground truth.

    Args:
        path: A COCO json file.
        labels: The detector's; categories are found in them by name, in whatever case. Boxes of categories that it does not know
            are left out, with a note. `None` takes the categories as they are.

    Raises:
        TruthError: The file is missing or is no such truth, it has impossible boxes, or it shares no category with the labels.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise TruthError(f"{path} is not ground truth that can be read; choose a COCO json file")
    return reader(path, labels)


def truth_for(media: Media) -> Path | None:
    """Find the truth that lies beside media: `stills.json` beside the folder `stills`, `line.json` beside `line.webm`.

    A json file there that is plainly something else, such as a camera's notes, is passed over.
    """
    facts = media.facts()
    beside = BESIDE.get(facts.kind, _nowhere)
    return next((path for path in beside(Path(facts.source)) if path.is_file() and _may_be_coco(path)), None)


def _may_be_coco(path: Path) -> bool:
    try:
        tree: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return True  # a damaged truth is to be heard of
    return isinstance(tree, dict) and any(key in tree for key in KEYS[:2])


def _next_to(path: Path) -> tuple[Path, ...]:
    return (path.with_suffix(".json"),)


def _next_to_folder(folder: Path) -> tuple[Path, ...]:
    folder = folder.resolve()  # `.` has a name too
    return (folder.with_name(f"{folder.name}.json"),)


def _nowhere(_: Path) -> tuple[Path, ...]:
    return ()


READERS: dict[str, Callable[[Path, Sequence[str] | None], Truth]] = {".json": read_coco}  # a new format is a new row

# Where truth may lie, by the media's kind; the first that exists.
BESIDE: dict[str, Callable[[Path], tuple[Path, ...]]] = {
    "video": _next_to,
    "picture": lambda path: (*_next_to(path), *_next_to_folder(path.parent)),
    "folder": _next_to_folder,
    "glob": lambda pattern: _next_to_folder(pattern.parent),
}

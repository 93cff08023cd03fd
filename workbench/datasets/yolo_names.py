"""What YOLO's class numbers are called: a file near the labels says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.datasets.truth import shortened
from workbench.errors import TruthError

FOLDERS_UP = 2  # `labels/val/1.txt` has its `data.yaml` two folders up


@dataclass(frozen=True, slots=True)
class ClassNames:
    """Names by class number.

    Attributes:
        file: Which says so.
        by_number: Numbers may have gaps.
        keypoint_values: How many stand after a box where the labels are of poses.
    """

    file: Path
    by_number: Mapping[int, str]
    keypoint_values: int = 0


def find_names(folder: Path) -> ClassNames | None:
    """Find the names of labels in a folder: there, or in one of the two folders above, the nearest first.

    Raises:
        TruthError: There is such a file, and it cannot be read.
    """
    absolute = folder.absolute()
    for place in (absolute, *absolute.parents[:FOLDERS_UP]):
        for name, read in NAME_FILES.items():
            found = read(place / name) if (place / name).is_file() else None
            if found is not None and found.by_number:
                return found
    return None


def _from_lines(path: Path) -> ClassNames:
    """Read a name a line; the line's number is the class's."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TruthError(f"cannot read {path}: {shortened(error)}; write one class name a line into it") from None
    return ClassNames(path, {number: line.strip() for number, line in enumerate(lines) if line.strip()})


def _from_yaml(path: Path) -> ClassNames | None:
    """Read Ultralytics' yaml (https://docs.ultralytics.com/datasets/detect/); one without `names` is something else."""
    import yaml

    try:
        tree = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise TruthError(f"cannot read {path}: {shortened(error)}; correct the yaml, or write classes.txt") from None
    if not isinstance(tree, dict) or "names" not in tree:
        return None
    names = tree["names"]
    pairs = dict(enumerate(names)) if isinstance(names, list) else names
    if not isinstance(pairs, dict) or not all(str(number).isdecimal() and _is_word(name) for number, name in pairs.items()):
        raise TruthError(f"{path} has names that are neither a list nor numbered; choose `names: [dent, scratch]`")
    return ClassNames(
        path, {int(number): str(pairs[number]) for number in sorted(pairs, key=int)}, _keypoint_values(tree.get("kpt_shape"))
    )


def _is_word(value: object) -> bool:
    return isinstance(value, str | int | float)


def _keypoint_values(shape: Any) -> int:
    is_shape = isinstance(shape, list) and len(shape) == 2 and all(isinstance(side, int) for side in shape)
    return int(shape[0] * shape[1]) if is_shape else 0


NAME_FILES: dict[str, Callable[[Path], ClassNames | None]] = {
    "data.yaml": _from_yaml,
    "data.yml": _from_yaml,
    "dataset.yaml": _from_yaml,
    "classes.txt": _from_lines,
    "obj.names": _from_lines,
}

"""Class names by number, however a file writes them down. What a file says is data: nothing in it is ever run."""

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.datasets.reach import Reach
from workbench.datasets.truth import shortened
from workbench.errors import TruthError
from workbench.files import read_file
from workbench.record import folded

FOLDERS_UP = 2  # `labels/val/1.txt` has its `data.yaml` two folders up
NAME_FILES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names")
MOST_NAME_BYTES = 1_000_000  # of a file of names: more is not one
MOST_CLASSES = 100_000
UNUSED = "n/a"  # what a number is called that no class has
NO_CLASS = frozenset({UNUSED, "???", "background", "bg"})  # folded: what stands for such a number, at 0 most often

# A tree that is one table or list, or Ultralytics' yaml; a first name such as `[UNK]` is neither.
_TREE = re.compile(r"""\s*(\{|\[\s*["'\d\[{\]])|(?:.*\n)*?(names|nc|path)\s*:""")
_INNER = ("names", "labels", "classes", "categories", "id2label")  # under which programs write the names in a larger tree
_ITEM = re.compile(r"^\s*item\s*\{", re.MULTILINE)
_NUMBER_NAME = re.compile(r"(?P<number>\d{1,6})(?:\s*(?P<mark>[:,;\t])|\s)\s*(?P<name>\S.*)")
_NAME_NUMBER = re.compile(r"(?P<name>.*\S)\s*(?P<mark>[,;\t])\s*(?P<number>\d{1,6})")


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


def find_names(folder: Path, reach: Reach) -> ClassNames | None:
    """Find the names of labels in a folder: there, or in one of the two folders above, the nearest first.

    Raises:
        TruthError: There is such a file, and it cannot be read, or may not.
    """
    absolute = folder.absolute()
    for place in (absolute, *absolute.parents[:FOLDERS_UP]):
        for path in (place / name for name in NAME_FILES if (place / name).is_file()):
            if (found := read_names(reach.check_link(path))) is not None:
                return found
    return None


def read_names(path: Path) -> ClassNames | None:
    """Read a file of names; `None` where it is yaml of something else, or names nothing.

    Raises:
        TruthError: It cannot be read.
    """
    try:
        text = read_name_text(path)
        tree = tree_in(text)
        if path.suffix in {".yaml", ".yml"} and not (isinstance(tree, dict) and "names" in tree):
            return None  # it is something else
        names = parse_names(text)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise TruthError(f"cannot read {path}: {shortened(why)}; correct it, or write one name a line into classes.txt") from None
    return ClassNames(path, names, _keypoint_values(tree)) if names else None


def read_name_text(path: Path) -> str:
    """Read a file that may hold names.

    Raises:
        OSError: It cannot be read, is no file or too large.
        ValueError: It is no text.
    """
    return name_text(read_file(path, MOST_NAME_BYTES))


def name_text(content: bytes) -> str:
    """Return bytes that may hold names as text.

    Raises:
        ValueError: They are too many, or no text.
    """
    if len(content) > MOST_NAME_BYTES:
        raise ValueError(f"it has more than {MOST_NAME_BYTES // 1_000_000} MB, too much for names")
    text = content.decode("utf-8-sig", errors="replace")
    if "\0" in text:
        raise ValueError("it is no text in UTF-8")
    return text


def parse_names(text: str) -> Mapping[int, str]:
    r"""Read names by number, in ascending order.

    Understood are a name a line, with or without its number before or after it; TensorFlow's `label_map.pbtxt`; and JSON, YAML or
    a Python literal: a list, numbers with names or names with numbers, COCO's categories, or a tree that has such as `names`.
    Lines that begin with # are comments; an empty line uses up its number.

    >>> parse_names("# two\n0,bolt\n1,dent\n"), parse_names("{'stride': 32, 'names': {0: 'bolt'}}")
    ({0: 'bolt', 1: 'dent'}, {0: 'bolt'})

    Raises:
        ValueError: It holds something else; says what, in a few words.
    """
    tree = tree_in(text)
    if tree is not None:
        return names_in(tree)
    return _in_order(_items(text) if _ITEM.search(text) else _lines(text))


def tree_in(text: str) -> Any:
    """Return what JSON, a Python literal or YAML says; `None` for other text.

    Raises:
        ValueError: It looks like one of them and is damaged.
    """
    import yaml

    match = _TREE.match(text)
    if match is None:
        return None
    for read in (json.loads, ast.literal_eval, yaml.safe_load) if match[1] else (yaml.safe_load,):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, yaml.YAMLError) as error:
            damage = error
    raise ValueError(shortened(damage))


def names_in(tree: object) -> Mapping[int, str]:
    """Return the names in a tree; see `parse_names`."""
    pairs: list[tuple[object, object]] = []
    if isinstance(tree, Mapping):
        tree = next((tree[key] for key in _INNER if key in tree), tree)
    if isinstance(tree, Mapping):
        pairs = [(name, key) if isinstance(name, int) and not _is_number(key) else (key, name) for key, name in tree.items()]
    elif isinstance(tree, list | tuple):
        pairs = [(one.get("id"), one.get("name")) if isinstance(one, Mapping) else (at, one) for at, one in enumerate(tree)]
    if not pairs or not all(_is_number(number) and isinstance(name, str | int | float) for number, name in pairs):
        raise ValueError("it has names that are neither a list nor numbered; choose `names: [dent, scratch]`")
    return _in_order((int(str(number)), str(name)) for number, name in pairs)


def _is_number(value: object) -> bool:
    return str(value).isdecimal() and len(str(value)) < 7


def _in_order(pairs: Iterable[tuple[int, str]]) -> Mapping[int, str]:
    named: dict[int, str] = {}
    for number, name in sorted((number, shortened(name.strip().strip("\"'"))) for number, name in pairs):
        if named.setdefault(number, name) != name:
            raise ValueError(f"it names class {number} {named[number]!r} and {name!r}")
    named = {number: name.encode(errors="replace").decode() for number, name in named.items()}  # JSON may name halves of characters
    if max(named, default=0) >= MOST_CLASSES:
        raise ValueError(f"it has a class number above {MOST_CLASSES}")
    return {number: name for number, name in named.items() if name}


def _items(text: str) -> Iterable[tuple[int, str]]:
    """Go through a label map's items (https://github.com/tensorflow/models, object_detection/protos/string_int_label_map.proto)."""
    for item in _ITEM.split(text)[1:]:
        number = re.search(r"\bid\s*:\s*(\d{1,6})\b", item)
        name = re.search(r"""\bdisplay_name\s*:\s*(["'])(.*?)\1""", item) or re.search(r"""\bname\s*:\s*(["'])(.*?)\1""", item)
        if number is None or name is None:
            raise ValueError("an item of its label map has no id or no name")
        yield int(number[1]), name[2]


def _lines(text: str) -> Iterable[tuple[int, str]]:
    lines = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    filled = [line for line in lines if line]
    commas = filled[0].count(",") if len(filled) == 1 else 0
    if commas > 1 or (commas and not _numbered(filled)):  # `0,bolt` is one class
        lines = filled = [part.strip() for part in filled[0].split(",")]
    return _numbered(filled) or enumerate(lines)


def _numbered(lines: Sequence[str]) -> Sequence[tuple[int, str]]:
    """Return the numbers that stand before or after all names; none where they belong to the names, as in `7 up`."""
    for pattern in (_NUMBER_NAME, _NAME_NUMBER):
        found = [pattern.fullmatch(line) for line in lines]
        rows = [row for row in found if row]
        marked = all(row["mark"] for row in rows)
        headed = marked and found[:1] == [None] and "," in lines[0]  # `id,name` may stand above
        pairs = [(int(row["number"]), row["name"]) for row in rows]
        if pairs and len(pairs) + headed == len(lines) and _are_class_numbers(pairs, marked=marked):
            return pairs
    return ()


def _are_class_numbers(pairs: Sequence[tuple[int, str]], *, marked: bool) -> bool:
    """Tell whether numbers count classes: each has a name of its own, and they go up or begin at 0 or 1, with few of them free.

    Any that go up do where a mark such as `,` sets them apart.
    """
    numbers = [number for number, _ in pairs]
    names = [name for _, name in pairs if folded(name.strip("\"'")) not in NO_CLASS]
    if len(set(numbers)) < len(numbers) or len(set(names)) < len(names):
        return False
    go_up, few_free = numbers == sorted(numbers), max(numbers) <= 2 * len(numbers)
    return (go_up and (marked or few_free)) or (few_free and min(numbers) <= 1)


def _keypoint_values(tree: object) -> int:
    shape = tree.get("kpt_shape") if isinstance(tree, Mapping) else None
    is_shape = isinstance(shape, list) and len(shape) == 2 and all(isinstance(side, int) for side in shape)
    return int(shape[0] * shape[1]) if shape and is_shape else 0

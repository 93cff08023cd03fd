"""What a `.tflite` file says of itself beside its network: class names, task, size, pixel range. All of it is a stranger's word.

Files lie in a zip archive behind the flatbuffer. Ultralytics writes a tree of facts there, as JSON or as a Python literal;
TensorFlow's metadata names the file of labels (https://ai.google.dev/edge/litert/conversion/tensorflow/metadata).
"""

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import PurePosixPath
from typing import Any

from workbench.datasets import MOST_NAME_BYTES, UNUSED, name_text, names_in, parse_names, tree_in
from workbench.stages import CHANNELS, PerChannel

MOST_FILES = 100  # of an archive that are looked at
MOST_TABLES = 1000  # of a list in the metadata: a damaged file claims any number
TEXTS = frozenset({".txt", ".json", ".pbtxt", ".names", ".labels", ".csv", ".yaml", ".yml"})
NO_LABELS = re.compile(r"licen[cs]e|readme|notice|copying|authors|changelog|vocab", re.IGNORECASE)
LIKE_LABELS = re.compile(r"label|class|name", re.IGNORECASE)
# Fields of tables in metadata_schema.fbs by their places in the vtable.
SUBGRAPHS, INPUTS, OUTPUTS, ASSOCIATED, PROCESS_UNITS = 10, 8, 10, 16, 12
OPTIONS_TYPE, OPTIONS, MEAN, STD, NORMALIZATION = 4, 6, 4, 6, 1
ONE_OR_CHANNELS = (1, CHANNELS)
FILE_NAME, FILE_TYPE, LABEL_TYPES = 4, 8, frozenset({2, 3})  # TENSOR_AXIS_LABELS, TENSOR_VALUE_LABELS


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says of itself; nothing where it does not.

    Attributes:
        labels: Class names by number from 0, with `n/a` where a number is free.
        task: In Ultralytics' word: `detect`, `segment`, `pose`.
        size_hw: The input's size.
        stride: What both sides of the input must be multiples of.
        scaling: Of the input's pixels, `(pixel - offset) * factor`, each one number or one a channel.
    """

    labels: tuple[str, ...] = ()
    task: str | None = None
    size_hw: tuple[int, int] | None = None
    stride: int | None = None
    scaling: tuple[PerChannel, PerChannel] | None = None


def read_metadata(content: bytes) -> Metadata:
    """Read what a `.tflite` file that the interpreter has loaded says of itself."""
    texts = _texts(content)
    files, scaling = _stated(content)
    for text in texts.values():
        tree = _tree(text)
        if isinstance(tree, Mapping) and "names" in tree:
            stride = _side(tree.get("stride"))
            task = str(tree["task"])[:20] if "task" in tree else None
            return Metadata(_labels(tree["names"]), task, _size(tree.get("imgsz")), stride, scaling)
    stated = [name for name in files if name in texts]
    others = sorted((name for name in texts if not NO_LABELS.search(name)), key=lambda name: not LIKE_LABELS.search(name))
    return Metadata(next((labels for name in (*stated, *others) if (labels := _labels(texts[name]))), ()), scaling=scaling)


def _texts(content: bytes) -> dict[str, str]:
    """Return the texts in the archive by their names, as far as they are of a size that labels have."""
    texts: dict[str, str] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist()[:MOST_FILES]:
                if PurePosixPath(entry.filename.lower()).suffix in TEXTS and entry.file_size <= MOST_NAME_BYTES:
                    texts[entry.filename] = name_text(archive.read(entry))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        pass  # it has no archive, or one that is damaged from here on
    return texts


def _tree(text: str) -> Any:
    try:
        return tree_in(text)
    except ValueError:
        return None


def _labels(said: object) -> tuple[str, ...]:
    try:
        by_number = parse_names(said) if isinstance(said, str) else names_in(said)
    except ValueError:
        return ()
    return tuple(by_number.get(number, UNUSED) for number in range(max(by_number, default=-1) + 1))


def _size(said: object) -> tuple[int, int] | None:
    sides = [_side(side) for side in said] if isinstance(said, list | tuple) else [_side(said)] * 2
    return (sides[0], sides[1]) if len(sides) == 2 and sides[0] and sides[1] else None


def _side(said: object) -> int | None:
    return said if isinstance(said, int) and 0 < said <= 1 << 14 else None


def _stated(content: bytes) -> tuple[list[str], tuple[PerChannel, PerChannel] | None]:
    """Return the files that TensorFlow's metadata call labels of an output, and offset and factor of the first input's pixels."""
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers.table import Table

    model = schema.Model.GetRootAs(content, 0)
    try:
        buffers = [one.Buffer() for one in map(model.Metadata, range(model.MetadataLength())) if one.Name() == b"TFLITE_METADATA"]
        if not buffers:
            return [], None
        raw = model.Buffers(buffers[0]).DataAsNumpy().tobytes()
        graphs = list(_tables(Table(raw, struct.unpack_from("<I", raw)[0]), SUBGRAPHS))
        return [*_label_files(graphs)], _normalization(graphs)
    except (struct.error, IndexError, ValueError, TypeError, AttributeError):
        return [], None  # damaged; it is only what is tried first


def _label_files(graphs: Sequence[Any]) -> Iterator[str]:
    for file in (file for graph in graphs for output in _tables(graph, OUTPUTS) for file in _tables(output, ASSOCIATED)):
        kind = file.Offset(FILE_TYPE)
        if kind and file.Bytes[file.Pos + kind] in LABEL_TYPES:
            yield file.String(file.Pos + file.Offset(FILE_NAME)).decode(errors="replace")


def _normalization(graphs: Sequence[Any]) -> tuple[PerChannel, PerChannel] | None:
    first = next((one for graph in graphs for one in _tables(graph, INPUTS)), None)
    for unit in _tables(first, PROCESS_UNITS) if first is not None else ():
        kind, options = unit.Offset(OPTIONS_TYPE), unit.Offset(OPTIONS)
        if kind and options and unit.Bytes[unit.Pos + kind] == NORMALIZATION:
            table = type(unit)(unit.Bytes, unit.Indirect(unit.Pos + options))
            mean, std = _numbers(table, MEAN), _numbers(table, STD)
            if len(mean) in ONE_OR_CHANNELS and len(std) in ONE_OR_CHANNELS and all(std) and all(map(isfinite, (*mean, *std))):
                return _one_or_three(mean), _one_or_three([1 / one for one in std])
    return None


def _numbers(table: Any, field: int) -> Sequence[float]:
    place = table.Offset(field)
    count = min(table.VectorLen(place), MOST_TABLES) if place else 0
    return struct.unpack_from(f"<{count}f", table.Bytes, table.Vector(place)) if count else ()


def _one_or_three(values: Sequence[float]) -> PerChannel:
    return values[0] if len(values) == 1 else (values[0], values[1], values[2])


def _tables(table: Any, field: int) -> Iterator[Any]:
    place = table.Offset(field)
    start, count = (table.Vector(place), min(table.VectorLen(place), MOST_TABLES)) if place else (0, 0)
    for number in range(count):
        yield type(table)(table.Bytes, table.Indirect(start + 4 * number))

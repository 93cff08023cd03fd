"""Files whose container is valid and whose content is not: something in their tree is another value, or gone.

A place in a tree is found by going down at random, so that a list of a thousand weights is no likelier to be met than an attribute.
"""

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Draw = np.random.Generator
INTEGERS = (0, -1, 1, 2, 7, 255, 1 << 15, (1 << 31) - 1, -(1 << 31), 1 << 40)
NUMBERS = (0.0, -1.0, 1e-30, 1e30, float("nan"), float("inf"), -float("inf"))
TEXTS = ("", "0", "x" * 5000, "../../../../etc/passwd", "\x1b[31m", "\ud800", "<script>", "{0.__class__}", "Conv2D", "float64")
ANYTHING: tuple[Any, ...] = (None, [], {}, "x", 0, True)
OTHERS: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    bool: lambda value: (not value,),
    int: lambda value: (*INTEGERS, value + 1, value - 1, value * 1000),
    float: lambda _: NUMBERS,
    bytes: lambda value: (b"", value[:-1], value * 2),
    str: lambda value: (*TEXTS, value + "x", value[:-1]),
    list: lambda value: ([], value + value, value[::-1], value[:-1]),
}
WORDS = (
    "",
    "nan",
    "inf",
    "-1",
    "0",
    "1e308",
    "99999999999999999999",
    "[",
    "]",
    "{",
    '"',
    "'",
    "null",
    "!!python/none",
    "&a",
    "x" * 5000,
)
TRIES = 200  # of changes that a container does not hold, such as a text for a number
KEPT_HERE = 0.15  # how often a branch is changed itself, and not something below it


def changed(tree: Any, draw: Draw) -> None:
    """Change one place in a tree of dicts, lists and objects."""
    holder, key = tree, _pick(_keys(tree), draw)
    while _keys(inside := _get(holder, key)) and draw.random() > KEPT_HERE:
        holder, key = inside, _pick(_keys(inside), draw)
    if isinstance(holder, dict | list) and draw.random() < KEPT_HERE:
        del holder[key]
    elif hasattr(holder, "__dict__"):
        setattr(holder, key, _other(getattr(holder, key), draw))
    else:
        holder[key] = _other(holder[key], draw)


def _keys(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return list(tree)
    if isinstance(tree, list):
        return list(range(len(tree)))
    return sorted(vars(tree)) if hasattr(tree, "__dict__") else []


def _get(tree: Any, key: Any) -> Any:
    return tree[key] if isinstance(tree, dict | list) else getattr(tree, key)


def _pick(values: Any, draw: Draw) -> Any:
    return values[draw.integers(len(values))]


def _other(value: Any, draw: Draw) -> Any:
    """Return a value in the place of one: most often of the same type, else a container would not hold it."""
    if isinstance(value, np.ndarray):
        return _other_array(value, draw)
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value):  # a large integer in JSON of a protobuf
        return str(_pick(INTEGERS, draw))
    others = next((make(value) for kind, make in OTHERS.items() if isinstance(value, kind)), ANYTHING)
    return _pick(others, draw)


def _other_array(values: "np.ndarray[Any, Any]", draw: Draw) -> "np.ndarray[Any, Any]":
    if not values.size or draw.random() < 0.4:
        return np.asarray(_pick((values[:0], values[:-1], np.concatenate([values, values]), np.zeros_like(values)), draw))
    other, place = values.copy(), int(draw.integers(len(values)))
    with np.errstate(all="ignore"):
        other[place] = np.array(_pick(INTEGERS, draw)).astype(values.dtype)
    return other


def until_it_fits(make: Callable[[], bytes]) -> bytes:
    """Make changes until there is one that the container holds."""
    for _ in range(TRIES):
        try:
            return make()
        except (TypeError, ValueError, struct.error, AttributeError, KeyError, OverflowError, UnicodeError):
            continue
    raise AssertionError("no change fits")


def changed_json(content: bytes, draw: Draw) -> bytes:
    tree = json.loads(content)
    changed(tree, draw)
    return json.dumps(tree).encode()


def changed_text(content: bytes, draw: Draw) -> bytes:
    """Change a word or a line of a text of any format."""
    text = content.decode()
    if draw.random() < 0.3:
        lines = text.splitlines(keepends=True)
        place = int(draw.integers(len(lines)))
        lines[place : place + 1] = _pick(([], lines[place : place + 1] * 2, [lines[place] * 1000]), draw)
        return "".join(lines).encode()
    found = _pick([*re.finditer(r"[\w.+-]+|[^\w\s]", text)], draw)
    return f"{text[: found.start()]}{_pick(WORDS, draw)}{text[found.end() :]}".encode()


def changed_tflite(content: bytes, draw: Draw) -> bytes:
    from tensorflow.lite.tools import flatbuffer_utils

    def make() -> bytes:
        model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
        changed(model, draw)
        return bytes(flatbuffer_utils.convert_object_to_bytearray(model))

    return until_it_fits(make)


def changed_protobuf(content: bytes, kind: Any, draw: Draw) -> bytes:
    from google.protobuf import json_format

    message = kind()
    message.ParseFromString(content)
    tree = json_format.MessageToDict(message)

    def make() -> bytes:
        other = json.loads(json.dumps(tree))
        changed(other, draw)
        try:
            return bytes(json_format.ParseDict(other, kind()).SerializeToString())
        except json_format.ParseError as error:
            raise ValueError(str(error)) from None

    return until_it_fits(make)


def changed_keras(content: bytes, draw: Draw) -> bytes:
    """Change the config, the metadata or the weights in a `.keras` file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = _pick([*files, "config.json", "config.json"], draw)
    files[name] = (changed_json if name.endswith(".json") else changed_weights)(files[name], draw)
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        for each, inside in files.items():
            archive.writestr(each, inside)
    return out.getvalue()


def changed_h5(content: bytes, draw: Draw) -> bytes:
    """Change the config or the weights in a `.h5` file."""
    if draw.random() < 0.4:
        return changed_weights(content, draw)
    with h5py.File(file := io.BytesIO(content), "r+") as inside:
        config = inside.attrs["model_config"]
        inside.attrs["model_config"] = changed_json(config.encode() if isinstance(config, str) else config, draw)
    return file.getvalue()


def changed_weights(content: bytes, draw: Draw) -> bytes:
    with h5py.File(file := io.BytesIO(content), "r+") as inside:
        names: list[str] = []
        inside.visititems(lambda name, one: names.append(name) if isinstance(one, h5py.Dataset) else None)
        name = _pick(names, draw)
        values = np.asarray(inside[name])
        del inside[name]
        other = _pick((values[..., :0], values.astype("S4"), values[None], values.astype("i8"), values * np.nan, None), draw)
        if other is not None:
            inside[name] = other
    return file.getvalue()


def changed_file(path: Path, draw: Draw) -> bytes:
    """Return the content of a model file with something in it changed."""
    content = path.read_bytes()
    if path.suffix == ".pb":
        from tensorflow.core.framework import graph_pb2
        from tensorflow.core.protobuf import saved_model_pb2

        kind = saved_model_pb2.SavedModel if path.stem == "saved_model" else graph_pb2.GraphDef
        return changed_protobuf(content, kind, draw)
    return {".tflite": changed_tflite, ".keras": changed_keras, ".h5": changed_h5}[path.suffix](content, draw)

"""What a user's own `detect(frame)` returns, read as detections; where it is something else, what came and what is right."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections, FloatArray
from workbench.errors import ModelError, one_line

NAMES = ("boxes", "scores", "labels")
VALUES = (  # what the fields of a value are called that holds detections
    ("boxes_xyxy_px", "scores", "class_ids"),  # ours, also in an exported folder, which has a copy of its own
    ("xyxy", "confidence", "class_id"),  # supervision's
)
RIGHT = "return boxes (n, 4) as x1, y1, x2, y2 in pixels of the frame, scores (n,) in 0..1 and labels (n,), numbers or names"
LONGEST_SHOWN = 80  # characters of a value in an error


def read_returned(given: object, labels: Sequence[str], called: str = "detect") -> Detections:
    """Return what a function gave as detections, best score first.

    Args:
        given: `(boxes, scores, labels)`, a mapping of these names, this package's `Detections` or supervision's.
        labels: Names of the classes that numbers count and names are looked up in; without any, numbers stand for themselves.
        called: What to call the function in an error.

    Raises:
        ModelError: It is none of these, its shapes do not fit, or a number in it cannot be.
    """
    boxes, scores, classes = (_array(name, part, called) for name, part in zip(NAMES, _parts(given, called), strict=True))
    count = len(scores) if scores.ndim else -1
    if boxes.size == scores.size == classes.size == 0:
        return Detections.empty()
    if (boxes.shape, scores.shape, classes.shape) != ((count, 4), (count,), (count,)):
        raise _wrong(called, f"boxes {list(boxes.shape)}, scores {list(scores.shape)} and labels {list(classes.shape)}")
    numbers = _numbered(classes, labels, called)
    boxes, scores = _floats("boxes", boxes, called), _floats("scores", scores, called)
    _check_values(boxes, scores, called)
    order = np.argsort(-scores, kind="stable")
    return Detections(boxes[order], scores[order], numbers[order])


def _parts(given: object, called: str) -> Sequence[Any]:
    if isinstance(given, Mapping):
        if missing := [name for name in NAMES if name not in given]:
            raise _wrong(called, f"a mapping of {', '.join(map(str, given)) or 'nothing'}, without {' and '.join(missing)}")
        return [given[name] for name in NAMES]
    for fields in VALUES:
        with suppress(AttributeError):
            return [getattr(given, name) for name in fields]
    if isinstance(given, tuple | list) and len(given) == len(NAMES):
        return given
    many = f" of {len(given)}" if isinstance(given, tuple | list) else ""
    raise _wrong(called, f"{type(given).__name__}{many}")


def _array(name: str, given: object, called: str) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except Exception as error:  # rows of unequal length, a tensor on another device: whatever its own conversion says
        raise _wrong(called, f"{name} that are no array ({one_line(error, LONGEST_SHOWN)})") from error


def _floats(name: str, given: NDArray[Any], called: str) -> FloatArray:
    if given.dtype.kind not in "biuf":
        raise _wrong(called, f"{name} of {given.dtype}, such as {_shown(given.flat[0])}")
    return given.astype(np.float32)


def _numbered(classes: NDArray[Any], labels: Sequence[str], called: str) -> NDArray[np.int64]:
    if classes.dtype.kind in "biuf":
        numbers = classes.astype(np.int64)
        if (numbers != classes).any() or (numbers < 0).any():
            raise _wrong(called, f"a label {_shown(classes[(numbers != classes) | (numbers < 0)][0])}")
        if labels and (numbers >= len(labels)).any():
            raise _wrong(called, f"label {numbers.max()}, and there are {len(labels)}, counted from 0")
        return numbers
    places = {label: place for place, label in enumerate(labels)}
    names = [str(name) for name in classes.tolist()]
    if unknown := [name for name in names if name not in places]:
        known = f"known are {', '.join(labels)}" if labels else "no names are known here; name them, or return numbers"
        raise ModelError(f"{called}(frame) gives the label {_shown(unknown[0])}; {one_line(known, 200)}")
    return np.array([places[name] for name in names], np.int64)


def _check_values(boxes: FloatArray, scores: FloatArray, called: str) -> None:
    finite = np.isfinite(boxes).all(axis=1)
    if not finite.all():
        raise _wrong(called, f"a box {_shown(boxes[~finite][0].tolist())}")
    sound = (scores >= 0) & (scores <= 1)
    if not sound.all():
        raise _wrong(called, f"a score {_shown(float(scores[~sound][0]))}")
    turned = np.any(boxes[:, 2:] < boxes[:, :2], axis=1)
    if turned.any():
        raise _wrong(called, f"a box {_shown(boxes[turned][0].tolist())}, whose x2 or y2 is less than its x1 or y1")
    if 0 < boxes.max() <= 1:
        raise _wrong(called, f"boxes within 0..1, such as {_shown(boxes[0].tolist())}")


def _shown(value: object) -> str:
    return one_line(repr(value), LONGEST_SHOWN)


def _wrong(called: str, came: str) -> ModelError:
    return ModelError(f"{called}(frame) gives {came}; {RIGHT}")

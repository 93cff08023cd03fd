"""Class names: from a text file, or taken for COCO's where their number says so."""

from collections.abc import Mapping
from pathlib import Path

from workbench.datasets import NO_CLASS, UNUSED, parse_names, read_name_text, shortened
from workbench.errors import ModelError
from workbench.record import folded

# COCO 2017's (https://cocodataset.org) as detectors number them: 80 without gaps, 90 with the ten that it lacks, or 91 with the
# background before those.
_NAMES = """
    person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking meter,
    bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase,
    frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle,
    wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake,
    chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven,
    toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush
"""
COCO80: tuple[str, ...] = tuple(" ".join(_NAMES.split()).split(", "))

# Before which of the 80 a number is free: COCO announced 91 kinds of thing and published 80.
_FREE_BEFORE = {
    "stop sign": 1,
    "backpack": 1,
    "handbag": 2,
    "wine glass": 1,
    "dining table": 1,
    "toilet": 2,
    "tv": 1,
    "book": 1,
}
COCO90: tuple[str, ...] = tuple(label for name in COCO80 for label in (*("n/a",) * _FREE_BEFORE.get(name, 0), name))
COCO91: tuple[str, ...] = ("background", *COCO90)


def labels_of(by_number: Mapping[int, str], count: int | None = None) -> tuple[str, ...] | None:
    """Return names in the order of a network's scores; `None` where they are not as many.

    Number 0 is often free or the background's, which most networks do not score: they count from the next. Other free numbers
    keep their places unless the count says that they have none.

    >>> labels_of({1: "bolt", 3: "dent"}), labels_of({1: "bolt", 3: "dent"}, 2), labels_of({0: "bolt"}, 2)
    (('bolt', 'n/a', 'dent'), ('bolt', 'dent'), None)

    Args:
        by_number: At least one.
        count: Of the classes that are scored, where it is known.
    """
    whole = tuple(by_number.get(number, UNUSED) for number in range(max(by_number) + 1))
    counted = whole[1:] if folded(whole[0]) in NO_CLASS else whole
    if count is None:
        return counted or whole
    return next((names for names in (whole, counted, tuple(by_number.values())) if len(names) == count), None)


def read_labels(path: Path, count: int | None = None) -> tuple[str, ...]:
    """Read a file of class names.

    Raises:
        ModelError: It is missing or empty, holds something else, or has not as many names as there are classes.
    """
    try:
        by_number = parse_names(read_name_text(path))
    except OSError as error:
        raise ModelError(f"cannot read the labels {path}: {error.strerror}; choose a text file with a name a line") from None
    except ValueError as error:
        raise ModelError(f"cannot read the labels {path}: {shortened(error)}; choose a text file with a name a line") from None
    if not by_number:
        raise ModelError(f"the labels {path} are empty; write a name a line")
    labels = labels_of(by_number, count)
    if labels is None:
        raise ModelError(
            f"the labels {path} name {len(by_number)} classes, the model scores {count}; choose the labels that belong to it"
        )
    return labels


def guessed_labels(count: int) -> tuple[str, ...]:
    """Name classes that nothing names: COCO's where there are as many, else by number."""
    known = {len(names): names for names in (COCO80, COCO90, COCO91)}
    return known.get(count) or tuple(f"class {number}" for number in range(count))

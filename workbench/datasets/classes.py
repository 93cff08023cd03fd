"""Which class of the truth is which of the detector's: by name."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workbench.datasets.class_names import NO_CLASS
from workbench.datasets.truth import Truth, listed
from workbench.detections import ImageTruth
from workbench.errors import TruthError
from workbench.record import class_word, folded

Ids = NDArray[np.int64]


def with_labels(truth: Truth, labels: Sequence[str] | None) -> Truth:
    """Count the truth's classes as a detector counts them.

    Equal names come first, then `folded` ones, then other words for COCO's classes. Boxes of classes that the detector does not
    know are left out, and so are boxes without width or height; the truth's notes tell, and also which of the detector's classes
    the truth is not about.

    Args:
        truth: With labels of its own.
        labels: The detector's; `None` keeps the truth's own, except that of two equal names the first stands for both.

    Raises:
        TruthError: No name is in common.
    """
    known = tuple(truth.labels if labels is None else labels)
    if are_strangers(truth, known):
        raise TruthError(f"{no_name_in_common(truth, known)}; choose other truth, or give the detector these labels")
    class_of = _classes(truth.labels, known)
    return replace(
        truth,
        labels=known,
        images={name: _relabelled(image, class_of) for name, image in truth.images.items()},
        notes=(*truth.notes, *_notes(truth, class_of, known)),
    )


def are_strangers(truth: Truth, labels: Sequence[str]) -> bool:
    """Tell whether truth with labels of its own is about nothing that a detector knows."""
    return bool(truth.labels) and bool((_classes(truth.labels, labels) < 0).all())


def no_name_in_common(truth: Truth, labels: Sequence[str]) -> str:
    """Say so."""
    return f"{truth.name} is about {listed(truth.labels)}, the detector knows {listed(labels)}: no name in common"


def _classes(own: Sequence[str], known: Sequence[str]) -> Ids:
    """Return the known class of each own one, -1 where there is none."""
    ways: tuple[Callable[[str], str], ...] = (str, folded, class_word)
    positions = [_first_positions([way(label) for label in known]) for way in ways]
    found = [[places.get(way(name), -1) for way, places in zip(ways, positions, strict=True)] for name in own]
    return np.array([next((place for place in places if place >= 0), -1) for places in found], np.int64)


def _first_positions(names: Sequence[str]) -> Mapping[str, int]:
    return {name: position for position, name in reversed(tuple(enumerate(names)))}


def _relabelled(image: ImageTruth, class_of: Ids) -> ImageTruth:
    class_ids = class_of[image.class_ids]
    kept = (class_ids >= 0) & ~_flat(image)
    return replace(image, class_ids=class_ids).where(kept)


def _flat(image: ImageTruth) -> NDArray[np.bool_]:
    boxes = image.boxes_xyxy_px
    return (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])


def _notes(truth: Truth, class_of: Ids, known: Sequence[str]) -> Iterator[str]:
    strangers: Counter[int] = Counter()
    flat = 0
    for image in truth.images.values():
        is_strange = class_of[image.class_ids] < 0
        strangers.update(image.class_ids[is_strange].tolist())
        flat += int((_flat(image) & ~is_strange).sum())
    names = [truth.labels[number] for number in sorted(strangers)]
    unjudged = [label for number, label in enumerate(known) if number not in class_of and folded(label) not in NO_CLASS]
    if names:
        yield f"{truth.name} has {strangers.total()} boxes of what the detector does not know ({listed(names)}): they are left out"
    if unjudged:
        yield f"{truth.name} is not about {listed(unjudged)}: what is found of it is not judged"
    if flat:
        yield f"{truth.name} has {flat} boxes without width or height: they are left out"

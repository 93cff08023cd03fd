"""What a setting gets wrong frame by frame, and the frames where it gets most wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, final

import numpy as np
from numpy.typing import NDArray

from workbench.detections.accuracy import MATCH_IOU, match
from workbench.detections.boxes import areas_px
from workbench.detections.detections import Detections
from workbench.detections.matches import overlaps

T = TypeVar("T")

FRAMES_NAMED = 6  # of all classes together; more small pictures are looked through, not at
CLASSES_NAMED = 6  # that add their own worst frame where it is not among those


@final
@dataclass(frozen=True, slots=True, eq=False)
class FrameErrors:
    """What is wrong in one frame, at IoU .5 and with the right class, each box in one pair.

    Attributes:
        missed: Rows of the known boxes that were not found.
        lost: Those of `missed` that the baseline had found.
        false: Rows of what was found where nothing is known.
    """

    missed: NDArray[np.int64]
    lost: NDArray[np.int64]
    false: NDArray[np.int64]

    @property
    def weight(self) -> tuple[int, int, int]:
        """How bad it is: what was lost counts before what nobody found, and that before what is not there."""
        return len(self.lost), len(self.missed), len(self.false)


def frame_errors(
    found: Detections, known: Detections, before: Detections | None = None, crowds: Detections | None = None
) -> FrameErrors:
    """Return what is wrong in one frame.

    Args:
        found: What the setting found.
        known: What there is to be found, without crowds; where no truth is known, what the baseline found.
        before: What the baseline found, where it was run on this frame.
        crowds: Boxes around many objects: what is found in one of its class counts neither way.
    """
    pairs = _pairs(found, known)
    false = np.setdiff1d(np.arange(len(found)), [row for row, _ in pairs])
    missed = np.setdiff1d(np.arange(len(known)), [column for _, column in pairs])
    if crowds is not None and len(crowds):
        false = false[~_lies_in(found, crowds)[false]]
    found_before = [column for _, column in _pairs(before, known)] if before is not None else []
    lost = missed[np.isin(missed, found_before)]
    return FrameErrors(missed=missed, lost=lost, false=false)


def worst_frames(
    errors: Mapping[str, FrameErrors], known: Mapping[str, Detections], groups: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """Name the frames with most errors, worst first, and after them each class's own worst frame where it is none of these.

    Args:
        errors: By the frame's name.
        known: What there is to be found, by the frame's name.
        groups: A number for each frame, where neighbours in a video are alike: of those of one number the worst alone is named.
    """
    ranked = sorted((name for name, one in errors.items() if sum(one.weight)), key=lambda name: errors[name].weight, reverse=True)
    if groups is not None:
        ranked = first_of_each(ranked, [groups[name] for name in ranked])
    chosen = dict.fromkeys(ranked[:FRAMES_NAMED])
    missed = {name: np.bincount(known[name].class_ids[errors[name].missed]) for name in ranked}
    most = max((len(counts) for counts in missed.values()), default=0)
    totals = sum((np.pad(counts, (0, most - len(counts))) for counts in missed.values()), np.zeros(most, np.int64))
    for class_id in np.argsort(-totals, kind="stable")[:CLASSES_NAMED].tolist():
        own = [name for name in ranked if len(missed[name]) > class_id and missed[name][class_id]]
        chosen.update(dict.fromkeys([max(own, key=lambda name: missed[name][class_id])] if own else ()))
    return tuple(chosen)


def first_of_each(ranked: Sequence[T], groups: Sequence[int]) -> list[T]:
    """Return what comes first of each group, in order.

    >>> first_of_each("abcde", [0, 0, 1, 0, 2])
    ['a', 'c', 'e']
    """
    first: dict[int, T] = {}
    for one, group in zip(ranked, groups, strict=True):
        first.setdefault(group, one)
    return list(first.values())


def _lies_in(found: Detections, crowds: Detections) -> NDArray[np.bool_]:
    boxes = found.boxes_xyxy_px.astype(np.float64)
    shares = overlaps(
        boxes,
        areas_px(found.boxes_xyxy_px).astype(np.float64),
        crowds.boxes_xyxy_px.astype(np.float64),
        np.ones(len(crowds), np.bool_),
    )
    same = found.class_ids[:, None] == crowds.class_ids
    return np.asarray((same & (shares >= MATCH_IOU)).any(axis=1))


def _pairs(found: Detections, known: Detections) -> list[tuple[int, int]]:
    return [(row, column) for row, column, _ in match(found, known) if found.class_ids[row] == known.class_ids[column]]

"""What the setting that plays gets wrong in the frames that it has passed, against truth, or against what is pinned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from workbench.datasets import Truth
from workbench.detections import Detections, FrameErrors, first_of_each, frame_errors, neighbours
from workbench.stages import truth_as_detections

MOST_FRAMES = 12  # that are named: as many as stand side by side without scrolling


@final
@dataclass(frozen=True, slots=True)
class WrongFrame:
    """A frame with something wrong in it.

    Attributes:
        position: In the media.
        name: Of the frame.
        lost: Class ids of what the pinned setting finds and this one does not.
        missed: Class ids of what is there and was not found, less those.
        false: Class ids of what was found and is not there.
    """

    position: int
    name: str
    lost: tuple[int, ...]
    missed: tuple[int, ...]
    false: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """One frame's errors, and what they were found from."""

    found: Detections
    before: Detections | None
    known: Detections
    errors: FrameErrors


@final
class LiveErrors:
    """Judges frames as they pass; only what is new since the last look is matched.

    Args:
        names: Of the media's frames, by position; none where they never end.
        truth: What is in them, where that is known.
        fps: Of a video, whose neighbours are alike: of those the worst alone is named.
    """

    def __init__(self, names: Sequence[str], truth: Truth | None, fps: float | None = None) -> None:
        self._names = names
        self._fps = fps
        self._truth = truth.images if truth is not None else {}
        self._judged: dict[int, _Judged] = {}

    def look(self, found: Mapping[int, Detections], before: Mapping[int, Detections]) -> None:
        """Judge what was found, by position; `before` is what the pinned setting found."""
        judged: dict[int, _Judged] = {}
        for position, one in found.items():
            other, known = before.get(position), self._judged.get(position)
            if known is not None and known.found is one and known.before is other:
                judged[position] = known
            elif (fresh := self._judge(position, one, other)) is not None:
                judged[position] = fresh
        self._judged = judged

    def worst(self) -> tuple[WrongFrame, ...]:
        """Return the frames with most errors, worst first."""
        wrong = sorted(self._wrong(), key=lambda position: self._judged[position].errors.weight, reverse=True)
        groups = neighbours(np.array(wrong) / self._fps).tolist() if self._fps else wrong
        return tuple(self._described(position) for position in first_of_each(wrong, groups)[:MOST_FRAMES])

    def after(self, position: int) -> int | None:
        """Return the next position at which something is wrong, from the start again where none follows; `None` without any."""
        wrong = sorted(self._wrong())
        return next((one for one in wrong if one > position), wrong[0] if wrong else None)

    def _wrong(self) -> list[int]:
        return [position for position, one in self._judged.items() if any(one.errors.weight)]

    def _judge(self, position: int, found: Detections, before: Detections | None) -> _Judged | None:
        name = self._names[position] if position < len(self._names) else None
        truth = self._truth.get(name) if name is not None else None
        if truth is not None:
            known, crowds = (truth_as_detections(truth.where(kept)) for kept in (~truth.iscrowd, truth.iscrowd))
            return _Judged(found, before, known, frame_errors(found, known, before, crowds))
        return None if before is None else _Judged(found, before, before, frame_errors(found, before, before))

    def _described(self, position: int) -> WrongFrame:
        one = self._judged[position]
        lost = set(one.errors.lost.tolist())
        classes, found = one.known.class_ids.tolist(), one.found.class_ids.tolist()
        return WrongFrame(
            position=position,
            name=self._names[position] if position < len(self._names) else "",
            lost=tuple(classes[row] for row in sorted(lost)),
            missed=tuple(classes[row] for row in one.errors.missed.tolist() if row not in lost),
            false=tuple(found[row] for row in one.errors.false.tolist()),
        )

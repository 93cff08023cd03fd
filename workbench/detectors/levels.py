"""Outputs that come one for each level of a pyramid: placed by their sizes against the input's, and judged by their values.

A network is sure of few places in a frame; under a wrong reading other numbers than scores pass for scores, and many are high.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.output_reading import BOX, OutputReading, Outputs
from workbench.detectors.output_values import inside
from workbench.errors import ModelError

FIRST_STRIDES = (4, 8, 16, 32)  # pixels a cell of the finest map
SURE, BUSY = 0.5, 0.2  # a score, and the share of places that reach it at most: a detector is sure of few
BOX_NAMES = re.compile(r"box|bbox|reg|loc|dis")


@dataclass(frozen=True, slots=True)
class Levels:
    """Maps, ordered from fine to coarse.

    Attributes:
        strides: Pixels a cell of each level.
        names: Names of the outputs of each level, or once those of outputs that hold the rows of all.
        planar: Whether their channels come first.
    """

    strides: tuple[int, ...]
    names: tuple[tuple[str, ...], ...]
    planar: bool

    def channels(self, output: FloatArray) -> int:
        return int(output.shape[1] if self.planar and output.ndim == 4 else output.shape[-1])


def cells(size_hw: tuple[int, int], stride: int) -> tuple[int, int]:
    """Return rows and columns of a level."""
    return -(-size_hw[0] // stride), -(-size_hw[1] // stride)


def cell_count(size_hw: tuple[int, int], strides: Iterable[int]) -> int:
    """Count the cells of all levels."""
    return sum(rows * columns for rows, columns in (cells(size_hw, stride) for stride in strides))


def placed_levels(outputs: Outputs, size_hw: tuple[int, int]) -> Levels | None:
    """Place maps by their rows and columns; each level is half as fine as the one before and has as many outputs."""
    if not outputs or any(one.ndim not in (4, 5) for one in outputs.values()):
        return None
    for planar in (False, True):
        placed: dict[tuple[int, ...], list[str]] = {}
        for name, one in outputs.items():
            placed.setdefault(one.shape[2:4] if planar else one.shape[1:3], []).append(name)
        sizes = sorted(placed, reverse=True)
        first = next((stride for stride in FIRST_STRIDES if cells(size_hw, stride) == sizes[0]), None)
        strides = tuple((first or 0) * 2**n for n in range(len(sizes)))
        if (
            first
            and [cells(size_hw, stride) for stride in strides] == sizes
            and len({len(names) for names in placed.values()}) == 1
        ):
            return Levels(strides, tuple(tuple(placed[size]) for size in sizes), planar)
    return None


def quiet(options: Iterable[OutputReading], outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Give those options under which a network is sure of few places, and these lie in the picture; the quietest first."""
    heard = []
    for option in options:
        assert option.candidates is not None, "these are all of candidates"
        try:
            boxes, scores = option.candidates.head().candidates([outputs[name][:1] for name in option.candidates.tensors], size_hw)
        except (ModelError, ValueError):  # its numbers do not divide as this reading has it
            continue
        if not scores.shape[-1]:
            continue
        sure = scores.max(axis=-1) > SURE
        busy = float(sure.mean())
        if busy <= BUSY and (not busy or inside(np.asarray(boxes)[sure], "xyxy", size_hw)):
            heard.append((round(busy, 2), option))
    yield from (option for _, option in sorted(heard, key=lambda one: one[0]))


def boxes_and_scores_of(outputs: Outputs, levels: Levels) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Give the outputs of boxes and those of scores, as channels allow it; names decide where both could be either."""

    def numbers(name: str) -> int:
        return levels.channels(outputs[name])

    ordered = [sorted(names, key=lambda name: (BOX_NAMES.search(name.lower()) is None, numbers(name))) for names in levels.names]
    for flipped in (False, True):
        boxes, scores = (tuple(names[place] for names in ordered) for place in ((1, 0) if flipped else (0, 1)))
        if all(numbers(name) % BOX == 0 for name in boxes):
            yield boxes, scores

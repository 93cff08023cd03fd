"""Outputs that start from the cells of grids: distances to the sides of boxes, and YOLO's maps with anchors."""

from collections.abc import Iterator, Sequence

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.level_cards import DistancesCard, YoloMapsCard
from workbench.detectors.levels import Levels, boxes_and_scores_of, cell_count, placed_levels, quiet
from workbench.detectors.output_reading import BOX, OutputReading, Outputs
from workbench.detectors.output_values import MOSTLY, activation_of, box_orders
from workbench.stages import Activation

BINS = (8, 16, 17)  # of a distance's distribution: NanoDet, YOLOv8, and YOLOv6 with GFL's reg_max of 16
YOLO_TABLES = {3: "yolov3", 2: "yolov3-tiny"}  # by the number of levels
ANCHORS_A_CELL = 3  # of YOLO
CENTRED = "frames are letterboxed in the middle on grey 114, as such detectors usually want it"


def grids(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Distances from cells (YOLOv8's raw maps, NanoDet, FCOS) and YOLO's maps with anchors, whose values alone tell them apart."""
    levels = placed_levels(outputs, size_hw)
    if levels is None:
        options = [*_rows_of_grids(outputs, size_hw)]
    elif len(levels.names[0]) == 1:
        options = [*_yolo_maps(outputs, levels), *_shared_distances(outputs, levels)]
    else:
        options = [*_separate_distances(outputs, levels)]
    yield from quiet(options, outputs, size_hw)


def _yolo_maps(outputs: Outputs, levels: Levels) -> Iterator[OutputReading]:
    first = outputs[levels.names[0][0]]
    anchors = first.shape[1 if levels.planar else 3] if first.ndim == 5 else ANCHORS_A_CELL
    numbers = levels.channels(first) // (1 if first.ndim == 5 else anchors)
    if anchors == ANCHORS_A_CELL and numbers > BOX + 1 and (first.ndim == 5 or levels.channels(first) % anchors == 0):
        yield from _yolo(outputs, levels)


def _yolo(outputs: Outputs, levels: Levels) -> Iterator[OutputReading]:
    """Give both formulas, that of PyTorch's YOLO first where axes are in its order."""
    strides, names = levels.strides, tuple(name for (name,) in levels.names)
    table = YOLO_TABLES.get(len(strides))
    if table is None or strides[-1] != 32:
        return
    activation = activation_of(*(outputs[name] for name in names))
    if activation is None:
        return
    for square in (True,) if activation == "none" else (levels.planar, not levels.planar):
        family = "YOLOv5" if square else "YOLOv3"
        card = YoloMapsCard(
            tensors=names,
            anchors=table,
            strides=strides,
            sizes="square" if square else "exponential",
            scale_xy=2.0 if square else 1.0,
            planar=levels.planar,
            activation=activation,
        )
        sure = (f"{len(strides)} levels with three anchors a cell at strides {_listed(strides)}",)
        guessed = (f"boxes are decoded by the formula of {family}", f"anchors are those of {table}, which few retrain", CENTRED)
        yield OutputReading(candidates=card, fit="letterbox", sure=sure, guessed=guessed)


def _shared_distances(outputs: Outputs, levels: Levels) -> Iterator[OutputReading]:
    """Distances and scores in one output a level, or in one of all: YOLOv8 has distances first, NanoDet scores."""
    names = tuple(name for (name,) in levels.names)
    joined = [np.moveaxis(outputs[name], 1, -1) if levels.planar else outputs[name] for name in names]
    for bins, scores_first in ((16, False), (8, True)):
        sides = BOX * bins
        parts = [(one[..., :-sides], one[..., -sides:]) if scores_first else (one[..., sides:], one[..., :sides]) for one in joined]
        if any(one.shape[-1] <= sides or one.ndim == 5 for one in joined) or not all(_logits(part) for _, part in parts):
            continue
        activation = activation_of(*(scores for scores, _ in parts))
        if activation == "none" and not scores_first:  # rows of decoded boxes and class scores look so
            continue
        yield from _distances(levels, names, bins, activation, scores_first=scores_first)


def _separate_distances(outputs: Outputs, levels: Levels) -> Iterator[OutputReading]:
    for boxes, scores in boxes_and_scores_of(outputs, levels):
        sides = {levels.channels(outputs[name]) for name in boxes}
        bins = next(iter(sides)) // BOX
        plain = bins == 1 and np.mean([(outputs[name] >= 0).mean() for name in boxes]) >= MOSTLY
        if len(sides) == 1 and (bins in BINS or plain) and len({levels.channels(outputs[name]) for name in scores}) == 1:
            activation = activation_of(*(outputs[name] for name in scores))
            yield from _distances(levels, (*boxes, *scores), bins, activation, separate=True)


def _rows_of_grids(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """All levels in one output of rows, or in one of distances and one of scores."""
    if any(one.ndim != 3 for one in outputs.values()) or len(outputs) > 2:
        return
    names = tuple(outputs)
    for strides in ((8, 16, 32), (8, 16, 32, 64), (16, 32)):
        cells = cell_count(size_hw, strides)
        for planar in (False, True):
            levels = Levels(strides, (names,), planar)
            rows = {outputs[name].shape[2 if planar else 1] for name in names}
            if rows == {cells} and len(names) == 1:
                yield from _shared_distances(outputs, levels)
            elif rows == {cells} and not any(one.shape[-1] == BOX and box_orders(one[0], size_hw) for one in outputs.values()):
                yield from _separate_distances(outputs, levels)
            elif rows == {cells * ANCHORS_A_CELL} and len(names) == 1 and _logits(outputs[names[0]][..., BOX:]):
                yield from _yolo(outputs, levels)


def _distances(
    levels: Levels, names: tuple[str, ...], bins: int, activation: Activation | None, **values: bool
) -> Iterator[OutputReading]:
    if activation is None:
        return
    point = 0.0 if bins == 8 else 0.5
    shared = {"tensors": names, "strides": levels.strides, "planar": levels.planar}
    card = DistancesCard.model_validate({**shared, "bins": bins, "point": point, "activation": activation, **values})
    what = f"distributions over {bins} numbers" if bins > 1 else "numbers"
    sure = (f"{len(levels.strides)} levels at strides {_listed(levels.strides)}, and distances as {what}",)
    family = "NanoDet-Plus" if bins == 8 else "YOLOv8" if bins == 16 else "FCOS"
    where = "in the corner" if bins == 8 else "in the middle"
    guessed = (f"distances are from a point {where} of each cell, as in {family}", CENTRED)
    yield OutputReading(candidates=card, fit="letterbox", sure=sure, guessed=guessed)


def _logits(values: FloatArray) -> bool:
    """Whether values are no scores, of which none is negative."""
    return bool(values.min() < 0)


def _listed(strides: Sequence[int]) -> str:
    return ", ".join(map(str, strides))

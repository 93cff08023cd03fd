"""One output with a row a candidate: its decoded box and its scores, and what YOLOs for more than boxes put behind them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.other_models import is_class_map
from workbench.detectors.output_cards import RowsCard, YoloxCard
from workbench.detectors.output_reading import BOX, LOGITS, ORDER_WORDS, OutputReading, Outputs, is_map
from workbench.detectors.output_values import (
    STRIDES,
    activation_of,
    are_coordinates,
    are_corners,
    are_scores,
    corner_orders,
    grid,
    hold_classes,
    inside,
    near_own_cell,
    units_of,
)
from workbench.stages import BoxOrder

ANCHORS_A_CELL = 3  # of YOLOv5
CONDITIONAL_SCORE = 0.1  # of the best class, in the median candidate, which is background; without objectness it is near 0.001
MOST_KEYPOINT_CLASSES = 10  # that a network for poses tells apart; most know one
FOLLOWS = 0.9  # correlation of an object's keypoints with its box over all candidates; that of a class score is near zero
TURNED = 0.01  # radians below zero: no score is negative, and some candidates of YOLO obb are turned so


class _Columns(NamedTuple):
    """What stands behind the class scores.

    Attributes:
        extra: How many columns are no class scores, but for the angle.
        rotated: Whether the last is an angle.
        told: What these are.
    """

    extra: int = 0
    rotated: bool = False
    told: tuple[str, ...] = ()


def rows(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """YOLOX's raw grids, or decoded boxes as YOLOv5, YOLOv8 and YOLO11 export, for detection, segments, poses and turned boxes."""
    name, output, masks = _rows_and_masks(outputs, size_hw)
    if output is None or min(output.shape[1:]) <= BOX or is_class_map(output, size_hw):
        return
    transposed = output.shape[1] < output.shape[2]
    rows = np.swapaxes(output, 1, 2)[0] if transposed else output[0]
    if not are_coordinates(rows[:, :BOX]):
        return
    centres, strides = grid(size_hw)
    one_a_cell, three_a_cell = len(rows) == len(centres), len(rows) == ANCHORS_A_CELL * len(centres)
    units = units_of(rows[:, :BOX])
    boxes = rows[:, :BOX] * (np.tile(size_hw[::-1], 2) if units == "normalised" else 1)
    turned = rows[:, [1, 0, 3, 2]] * (np.tile(size_hw[::-1], 2) if units == "normalised" else 1)
    decoded = near_own_cell(boxes, centres, strides) or near_own_cell(turned, centres, strides) if one_a_cell else True
    if not transposed and not decoded:
        if rows.shape[1] > BOX + 1 and are_scores(rows[:, BOX:]):
            yield _yolox(name)
        return
    columns = _columns_behind(rows, masks)
    scores = rows[:, BOX : rows.shape[1] - columns.extra - columns.rotated]
    activation = activation_of(scores)
    if activation is None or hold_classes(scores):
        return
    for order in _orders(rows[:, :BOX], boxes, size_hw):
        for objectness in _objectness(scores, three_a_cell=three_a_cell):
            if scores.shape[1] <= objectness:
                continue
            kind = "YOLOv5" if objectness else "YOLOv8 and YOLO11"
            card = RowsCard(
                tensors=(name,),
                transposed=transposed,
                objectness=objectness,
                order=order,
                units=units,
                activation=activation,
                extra_columns=columns.extra,
                rotated=columns.rotated,
            )
            told = (f"three a cell, as {kind} has",) if three_a_cell else ()
            guessed = (
                f"{'' if objectness else 'no '}score of being an object before the class scores, as in {kind}",
                *(() if order == "cxcywh" else (f"boxes are {ORDER_WORDS[order]}",)),
                *((LOGITS,) if activation == "sigmoid" else ()),
                "frames are letterboxed in the middle on grey 114, as Ultralytics does",
            )
            sure = (f"{len(rows)} rows of decoded boxes in {units}", *told, *columns.told)
            yield OutputReading(candidates=card, fit="letterbox", sure=sure, guessed=guessed)


def _rows_and_masks(outputs: Outputs, size_hw: tuple[int, int]) -> tuple[str, FloatArray | None, int]:
    """Return the one output of rows, with a batch axis, and how many prototypes of masks another one holds."""
    flat = {name: one for name, one in outputs.items() if one.ndim < 4}
    maps = [one for one in outputs.values() if one.ndim == 4]
    if len(flat) != 1 or len(maps) > 1:
        return "", None, 0
    ((name, output),) = flat.items()
    masks = 0
    if maps:
        shape = maps[0].shape
        sides = {axis: shape[axis] for axis in (1, 3) if is_map(np.delete(maps[0], slice(1, None), axis), size_hw)}
        masks = next(iter(sides.values()), 0)
        if not masks:
            return "", None, 0
    if output.ndim == 2 and len(output) > 1:
        output = output[None]
    return (name, output, masks) if output.ndim == 3 else ("", None, 0)


def _columns_behind(rows: FloatArray, masks: int) -> _Columns:
    if masks and rows.shape[1] > BOX + masks:
        return _Columns(masks, told=(f"the last {masks} of a row are coefficients of the other output's masks: boxes are read",))
    count, behind = rows.shape[1], rows[:, BOX:]
    for classes in range(1, MOST_KEYPOINT_CLASSES + 1):
        extra = count - BOX - classes
        if extra < 2 or (extra % 2 and extra % 3):
            continue
        if all(_follows(behind[:, classes + axis], rows[:, axis]) for axis in (0, 1)):
            return _Columns(extra, told=(f"the last {extra} of a row are keypoints: boxes are read",))
    angle = behind[:, -1]
    if behind.shape[1] > 1 and are_scores(behind[:, :-1]) and float(angle.min()) < -TURNED and float(np.abs(angle).max()) <= np.pi:
        return _Columns(rotated=True, told=("the last of a row is an angle: the upright box around the turned one is read",))
    return _Columns()


def _follows(values: FloatArray, coordinate: FloatArray) -> bool:
    if not (np.isfinite(values).all() and values.std() > 0 and coordinate.std() > 0):
        return False
    return float(np.corrcoef(values, coordinate)[0, 1]) > FOLLOWS


def _orders(raw: FloatArray, px: FloatArray, size_hw: tuple[int, int]) -> tuple[BoxOrder, ...]:
    if are_corners(raw) and not (raw[:, 2:] <= 0).any():
        return corner_orders(raw, size_hw)
    return ("cxcywh",) if inside(px, "cxcywh", size_hw) else ()


def _yolox(name: str) -> OutputReading:
    return OutputReading(
        candidates=YoloxCard(tensors=(name,), strides=STRIDES),
        fit="letterbox",
        align="top-left",
        colour="BGR",
        values="0..255",
        sure=("a row for each cell of the grids at strides 8, 16 and 32, whose boxes are not decoded: YOLOX",),
        guessed=("frames are fed as YOLOX's authors train: BGR, 0..255, letterboxed at the top left on grey 114",),
    )


def _objectness(scores: FloatArray, *, three_a_cell: bool) -> tuple[bool, ...]:
    """Say whether the number after the box is the score of being an object; both where nothing proves it, the likelier first.

    With it, class scores are given that there is an object, and stay high where there is none; without it they are near zero there.
    """
    if three_a_cell:
        return (True,)
    likely = scores.shape[1] > 1 and float(np.median(scores[:, 1:].max(axis=1))) > CONDITIONAL_SCORE
    return likely, not likely

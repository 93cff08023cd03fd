"""Decoded boxes before any NMS, recognised by shapes and values: in rows with their scores, or beside them."""

from collections.abc import Iterator

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.output_cards import BoxesCard, RowsCard, YoloxCard
from workbench.detectors.output_reading import BOX, OutputReading, Outputs
from workbench.detectors.output_values import (
    STRIDES,
    activation_of,
    are_boxes,
    are_corners,
    grid,
    has_background,
    inside,
    near_own_cell,
    units_of,
)
from workbench.stages import BoxOrder

ANCHORS_A_CELL = 3  # of YOLOv5
CONDITIONAL_SCORE = 0.1  # of the best class, in the median candidate, which is background; without objectness it is near 0.001


def rows(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """One output with a row a candidate: YOLOX's raw grids, or decoded boxes as YOLOv5, YOLOv8 and YOLO11 export."""
    ((name, output),) = outputs.items() if len(outputs) == 1 else ((None, np.zeros(0, np.float32)),)
    if name is None or output.ndim != 3 or min(output.shape[1:]) <= BOX:
        return
    transposed = output.shape[1] < output.shape[2]
    rows = np.swapaxes(output, 1, 2)[0] if transposed else output[0]
    centres, strides = grid(size_hw)
    one_a_cell, three_a_cell = len(rows) == len(centres), len(rows) == ANCHORS_A_CELL * len(centres)
    units = units_of(rows[:, :4])
    boxes = rows[:, :4] * (np.tile(size_hw[::-1], 2) if units == "normalised" else 1)
    if one_a_cell and not transposed and not near_own_cell(boxes, centres, strides):
        if rows.shape[1] > 5:
            yield _yolox(name)
        return
    order: BoxOrder = "xyxy" if are_corners(boxes) and not (boxes[:, 2:] <= 0).any() else "cxcywh"
    if not inside(boxes, order, size_hw):
        return
    for objectness in _objectness(rows, three_a_cell=three_a_cell):
        if rows.shape[1] <= (5 if objectness else 4):
            continue
        kind = "YOLOv5" if objectness else "YOLOv8 and YOLO11"
        sure = (f"{len(rows)} rows of decoded boxes in {units}", *((f"three a cell, as {kind} has",) if three_a_cell else ()))
        guessed = (
            f"{'' if objectness else 'no '}score of being an object before the class scores, as in {kind}",
            "frames are letterboxed in the middle on grey 114, as Ultralytics does",
        )
        card = RowsCard(
            tensors=(name,),
            transposed=transposed,
            objectness=objectness,
            order=order,
            units=units,
            activation=activation_of(rows[:, 4:]),
        )
        yield OutputReading(candidates=card, fit="letterbox", sure=sure, guessed=guessed)


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


def _objectness(rows: FloatArray, *, three_a_cell: bool) -> tuple[bool, ...]:
    """Say whether the number after the box is the score of being an object; both where nothing proves it, the likelier first.

    With it, class scores are given that there is an object, and stay high where there is none; without it they are near zero there.
    """
    if three_a_cell:
        return (True,)
    likely = rows.shape[1] > 5 and float(np.median(rows[:, 5:].max(axis=1))) > CONDITIONAL_SCORE
    return likely, not likely


def boxes_and_scores(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Decoded boxes `(1, A, 4)` and scores `(1, A, C)`."""
    shaped = {name: one for name, one in outputs.items() if one.ndim == 3}
    for name, boxes in shaped.items():
        partners = [other for other, one in shaped.items() if other != name and one.shape[:2] == boxes.shape[:2]]
        if boxes.shape[-1] != BOX or len(partners) != 1 or len(outputs) > 2:
            continue
        scores = shaped[partners[0]]
        if scores.shape[-1] == BOX and are_boxes(scores[0], size_hw) is not None and not are_boxes(boxes[0], size_hw):
            continue
        order = are_boxes(boxes[0], size_hw)
        if order is None:
            continue
        activation = activation_of(scores)
        background = has_background(scores, activation)
        card = BoxesCard(
            tensors=(name, partners[0]), order=order, units=units_of(boxes), background=background, activation=activation
        )
        sure = (f"{boxes.shape[1]} decoded boxes in {units_of(boxes)}, and scores for each",)
        what = {"xyxy": "xmin, ymin, xmax, ymax", "yxyx": "ymin, xmin, ymax, xmax", "cxcywh": "centre and size"}[order]
        guessed = (f"boxes are {what}", *(("the first score is of the background",) if background else ()))
        yield OutputReading(candidates=card, values="-1..1", sure=sure, guessed=guessed)

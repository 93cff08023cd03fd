"""Decoded boxes beside their scores, before any NMS, recognised by shapes, values and the names of DETR's kin."""

from collections.abc import Iterator

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.output_cards import BoxesCard, ClassIdsCard, DetrCard
from workbench.detectors.output_reading import (
    BOX,
    LOGITS,
    MOST_DETECTIONS,
    ORDER_WORDS,
    OutputReading,
    Outputs,
    called,
    flat_outputs,
)
from workbench.detectors.output_values import (
    INSIDE,
    MOSTLY,
    are_classes,
    are_corners,
    are_scores,
    box_orders,
    descends,
    grid,
    near_own_cell,
    numbered_labels,
    scoring_of,
    units_of,
)
from workbench.stages import Activation, Background

QUERIES_IN = 100  # DETR has 100 queries, its kin 200, 300 or 900: all in hundreds
BOXES_OF_QUERIES = {"pred_boxes", "dets", "boxes"}
SCORES_OF_QUERIES = {"pred_logits", "logits", "labels", "scores"}
NO_DETECTION = 0.05  # boxes that score less are candidates: after NMS such rows have no box either


def boxes_and_scores(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Decoded boxes `(1, A, 4)` and scores `(1, A, C)`; or without the first axis."""
    shaped = {name: one if one.ndim == 3 else one[None] for name, one in outputs.items() if one.ndim in (2, 3)}
    for name, boxes in shaped.items():
        partners = [other for other, one in shaped.items() if other != name and one.shape[:2] == boxes.shape[:2]]
        if boxes.shape[-1] != BOX or len(partners) != 1 or len(outputs) > 2:
            continue
        scores = shaped[partners[0]]
        if scores.shape[-1] == BOX and box_orders(scores[0], size_hw) and not box_orders(boxes[0], size_hw):
            continue
        activation, background = scoring_of(scores)
        if activation is None:
            continue
        for order in box_orders(boxes[0], size_hw):
            units = units_of(boxes)
            card = BoxesCard(tensors=(name, partners[0]), order=order, units=units, background=background, activation=activation)
            sure = (f"{boxes.shape[1]} decoded boxes in {units}, and scores for each",)
            guessed = (f"boxes are {ORDER_WORDS[order]}", *_scoring_words(activation, background))
            yield OutputReading(candidates=card, values="-1..1", sure=sure, guessed=guessed)


def _scoring_words(activation: Activation, background: Background | None) -> Iterator[str]:
    if background:
        yield f"the {background} score is of the background"
    if activation == "sigmoid":
        yield LOGITS
    elif activation == "softmax":
        yield "scores leave 0..1 and one is high nearly everywhere: they pass a softmax"


def queries(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """DETR and its kin: boxes `(1, Q, 4)` of centre and size in 0..1, and logits `(1, Q, C)`, perhaps among other outputs."""
    names = called(outputs, {"boxes": BOXES_OF_QUERIES, "scores": SCORES_OF_QUERIES})
    named = len(names) == 2 and names["boxes"].rpartition("/")[2].partition(":")[0] != "boxes"
    pairs = [(names["boxes"], names["scores"])] if named else [tuple(outputs)] if len(outputs) == 2 else []
    for pair in pairs:
        name, other = pair if outputs[pair[0]].shape[-1] == BOX else pair[::-1]
        boxes, scores = outputs[name], outputs[other]
        if not (boxes.ndim == scores.ndim == 3 and boxes.shape[-1] == BOX and boxes.shape[:2] == scores.shape[:2]):
            return
        activation, background = scoring_of(scores)
        if (
            activation is None
            or not _are_of_queries(boxes[0], size_hw)
            or not (named or activation != "none" or background == "last")
        ):
            return
        if not (named or background == "last" or boxes.shape[1] % QUERIES_IN == 0):
            return
        card = DetrCard(tensors=(name, other), background=background, activation=activation)
        sure = (f"{boxes.shape[1]} boxes of centre and size in 0..1 in no order of cells, and scores for each: DETR or its kin",)
        guessed = ("each object has one box: no NMS is wanted", *_scoring_words(activation, background))
        values = "imagenet" if background == "last" else "0..1"
        yield OutputReading(candidates=card, values=values, sure=sure, guessed=guessed)


def _are_of_queries(boxes: FloatArray, size_hw: tuple[int, int]) -> bool:
    """Whether boxes are of centre and size in 0..1, and not of cells one after the other."""
    if len(boxes) > MOST_DETECTIONS or are_corners(boxes) or units_of(boxes) != "normalised":
        return False
    corners = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
    sound = (boxes[:, 2:] >= 0).all(axis=1) & (corners >= -2 * INSIDE).all(axis=1) & (corners <= 1 + 2 * INSIDE).all(axis=1)
    centres, strides = grid(size_hw)
    in_cells = len(centres) == len(boxes) and near_own_cell(boxes * np.tile(size_hw[::-1], 2), centres, strides)
    return bool(sound.mean() >= MOSTLY) and not in_cells


def class_ids(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Decoded boxes `(1, A, 4)`, each with the score `(1, A)` and the number `(1, A)` of its best class, before any NMS."""
    parts = flat_outputs(outputs)
    if parts is None or len(outputs) != 3:
        return
    boxes, flat = outputs[parts[0]], parts[1]
    scores = [name for name in flat if are_scores(outputs[name]) and not are_classes(outputs[name])]
    classes = [name for name in flat if name not in scores and are_classes(outputs[name])]
    if len(scores) != 1 or len(classes) != 1 or boxes.ndim != BOX - 1:
        return
    best, units = outputs[scores[0]][0], units_of(boxes)
    if descends(best[None]) or not (len(best) > MOST_DETECTIONS or np.median(best) < NO_DETECTION):
        return
    for order in box_orders(boxes[0], size_hw):
        card = ClassIdsCard(tensors=(parts[0], scores[0], classes[0]), order=order, units=units)
        sure = (f"{boxes.shape[1]} decoded boxes in {units}, each with a score and the number of a class, before any NMS",)
        guessed = (f"boxes are {ORDER_WORDS[order]}", "the first label has number 0")
        yield OutputReading(
            candidates=card, fit="letterbox", sure=sure, guessed=guessed, labels=numbered_labels(outputs[classes[0]])
        )

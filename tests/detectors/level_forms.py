"""Detections written down as each family's network puts them out, by the formulas of its authors' training code."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor, log, sqrt
from typing import Any, NamedTuple

import numpy as np

from workbench.detections import Detections, FloatArray

NOTHING = -9.0  # a logit of what is not there
Box = tuple[float, float, float, float]  # centre and size, in pixels


class Anchor(NamedTuple):
    """A box that offsets are from, and where its numbers lie: level, row, column, and place in the cell."""

    box: Box
    level: int
    row: int
    column: int
    place: int


class Form(NamedTuple):
    """Outputs by name, in the order of the card's tensors, and the rest of the card's candidates."""

    outputs: Mapping[str, FloatArray]
    card: Mapping[str, Any]


def centred(found: Detections) -> Iterator[tuple[Box, float, int]]:
    """Give centre and size, score and class of each."""
    for (left, top, right, bottom), score, number in zip(found.boxes_xyxy_px, found.scores, found.class_ids, strict=True):
        yield ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top), float(score), int(number)


def logit(share: float) -> float:
    return log(share / (1 - share))


def cells(size_hw: tuple[int, int], stride: int) -> tuple[int, int]:
    return ceil(size_hw[0] / stride), ceil(size_hw[1] / stride)


def maps(size_hw: tuple[int, int], strides: Sequence[int], channels: int, value: float = 0.0) -> list[FloatArray]:
    return [np.full((1, *cells(size_hw, stride), channels), value, np.float32) for stride in strides]


def named(prefix: str, arrays: Sequence[FloatArray]) -> dict[str, FloatArray]:
    return {f"{prefix}{number}": one for number, one in enumerate(arrays)}


# YOLO's maps


def yolo(
    found: Detections, size_hw: tuple[int, int], classes: int, anchors: Sequence[Sequence[tuple[int, int]]], *, v5: bool
) -> list[FloatArray]:
    """Fill `(1, H, W, A, 5 + C)` maps at strides 8, 16, 32: darknet's yolo_layer.c, or YOLOv5's ComputeLoss turned around."""
    strides = [2 ** (6 - len(anchors) + number) for number in range(len(anchors))]
    levels = [
        np.full((1, *cells(size_hw, s), len(a), 5 + classes), NOTHING, np.float32) for s, a in zip(strides, anchors, strict=True)
    ]
    for (x, y, w, h), score, number in centred(found):
        level, place = min(
            ((n, k) for n, boxes in enumerate(anchors) for k in range(len(boxes))),
            key=lambda at: abs(log(w / anchors[at[0]][at[1]][0])) + abs(log(h / anchors[at[0]][at[1]][1])),
        )
        stride, (wide, high) = strides[level], anchors[level][place]
        column, row = floor(x / stride), floor(y / stride)
        inside_x, inside_y = x / stride - column, y / stride - row
        if v5:
            box = [logit((inside_x + 0.5) / 2), logit((inside_y + 0.5) / 2), logit(sqrt(w / wide) / 2), logit(sqrt(h / high) / 2)]
        else:
            box = [logit(inside_x), logit(inside_y), log(w / wide), log(h / high)]
        row_of_five = levels[level][0, row, column, place]
        assert row_of_five[4] == NOTHING, "two in one place"
        row_of_five[:5] = [*box, logit(sqrt(score))]
        row_of_five[5 + number] = logit(sqrt(score))
    return levels


# Distances


def distances(
    found: Detections, size_hw: tuple[int, int], classes: int, strides: Sequence[int], bins: int, point: float
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Fill maps of distances, a distribution over two neighbouring bins each, or FCOS's one, and of scores."""
    draw = np.random.default_rng(bins)  # where nothing is, a network puts out anything
    sides = [
        np.abs(one) if bins == 1 else one
        for one in (draw.normal(0, 2, one.shape).astype(np.float32) for one in maps(size_hw, strides, 4 * bins))
    ]
    scores = maps(size_hw, strides, classes, NOTHING)
    for (x, y, w, h), score, number in centred(found):
        level = min(range(len(strides)), key=lambda n: abs(max(w, h) / 2 - 3 * strides[n]))
        stride = strides[level]
        column, row = floor(x / stride), floor(y / stride)
        at_x, at_y = (column + point) * stride, (row + point) * stride
        ltrb = [at_x - (x - w / 2), at_y - (y - h / 2), x + w / 2 - at_x, y + h / 2 - at_y]
        if bins == 1:
            sides[level][0, row, column] = [one / stride for one in ltrb]
        else:
            for n, one in enumerate(ltrb):
                whole, rest = divmod(one / stride, 1)
                spread = np.full(bins, -40.0)
                spread[int(whole)], spread[int(whole) + 1] = log(1 - rest + 1e-9), log(rest + 1e-9)
                sides[level][0, row, column, n * bins : (n + 1) * bins] = spread
        scores[level][0, row, column, number] = logit(score)
    return sides, scores


# Offsets from anchors


def iou(one: Box, two: Box) -> float:
    wide, high = (
        max(0.0, min(one[n] + one[n + 2] / 2, two[n] + two[n + 2] / 2) - max(one[n] - one[n + 2] / 2, two[n] - two[n + 2] / 2))
        for n in (0, 1)
    )
    return wide * high / (one[2] * one[3] + two[2] * two[3] - wide * high)


def fill(
    found: Detections, anchors: Sequence[Anchor], shapes: Sequence[tuple[int, int, int]], classes: int, absent: float = NOTHING
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Give each detection to the anchor that it overlaps most: `(1, H, W, A, 4)` of tx, ty, log w, log h, and scores."""
    offsets = [np.zeros((1, *shape, 4), np.float32) for shape in shapes]
    scores = [np.full((1, *shape, classes), absent, np.float32) for shape in shapes]
    for box, score, number in centred(found):
        best = max(anchors, key=lambda one: iou(box, one.box))
        x, y, w, h = best.box
        at = (0, best.row, best.column, best.place)
        offsets[best.level][at] = [(box[0] - x) / w, (box[1] - y) / h, log(box[2] / w), log(box[3] / h)]
        scores[best.level][(*at, number)] = logit(score) if absent < 0 else score
    return offsets, scores


def efficientdet_anchors(size_hw: tuple[int, int], scale: float) -> Iterator[Anchor]:
    """As google/automl's efficientdet/tf2/anchors.py lists them, which gives half sizes along x and y by aspect pairs."""
    for level in range(5):
        rows, columns = cells(size_hw, 2 ** (level + 3))
        step_y, step_x = size_hw[0] / rows, size_hw[1] / columns
        for row in range(rows):
            for column in range(columns):
                boxes = [
                    (octave, aspect) for octave in (0, 1 / 3, 2 / 3) for aspect in ((1, 1), (1.4142, 0.7071), (0.7071, 1.4142))
                ]
                for place, (octave, (wide, high)) in enumerate(boxes):
                    base_x, base_y = scale * step_x * 2**octave, scale * step_y * 2**octave
                    centre = step_x / 2 + column * step_x, step_y / 2 + row * step_y
                    yield Anchor((*centre, base_x * wide, base_y * high), level, row, column, place)


def keras_cv_anchors(size_hw: tuple[int, int]) -> Iterator[Anchor]:
    """As KerasCV's AnchorGenerator lists them for RetinaNet, cut off at the picture's edges."""
    for level, size in enumerate((32, 64, 128, 256, 512)):
        stride = 2 ** (level + 3)
        rows, columns = cells(size_hw, stride)
        for row in range(rows):
            for column in range(columns):
                for place, (scale, ratio) in enumerate((s, r) for s in (1, 2 ** (1 / 3), 2 ** (2 / 3)) for r in (0.5, 1.0, 2.0)):
                    wide, high = size * scale * sqrt(ratio), size * scale / sqrt(ratio)
                    x, y = (column + 0.5) * stride, (row + 0.5) * stride
                    left, right = (min(max(x + half * wide, 0), size_hw[1]) for half in (-0.5, 0.5))
                    top, bottom = (min(max(y + half * high, 0), size_hw[0]) for half in (-0.5, 0.5))
                    if right > left and bottom > top:
                        yield Anchor(
                            ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top), level, row, column, place
                        )


def keras_hub_anchors(size_hw: tuple[int, int]) -> Iterator[Anchor]:
    """As KerasHub's AnchorGenerator lists them: from the cells' corners, whole steps, heights by the root of the ratio, rounded."""
    for level in range(5):
        stride = 2 ** (level + 3)
        rows, columns = cells(size_hw, stride)
        step_y, step_x = size_hw[0] // rows, size_hw[1] // columns
        sizes = [int(stride * 4 * 2 ** (n / 3)) for n in range(3)]
        for row in range(rows):
            for column in range(columns):
                for place, (ratio, size) in enumerate((r, s) for r in (0.5, 1.0, 2.0) for s in sizes):
                    half_w, half_h = round(size / sqrt(ratio) / 2), round(size * sqrt(ratio) / 2)
                    yield Anchor((column * step_x, row * step_y, 2 * half_w, 2 * half_h), level, row, column, place)


def multiscale_anchors(size_hw: tuple[int, int]) -> Iterator[Anchor]:
    """As the Object Detection API's multiscale_anchor_generator lists them: two scales, no offset where a side does not divide."""
    for level in range(5):
        stride = 2 ** (level + 3)
        rows, columns = cells(size_hw, stride)
        first_y, first_x = (stride / 2 if side % stride == 0 else 0 for side in size_hw)
        for row in range(rows):
            for column in range(columns):
                for place, (ratio, scale) in enumerate((r, s) for r in (1.0, 2.0, 0.5) for s in (1.0, sqrt(2))):
                    wide, high = scale * sqrt(ratio) * 4 * stride, scale / sqrt(ratio) * 4 * stride
                    yield Anchor((column * stride + first_x, row * stride + first_y, wide, high), level, row, column, place)


def ssd_anchors(size_hw: tuple[int, int], strides: Sequence[int]) -> Iterator[Anchor]:
    """As the Object Detection API's create_ssd_anchors lists them, in units of the shorter side."""
    scales = [0.2 + (0.95 - 0.2) * n / (len(strides) - 1) for n in range(len(strides))] + [1.0]
    for level, stride in enumerate(strides):
        specs = [(scales[level], ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 0.3333)] + [
            (sqrt(scales[level] * scales[level + 1]), 1.0)
        ]
        if level == 0:
            specs = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
        rows, columns = cells(size_hw, stride)
        for row in range(rows):
            for column in range(columns):
                for place, (scale, ratio) in enumerate(specs):
                    centre = (column + 0.5) * size_hw[1] / columns, (row + 0.5) * size_hw[0] / rows
                    sides = scale * sqrt(ratio) * min(size_hw), scale / sqrt(ratio) * min(size_hw)
                    yield Anchor((*centre, *sides), level, row, column, place)


def shapes_of(anchors: Sequence[Anchor]) -> list[tuple[int, int, int]]:
    """Return rows, columns and anchors a cell of each level."""
    levels = sorted({one.level for one in anchors})
    parts = [[one for one in anchors if one.level == level] for level in levels]
    return [tuple(1 + max(one[n] for one in part) for n in (2, 3, 4)) for part in parts]  # type: ignore[misc]


def flat(levels: Sequence[FloatArray], columns: int) -> FloatArray:
    """Join levels as rows."""
    return np.concatenate([one.reshape(1, -1, columns) for one in levels], axis=1)


def yx(offsets: FloatArray) -> FloatArray:
    return offsets[..., [1, 0, 3, 2]]


def as_map(level: FloatArray) -> FloatArray:
    """Turn `(1, H, W, A, K)` into `(1, H, W, A * K)`."""
    return level.reshape(*level.shape[:3], -1)


def channels_first(level: FloatArray) -> FloatArray:
    return np.ascontiguousarray(np.moveaxis(level, -1, 1))


def mediapipe(found: Detections, size_hw: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    """Fill `(1, A, 16)` of box and key points in 128ths of the input's sides, and `(1, A, C)` logits: BlazeFace's two levels."""
    height, width = size_hw
    places = [
        (column, row, columns, rows, place)
        for stride, count in ((8, 2), (16, 6))
        for rows, columns in (cells(size_hw, stride),)
        for row in range(rows)
        for column in range(columns)
        for place in range(count)
    ]
    boxes, scores = np.zeros((1, len(places), 16), np.float32), np.full((1, len(places), 3), -100.0, np.float32)
    for (x, y, w, h), score, number in centred(found):
        near = min(
            range(len(places)),
            key=lambda n: (
                abs((places[n][0] + 0.5) / places[n][2] - x / width) + abs((places[n][1] + 0.5) / places[n][3] - y / height)
            ),
        )
        column, row, columns, rows, _ = places[near]
        boxes[0, near, :4] = (
            np.array([x / width - (column + 0.5) / columns, y / height - (row + 0.5) / rows, w / width, h / height]) * 128
        )
        scores[0, near, number] = logit(score)
    return boxes, scores


def with_background(scores: FloatArray, *, last: bool) -> FloatArray:
    """Return softmax scores of scores in 0..1, that of nothing first or last."""
    nothing = np.clip(1 - scores.sum(axis=-1, keepdims=True), 0, 1)
    return np.concatenate([scores, nothing] if last else [nothing, scores], axis=-1)


def forms(found: Detections, size_hw: tuple[int, int], classes: int) -> dict[str, Form]:
    """Write detections down in every form."""
    v3 = (((10, 13), (16, 30), (33, 23)), ((30, 61), (62, 45), (59, 119)), ((116, 90), (156, 198), (373, 326)))
    tiny = (((10, 14), (23, 27), (37, 58)), ((81, 82), (135, 169), (344, 319)))
    as_v3, as_v5, as_tiny = (
        yolo(found, size_hw, classes, v3, v5=False),
        yolo(found, size_hw, classes, v3, v5=True),
        yolo(found, size_hw, classes, tiny, v5=False),
    )
    square = {"sizes": "square", "scale_xy": 2.0}
    sides, quiet = distances(found, size_hw, classes, (8, 16, 32), 16, 0.5)
    nano_sides, nano_quiet = distances(found, size_hw, classes, (8, 16, 32, 64), 8, 0.0)
    nano = flat(
        [np.concatenate([1 / (1 + np.exp(-b)), a], axis=-1) for a, b in zip(nano_sides, nano_quiet, strict=True)], classes + 32
    )
    plain, plain_quiet = distances(found, size_hw, classes, (8, 16, 32), 1, 0.5)
    nano_card = {"kind": "distances", "bins": 8, "strides": (8, 16, 32, 64), "point": 0.0}
    shared = [np.concatenate(pair, axis=-1) for pair in zip(sides, quiet, strict=True)]
    result = {
        "yolov3": Form(named("out", [as_map(one) for one in as_v3]), {"kind": "yolo-maps"}),
        "yolov3, five axes": Form(named("out", as_v3), {"kind": "yolo-maps"}),
        "yolov3, rows": Form({"out": flat(as_v3, 5 + classes)}, {"kind": "yolo-maps"}),
        "yolov3, planar": Form(named("out", [channels_first(as_map(one)) for one in as_v3]), {"kind": "yolo-maps", "planar": True}),
        "yolov3-tiny": Form(
            named("out", [as_map(one) for one in as_tiny]), {"kind": "yolo-maps", "anchors": "yolov3-tiny", "strides": (16, 32)}
        ),
        "yolov5 maps": Form(
            named("out", [np.moveaxis(one, 3, 1) for one in as_v5]), {"kind": "yolo-maps", "planar": True, **square}
        ),
        "yolov5, after the sigmoid": Form(
            named("out", [as_map(1 / (1 + np.exp(-one))) for one in as_v5]), {"kind": "yolo-maps", "activation": "none", **square}
        ),
        "yolov8 maps": Form(named("out", shared), {"kind": "distances"}),
        "yolov8, planar": Form(named("out", [channels_first(one) for one in shared]), {"kind": "distances", "planar": True}),
        "yolov8, in pairs": Form({**named("box", sides), **named("cls", quiet)}, {"kind": "distances", "separate": True}),
        "nanodet": Form({"out": nano}, {**nano_card, "scores_first": True, "activation": "none"}),
        "nanodet, in pairs": Form({**named("dis", nano_sides), **named("cls", nano_quiet)}, {**nano_card, "separate": True}),
        "fcos": Form({**named("box", plain), **named("cls", plain_quiet)}, {"kind": "distances", "bins": 1, "separate": True}),
        "fcos, in pixels": Form(
            {**named("box", [one * 2 ** (n + 3) for n, one in enumerate(plain)]), **named("cls", plain_quiet)},
            {"kind": "distances", "bins": 1, "separate": True, "units": "pixels"},
        ),
    }
    retina = {"kind": "ssd", "center_variance": 1.0, "size_variance": 1.0, "activation": "sigmoid"}
    for scale, name in ((4.0, "efficientdet"), (3.0, "efficientdet-lite")):
        anchors = list(efficientdet_anchors(size_hw, scale))
        offsets, scores = fill(found, anchors, shapes_of(anchors), classes)
        generator = {"kind": "efficientdet", "anchor_scale": scale}
        outputs = {**named("box", [as_map(yx(one)) for one in offsets]), **named("class", [as_map(one) for one in scores])}
        result[name] = Form(outputs, {**retina, "order": "yx", "anchor_generator": generator})
    for name, anchors, order in (
        ("keras-cv", list(keras_cv_anchors(size_hw)), "yx"),
        ("keras-hub", list(keras_hub_anchors(size_hw)), "xy"),
        ("multiscale", list(multiscale_anchors(size_hw)), "yx"),
    ):
        offsets, scores = fill(found, anchors, shapes_of(anchors), classes)
        joined = flat(offsets, 4) if order == "xy" else yx(flat(offsets, 4))
        variances = (
            {"center_variance": 1.0, "size_variance": 1.0}
            if name == "keras-hub"
            else {"center_variance": 0.1, "size_variance": 0.2}
        )
        scaled = (joined / np.array([variances["center_variance"]] * 2 + [variances["size_variance"]] * 2)).astype(np.float32)
        result[name] = Form(
            {"box": scaled, "class": flat(scores, classes)},
            {**retina, **variances, "order": order, "anchor_generator": {"kind": name}},
        )
    anchors = list(ssd_anchors(size_hw, (16, 32, 64)))
    offsets, scores = fill(found, anchors, shapes_of(anchors), classes, absent=0.0)
    scaled = (yx(flat(offsets, 4)) * [10, 10, 5, 5]).astype(np.float32)
    ssd = {"kind": "ssd", "order": "yx", "anchor_generator": {"kind": "ssd", "strides": (16, 32, 64)}}
    first = with_background(flat(scores, classes), last=False)
    result["ssd, background first"] = Form({"box": scaled, "class": first}, {**ssd, "background": "first"})
    last = with_background(flat(scores, classes), last=True)
    result["ssd, background last"] = Form({"box": scaled, "class": last}, {**ssd, "background": "last"})
    result["ssd, softmax"] = Form(
        {"box": scaled, "class": np.log(first + 1e-7) + 3}, {**ssd, "background": "first", "activation": "softmax"}
    )
    result["ssd, no background"] = Form({"box": scaled, "class": flat(scores, classes)}, ssd)
    result["ssd, maps"] = Form(
        {
            **named("box", [as_map(yx(one) * np.float32([10, 10, 5, 5])) for one in offsets]),
            **named("class", [as_map(one) for one in scores]),
        },
        ssd,
    )
    boxes, logits = mediapipe(found, size_hw)
    blaze = {"kind": "ssd", "strides": (8, 16, 16, 16), "ratios": (1.0,), "reduced_lowest": False, "fixed_size": True}
    result["mediapipe"] = Form(
        {"box": boxes, "class": logits},
        {
            "kind": "ssd",
            "center_variance": 1 / 128,
            "size_variance": 1 / 128,
            "sizes": "linear",
            "activation": "sigmoid",
            "anchor_generator": blaze,
        },
    )
    return result

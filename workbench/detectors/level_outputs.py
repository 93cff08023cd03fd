"""Outputs that start from anchors or from the cells of grids, recognised by their sizes against the input's.

How many maps there are, and how many cells and channels each has, tells the family or leaves a few; that a network is sure of few
places in a frame tells these few apart, for under a wrong reading other numbers than scores pass for scores.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.detections import FloatArray
from workbench.detectors.anchor_generators import PyramidGenerator, SsdGenerator
from workbench.detectors.level_cards import DistancesCard, SsdCard, YoloMapsCard
from workbench.detectors.output_reading import BOX, OutputReading, Outputs
from workbench.detectors.output_values import MOSTLY, are_boxes, are_scores, scoring_of
from workbench.errors import ModelError
from workbench.stages import Fit

FIRST_STRIDES = (4, 8, 16, 32)  # pixels a cell of the finest map
SURE, BUSY = 0.5, 0.2  # a score, and the share of places that reach it at most: a detector is sure of few
BINS = (8, 16, 17)  # of a distance's distribution: NanoDet, YOLOv8, and YOLOv6 with GFL's reg_max of 16
YOLO_TABLES = {3: "yolov3", 2: "yolov3-tiny"}  # by the number of levels
ANCHORS_A_CELL = 3  # of YOLO
PYRAMID = (8, 16, 32, 64, 128)
LITE_SIDES, LITE_SCALE = (320, 384, 448), 3.0  # of EfficientDet-Lite0 to 2, and the strides of its smallest anchors
MEDIAPIPE = ((8, 16, 16, 16), (16, 32, 32, 32), (8, 16, 32, 32, 32))  # strides of face and palm, face at a distance, pose
BOX_NAMES = re.compile(r"box|bbox|reg|loc|dis")
_Family = tuple[str, str, Mapping[str, object]]  # what it is called, how it is usually fed, and the rest of its card
CENTRED = "frames are letterboxed in the middle on grey 114, as such detectors usually want it"


@dataclass(frozen=True, slots=True)
class _Levels:
    """Maps, ordered from fine to coarse.

    Attributes:
        strides: Pixels a cell of each level.
        names: Names of the outputs of each level.
        planar: Whether their channels come first.
    """

    strides: tuple[int, ...]
    names: tuple[tuple[str, ...], ...]
    planar: bool

    def channels(self, output: FloatArray) -> int:
        return int(output.shape[1] if self.planar and output.ndim == 4 else output.shape[-1])


def _cells(size_hw: tuple[int, int], stride: int) -> tuple[int, int]:
    return -(-size_hw[0] // stride), -(-size_hw[1] // stride)


def _count(size_hw: tuple[int, int], strides: Iterable[int]) -> int:
    return sum(rows * columns for rows, columns in (_cells(size_hw, stride) for stride in strides))


def _levels(outputs: Outputs, size_hw: tuple[int, int]) -> _Levels | None:
    """Place maps by their rows and columns; each level is half as fine as the one before and has as many outputs."""
    if not outputs or any(one.ndim not in (4, 5) for one in outputs.values()):
        return None
    for planar in (False, True):
        placed: dict[tuple[int, ...], list[str]] = {}
        for name, one in outputs.items():
            placed.setdefault(one.shape[2:4] if planar else one.shape[1:3], []).append(name)
        sizes = sorted(placed, reverse=True)
        first = next((stride for stride in FIRST_STRIDES if _cells(size_hw, stride) == sizes[0]), None)
        strides = tuple((first or 0) * 2**n for n in range(len(sizes)))
        if (
            first
            and [_cells(size_hw, stride) for stride in strides] == sizes
            and len({len(names) for names in placed.values()}) == 1
        ):
            return _Levels(strides, tuple(tuple(placed[size]) for size in sizes), planar)
    return None


def _quiet(options: Iterable[OutputReading], outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Give those options under which a network is sure of few places, the quietest first."""
    heard = []
    for option in options:
        assert option.candidates is not None, "these are all of candidates"
        try:
            _, scores = option.candidates.head().candidates([outputs[name][:1] for name in option.candidates.tensors], size_hw)
        except (ModelError, ValueError):  # its numbers do not divide as this reading has it
            continue
        if scores.shape[-1] and (busy := float((scores.max(axis=-1) > SURE).mean())) <= BUSY:
            heard.append((round(busy, 2), option))
    yield from (option for _, option in sorted(heard, key=lambda one: one[0]))


# Grids: distances, and YOLO's maps


def grids(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Distances from cells (YOLOv8's raw maps, NanoDet, FCOS) and YOLO's maps with anchors, whose values alone tell them apart."""
    levels = _levels(outputs, size_hw)
    if levels is None:
        options = [*_rows_of_grids(outputs, size_hw)]
    elif len(levels.names[0]) == 1:
        names = tuple(names[0] for names in levels.names)
        options = [*_yolo_maps(outputs, names, levels), *_shared_distances(outputs, names, levels.strides, planar=levels.planar)]
    else:
        options = [*_separate_distances(outputs, levels)]
    yield from _quiet(options, outputs, size_hw)


def _yolo_maps(outputs: Outputs, names: tuple[str, ...], levels: _Levels) -> Iterator[OutputReading]:
    first = outputs[names[0]]
    anchors = first.shape[1 if levels.planar else 3] if first.ndim == 5 else ANCHORS_A_CELL
    numbers = levels.channels(first) // (1 if first.ndim == 5 else anchors)
    if anchors == ANCHORS_A_CELL and numbers > BOX + 1 and (first.ndim == 5 or levels.channels(first) % anchors == 0):
        yield from _yolo(outputs, names, levels.strides, planar=levels.planar)


def _yolo(outputs: Outputs, names: tuple[str, ...], strides: tuple[int, ...], *, planar: bool) -> Iterator[OutputReading]:
    """Give both formulas, that of PyTorch's YOLO first where axes are in its order."""
    table = YOLO_TABLES.get(len(strides))
    if table is None or strides[-1] != 32:
        return
    passed = all(are_scores(outputs[name]) for name in names)
    for square in (True,) if passed else (planar, not planar):
        family = "YOLOv5" if square else "YOLOv3"
        card = YoloMapsCard(
            tensors=names,
            anchors=table,
            strides=strides,
            sizes="square" if square else "exponential",
            scale_xy=2.0 if square else 1.0,
            planar=planar,
            activation="none" if passed else "sigmoid",
        )
        sure = (f"{len(strides)} levels with three anchors a cell at strides {_listed(strides)}",)
        guessed = (f"boxes are decoded by the formula of {family}", f"anchors are those of {table}, which few retrain", CENTRED)
        yield OutputReading(candidates=card, fit="letterbox", sure=sure, guessed=guessed)


def _shared_distances(
    outputs: Outputs, names: tuple[str, ...], strides: tuple[int, ...], *, planar: bool
) -> Iterator[OutputReading]:
    """Distances and scores in one output a level, or in one of all: YOLOv8 has distances first, NanoDet scores."""
    joined = [np.moveaxis(outputs[name], 1, -1) if planar else outputs[name] for name in names]
    for bins, scores_first in ((16, False), (8, True)):
        sides = BOX * bins
        parts = [(one[..., :-sides], one[..., -sides:]) if scores_first else (one[..., sides:], one[..., :sides]) for one in joined]
        if any(one.shape[-1] <= sides or one.ndim == 5 for one in joined) or not all(_logits(part) for _, part in parts):
            continue
        passed = all(are_scores(scores) for scores, _ in parts)
        if passed and not scores_first:  # rows of decoded boxes and class scores look so
            continue
        yield _distances(names, strides, bins, planar=planar, scores_first=scores_first, activation="none" if passed else "sigmoid")


def _separate_distances(outputs: Outputs, levels: _Levels) -> Iterator[OutputReading]:
    for boxes, scores in _pairs(outputs, levels):
        sides = {levels.channels(outputs[name]) for name in boxes}
        bins = next(iter(sides)) // BOX
        plain = bins == 1 and np.mean([(outputs[name] >= 0).mean() for name in boxes]) >= MOSTLY
        if len(sides) == 1 and (bins in BINS or plain) and len({levels.channels(outputs[name]) for name in scores}) == 1:
            passed = all(are_scores(outputs[name]) for name in scores)
            activation = "none" if passed else "sigmoid"
            yield _distances((*boxes, *scores), levels.strides, bins, planar=levels.planar, separate=True, activation=activation)


def _rows_of_grids(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """All levels in one output of rows, or in one of distances and one of scores."""
    if any(one.ndim != 3 for one in outputs.values()) or len(outputs) > 2:
        return
    names = tuple(outputs)
    for strides in ((8, 16, 32), (8, 16, 32, 64), (16, 32)):
        cells = _count(size_hw, strides)
        for planar in (False, True):
            rows = {outputs[name].shape[2 if planar else 1] for name in names}
            if rows == {cells} and len(names) == 1:
                yield from _shared_distances(outputs, names, strides, planar=planar)
            elif rows == {cells} and not any(
                one.shape[-1] == BOX and are_boxes(one[0], size_hw) is not None for one in outputs.values()
            ):
                yield from _separate_distances(outputs, _Levels(strides, (names,), planar))
            elif rows == {cells * ANCHORS_A_CELL} and len(names) == 1 and _logits(outputs[names[0]][..., BOX:]):
                yield from _yolo(outputs, names, strides, planar=planar)


def _distances(names: tuple[str, ...], strides: tuple[int, ...], bins: int, **values: object) -> OutputReading:
    point = 0.0 if bins == 8 else 0.5
    card = DistancesCard.model_validate({"tensors": names, "strides": strides, "bins": bins, "point": point, **values})
    what = f"distributions over {bins} numbers" if bins > 1 else "numbers"
    sure = (f"{len(strides)} levels at strides {_listed(strides)}, and distances as {what}",)
    family = "NanoDet-Plus" if bins == 8 else "YOLOv8" if bins == 16 else "FCOS"
    where = "in the corner" if bins == 8 else "in the middle"
    guessed = (f"distances are from a point {where} of each cell, as in {family}", CENTRED)
    return OutputReading(candidates=card, fit="letterbox", sure=sure, guessed=guessed)


# Offsets from anchors


def anchored(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Offsets from anchors of a known family: EfficientDet, RetinaNet, the Object Detection API's SSD, MediaPipe."""
    levels = _levels(outputs, size_hw)
    if levels is not None and len(levels.names[0]) == 2:
        options = [
            reading
            for boxes, scores in _pairs(outputs, levels)
            for count in [levels.channels(outputs[boxes[0]]) // BOX]
            if levels.strides == PYRAMID and len({levels.channels(outputs[name]) for name in boxes}) == 1
            for reading in _of_count(outputs, (*boxes, *scores), count, size_hw, planar=levels.planar)
        ]
    else:
        options = [*_anchored_rows(outputs, size_hw)]
    yield from _quiet(options, outputs, size_hw)


def _anchored_rows(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Offsets `(1, A, 4)`, or with key points behind them, and scores `(1, A, C)`, where a family's anchors are as many."""
    if len(outputs) != 2 or any(one.ndim != 3 for one in outputs.values()):
        return
    for boxes, scores in (tuple(outputs), tuple(outputs)[::-1]):
        rows, columns = outputs[boxes].shape[1:]
        if rows != outputs[scores].shape[1] or (columns == BOX and are_boxes(outputs[boxes][0], size_hw) is not None):
            continue
        names = boxes, scores
        if columns == BOX:
            count, rest = divmod(rows, _count(size_hw, PYRAMID))
            yield from () if rest else _of_count(outputs, names, count, size_hw, planar=False)
            generator = SsdGenerator(kind="ssd")
            if rows == _anchors(generator, size_hw):
                card = {"anchor_generator": generator, "background": "first"}
                yield _offsets(outputs, names, "the Object Detection API's SSD", card, values="-1..1")
        elif columns > BOX and columns % 2 == 0 and outputs[scores].shape[2] == 1:
            yield from _mediapipe(outputs, names, rows, size_hw)


def _of_count(
    outputs: Outputs, names: tuple[str, ...], count: int, size_hw: tuple[int, int], *, planar: bool
) -> Iterator[OutputReading]:
    """Give the families that have so many anchors a cell of a pyramid; names tell the Keras ones."""
    if count == 6:
        multiscale = {"anchor_generator": PyramidGenerator(kind="multiscale"), "background": "first", "planar": planar}
        yield _offsets(outputs, names, "the Object Detection API's SSD with a pyramid", multiscale, values="-1..1")
    if count != 9:
        return
    whole = {"center_variance": 1.0, "size_variance": 1.0, "planar": planar}
    families: list[_Family] = [
        (
            "EfficientDet-Lite" if scale == LITE_SCALE else "EfficientDet",
            "-1..1" if scale == LITE_SCALE else "imagenet",
            {**whole, "anchor_generator": PyramidGenerator(kind="efficientdet", anchor_scale=scale)},
        )
        for scale in sorted((LITE_SCALE, 4.0), reverse=min(size_hw) not in LITE_SIDES)
    ]
    keras_cv: _Family = "KerasCV's RetinaNet", "0..255", {"anchor_generator": PyramidGenerator(kind="keras-cv"), "planar": planar}
    generator = PyramidGenerator(kind="keras-hub")
    keras_hub: _Family = "KerasHub's RetinaNet", "imagenet", {**whole, "anchor_generator": generator, "order": "xy"}
    called = " ".join(names)
    known = [keras_hub] if "bbox_regression" in called else [keras_cv] if "classification" in called else None
    for family, values, card in known or [*families, keras_cv, keras_hub]:
        yield _offsets(outputs, names, family, card, values=values)


def _mediapipe(outputs: Outputs, names: tuple[str, ...], rows: int, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    for strides in MEDIAPIPE:
        generator = SsdGenerator(kind="ssd", strides=strides, ratios=(1.0,), reduced_lowest=False, fixed_size=True)
        if rows == _anchors(generator, size_hw):
            scale = 1 / size_hw[0]
            card = {"anchor_generator": generator, "order": "xy", "sizes": "linear"}
            card |= {"center_variance": scale, "size_variance": scale}
            yield _offsets(outputs, names, "MediaPipe", card, values="-1..1", fit="letterbox")


def _offsets(
    outputs: Outputs, names: tuple[str, ...], family: str, card: Mapping[str, object], *, values: str, fit: Fit = "stretch"
) -> OutputReading:
    activation, _ = scoring_of(outputs[names[len(names) // 2]])
    filled = {"tensors": names, "order": "yx", "activation": activation, **card}
    sure = (f"as many offsets as {family} has anchors at this size",)
    guessed = (
        f"anchors, their order and variances are those of {family}",
        *(("the first score is of the background",) if "background" in card else ()),
        *((f"scores leave 0..1: they pass a {activation}",) if activation != "none" else ()),
    )
    return OutputReading(candidates=SsdCard.model_validate(filled), fit=fit, values=values, sure=sure, guessed=guessed)


def _anchors(generator: SsdGenerator, size_hw: tuple[int, int]) -> int:
    return sum(_count(size_hw, [grid.stride_px or 1]) * len(grid.boxes_wh) for grid in generator.grids())


@dataclass(frozen=True, slots=True)
class OffsetMaps:
    """Outputs that seem to be offsets from anchors nobody knows, and scores.

    Attributes:
        tensors: Their names: those of offsets, and then as many of scores.
        classes: How many classes these score, a background among them.
        strides: Pixels a cell of each level; none where all levels lie in one output.
        anchors: How many a cell has on each level.
        planar: Whether channels come first.
    """

    tensors: tuple[str, ...]
    classes: int
    strides: tuple[int, ...] = ()
    anchors: tuple[int, ...] = ()
    planar: bool = False


def offset_maps(outputs: Outputs, size_hw: tuple[int, int]) -> OffsetMaps | None:
    """Find maps of offsets and of scores, two a level."""
    levels = _levels(outputs, size_hw)
    for boxes, scores in _pairs(outputs, levels) if levels and len(levels.names[0]) == 2 else ():
        assert levels is not None, "pairs are of levels"
        anchors = tuple(levels.channels(outputs[name]) // BOX for name in boxes)
        classes = {divmod(levels.channels(outputs[name]), count) for name, count in zip(scores, anchors, strict=True)}
        if len(classes) == 1 and (whole := classes.pop())[1] == 0:
            return OffsetMaps((*boxes, *scores), whole[0], levels.strides, anchors, levels.planar)
    return None


def _pairs(outputs: Outputs, levels: _Levels) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Give the outputs of boxes and those of scores, as channels allow it; names decide where both could be either."""

    def numbers(name: str) -> int:
        return levels.channels(outputs[name])

    ordered = [sorted(names, key=lambda name: (BOX_NAMES.search(name.lower()) is None, numbers(name))) for names in levels.names]
    for flipped in (False, True):
        boxes, scores = (tuple(names[place] for names in ordered) for place in ((1, 0) if flipped else (0, 1)))
        if all(numbers(name) % BOX == 0 for name in boxes):
            yield boxes, scores


def _logits(values: FloatArray) -> bool:
    """Whether values are no scores, of which none is negative."""
    return bool(values.min() < 0)


def _listed(strides: Sequence[int]) -> str:
    return ", ".join(map(str, strides))

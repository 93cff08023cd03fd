"""Outputs that are offsets from anchors: of families whose number of them is known, or of anchors that a card has to tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workbench.detectors.anchor_generators import PyramidGenerator, SsdGenerator
from workbench.detectors.level_cards import SsdCard
from workbench.detectors.levels import boxes_and_scores_of, cell_count, placed_levels, quiet
from workbench.detectors.output_reading import BOX, OutputReading, Outputs
from workbench.detectors.output_values import box_orders, scoring_of
from workbench.stages import Fit

PYRAMID = (8, 16, 32, 64, 128)
LITE_SIDES, LITE_SCALE = (320, 384, 448), 3.0  # of EfficientDet-Lite0 to 2, and the strides of its smallest anchors
MEDIAPIPE = ((8, 16, 16, 16), (16, 32, 32, 32), (8, 16, 32, 32, 32))  # strides of face and palm, face at a distance, pose
_Family = tuple[str, str, Mapping[str, object]]  # what it is called, how it is usually fed, and the rest of its card


def anchored(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Offsets from anchors of a known family: EfficientDet, RetinaNet, the Object Detection API's SSD, MediaPipe."""
    levels = placed_levels(outputs, size_hw)
    if levels is not None and len(levels.names[0]) == 2:
        options = [
            reading
            for boxes, scores in boxes_and_scores_of(outputs, levels)
            for count in [levels.channels(outputs[boxes[0]]) // BOX]
            if levels.strides == PYRAMID and len({levels.channels(outputs[name]) for name in boxes}) == 1
            for reading in _of_count(outputs, (*boxes, *scores), count, size_hw, planar=levels.planar)
        ]
    else:
        options = [*_anchored_rows(outputs, size_hw)]
    yield from quiet(options, outputs, size_hw)


def _anchored_rows(outputs: Outputs, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    """Offsets `(1, A, 4)`, or with key points behind them, and scores `(1, A, C)`, where a family's anchors are as many."""
    if len(outputs) != 2 or any(one.ndim != 3 for one in outputs.values()):
        return
    for boxes, scores in (tuple(outputs), tuple(outputs)[::-1]):
        rows, columns = outputs[boxes].shape[1:]
        if rows != outputs[scores].shape[1] or (columns == BOX and box_orders(outputs[boxes][0], size_hw)):
            continue
        names = boxes, scores
        if columns == BOX:
            count, rest = divmod(rows, cell_count(size_hw, PYRAMID))
            yield from () if rest else _of_count(outputs, names, count, size_hw, planar=False)
            generator = SsdGenerator(kind="ssd")
            if rows == _anchors(generator, size_hw):
                card = {"anchor_generator": generator, "background": "first"}
                yield from _offsets(outputs, names, "the Object Detection API's SSD", card, values="-1..1")
        elif columns > BOX and columns % 2 == 0 and outputs[scores].shape[2] == 1:
            yield from _mediapipe(outputs, names, rows, size_hw)


def _of_count(
    outputs: Outputs, names: tuple[str, ...], count: int, size_hw: tuple[int, int], *, planar: bool
) -> Iterator[OutputReading]:
    """Give the families that have so many anchors a cell of a pyramid; names tell the Keras ones."""
    if count == 6:
        multiscale = {"anchor_generator": PyramidGenerator(kind="multiscale"), "background": "first", "planar": planar}
        yield from _offsets(outputs, names, "the Object Detection API's SSD with a pyramid", multiscale, values="-1..1")
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
        yield from _offsets(outputs, names, family, card, values=values)


def _mediapipe(outputs: Outputs, names: tuple[str, ...], rows: int, size_hw: tuple[int, int]) -> Iterator[OutputReading]:
    for strides in MEDIAPIPE:
        generator = SsdGenerator(kind="ssd", strides=strides, ratios=(1.0,), reduced_lowest=False, fixed_size=True)
        if rows == _anchors(generator, size_hw):
            scale = 1 / size_hw[0]
            card = {"anchor_generator": generator, "order": "xy", "sizes": "linear"}
            card |= {"center_variance": scale, "size_variance": scale}
            yield from _offsets(outputs, names, "MediaPipe", card, values="-1..1", fit="letterbox")


def _offsets(
    outputs: Outputs, names: tuple[str, ...], family: str, card: Mapping[str, object], *, values: str, fit: Fit = "stretch"
) -> Iterator[OutputReading]:
    activation, _ = scoring_of(outputs[names[len(names) // 2]])
    if activation is None:
        return
    filled = {"tensors": names, "order": "yx", "activation": activation, **card}
    sure = (f"as many offsets as {family} has anchors at this size",)
    guessed = (
        f"anchors, their order and variances are those of {family}",
        *(("the first score is of the background",) if "background" in card else ()),
        *((f"scores leave 0..1: they pass a {activation}",) if activation != "none" else ()),
    )
    yield OutputReading(candidates=SsdCard.model_validate(filled), fit=fit, values=values, sure=sure, guessed=guessed)


def _anchors(generator: SsdGenerator, size_hw: tuple[int, int]) -> int:
    return sum(cell_count(size_hw, [grid.stride_px or 1]) * len(grid.boxes_wh) for grid in generator.grids())


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

    @property
    def scores(self) -> str:
        """Name of the first output of scores."""
        return self.tensors[len(self.tensors) // 2]


def offset_maps(outputs: Outputs, size_hw: tuple[int, int]) -> OffsetMaps | None:
    """Find maps of offsets and of scores, two a level."""
    levels = placed_levels(outputs, size_hw)
    for boxes, scores in boxes_and_scores_of(outputs, levels) if levels and len(levels.names[0]) == 2 else ():
        assert levels is not None, "pairs are of levels"
        anchors = tuple(levels.channels(outputs[name]) // BOX for name in boxes)
        classes = {divmod(levels.channels(outputs[name]), count) for name, count in zip(scores, anchors, strict=True)}
        if len(classes) == 1 and (whole := classes.pop())[1] == 0:
            return OffsetMaps((*boxes, *scores), whole[0], levels.strides, anchors, levels.planar)
    return None

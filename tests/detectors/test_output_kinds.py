"""Kinds of output are told apart by shapes and values, and their likeness to each other misleads nobody."""

from collections.abc import Callable

import numpy as np
import pytest

from workbench.detections import FloatArray
from workbench.detectors.other_models import other_model
from workbench.detectors.output_cards import BoxesCard, DetectionsCard, RowsCard, YoloxCard
from workbench.detectors.output_kinds import readings
from workbench.detectors.output_reading import OutputReading
from workbench.detectors.output_values import grid

SIZE_HW = (64, 96)  # 126 cells at strides 8, 16 and 32
RNG = np.random.default_rng(0)
CENTRES, STRIDES = grid(SIZE_HW)
CELLS = len(CENTRES)


def first(**outputs: FloatArray) -> OutputReading | None:
    return next(iter(readings({name: np.asarray(one, np.float32) for name, one in outputs.items()}, SIZE_HW)), None)


def boxes_cxcywh(repeat: int = 1) -> FloatArray:
    centres = np.repeat(CENTRES, repeat, axis=0) + RNG.uniform(-3, 3, (CELLS * repeat, 2))
    return np.concatenate([centres, RNG.uniform(4, 30, (CELLS * repeat, 2))], axis=1)


def corners(centred: FloatArray) -> FloatArray:
    return np.concatenate([centred[:, :2] - centred[:, 2:] / 2, centred[:, :2] + centred[:, 2:] / 2], axis=1)


def scores(rows: int, classes: int, high: float = 0.02) -> FloatArray:
    found = RNG.uniform(0, high, (rows, classes))
    found[5, -1] = 0.9
    return found


def test_yolox_has_a_row_a_cell_that_is_not_decoded() -> None:
    raw = np.concatenate([RNG.normal(0, 1, (CELLS, 4)), scores(CELLS, 6)], axis=1)

    found = first(grid=raw[None])

    assert found is not None
    assert found.candidates == YoloxCard(tensors=("grid",))
    assert (found.colour, found.values, found.fit, found.align) == ("BGR", "0..255", "letterbox", "top-left")


@pytest.mark.parametrize("units", ["pixels", "normalised"])
@pytest.mark.parametrize("transposed", [False, True], ids=["rows", "columns"])
def test_yolov8_has_class_scores_near_zero_behind_its_boxes(units: str, transposed: bool) -> None:
    boxes = boxes_cxcywh() / (1 if units == "pixels" else np.tile(SIZE_HW[::-1], 2))
    rows = np.concatenate([boxes, scores(CELLS, 80)], axis=1)

    found = first(out=(rows.T if transposed else rows)[None])

    assert found is not None
    assert found.candidates == RowsCard(tensors=("out",), transposed=transposed, units=units)


@pytest.mark.parametrize("repeat", [1, 3], ids=["one a cell", "three a cell"])
def test_yolov5_has_objectness_and_scores_that_stay_high(repeat: int) -> None:
    rows = np.concatenate([boxes_cxcywh(repeat), scores(CELLS * repeat, 1), RNG.uniform(0.1, 0.9, (CELLS * repeat, 4))], axis=1)

    found = first(out=rows[None])

    assert found is not None
    assert found.candidates == RowsCard(tensors=("out",), objectness=True)


@pytest.mark.parametrize("first_alone", [True, False])
def test_rows_of_six_best_first_are_detections_even_where_nothing_is_found(first_alone: bool) -> None:
    rows = np.zeros((20, 6))
    if first_alone:
        rows[0] = [10, 10, 40, 30, 0.9, 3]

    found = first(out=rows[None])

    assert found is not None
    assert found.candidates is None
    assert isinstance(found.detections, DetectionsCard)
    assert found.detections.order == "xyxy"


@pytest.mark.parametrize("best_first", [True, False])
def test_detections_in_pixels_are_so_however_many_rows_are_filled_up_with_nothing(best_first: bool) -> None:
    rows = np.zeros((60, 6))
    rows[:3] = [[10, 10, 40, 30, 0.3, 3], [5, 5, 25, 30, 0.9, 0], [0, 20, 40, 60, 0.6, 1]]
    if best_first:
        rows[:3] = rows[[1, 2, 0]]

    found = first(out=rows[None])

    assert found is not None
    assert found.detections == DetectionsCard(tensors=("out",), order="xyxy", units="pixels")


SEEN = np.array([[60, 8, 80, 24], [10, 20, 40, 60], [2, 4, 22, 30]])  # xyxy in a picture of 96 x 64: the first one's x is past 64


def after_nms(*columns: str, boxes: FloatArray = SEEN, lowest: int = 0) -> FloatArray:
    filled = {name: np.zeros((20, size)) for name, size in {"image": 1, "box": 4, "score": 1, "class": 1}.items()}
    filled["class"] += lowest
    for name, values in {"box": boxes, "score": [[0.9], [0.6], [0.3]], "class": [[3 + lowest], [lowest], [1 + lowest]]}.items():
        filled[name][:3] = values
    return np.concatenate([filled[name] for name in columns], axis=1)


AFTER_NMS = {
    "YOLOv10": (("box", "score", "class"), "xyxy", 0, "pixels"),
    "YOLOv10 in fractions": (("box", "score", "class"), "xyxy", 0, "normalised"),
    "yxyx": (("box", "score", "class"), "yxyx", 0, "pixels"),
    "PaddleDetection": (("class", "score", "box"), "xyxy", 0, "pixels"),
    "PaddleDetection in fractions": (("class", "score", "box"), "xyxy", 0, "normalised"),
    "YOLOv7": (("image", "box", "class", "score"), "xyxy", 0, "pixels"),
    "YOLOv7 in fractions": (("image", "box", "class", "score"), "xyxy", 0, "normalised"),
    "automl": (("image", "box", "score", "class"), "yxyx", 1, "pixels"),
    "automl in fractions": (("image", "box", "score", "class"), "yxyx", 1, "normalised"),
}


@pytest.mark.parametrize("bare", [False, True], ids=["batch", "no batch"])
@pytest.mark.parametrize(("columns", "order", "lowest", "units"), AFTER_NMS.values(), ids=AFTER_NMS)
def test_rows_after_nms_are_told_apart_by_their_columns(
    columns: tuple[str, ...], order: str, lowest: int, units: str, *, bare: bool
) -> None:
    boxes = (SEEN if order == "xyxy" else SEEN[:, [1, 0, 3, 2]]) / 1.0
    if units == "normalised":
        boxes /= np.tile(SIZE_HW[::-1] if order == "xyxy" else SIZE_HW, 2)
    rows = after_nms(*columns, boxes=boxes, lowest=lowest)
    rows = rows[:3] if bare else rows[None]

    found = first(out=rows)

    assert found is not None
    assert found.detections is not None
    assert (found.detections.order, found.detections.units, found.detections.first_class) == (order, units, lowest)
    assert (found.detections.columns or ("box", "score", "class")) == columns
    (seen,) = found.detections.reader().detections([rows.astype(np.float32)], SIZE_HW)
    np.testing.assert_allclose(seen.boxes_xyxy_px, SEEN, rtol=1e-5)
    assert seen.class_ids.tolist() == [3, 0, 1]


@pytest.mark.parametrize("columns", [("box", "score", "class"), ("image", "box", "class", "score")], ids=["six", "seven"])
def test_rows_in_which_nothing_is_found_are_open(columns: tuple[str, ...]) -> None:
    found = first(out=np.zeros((1, 20, len(columns) + 3)))

    assert found is not None
    assert found.detections == DetectionsCard(
        tensors=("out",), order="xyxy", units="pixels", columns=columns if len(columns) > 3 else None
    )
    assert found.open


def centred(boxes: FloatArray) -> FloatArray:
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


@pytest.mark.parametrize(
    "outputs",
    [
        {"out": after_nms("box", "score", "class", boxes=centred(SEEN))[None]},
        {"out": after_nms("image", "box", "class", "score", boxes=SEEN * 5)[None]},
        {"out": after_nms("image", "class", "box")[None]},
        {"out": after_nms("box", "image", "class", "score")[None]},
        {
            "boxes": after_nms("box", boxes=centred(SEEN))[None],
            "scores": after_nms("score")[None, :, 0],
            "classes": after_nms("class")[None, :, 0],
        },
    ],
    ids=["centres", "past the picture", "no score", "an order of nobody's", "centres beside scores"],
)
def test_detections_whose_boxes_lie_in_no_picture_are_not_understood(outputs: dict[str, FloatArray]) -> None:
    assert first(**outputs) is None


def test_boxes_after_nms_lie_in_the_picture_in_the_order_that_is_read() -> None:
    parts = {name: after_nms(name)[None] for name in ("box", "score", "class")}

    found = first(a=parts["box"], b=parts["class"][..., 0], c=parts["score"][..., 0])

    assert found is not None
    assert found.detections is not None
    assert found.detections.order == "xyxy", "LiteRT's own order would have x past the height"


def test_rows_of_six_in_any_order_are_candidates_of_one_class() -> None:
    rows = np.concatenate([boxes_cxcywh(), scores(CELLS, 1), RNG.uniform(0.9, 1, (CELLS, 1))], axis=1)

    found = first(out=rows[None])

    assert found is not None
    assert found.candidates == RowsCard(tensors=("out",), objectness=True)


@pytest.mark.parametrize("order", ["xyxy", "yxyx", "cxcywh"])
@pytest.mark.parametrize("units", ["pixels", "normalised"])
def test_decoded_boxes_show_their_order_and_units(order: str, units: str) -> None:
    centred = boxes_cxcywh()
    boxes = {"cxcywh": centred, "xyxy": corners(centred), "yxyx": corners(centred)[:, [1, 0, 3, 2]]}[order]
    height, width = SIZE_HW if order != "yxyx" else SIZE_HW[::-1]
    boxes = boxes / (1 if units == "pixels" else np.array([width, height, width, height]))

    found = first(a=scores(CELLS, 3)[None], b=boxes[None])

    assert found is not None
    assert found.candidates == BoxesCard(tensors=("b", "a"), order=order, units=units)


def test_four_classes_are_not_taken_for_boxes() -> None:
    found = first(classes=scores(CELLS, 4)[None], boxes=corners(boxes_cxcywh())[None])

    assert found is not None
    assert found.candidates == BoxesCard(tensors=("boxes", "classes"), units="pixels")


def test_scores_that_add_up_to_one_begin_with_the_background() -> None:
    some = scores(CELLS, 2)
    found = first(boxes=corners(boxes_cxcywh())[None], scores=np.concatenate([1 - some.sum(1, keepdims=True), some], 1)[None])

    assert found is not None
    assert isinstance(found.candidates, BoxesCard)
    assert found.candidates.background


def test_logits_want_a_sigmoid() -> None:
    found = first(boxes=corners(boxes_cxcywh())[None], scores=RNG.normal(-4, 1, (1, CELLS, 3)))

    assert found is not None
    assert isinstance(found.candidates, BoxesCard)
    assert found.candidates.activation == "sigmoid"


NMS_BOXES = np.tile([[0.1, 0.2, 0.3, 0.4]], (10, 1))[None]
NMS_SCORES = np.linspace(0.9, 0.1, 10)[None]


@pytest.mark.parametrize("order", [("boxes", "classes", "scores", "count"), ("scores", "boxes", "count", "classes")])
@pytest.mark.parametrize("classes", [np.arange(10)[None] % 3, np.zeros((1, 10))], ids=["some classes", "one class"])
def test_post_processing_is_told_apart_by_values_in_any_order(order: tuple[str, ...], classes: FloatArray) -> None:
    parts = {"boxes": NMS_BOXES, "classes": classes, "scores": NMS_SCORES, "count": np.array([10.0])}

    found = first(**{name: parts[name] for name in order})

    assert found is not None
    assert found.detections == DetectionsCard(tensors=("boxes", "scores", "classes", "count"))


@pytest.mark.parametrize("background", [True, False])
def test_the_object_detection_api_is_known_by_its_names(background: bool) -> None:
    raw = scores(CELLS, 3)
    named = {
        "detection_boxes": NMS_BOXES,
        "detection_scores": NMS_SCORES,
        "detection_classes": np.full((1, 10), 3.0),
        "num_detections": np.array([10.0]),
        "raw_detection_boxes": (corners(boxes_cxcywh()) / np.tile(SIZE_HW[::-1], 2))[None][..., [1, 0, 3, 2]],
        "raw_detection_scores": (np.concatenate([1 - raw[:, -1:], raw], 1) if background else raw)[None],
    }

    found = first(**named)

    assert found is not None
    assert found.detections is not None
    assert found.detections.first_class == 1
    assert isinstance(found.candidates, BoxesCard)
    assert (found.candidates.order, found.candidates.background) == ("yxyx", "first" if background else None)


@pytest.mark.parametrize(
    "outputs",
    [
        {"scores": np.ones((1, 1001))},
        {"mask": np.ones((1, 64, 96, 2))},
        {"map": RNG.integers(0, 21, (1, 64, 96))},
        {"map": RNG.integers(0, 21, (1, 9, 13))},
        {"depth": RNG.uniform(0, 1, (1, 32, 48))},
        {"offsets": RNG.normal(0, 2, (1, 50, 4)), "scores": scores(50, 3)[None]},
        {"a": np.full((1, CELLS, 85), np.nan)},
        {"a": np.zeros((1, 0, 6))},
        {"a": np.zeros((1, 5, 0)), "b": np.zeros((1, 5, 4))},
        {"a": np.zeros(())},
        {},
    ],
    ids=[
        "classifier",
        "mask",
        "class map",
        "small class map",
        "depth",
        "offsets",
        "nan",
        "no rows",
        "no columns",
        "scalar",
        "nothing",
    ],
)
def test_what_is_no_detector_is_recognised_as_none(outputs: dict[str, FloatArray]) -> None:
    assert first(**outputs) is None


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            RNG.integers(0, 21, (1, 64, 96)),
            "is a segmenter or the like",
        ),
        (RNG.integers(0, 21, (1, 9, 13)), "is a segmenter or the like, no detector"),
        (RNG.normal(0, 1, (1, 64, 96, 21)), "is a segmenter or the like, no detector"),
        (RNG.normal(0, 1, (1, 21, 64, 96)), "is a segmenter or the like, no detector"),
        (RNG.uniform(0, 1, (1, 1001)), "is a classifier, no detector: it gives 1001 scores"),
        (RNG.normal(0, 1, (1, 512)), "is an embedding or a classifier, no detector: it gives 512 numbers"),
    ],
    ids=["class map", "small class map", "scores", "scores first", "classifier", "embedding"],
)
def test_what_is_no_detector_is_refused_as_what_it_is(output: FloatArray, said: str) -> None:
    assert (other_model({"out": np.asarray(output, np.float32)}, SIZE_HW) or "").startswith(said)


@pytest.mark.parametrize("shape", [(1, CELLS, 84), (1, 84, CELLS), (1, 8, 12, 24), (1, 300, 6)], ids=str)
def test_what_may_hold_boxes_is_not_called_something_else(shape: tuple[int, ...]) -> None:
    assert other_model({"out": np.zeros(shape, np.float32)}, SIZE_HW) is None


def test_corners_in_no_order_are_shown_in_both() -> None:
    """What the first look finds under them, and its pictures, tell: nothing in the numbers does."""
    boxes = corners(boxes_cxcywh())[RNG.permutation(CELLS)[:100]] / np.tile(SIZE_HW[::-1], 2)
    unordered = np.concatenate([boxes, scores(100, 5)], axis=1)

    found = readings({"out": unordered[None].astype(np.float32)}, SIZE_HW)

    assert {one.candidates.order for one in found if isinstance(one.candidates, RowsCard)} == {"xyxy", "yxyx"}


@pytest.mark.parametrize("bare", [True, False], ids=["torchvision", "KerasCV"])
def test_named_detections_are_known_where_nothing_was_found(bare: bool) -> None:
    shape = (0,) if bare else (1, 10)
    empty = {"boxes": np.full((*shape, 4), -1.0), "scores": np.full(shape, -1.0), "labels": np.full(shape, -1.0)}

    found = first(**empty)

    assert found is not None
    assert found.detections == DetectionsCard(
        tensors=("boxes", "scores", "labels"), order="xyxy", units="pixels", first_class=int(bare)
    )


def test_a_box_that_is_listed_under_two_classes_was_thinned_out_all_the_same() -> None:
    """As torchvision's heads do: the NMS before was one for each class."""
    boxes = np.array([[10, 10, 40, 40], [60, 20, 90, 50], [10, 10, 40, 40]], np.float32)
    outputs = {"boxes": boxes, "scores": np.array([0.9, 0.8, 0.4], np.float32), "labels": np.array([1, 2, 3], np.int64)}

    found = first(**outputs)

    assert found is not None
    assert found.candidates is None
    assert found.detections is not None
    (seen,) = found.detections.reader().detections([outputs[name] for name in found.detections.tensors], SIZE_HW)
    assert [box.tolist() for box in seen.boxes_xyxy_px] == boxes.tolist()
    assert seen.class_ids.tolist() == [0, 1, 2]


def test_scores_that_leave_0_to_1_are_told_to_pass_a_sigmoid() -> None:
    rows = np.concatenate([boxes_cxcywh(), RNG.normal(-6, 2, (CELLS, 3))], axis=1)

    found = first(out=rows[None])

    assert found is not None
    assert found.candidates is not None
    assert "scores leave 0..1: they pass a sigmoid" in found.guessed


def test_percents_are_neither_scores_nor_logits() -> None:
    outputs = {"boxes": corners(boxes_cxcywh())[None], "scores": 100 * scores(CELLS, 3)[None]}

    assert first(**outputs) is None
    assert first(out=np.concatenate([boxes_cxcywh(), 100 * scores(CELLS, 3)], axis=1)[None]) is None


def test_a_quantised_score_a_little_over_1_is_one() -> None:
    rows = np.concatenate([boxes_cxcywh(), scores(CELLS, 3)], axis=1)
    rows[5, -1] = 1.004

    found = first(out=rows[None])

    assert found is not None
    assert isinstance(found.candidates, RowsCard)
    assert found.candidates.activation == "none"


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda rows: np.concatenate([np.zeros((CELLS, 1)), rows], axis=1),
        lambda rows: np.concatenate([RNG.integers(0, 2, (CELLS, 1)), rows[:, -1:], rows[:, :4] / 96], axis=1),
        lambda rows: np.concatenate([rows, RNG.integers(0, 2, (CELLS, 1))], axis=1),
        lambda rows: np.concatenate([rows, RNG.integers(0, 9, (CELLS, 1))], axis=1),
        lambda rows: np.concatenate([rows[:, 4:], rows[:, :4]], axis=1),
    ],
    ids=["numbers of images first", "numbers of classes first", "of two classes", "of classes", "scores first"],
)
def test_rows_whose_columns_are_something_else_are_no_candidates(spoilt: Callable[[FloatArray], FloatArray]) -> None:
    rows = np.concatenate([boxes_cxcywh(), scores(CELLS, 5)], axis=1)
    assert first(out=rows[None]) is not None

    assert first(out=spoilt(rows)[None]) is None


def test_a_class_that_quantised_scores_never_show_is_a_class_all_the_same() -> None:
    rows = np.concatenate([boxes_cxcywh(), scores(CELLS, 3)], axis=1)
    rows[:, 5] = 0

    assert first(out=rows[None]) is not None


def test_places_that_a_network_is_sure_of_lie_in_the_picture() -> None:
    """Boxes in thousandths of a picture are no distances from its cells."""
    boxes = corners(boxes_cxcywh()) / np.tile(SIZE_HW[::-1], 2) * 1000

    assert first(boxes=boxes[None], scores=scores(CELLS, 3)[None]) is None


@pytest.mark.parametrize("prefix", ["detection_", ""], ids=["Object Detection API", "names"])
def test_percents_after_nms_are_no_scores_whatever_outputs_are_called(prefix: str) -> None:
    parts = {f"{prefix}boxes": NMS_BOXES, f"{prefix}classes": np.full((1, 10), 3.0)}

    assert first(**parts, **{f"{prefix}scores": NMS_SCORES}) is not None
    assert first(**parts, **{f"{prefix}scores": 100 * NMS_SCORES}) is None

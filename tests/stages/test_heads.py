import numpy as np
import pytest

from workbench.detections.boxes import pairwise_iou
from workbench.errors import ModelError
from workbench.settings import Nms
from workbench.stages import BoxesHead, ClassIdsHead, DetrHead, InputSpec, RowsHead, SsdHead, YoloxHead, place, prepare, suppress

SIZE_HW = (32, 64)


def two_anchors(size_hw):
    height, width = size_hw
    return np.array([[width / 4, height / 2, 10, 20], [width / 2, height / 2, 8, 8]], np.float32)


def test_ssd_offsets_are_in_units_of_the_anchor_times_the_variance():
    offsets = np.array([[[1, -1, 0, 0], [0, 0, np.log(2) / 0.2, np.log(0.5) / 0.2]]], np.float32)
    scores = np.zeros((1, 2, 3), np.float32)

    boxes, same = SsdHead(anchors_cxcywh_px=two_anchors).candidates([offsets, scores], SIZE_HW)

    # centre (16 + .1 * 10, 16 - .1 * 20), sides 10 and 20; then centre (32, 16), sides 16 and 4
    np.testing.assert_allclose(boxes[0], [[12, 4, 22, 24], [24, 14, 40, 18]], rtol=1e-6)
    assert same is scores


def test_ssd_anchors_follow_the_size():
    raw = [np.zeros((1, 2, 4), np.float32), np.zeros((1, 2, 1), np.float32)]

    boxes, _ = SsdHead(anchors_cxcywh_px=two_anchors).candidates(raw, (100, 40))

    np.testing.assert_array_equal(boxes[0, 0], [5, 40, 15, 60])


def test_a_background_score_is_left_out():
    raw = [np.zeros((1, 2, 4), np.float32), np.array([[[0.9, 0.1], [0.2, 0.8]]], np.float32)]

    _, scores = SsdHead(anchors_cxcywh_px=two_anchors, background="first").candidates(raw, SIZE_HW)

    _, others = SsdHead(anchors_cxcywh_px=two_anchors, background="last").candidates(raw, SIZE_HW)

    np.testing.assert_array_equal(scores, np.array([[[0.1], [0.8]]], np.float32))
    np.testing.assert_array_equal(others, np.array([[[0.9], [0.2]]], np.float32))


def test_outputs_that_do_not_fit_the_anchors_are_refused():
    raw = [np.zeros((1, 3, 4), np.float32), np.zeros((1, 3, 1), np.float32)]

    with pytest.raises(ModelError, match="puts out 3 boxes at 32x64, its head expects 2"):
        SsdHead(anchors_cxcywh_px=two_anchors).candidates(raw, SIZE_HW)


def test_a_wild_size_does_not_overflow():
    raw = [np.full((1, 2, 4), 1e6, np.float32), np.zeros((1, 2, 1), np.float32)]

    boxes, _ = SsdHead(anchors_cxcywh_px=two_anchors).candidates(raw, SIZE_HW)

    assert np.isfinite(boxes).all()


def test_yolox_cells_go_row_by_row_level_after_level():
    count = (32 // 8) * (64 // 8) + (32 // 16) * (64 // 16) + 2
    output = np.zeros((2, count, 7), np.float32)
    output[1, 9] = [0.5, 0.25, np.log(2), 0, 0.5, 0.4, 0.8]  # second row, second cell of stride 8
    output[1, -1] = [0.5, 0.5, 0, np.log(0.5), 1, 0.3, 0]  # last cell of stride 32

    boxes, scores = YoloxHead().candidates([output], SIZE_HW)

    # centre (8 + 4, 8 + 2), sides 16 and 8; then centre (32 + 16, 16), sides 32 and 16
    np.testing.assert_allclose(boxes[1, [9, -1]], [[4, 6, 20, 14], [32, 8, 64, 24]], rtol=1e-6)
    np.testing.assert_allclose(scores[1, [9, -1]], [[0.2, 0.4], [0.3, 0]], rtol=1e-6)
    assert scores.shape == (2, count, 2)


def test_yolox_outputs_of_another_size_are_refused():
    with pytest.raises(ModelError, match="its head expects 42"):
        YoloxHead().candidates([np.zeros((1, 3549, 85), np.float32)], SIZE_HW)


@pytest.mark.parametrize(
    ("order", "normalised", "numbers"),
    [
        ("xyxy", True, (0.25, 0.5, 0.5, 1.0)),
        ("yxyx", True, (0.5, 0.25, 1.0, 0.5)),
        ("cxcywh", True, (0.375, 0.75, 0.25, 0.5)),
        ("xyxy", False, (16, 16, 32, 32)),
        ("yxyx", False, (16, 16, 32, 32)),
        ("cxcywh", False, (24, 24, 16, 16)),
    ],
)
def test_decoded_boxes_become_xyxy_in_pixels(order, normalised, numbers):
    raw = [np.array([[numbers]], np.float32), np.ones((1, 1, 2), np.float32)]

    boxes, scores = BoxesHead(order=order, normalised=normalised).candidates(raw, SIZE_HW)

    np.testing.assert_allclose(boxes, [[[16, 16, 32, 32]]])
    assert scores.shape == (1, 1, 2)


def test_yolox_finds_the_cat(assets):
    cv2 = pytest.importorskip("cv2")
    interpreters = pytest.importorskip("ai_edge_litert.interpreter")
    spec = InputSpec(size_hw=(416, 416), default_hw=(416, 416), layout="NCHW", colour="BGR", factor=1.0, align="top-left")
    image = cv2.cvtColor(cv2.imread(str(assets / "images/coral/coral_cat.bmp")), cv2.COLOR_BGR2RGB)
    network = interpreters.Interpreter(str(assets / "models/yolox_nano_416_float16_quantize.tflite"), num_threads=1)
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], prepare([image], spec, (416, 416)))
    network.invoke()

    boxes, scores = YoloxHead().candidates([network.get_tensor(network.get_output_details()[0]["index"])], (416, 416))
    found = suppress(boxes[0], scores[0], Nms(method="numpy"))

    labels = (assets / "labels/coco80_yolox.txt").read_text().split("\n")
    assert labels[found.class_ids[0]] == "cat"
    cat = np.array([[45, 37, 365, 341]], np.float32)  # read off the picture
    assert pairwise_iou(place(spec, image.shape[:2], (416, 416)).to_frame(found.boxes_xyxy_px[:1]), cat)[0, 0] > 0.7


ROW = np.array([24, 16, 16, 8, 0.5, 0.2, 0.8], np.float32)  # centre and size in pixels, then five numbers


@pytest.mark.parametrize("transposed", [False, True], ids=["rows", "columns"])
@pytest.mark.parametrize("normalised", [False, True], ids=["pixels", "normalised"])
def test_a_row_is_a_box_and_its_scores(transposed, normalised):
    row = ROW / np.array([64, 32, 64, 32, 1, 1, 1]) if normalised else ROW
    rows = np.stack([row, row])[None].astype(np.float32)

    boxes, scores = RowsHead(transposed=transposed, normalised=normalised).candidates(
        [rows.transpose(0, 2, 1) if transposed else rows], SIZE_HW
    )

    np.testing.assert_allclose(boxes, [[[16, 12, 32, 20]] * 2], rtol=1e-6)
    np.testing.assert_allclose(scores, [[[0.5, 0.2, 0.8]] * 2], rtol=1e-6)


def test_objectness_is_a_factor_of_every_class_score():
    _, scores = RowsHead(objectness=True).candidates([ROW[None, None]], SIZE_HW)

    np.testing.assert_allclose(scores, [[[0.1, 0.4]]], rtol=1e-6)


def test_objectness_passes_the_sigmoid_as_class_scores_do():
    row = ROW.copy()
    row[4:] = [0, 0, -1000]

    _, scores = RowsHead(objectness=True, activation="sigmoid").candidates([row[None, None]], SIZE_HW)

    np.testing.assert_allclose(scores, [[[0.25, 0]]], atol=1e-6)


@pytest.mark.parametrize(
    ("activation", "expected"), [("none", [-1, 0, 2]), ("sigmoid", [0.2689, 0.5, 0.8808]), ("softmax", [0.042, 0.1142, 0.8438])]
)
def test_scores_pass_what_the_network_left_out(activation, expected):
    raw = [np.zeros((1, 1, 4), np.float32), np.array([[[-1, 0, 2]]], np.float32)]

    _, scores = BoxesHead(activation=activation).candidates(raw, SIZE_HW)
    _, foreground = BoxesHead(activation=activation, background="first").candidates(raw, SIZE_HW)

    np.testing.assert_allclose(scores, [[expected]], atol=1e-4)
    np.testing.assert_array_equal(foreground, scores[..., 1:])


def test_columns_behind_the_class_scores_are_left_out():
    rows = np.concatenate([ROW[:6], [-3.0, 40.0]])[None, None].astype(np.float32)

    boxes, scores = RowsHead(extra_columns=2).candidates([rows], SIZE_HW)

    np.testing.assert_allclose(boxes, [[[16, 12, 32, 20]]])
    np.testing.assert_allclose(scores, [[[0.5, 0.2]]], rtol=1e-6)


@pytest.mark.parametrize("normalised", [False, True], ids=["pixels", "normalised"])
@pytest.mark.parametrize(
    ("degrees", "box"),
    [(0, [14, 12, 34, 20]), (90, [20, 6, 28, 26]), (-90, [20, 6, 28, 26]), (180, [14, 12, 34, 20]), (45, [14.1, 6.1, 33.9, 25.9])],
    ids=str,
)
def test_a_turned_box_is_read_as_the_upright_one_around_it(normalised, degrees, box):
    row = np.array([24, 16, 20, 8, 0.9, np.radians(degrees)], np.float32)  # 20 wide, 8 high
    row[:4] /= (64, 32, 64, 32) if normalised else 1

    boxes, scores = RowsHead(rotated=True, normalised=normalised).candidates([row[None, None]], SIZE_HW)

    np.testing.assert_allclose(boxes, [[box]], atol=0.01)
    assert scores.shape == (1, 1, 1)


def test_detr_leaves_out_what_is_no_object():
    raw = [
        np.array([[[0.5, 0.5, 0.25, 0.5]] * 2], np.float32),
        np.log(np.array([[[0.7, 0.2, 0.1], [0.0001, 0.01, 0.9899]]], np.float32)),
    ]

    boxes, scores = DetrHead().candidates(raw, SIZE_HW)

    np.testing.assert_allclose(boxes[0, 0], [24, 8, 40, 24])
    np.testing.assert_allclose(scores, [[[0.7, 0.2], [0.0001, 0.01]]], atol=1e-5)
    assert DetrHead.distinct
    assert not BoxesHead.distinct


def test_a_class_id_gives_its_class_the_score_and_the_others_none():
    raw = [np.zeros((1, 4, 4), np.float32), np.array([[0.9, 0.8, 0.7, 0.6]], np.float32), np.array([[1, 3, 0, 4]], np.float32)]

    _, scores = ClassIdsHead(first_class=1, class_count=3).candidates(raw, SIZE_HW)

    np.testing.assert_array_equal(scores[0], np.array([[0.9, 0, 0], [0, 0, 0.8], [0, 0, 0], [0, 0, 0]], np.float32))


@pytest.mark.parametrize(("per_class", "class_ids"), [(True, [1, 0]), (False, [1])])
def test_one_box_listed_under_two_classes_is_one_or_two_as_the_nms_says(per_class, class_ids):
    box = [10, 20, 40, 60]
    raw = [np.array([[box, box]], np.float32), np.array([[0.5, 0.75]], np.float32), np.array([[0, 1]], np.float32)]

    boxes, scores = ClassIdsHead(class_count=3).candidates(raw, SIZE_HW)
    found = suppress(boxes[0], scores[0], Nms(method="numpy", per_class=per_class))

    assert found.class_ids.tolist() == class_ids
    assert found.boxes_xyxy_px.tolist() == [box] * len(class_ids)


@pytest.mark.parametrize(
    "head", [BoxesHead(), DetrHead(), RowsHead(), ClassIdsHead(class_count=3)], ids=lambda one: type(one).__name__
)
def test_outputs_without_a_batch_axis_are_of_one_image(head):
    rng = np.random.default_rng(0)
    boxes, scores, ids = rng.random((7, 4)), rng.random((7, 3)), rng.integers(0, 3, 7)
    raw = {RowsHead: [np.concatenate([boxes, scores], 1)], ClassIdsHead: [boxes, scores[:, 0], ids]}.get(
        type(head), [boxes, scores]
    )
    raw = [one.astype(np.float32) for one in raw]

    for bare, batched in zip(head.candidates(raw, SIZE_HW), head.candidates([one[None] for one in raw], SIZE_HW), strict=True):
        np.testing.assert_array_equal(bare, batched)

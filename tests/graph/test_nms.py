from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalogue import NMS_METHODS
from workbench.errors import SettingsError
from workbench.graph import GRAPH_NMS, GraphSuppressor
from workbench.settings import Nms
from workbench.stages import SOFT_SIGMA, soften, suppress

METHODS = pytest.mark.parametrize("method", GRAPH_NMS)
HARD = tuple(method for method in GRAPH_NMS if NMS_METHODS[method].hard)
HARD_METHODS = pytest.mark.parametrize("method", HARD)
XLA_METHODS = tuple(method for method, nms in GRAPH_NMS.items() if nms.xla_refusal is None)
PER_CLASS = pytest.mark.parametrize("per_class", [True, False], ids=["per class", "all classes"])
CLASSES, BOXES_IN_STATIC, LIMIT, TOP_K = 3, 6, 10, 5  # fewer candidates than boxes, and than rows of the result
SCORES = st.one_of(st.sampled_from([0.0, 0.3, 0.5, 0.5, 0.9, np.nan, np.inf]), st.floats(0, 1, width=32))  # many ties
# Whole numbers: every intersection and union is exact, so that methods can only differ in their rules. Some have no area.
BOXES = st.tuples(st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 12), st.integers(0, 12))
ROWS = st.tuples(BOXES, st.lists(SCORES, min_size=CLASSES, max_size=CLASSES))
THRESHOLDS = st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0])


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def scores(*rows):
    return np.array(rows, np.float32)


def arrays(scene):
    corners = [(x, y, x + width, y + height) for (x, y, width, height), _ in scene]
    return boxes(*corners), np.array([row for _, row in scene], np.float32).reshape(-1, CLASSES)


def assert_same(found, expected):
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.boxes_xyxy_px, expected.boxes_xyxy_px)
    np.testing.assert_array_equal(found.class_ids, expected.class_ids)


@cache
def static_graph(method, per_class, images, count=BOXES_IN_STATIC, *, xla=True):
    """Compile once for the whole module: it takes seconds."""

    def run(boxes_xyxy, scores, score, iou):
        nms = GRAPH_NMS[method]
        return nms(boxes_xyxy, scores, score, iou, Nms(max_detections=LIMIT, top_k=TOP_K, per_class=per_class), static=True)

    scalar = tf.TensorSpec([])
    signature = [tf.TensorSpec([images, count, 4]), tf.TensorSpec([images, count, CLASSES]), scalar, scalar]
    return tf.function(run, input_signature=signature, jit_compile=xla)


def run_static(graph, boxes_xyxy, table, score=0.3, iou=0.5):
    kept = graph(tf.constant(boxes_xyxy), tf.constant(table), tf.constant(score, tf.float32), tf.constant(iou, tf.float32))
    return [part.numpy() for part in kept]


@HARD_METHODS
@PER_CLASS
@given(scene=st.lists(ROWS, max_size=12), iou=THRESHOLDS)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_graphs_keep_what_the_host_keeps(method, per_class, scene, iou):
    row, table = arrays(scene)
    if method == "combined":  # it takes equal scores in no order of ours
        table -= np.arange(table.size, dtype=np.float32).reshape(table.shape) * np.float32(1e-5)

    found = GraphSuppressor(Nms(method=method, per_class=per_class, iou=iou))(row, table)

    assert_same(found, suppress(row, table, Nms(method="numpy", per_class=per_class, iou=iou)))


@pytest.mark.parametrize("method", XLA_METHODS)
@PER_CLASS
@given(scene=st.lists(ROWS, min_size=BOXES_IN_STATIC, max_size=BOXES_IN_STATIC), iou=THRESHOLDS)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_xla_keeps_what_the_host_keeps(method, per_class, scene, iou):
    one, table = arrays(scene)

    kept_boxes, kept_scores, class_ids, count = run_static(static_graph(method, per_class, 1), one[None], table[None], iou=iou)

    values = {"per_class": per_class, "iou": iou, "max_detections": LIMIT, "top_k": TOP_K}
    expected = suppress(one, table, Nms(method="numpy", **values))
    assert count.tolist() == [len(expected)]
    np.testing.assert_array_equal(kept_scores[0, : len(expected)], expected.scores)
    np.testing.assert_array_equal(kept_boxes[0, : len(expected)], expected.boxes_xyxy_px)
    np.testing.assert_array_equal(class_ids[0, : len(expected)], expected.class_ids)
    assert not kept_boxes[0, len(expected) :].any()


@METHODS
@PER_CLASS
@pytest.mark.parametrize(
    ("row", "table"),
    [
        pytest.param(boxes(), np.zeros((0, CLASSES), np.float32), id="no boxes"),
        pytest.param(boxes([0, 0, 9, 9]), scores([0.1, 0.2, 0.3]), id="none above the limit"),
        pytest.param(boxes([0, 0, 9, 9]), scores([np.nan, np.inf, 0]), id="scores that are not finite"),
        pytest.param(boxes([0, 0, np.nan, 9]), scores([0.9, 0.1, 0]), id="a corner that is not a number"),
        pytest.param(boxes([9, 9, 0, 0]), scores([0.9, 0.1, 0]), id="inside out"),
    ],
)
def test_nothing_to_find_is_nothing_found(method, per_class, row, table):
    assert len(GraphSuppressor(Nms(method=method, per_class=per_class))(row, table)) == 0


@pytest.mark.parametrize("method", XLA_METHODS)
@PER_CLASS
def test_xla_survives_an_image_without_detections(method, per_class):
    graph = static_graph(method, per_class, 1)

    *_, count = run_static(
        graph, np.zeros((1, BOXES_IN_STATIC, 4), np.float32), np.zeros((1, BOXES_IN_STATIC, CLASSES), np.float32)
    )

    assert count.tolist() == [0]


@pytest.mark.parametrize("method", XLA_METHODS)
def test_xla_may_put_out_more_rows_than_there_are_candidates(method):
    graph = static_graph(method, True, 1, count=1)

    kept, *_, count = run_static(graph, boxes([0, 0, 9, 5])[None], scores([0.9, 0, 0.8])[None])

    assert count.tolist() == [2]
    assert kept.shape == (1, LIMIT, 4)


@pytest.mark.parametrize("method", [method for method in GRAPH_NMS if method not in XLA_METHODS])
def test_what_the_table_calls_impossible_under_xla_is_refused_by_xla(method):
    with pytest.raises(tf.errors.InvalidArgumentError, match="NonMaxSuppression"):
        run_static(static_graph(method, True, 1, count=1), boxes([0, 0, 9, 5])[None], scores([0.9, 0, 0.8])[None])


@METHODS
@pytest.mark.parametrize("images", [3, None], ids=["size known", "size open"])
def test_each_image_of_a_batch_is_on_its_own(method, images):
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 20, (3, BOXES_IN_STATIC, 2))
    batch = np.concatenate([corner, corner + rng.integers(5, 15, corner.shape)], axis=-1).astype(np.float32)
    table = rng.random((3, BOXES_IN_STATIC, CLASSES)).astype(np.float32)
    table[1] = 0

    together = run_static(static_graph(method, True, images, xla=False), batch, table)

    for n in range(3):
        alone = GraphSuppressor(Nms(method=method, top_k=TOP_K, max_detections=LIMIT))(batch[n], table[n])
        count = together[3][n]
        assert count == len(alone)
        np.testing.assert_array_equal(together[0][n, :count], alone.boxes_xyxy_px)
        np.testing.assert_array_equal(together[1][n, :count], alone.scores)
        np.testing.assert_array_equal(together[2][n, :count], alone.class_ids)


@METHODS
def test_moving_a_slider_traces_nothing_anew(method):
    row, table = boxes([0, 0, 10, 20], [30, 0, 40, 12]), scores([0.9, 0.2, 0.1], [0.5, 0.1, 0.1])

    counts = [len(GraphSuppressor(Nms(method=method, score=score, top_k=77))(row, table)) for score in (0.15, 0.45, 0.95)]

    assert counts == [3, 2, 0]
    assert GraphSuppressor(Nms(method=method, top_k=77)).compilations(CLASSES) == 1


def test_the_number_of_boxes_may_change_without_tracing_anew():
    nms = GraphSuppressor(Nms(top_k=78))

    for count in (1, 5, 300):
        nms(np.tile(boxes([0, 0, 9, 5]), (count, 1)), np.ones((count, CLASSES), np.float32))

    assert nms.compilations(CLASSES) == 1


@HARD_METHODS
def test_one_wild_box_does_not_spoil_the_others(method):
    row = boxes([-4e6, -4e6, 4e6, 4e6], [0, 0, 8, 8], [1, 0, 9, 8])

    found = GraphSuppressor(Nms(method=method))(row, scores([0, 0, 0.9], [0, 0.8, 0], [0, 0.7, 0]))

    np.testing.assert_array_equal(found.boxes_xyxy_px, row[:2])


@HARD_METHODS
def test_boxes_left_of_the_picture_are_found(method):
    row = boxes([-30, -30, -10, -20], [-29, -30, -9, -20])

    np.testing.assert_array_equal(GraphSuppressor(Nms(method=method))(row, scores([0.9, 0, 0], [0.8, 0, 0])).boxes_xyxy_px, row[:1])


def test_soft_lowers_the_scores_of_what_overlaps():
    row, table = boxes([0, 0, 10, 10], [0, 0, 10, 5]), scores([0.9, 0, 0], [0.8, 0, 0])

    found = GraphSuppressor(Nms(method="soft", iou=0.1))(row, table)

    np.testing.assert_allclose(found.scores, [0.9, 0.8 * np.exp(-(0.5**2) / (2 * SOFT_SIGMA))], rtol=1e-6)


def test_soft_says_that_one_knob_does_nothing():
    assert "nms.iou plays no part" in (NMS_METHODS["soft"].note or "")


def test_a_method_of_the_host_is_refused_in_a_graph():
    with pytest.raises(SettingsError, match=r"nms.method is 'numpy'; choose one of tensorflow, combined, padded, soft"):
        GraphSuppressor(Nms(method="numpy"))


@PER_CLASS
def test_soft_on_the_host_lowers_scores_as_the_graph_does(per_class):
    rng = np.random.default_rng(1)
    corners = rng.uniform(0, 100, (200, 2))
    crowd = np.concatenate([corners, corners + rng.uniform(2, 40, (200, 2))], axis=1).astype(np.float32)
    table = rng.uniform(0, 1, (200, CLASSES)).astype(np.float32)
    rule = Nms(method="soft", per_class=per_class, max_detections=30)

    found, expected = soften(crowd, table, rule), GraphSuppressor(rule)(crowd, table)

    assert len(expected) == 30
    np.testing.assert_array_equal(found.class_ids, expected.class_ids)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)
    np.testing.assert_allclose(found.boxes_xyxy_px, expected.boxes_xyxy_px, atol=1e-2)

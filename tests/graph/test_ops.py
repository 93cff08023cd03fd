import numpy as np
import pytest
import tensorflow as tf

from workbench.graph import tensor_ops
from workbench.stages import BoxesHead, ClassIdsHead, DetrHead, DistancesHead, RowsHead, SsdHead, YoloMapsHead, YoloxHead

SIZE_HW = (32, 64)
MAP_ANCHORS = (((10, 13), (16, 30)),)
CELLS = 42  # of YOLOX at that size


def anchors(size_hw):
    rng = np.random.default_rng(1)
    return (rng.random((CELLS, 4)) * (*size_hw[::-1], 20, 30) + 1).astype(np.float32)


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("head", "raw"),
    [
        (SsdHead(anchors_cxcywh_px=anchors), [noise(2, CELLS, 4), noise(2, CELLS, 3)]),
        (SsdHead(anchors_cxcywh_px=anchors, background="first"), [noise(2, CELLS, 4) * 100, noise(2, CELLS, 3)]),
        (YoloxHead(), [noise(2, CELLS, 8)]),
        (YoloMapsHead(anchors_wh_px=MAP_ANCHORS, strides=(16,), planar=True), [noise(2, 16, 2, 4)]),
        (DistancesHead(bins=8), [noise(2, 4, 8, 35), noise(2, 2, 4, 35), noise(2, 1, 2, 35)]),
        (BoxesHead(order="cxcywh"), [noise(2, CELLS, 4), noise(2, CELLS, 3)]),
        (BoxesHead(), [noise(CELLS, 4), noise(CELLS, 3)]),
        (DetrHead(), [noise(2, CELLS, 4), noise(2, CELLS, 3)]),
        (ClassIdsHead(class_count=4), [noise(2, CELLS, 4), noise(2, CELLS), np.abs(noise(2, CELLS) * 2).round()]),
        (RowsHead(rotated=True, extra_columns=2, normalised=True), [noise(2, CELLS, 10)]),
    ],
    ids=[
        "ssd",
        "ssd with wild sizes",
        "yolox",
        "maps of YOLO",
        "distances",
        "boxes",
        "no batch axis",
        "detr",
        "class ids",
        "rotated rows",
    ],
)
@pytest.mark.parametrize("xla", [False, True], ids=["graph", "xla"])
def test_a_head_decodes_in_a_graph_as_on_the_host(head, raw, xla):
    def run(*outputs):
        return head.candidates(outputs, SIZE_HW, tensor_ops())

    in_graph = tf.function(run, jit_compile=xla)(*raw)

    for ours, theirs in zip(in_graph, head.candidates(raw, SIZE_HW), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)

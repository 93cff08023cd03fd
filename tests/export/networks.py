"""Made-up networks: heads, readers of a network's own NMS, and ways of feeding, of every kind that there is."""

from workbench.stages import (
    AnchorGrid,
    AnchorGrids,
    BoxesHead,
    ClassIdsHead,
    DetectionRows,
    DetectionTensors,
    DetrHead,
    DistancesHead,
    InputSpec,
    RowsHead,
    SsdHead,
    YoloMapsHead,
    YoloxHead,
)

SIZE_HW = (96, 128)
GRIDS = AnchorGrids(
    (
        AnchorGrid(cells_hw=(6, 8), boxes_wh=((0.2, 0.3), (0.4, 0.2))),
        AnchorGrid(stride_px=40, boxes_wh=((30.0, 50.0),), units="pixels"),
    )
)
HEADS = {
    "ssd": SsdHead(anchors_cxcywh_px=GRIDS),
    "ssd in TensorFlow's order": SsdHead(
        anchors_cxcywh_px=AnchorGrids(
            (AnchorGrid(stride_px=32, boxes_wh=((4.0, 3.0),), units="cells", step="whole", origin="corner", clipped=True),)
        ),
        order="yx",
        sizes="linear",
        planar=True,
    ),
    "maps of YOLO": YoloMapsHead(anchors_wh_px=(((10, 13),), ((30, 61),)), strides=(8, 16), sizes="square", scale_xy=(2.0,)),
    "distances": DistancesHead(strides=(8, 16), bins=8, scores_first=True, point=0.0, activation="none"),
    "ssd with background": SsdHead(anchors_cxcywh_px=GRIDS, background="first", activation="softmax", center_variance=0.2),
    "yolox": YoloxHead(strides=(8, 16)),
    "boxes": BoxesHead(),
    "boxes yxyx sigmoid": BoxesHead(order="yxyx", activation="sigmoid", background="first"),
    "boxes cxcywh in pixels": BoxesHead(order="cxcywh", normalised=False),
    "boxes with background last": BoxesHead(background="last"),
    "detr": DetrHead(),
    "detr sigmoid": DetrHead(background=None, activation="sigmoid", order="xyxy", normalised=False),
    "ids": ClassIdsHead(order="yxyx", normalised=True, first_class=1, class_count=2),
    "rows": RowsHead(objectness=True),
    "rows rotated": RowsHead(rotated=True, extra_columns=2),
    "rows transposed": RowsHead(transposed=True, normalised=True),
    "rows sigmoid": RowsHead(objectness=True, activation="sigmoid", order="xyxy"),
    "rows softmax": RowsHead(objectness=True, activation="softmax", order="yxyx"),
}
OWN = {
    "tensors": (DetectionTensors(first_class=1), 4),
    "tensors without count": (DetectionTensors(order="cxcywh", normalised=False), 3),
    "one of rows": (DetectionRows(), 1),
    "one of rows of seven": (DetectionRows(columns=("image", "box", "class", "score")), 1),
    "one of rows normalised": (DetectionRows(order="yxyx", normalised=True), 1),
}
SPECS = {
    name: InputSpec(size_hw=SIZE_HW, default_hw=SIZE_HW, **values)
    for name, values in {
        "letterbox": {},
        "top left": {"align": "top-left", "pad": 0.0},
        "stretch": {"fit": "stretch"},
        "BGR": {"colour": "BGR", "offset": 127.5, "factor": 1 / 127.5},
        "raw pixel values": {"factor": 1.0},
        "planar": {"layout": "NCHW"},
        "each channel its own": {"offset": (123.7, 116.3, 103.5), "factor": (1 / 58.4, 1 / 57.1, 1 / 57.4)},
        "pixels": {"dtype": "uint8"},
    }.items()
}

"""The steps that a frame passes, on the host: prepare, decode, thin out, draw. NumPy, OpenCV and Pillow only."""

from workbench.stages.anchors import AnchorGrid, AnchorGrids, AnchorUnits, CellOrigin, CellStep
from workbench.stages.decoded_heads import BoxesHead, ClassIdsHead, DetrHead, RowsHead
from workbench.stages.draw import caption, draw
from workbench.stages.function_head import FunctionHead
from workbench.stages.heads import BOXES_RANK, NUMPY_OPS, Activation, Array, ArrayOps, Background, BoxOrder, Head, YoloxHead
from workbench.stages.input_spec import CHANNELS, Align, Colour, Fit, InputSpec, Layout, PerChannel, place, size_text
from workbench.stages.jpeg import encode_jpeg, fitted, picture, truth_as_detections
from workbench.stages.level_heads import DistancesHead, DistanceUnits, OffsetOrder, OffsetSizes, SsdHead, YoloMapsHead, YoloSizes
from workbench.stages.nms import SOFT_SIGMA, above_own, by_opencv, by_score, of_label, only_above, soften
from workbench.stages.overlay import Overlay, counts, overlay
from workbench.stages.own_nms import BOX_SCORE_CLASS, Column, DetectionRows, DetectionTensors, OwnNms
from workbench.stages.preprocess import RESIZED_BY, prepare
from workbench.stages.quantising import dequantised, looked_up, quantised, quantising_table
from workbench.stages.suppressor import HOST_NMS, Suppressor, suppress

__all__ = [
    "BOXES_RANK",
    "BOX_SCORE_CLASS",
    "CHANNELS",
    "HOST_NMS",
    "NUMPY_OPS",
    "RESIZED_BY",
    "SOFT_SIGMA",
    "Activation",
    "Align",
    "AnchorGrid",
    "AnchorGrids",
    "AnchorUnits",
    "Array",
    "ArrayOps",
    "Background",
    "BoxOrder",
    "BoxesHead",
    "CellOrigin",
    "CellStep",
    "ClassIdsHead",
    "Colour",
    "Column",
    "DetectionRows",
    "DetectionTensors",
    "DetrHead",
    "DistanceUnits",
    "DistancesHead",
    "Fit",
    "FunctionHead",
    "Head",
    "InputSpec",
    "Layout",
    "OffsetOrder",
    "OffsetSizes",
    "Overlay",
    "OwnNms",
    "PerChannel",
    "RowsHead",
    "SsdHead",
    "Suppressor",
    "YoloMapsHead",
    "YoloSizes",
    "YoloxHead",
    "above_own",
    "by_opencv",
    "by_score",
    "caption",
    "counts",
    "dequantised",
    "draw",
    "encode_jpeg",
    "fitted",
    "looked_up",
    "of_label",
    "only_above",
    "overlay",
    "picture",
    "place",
    "prepare",
    "quantised",
    "quantising_table",
    "size_text",
    "soften",
    "suppress",
    "truth_as_detections",
]

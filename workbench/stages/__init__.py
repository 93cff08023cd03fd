"""The steps that a frame passes, on the host: prepare, decode, thin out, draw. NumPy, OpenCV and Pillow only."""

from workbench.stages.anchors import AnchorGrid, AnchorGrids
from workbench.stages.draw import caption, draw
from workbench.stages.function_head import FunctionHead
from workbench.stages.heads import NUMPY_OPS, Activation, Array, ArrayOps, BoxesHead, BoxOrder, Head, RowsHead, SsdHead, YoloxHead
from workbench.stages.input_spec import CHANNELS, Align, Colour, Fit, InputSpec, Layout, PerChannel, place, size_text
from workbench.stages.jpeg import encode_jpeg, fitted, picture
from workbench.stages.nms import by_opencv
from workbench.stages.overlay import Overlay, counts, overlay
from workbench.stages.own_nms import DetectionRows, DetectionTensors, OwnNms
from workbench.stages.preprocess import prepare
from workbench.stages.quantising import dequantised, looked_up, quantised, quantising_table
from workbench.stages.soft_nms import SOFT_SIGMA, soften
from workbench.stages.suppressor import HOST_NMS, Suppressor, suppress

__all__ = [
    "CHANNELS",
    "HOST_NMS",
    "NUMPY_OPS",
    "SOFT_SIGMA",
    "Activation",
    "Align",
    "AnchorGrid",
    "AnchorGrids",
    "Array",
    "ArrayOps",
    "BoxOrder",
    "BoxesHead",
    "Colour",
    "DetectionRows",
    "DetectionTensors",
    "Fit",
    "FunctionHead",
    "Head",
    "InputSpec",
    "Layout",
    "Overlay",
    "OwnNms",
    "PerChannel",
    "RowsHead",
    "SsdHead",
    "Suppressor",
    "YoloxHead",
    "by_opencv",
    "caption",
    "counts",
    "dequantised",
    "draw",
    "encode_jpeg",
    "fitted",
    "looked_up",
    "overlay",
    "picture",
    "place",
    "prepare",
    "quantised",
    "quantising_table",
    "size_text",
    "soften",
    "suppress",
]

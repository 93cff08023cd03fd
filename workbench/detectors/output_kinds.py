"""Kinds of raw output, recognised from the shapes of a model's tensors. A new kind is a function here and a line in the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.detectors.coco_labels import COCO80
from workbench.stages.heads import Head, YoloxHead
from workbench.stages.input_spec import InputSpec

YOLOX_STRIDES = (8, 16, 32)
BOX_AND_OBJECTNESS = 5  # (cx, cy, log w, log h, objectness) come before the class scores


@dataclass(frozen=True, slots=True)
class TensorShape:
    """A tensor as the file declares it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model's tensors mean."""

    kind: str
    input_spec: InputSpec
    head: Head
    labels: tuple[str, ...]


def read_tensors(inputs: Sequence[TensorShape], outputs: Sequence[TensorShape]) -> Reading | None:
    """Return the first reading that fits the shapes, or `None`."""
    readings = (recognise(inputs, outputs) for recognise in OUTPUT_KINDS.values())
    return next((reading for reading in readings if reading is not None), None)


def why_no_detector(outputs: Sequence[TensorShape]) -> str:
    """Say what a model that no reading fits seems to be."""
    if len(outputs) == 1 and len([side for side in outputs[0].shape if side != 1]) == 1:
        return f"is a classifier, no detector: it gives {max(outputs[0].shape)} scores and no boxes"
    shapes = ", ".join(f"{output.name} {list(output.shape)}" for output in outputs)
    return f"gives outputs that this version cannot read as boxes ({shapes}); it reads {', '.join(OUTPUT_KINDS)}"


def _yolox(inputs: Sequence[TensorShape], outputs: Sequence[TensorShape]) -> Reading | None:
    """YOLOX (Ge et al. 2021, https://arxiv.org/abs/2107.08430): one output `(1, N, 5 + C)` with a row per cell of three grids."""
    if len(inputs) != 1 or len(outputs) != 1 or len(inputs[0].shape) != 4 or len(outputs[0].shape) != 3:
        return None
    planar = inputs[0].shape[1] == 3
    height, width = inputs[0].shape[2:] if planar else inputs[0].shape[1:3]
    rows, columns = outputs[0].shape[1:]
    cells = sum((height // stride) * (width // stride) for stride in YOLOX_STRIDES)
    if rows != cells or columns <= BOX_AND_OBJECTNESS or inputs[0].dtype != "float32":
        return None
    spec = InputSpec(
        size_hw=(height, width),
        default_hw=(height, width),
        layout="NCHW" if planar else "NHWC",
        colour="BGR",  # as the authors train and export: OpenCV's order, raw pixel values, top-left letterbox
        factor=1.0,
        align="top-left",
        batch=inputs[0].shape[0],
    )
    classes = columns - BOX_AND_OBJECTNESS
    labels = COCO80 if classes == len(COCO80) else tuple(f"class {n}" for n in range(classes))
    return Reading("YOLOX", spec, YoloxHead(strides=YOLOX_STRIDES), labels)


OUTPUT_KINDS: dict[str, Callable[[Sequence[TensorShape], Sequence[TensorShape]], Reading | None]] = {
    "YOLOX raw grids": _yolox,
}

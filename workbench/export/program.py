"""The program that is taken home, written for one plan: only the branch that its network and setting take."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from workbench.engines import HINTS
from workbench.errors import UnavailableError
from workbench.export.plan import OWN, Plan
from workbench.graph import SOFT_SIGMA
from workbench.stages import BoxesHead, DetectionRows, DetectionTensors, RowsHead, SsdHead, YoloxHead

ANCHORS_FILE = "anchors.npy"
RUNTIME_NAMES = {"tensorflow": "TensorFlow", "litert": "LiteRT", "openvino": "OpenVINO", "onnxruntime": "ONNX Runtime"}
IMPORTS = {
    "tensorflow": "import tensorflow as tf",
    "litert": "from ai_edge_litert.interpreter import Interpreter",
    "openvino": "import openvino",
    "onnxruntime": "import onnxruntime",
}
PACKAGES = {"tensorflow": "tensorflow", "litert": "ai-edge-litert", "openvino": "openvino", "onnxruntime": "onnxruntime"}
OPENCV_BUILDS = ("opencv-python", "opencv-python-headless")


@cache
def environment() -> Environment:
    """Return the environment of the templates: they make Python and text, so nothing is escaped and no foreign text goes in."""
    return Environment(
        loader=PackageLoader("workbench", "export"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - as above
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def program_text(plan: Plan) -> str:
    """Write `detect.py`.

    Raises:
        UnavailableError: No program is written for this detector's outputs.
    """
    return environment().get_template("detect.py.jinja").render(_words(plan))


def requirements_text(plan: Plan) -> str:
    """Write `requirements.txt`: the packages that the program imports, at the versions of this environment."""
    names = ["numpy", _opencv_build(), PACKAGES[plan.runtime]]
    return "".join(f"{name}=={version(name)}\n" for name in names)


def _opencv_build() -> str:
    for name in OPENCV_BUILDS:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    raise UnavailableError(f"OpenCV was not installed by pip, so its version is not known; install {OPENCV_BUILDS[0]}")


def anchors_of(plan: Plan) -> np.ndarray[Any, Any] | None:
    """Return the anchors `(A, 4)` that the program loads; `None` where it needs none."""
    head = plan.meaning.head
    if plan.suppressor == OWN or not isinstance(head, SsdHead):
        return None
    return np.asarray(head.anchors_cxcywh_px(plan.size_hw), np.float32)


def _words(plan: Plan) -> dict[str, Any]:
    runs, network = plan.runs, plan.network
    return {
        "runtime": plan.runtime,
        "runtime_name": RUNTIME_NAMES[plan.runtime],
        "runtime_import": IMPORTS[plan.runtime],
        "passes": _passes(plan),
        "threads": runs.runtime.threads,
        "device": "/cpu:0" if runs.runtime.device == "cpu" else f"/{runs.runtime.device}",
        "xla": runs.runtime.engine == "xla",
        "precision_hint": HINTS.get(runs.runtime.precision, "f32"),
        "height": plan.size_hw[0],
        "width": plan.size_hw[1],
        "score": runs.nms.score,
        "iou": runs.nms.iou,
        "most": runs.nms.max_detections,
        "top_k": runs.nms.top_k,
        "per_class": runs.nms.per_class,
        "sigma": SOFT_SIGMA,
        "suppressor": plan.suppressor,
        "network_file": network.name,
        "shape": network.shape,
        "reshapes": network.shape != network.input_shape,
        "outputs": _outputs(plan),
        "output_count": len(network.outputs),
        "quantised_outputs": _quantised_outputs(plan),
        "prepares": "graph" if plan.in_graph else "host",
        **_input_words(plan),
        **_output_words(plan),
    }


def _passes(plan: Plan) -> Sequence[str]:
    before = () if plan.in_graph else ("prepare",)
    return (*before, "infer", "detections", "in_frame", "draw")


def _quantised_outputs(plan: Plan) -> bool:
    return any(one.quantization for one in plan.network.outputs)


def _outputs(plan: Plan) -> str:
    if not _quantised_outputs(plan):
        return str(tuple(one.position for one in plan.network.outputs))
    return str(tuple((one.position, *(one.quantization or (1.0, 0))) for one in plan.network.outputs))


def _input_words(plan: Plan) -> dict[str, Any]:
    spec, network = plan.meaning.input_spec, plan.network
    scale, shift = spec.scale_and_shift()
    per_channel = bool(np.ptp(scale) or np.ptp(shift))
    integer = np.issubdtype(np.dtype(network.input_dtype), np.integer)
    pixels = spec.dtype == "uint8"
    table = network.input_quantization is not None and not pixels and not per_channel
    limits = np.iinfo(network.input_dtype) if integer else None
    input_scale, input_zero = network.input_quantization or (None, None)
    return {
        "fit": spec.fit,
        "align": spec.align,
        "colour": spec.colour,
        "layout": spec.layout,
        "pad": round(spec.pad),
        "pad_float": float(spec.pad),
        "feeds": "pixels" if pixels else "table" if table else "numbers",
        "per_channel": per_channel and not pixels,
        "factor": _float32(scale if per_channel else scale[:1]),
        "shift": _float32(shift if per_channel else shift[:1]),
        "quantises": integer and not table and network.input_dtype != spec.dtype,
        "input_dtype": network.input_dtype,
        "input_scale": input_scale,
        "input_zero": input_zero,
        "low": limits and limits.min,
        "high": limits and limits.max,
    }


def _float32(values: Iterable[float]) -> str:
    """Write numbers with as many digits as float32 has."""
    words = [str(np.float32(value) + np.float32(0)) for value in values]  # without a sign where it is zero
    return words[0] if len(words) == 1 else f"({', '.join(words)})"


def _output_words(plan: Plan) -> dict[str, Any]:
    reader: object = plan.meaning.own_nms if plan.suppressor == OWN else plan.meaning.head
    if type(reader) not in READERS:
        raise UnavailableError(f"no program is written for outputs of the kind {plan.meaning.kind!r} yet")
    return {**UNUSED, **READERS[type(reader)](reader)}


UNUSED: Mapping[str, Any] = {
    "order": "xyxy",
    "normalised": False,
    "background": False,
    "activation": "none",
    "transposed": False,
    "objectness": False,
    "first_class": 0,
}


def _ssd(head: SsdHead) -> Mapping[str, Any]:
    return {
        "head": "ssd",
        "center_variance": _float32([head.center_variance]),
        "size_variance": _float32([head.size_variance]),
        "background": head.background,
        "activation": head.activation,
    }


def _yolox(head: YoloxHead) -> Mapping[str, Any]:
    return {"head": "yolox", "strides": tuple(head.strides)}


def _boxes(head: BoxesHead) -> Mapping[str, Any]:
    return {
        "head": "boxes",
        "order": head.order,
        "normalised": head.normalised,
        "background": head.background,
        "activation": head.activation,
    }


def _rows(head: RowsHead) -> Mapping[str, Any]:
    return {
        "head": "rows",
        "order": head.order,
        "normalised": head.normalised,
        "transposed": head.transposed,
        "objectness": head.objectness,
        "activation": head.activation,
    }


def _detection_tensors(reader: DetectionTensors) -> Mapping[str, Any]:
    return {
        "head": "detection tensors",
        "order": reader.order,
        "normalised": reader.normalised,
        "first_class": reader.first_class,
    }


def _detection_rows(reader: DetectionRows) -> Mapping[str, Any]:
    return {
        "head": "detection rows",
        "order": reader.order,
        "normalised": reader.normalised,
        "first_class": reader.first_class,
    }


READERS: Mapping[type, Callable[[Any], Mapping[str, Any]]] = {
    SsdHead: _ssd,
    YoloxHead: _yolox,
    BoxesHead: _boxes,
    RowsHead: _rows,
    DetectionTensors: _detection_tensors,
    DetectionRows: _detection_rows,
}

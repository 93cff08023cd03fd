"""Engines: what executes a detector. Each gives candidates from a batch, and says what its program covers."""

from workbench.engines.engine import Candidates, Engine, stack_frames
from workbench.engines.onnxruntime import why_not_onnxruntime
from workbench.engines.openvino import HINTS, OPENVINO_MISSING, is_installed, why_not_openvino
from workbench.engines.table import open_engine
from workbench.engines.tensorflow_threads import set_tensorflow_threads

__all__ = [
    "HINTS",
    "OPENVINO_MISSING",
    "Candidates",
    "Engine",
    "is_installed",
    "open_engine",
    "set_tensorflow_threads",
    "stack_frames",
    "why_not_onnxruntime",
    "why_not_openvino",
]

"""Engines: what executes a detector. Each gives candidates from a batch, and says what its program covers."""

from workbench.engines.engine import Candidates, Engine, EngineCode, OutputReader, stack_frames
from workbench.engines.first_run import run_first
from workbench.engines.litert import Execute, Executor, LiteRt, Opened
from workbench.engines.onnxruntime import OnnxRuntimeNetwork, load_onnxruntime
from workbench.engines.openvino import HINTS, OpenVinoNetwork
from workbench.engines.table import missing_packages, open_engine, why_not
from workbench.engines.tensorflow_program import PREPROCESS
from workbench.engines.tensorflow_threads import set_tensorflow_threads

__all__ = [
    "HINTS",
    "PREPROCESS",
    "Candidates",
    "Engine",
    "EngineCode",
    "Execute",
    "Executor",
    "LiteRt",
    "OnnxRuntimeNetwork",
    "OpenVinoNetwork",
    "Opened",
    "OutputReader",
    "load_onnxruntime",
    "missing_packages",
    "open_engine",
    "run_first",
    "set_tensorflow_threads",
    "stack_frames",
    "why_not",
]

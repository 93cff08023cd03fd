"""Engines: what executes a detector. Each gives candidates from a batch, and says what its program covers."""

from workbench.engines.engine import Candidates, Engine, EngineCode, OutputReader, stack_frames
from workbench.engines.first_run import calibration_frames, run_first
from workbench.engines.litert import Execute, Executor, LiteRt, Opened
from workbench.engines.onnxruntime import OnnxRuntimeNetwork, load_onnxruntime
from workbench.engines.openvino import OpenVinoNetwork, properties_of
from workbench.engines.table import missing_packages, open_engine, why_not
from workbench.engines.tensorflow_program import PREPROCESS
from workbench.engines.tensorflow_threads import set_tensorflow_threads

__all__ = [
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
    "calibration_frames",
    "load_onnxruntime",
    "missing_packages",
    "open_engine",
    "properties_of",
    "run_first",
    "set_tensorflow_threads",
    "stack_frames",
    "why_not",
]

"""The profilers: a line for each engine that has one."""

from collections.abc import Callable

from workbench.engines import Opened
from workbench.profile.litert import LiteRtProfiler
from workbench.profile.onnxruntime import OnnxRuntimeProfiler
from workbench.profile.openvino import OpenVinoProfiler
from workbench.profile.profiler import Profiler
from workbench.settings import Settings

PROFILERS: dict[str, Callable[[Opened, Settings], Profiler]] = {
    "litert": LiteRtProfiler,
    "openvino": OpenVinoProfiler,
    "onnxruntime": OnnxRuntimeProfiler,
}

TRACED = ("graph", "xla", "eager")  # by TensorFlow's own: the engine itself, whatever its program holds

"""ONNX Runtime, where it is installed: one more runtime that lies beyond TensorFlow's own.

It runs what tf2onnx makes of the `.tflite` file that LiteRT runs, so that both compute the same network at the same precision.
"""

import os
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.detectors import first_line, to_onnx
from workbench.engines.engine import EngineCode
from workbench.engines.litert import Executor, LiteRt, Opened
from workbench.errors import UnavailableError
from workbench.machine import native_stderr_captured
from workbench.settings import Settings

COMPUTED_IN_FLOAT32 = ("float16", "dynamic-int8", "weight-int8")  # what its weights are stored in; they are brought to float32 once
WEIGHTS_ONCE = ("session.disable_quant_qdq", "1")  # else int8 ones are brought there at every frame anew, in twice the time
# Left alone: "session.qdqisint8allowed". All convolutions of an int8 model are integer ones with it, not only half of them, but on
# x86 they take three times as long.
ERRORS_ONLY = 3  # of its log levels: what it remarks while it optimises a graph is not for the user's screen


@final
class OnnxRuntimeNetwork:
    """A model that was converted to ONNX, ready for the processor on the threads that the settings name.

    Args:
        opened: The model.
        settings: How it is to run.
        trace: What the file begins with in which it writes what each operator takes; `None` for no such file.

    Raises:
        UnavailableError: It cannot be converted, or ONNX Runtime refuses it; says why.
    """

    def __init__(self, opened: Opened, settings: Settings, trace: Path | None = None) -> None:
        self.model = to_onnx(opened.content)
        runtime = load_onnxruntime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = settings.runtime.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ONLY
        if settings.runtime.precision in COMPUTED_IN_FLOAT32:
            options.add_session_config_entry(*WEIGHTS_ONCE)
        if trace is not None:
            options.enable_profiling, options.profile_file_prefix = True, str(trace)
        self._names = list(opened.output_names)
        with native_stderr_captured():
            try:
                self.session: Any = runtime.InferenceSession(self.model.content, options, providers=["CPUExecutionProvider"])
                (self._taken,) = self.session.get_inputs()
                self.execute(np.zeros(opened.shape, opened.dtype))  # some operations are refused only then
            except Exception as error:  # its kinds are those of its native part, none of them public
                raise UnavailableError(_refusal(error)) from None

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Run it: see `Execute`."""
        found: Sequence[NDArray[Any]] = self.session.run(self._names, {self._taken.name: values})
        return found


def open_executor(opened: Opened, settings: Settings) -> Executor:
    """Convert a model and make it ready. Raises like `OnnxRuntimeNetwork`."""
    network, precision = OnnxRuntimeNetwork(opened, settings), settings.runtime.precision
    computed = (f"stored in {precision}, computed in float32",) if precision in COMPUTED_IN_FLOAT32 else ()
    model = network.model
    return Executor(network.execute, model.converted, (*model.notes, *computed), len(model.content))


@cache
def load_onnxruntime() -> Any:
    """Import ONNX Runtime without its telemetry, which its builds send to Microsoft unless they are told before: 1.29 and later.

    See https://github.com/microsoft/onnxruntime/pull/27379.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # its builds for Windows do not read that variable
    return onnxruntime


def _refusal(error: Exception) -> str:
    _, _, told = str(error).rpartition(" : ")
    return f"ONNX Runtime cannot run this model: {first_line(told or str(error)).rstrip('.')}; choose litert"


ONNXRUNTIME = EngineCode(partial(LiteRt, open_executor=open_executor))

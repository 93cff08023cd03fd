"""OpenVINO, where it is installed: what lies beyond TensorFlow's own runtimes. It runs the same `.tflite` files as LiteRT does.

They are read as they are (`Core.read_model`); nothing here calls OpenVINO's converters, which would report their use.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.detectors import first_line
from workbench.engines.engine import EngineCode
from workbench.engines.litert import Execute, Executor, LiteRt, Opened
from workbench.errors import UnavailableError
from workbench.files import temporary_folder
from workbench.settings import Runtime, Settings

PRECISION_HINTS = {"bfloat16": "bf16"}  # what OpenVINO may compute in; in float32 where a precision is not named here
NO_BFLOAT16 = "this processor has no bfloat16; choose float32"


def _why_not(runtime: Runtime) -> str | None:
    return NO_BFLOAT16 if runtime.precision == "bfloat16" and "BF16" not in _capabilities() else None


@final
class OpenVinoNetwork:
    """A model that OpenVINO has compiled for the processor, on the threads that the settings name: all workers' requests run there.

    Args:
        opened: The model.
        settings: How it is to run.
        look: Called with the model before it is compiled, while its operators still are those of the file.
        properties: Of the compiled model, beside those.

    Raises:
        UnavailableError: OpenVINO cannot read it; names the operation where it does.
    """

    def __init__(
        self, opened: Opened, settings: Settings, look: Callable[[Any], object] = lambda _: None, **properties: object
    ) -> None:
        with temporary_folder() as folder:
            path = Path(folder) / "model.tflite"
            path.write_bytes(opened.content)
            try:
                model = _core().read_model(path)
                model.reshape(opened.shape)
                look(model)
                self.compiled: Any = _core().compile_model(
                    model,
                    "CPU",
                    {**properties_of(settings), **properties},
                )
            except RuntimeError as error:
                raise UnavailableError(f"OpenVINO cannot run this model: {_reason(str(error))}; choose litert") from None
        self.request: Any = self.compiled.create_infer_request()
        self._ports = [self.compiled.output(name) for name in opened.output_names]

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Run it: see `Execute`."""
        return self._infer(self.request, values)

    def beside(self) -> Execute:
        """Return what runs it on another thread at the same time, by a request of its own."""
        return partial(self._infer, self.compiled.create_infer_request())

    def _infer(self, request: Any, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        found = request.infer({0: values}, share_inputs=True, share_outputs=True)
        return [np.array(found[port]) for port in self._ports]  # copies: the request writes there again


def properties_of(settings: Settings) -> dict[str, object]:
    """Return what a model is compiled with: a stream for each worker, so that none waits for another."""
    runtime, feed = settings.runtime, settings.feed
    streams = runtime.streams or (feed.workers if feed.mode == "threads" else 0)
    return {
        "PERFORMANCE_HINT": runtime.hint.upper(),
        "INFERENCE_NUM_THREADS": runtime.threads,
        "INFERENCE_PRECISION_HINT": PRECISION_HINTS.get(runtime.precision, "f32"),
        **({"NUM_STREAMS": streams} if streams else {}),
    }


def open_executor(opened: Opened, settings: Settings) -> Executor:
    """Compile a model. Raises like `OpenVinoNetwork`."""
    network = OpenVinoNetwork(opened, settings)
    streams, threads = (network.compiled.get_property(name) for name in ("NUM_STREAMS", "INFERENCE_NUM_THREADS"))
    notes = (f"{streams} streams on {threads} threads",) if streams > 1 else ()
    return Executor(network.execute, notes=notes, beside=network.beside)


@cache
def _core() -> Any:
    import openvino

    openvino.Tensor(np.zeros(1))  # its first look at NumPy: two threads that both have it wait for each other for ever
    return openvino.Core()


@cache
def _capabilities() -> frozenset[str]:
    return frozenset(_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def _reason(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Exception from", "Check ", "FrontEnd API failed"))]
    return first_line("\n".join(told or lines)).rstrip(".")


OPENVINO = EngineCode(partial(LiteRt, open_executor=open_executor), _why_not)

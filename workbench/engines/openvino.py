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
from workbench.engines.litert import Executor, LiteRt, Opened
from workbench.errors import UnavailableError
from workbench.files import temporary_folder
from workbench.settings import Runtime, Settings

HINTS = {"bfloat16": "bf16"}  # what OpenVINO may compute in; in float32 where a precision is not named here
NO_BFLOAT16 = "this processor has no bfloat16; choose float32"


def _why_not(runtime: Runtime) -> str | None:
    return NO_BFLOAT16 if runtime.precision == "bfloat16" and "BF16" not in _capabilities() else None


@final
class OpenVinoNetwork:
    """A model that OpenVINO has compiled for the processor, for the least latency on the threads that the settings name.

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
                    {
                        "PERFORMANCE_HINT": "LATENCY",
                        "INFERENCE_NUM_THREADS": settings.runtime.threads,
                        "INFERENCE_PRECISION_HINT": HINTS.get(settings.runtime.precision, "f32"),
                        **properties,
                    },
                )
            except RuntimeError as error:
                raise UnavailableError(f"OpenVINO cannot run this model: {_reason(str(error))}; choose litert") from None
        self.request: Any = self.compiled.create_infer_request()
        self._ports = [_port(self.compiled, name) for name in opened.output_names]

    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Run it: see `Execute`."""
        self.request.infer({0: values})
        return [np.array(self.request.get_tensor(port).data) for port in self._ports]  # copies: the request writes there again


def open_executor(opened: Opened, settings: Settings) -> Executor:
    """Compile a model. Raises like `OpenVinoNetwork`."""
    return Executor(OpenVinoNetwork(opened, settings).execute)


def _port(compiled: Any, name: str) -> Any:
    return next(port for port in compiled.outputs if name in port.names)


@cache
def _core() -> Any:
    import openvino

    return openvino.Core()


@cache
def _capabilities() -> frozenset[str]:
    return frozenset(_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def _reason(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Exception from", "Check ", "FrontEnd API failed"))]
    return first_line("\n".join(told or lines)).rstrip(".")


OPENVINO = EngineCode(partial(LiteRt, open_executor=open_executor), _why_not)

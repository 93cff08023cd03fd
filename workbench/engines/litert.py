"""`.tflite` models: run by the LiteRT interpreter, or by another runtime that reads them."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections
from workbench.detectors import Calibration, Detector, LiteRtModel, first_line
from workbench.engines.engine import NMS_LEFT_OUT, Candidates, Engine, EngineCode, OutputReader
from workbench.machine import native_stderr_captured
from workbench.quantising import CALIBRATED
from workbench.settings import Runtime, Settings
from workbench.stages import InputSpec, dequantised, looked_up, quantised, quantising_table

Execute = Callable[[NDArray[Any]], Sequence[NDArray[Any]]]
"""From an input as the model stores it to the outputs that are read, as it stores them."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A model that the LiteRT interpreter has opened.

    Attributes:
        content: The flatbuffer.
        shape: Of the input.
        dtype: Of the input.
        output_names: Names of the output tensors that are read, in order.
    """

    content: bytes
    shape: tuple[int, ...]
    dtype: Any
    output_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Executor:
    """What executes a model in the interpreter's place.

    Attributes:
        execute: Runs it.
        converted: Whether the model was brought to another format for it just now.
        notes: What a reader of the figures should know of that.
        model_bytes: Size in that format; `None` where it runs the flatbuffer.
        beside: Gives what runs the same model on another thread at the same time; `None` where it has to be opened again for that.
    """

    execute: Execute
    converted: bool = False
    notes: tuple[str, ...] = ()
    model_bytes: int | None = None
    beside: Callable[[], Execute] | None = None


OpenExecutor = Callable[[Opened, Settings], Executor]

RESIZE_LEFT_OUT = "resize: a LiteRT model takes its input at its own size"


@final
class LiteRt(Engine):
    """A `.tflite` model with a set number of threads; boxes are decoded by NumPy.

    An integer model is fed pixels through a table that holds scaling and quantising at once, and its outputs are brought back to
    float32 by the scale and zero point that the file states. The interpreter executes it, or what `open_executor` opens.
    """

    covers = ("model", "box decoding")
    left_out = (RESIZE_LEFT_OUT, NMS_LEFT_OUT)

    def __init__(
        self, detector: Detector, settings: Settings, calibration: Calibration, open_executor: OpenExecutor | None = None
    ) -> None:
        runtime, self._refuse = settings.runtime, partial(detector.refuse, settings)
        size_hw = detector.input_spec.choose_size(settings.input.size_hw)
        self.batch = runtime.batch
        model = detector.litert_model(settings, calibration)
        with native_stderr_captured():
            interpreter = open_interpreter(model.content, runtime)
            try:
                _allocate(interpreter, detector.input_spec, runtime.batch, size_hw)
            except (RuntimeError, ValueError) as error:
                raise self._refuse(first_line(str(error))) from error
        self._read = OutputReader(detector.meaning, settings.nms, size_hw)
        self.own_nms = self._read.own_nms
        self._input: Mapping[str, Any] = interpreter.get_input_details()[0]
        self._outputs = _outputs(interpreter, model, detector.outputs(settings.nms))
        self._table = quantising_table(detector.input_spec, self._input)
        self.input_spec = detector.input_spec if self._table is None else replace(detector.input_spec, dtype="uint8")
        names = tuple(details["name"] for details in self._outputs)
        opened = Opened(model.content, tuple(map(int, self._input["shape"])), self._input["dtype"], names)
        executor = open_executor(opened, settings) if open_executor else Executor(self._by_interpreter(interpreter))
        self._execute, self._beside = executor.execute, executor.beside
        ends = (f"{self._input['dtype'].__name__} in, {self._outputs[0]['dtype'].__name__} out",)
        self.notes = (*model.notes, *(ends if runtime.precision in CALIBRATED else ()), *executor.notes)
        self.warnings = model.warnings
        self.model_bytes = executor.model_bytes or len(model.content)
        self._conversions = int(model.converted) + int(executor.converted)

    def _by_interpreter(self, interpreter: Any) -> Execute:
        def execute(values: NDArray[Any]) -> Sequence[NDArray[Any]]:
            interpreter.set_tensor(self._input["index"], values)
            interpreter.invoke()
            return [interpreter.get_tensor(details["index"]) for details in self._outputs]

        return execute

    @property
    def compilations(self) -> int:
        return self._conversions

    def beside(self) -> Self | None:
        if self._beside is None:
            return None
        other = copy(self)
        other._execute = self._beside()
        return other

    def run(self, batch: NDArray[np.generic]) -> Candidates | list[Detections]:
        try:
            raw = self._execute(quantised(batch, self._input) if self._table is None else looked_up(batch, self._table))
        except RuntimeError as error:  # of what executes it; some operations look at their shapes only then
            raise self._refuse(first_line(str(error))) from error
        return self._read([dequantised(values, details) for values, details in zip(raw, self._outputs, strict=True)])


def open_interpreter(content: bytes, runtime: Runtime) -> Any:
    """Open a flatbuffer in LiteRT's interpreter, with the kernels and on the threads that the settings name."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    own = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if runtime.delegate == "none" else OpResolverType.AUTO
    return Interpreter(
        model_content=content,
        num_threads=runtime.threads,
        experimental_op_resolver_type=own,
        experimental_default_delegate_latest_features=runtime.delegate == "xnnpack-latest",
    )


def _allocate(interpreter: Any, spec: InputSpec, batch: int, size_hw: tuple[int, int]) -> None:
    """Prepare the interpreter for one shape; a file that leaves its sides open is told them."""
    (details,) = interpreter.get_input_details()
    wanted = spec.batch_shape(batch, size_hw)
    if tuple(details["shape"]) != wanted:
        interpreter.resize_tensor_input(details["index"], wanted)
    interpreter.allocate_tensors()


def _outputs(interpreter: Any, model: LiteRtModel, names: Sequence[str]) -> list[Mapping[str, Any]]:
    by_name = {details["name"]: details for details in interpreter.get_output_details()}
    wanted = [model.outputs[name] for name in names]
    if not set(wanted) <= by_name.keys():  # a converted file has the names in its signature
        by_name = interpreter.get_signature_runner().get_output_details()
    return [by_name[name] for name in wanted]


LITERT = EngineCode(LiteRt)

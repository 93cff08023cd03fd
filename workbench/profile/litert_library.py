"""LiteRT's compiled model and its profiler, by the C functions of the library in its wheel: its Python has no profiler.

Nobody promises that they stay as they are, so this is for one version of the wheel, on one system, and for a process of its own:
a wrong size here would overwrite memory. Declared in https://github.com/google-ai-edge/LiteRT, litert/c/ and tflite/profiling/.
"""

import ctypes
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from workbench.errors import UnavailableError
from workbench.files import temporary_folder

WHEEL, VERSION, SYSTEM = "ai-edge-litert", "2.3.0", "linux"  # what this was written for, and tried on
ON_PROCESSOR, HOST_MEMORY, READ, WRITE = 1, 1, 0, 1  # of its kinds of accelerators, buffers and locks
SPARE_BYTES = 128  # of a buffer behind its tensor: XNNPACK reads on for up to 16, and an empty one is refused
MICROSECOND = 1e-6
OPERATOR, IN_DELEGATE = 2, 8  # of its types of events; the others are telemetry
DELETER = ctypes.CFUNCTYPE(None, c_void_p)
MEMORY = c_size_t * 3  # three counts before an event and three after it


class Event(ctypes.Structure):
    """ProfiledEventData."""

    _fields_: ClassVar = [
        *(
            ("tag", c_char_p),
            ("type", c_int),
            ("began_us", c_uint64),
            ("elapsed_us", c_uint64),
            ("before", MEMORY),
            ("after", MEMORY),
        ),
        *(("number", c_uint64), ("graph", c_uint64), ("source", c_int)),
    ]


class TensorType(ctypes.Structure):
    """LiteRtRankedTensorType, with its LiteRtLayout."""

    _fields_: ClassVar = [("element", c_int), ("rank", c_uint32), ("sides", c_int32 * 8), ("strides", c_uint32 * 8)]


SIZES = {Event: 104, TensorType: 72}  # that the library has them in


class Ran(NamedTuple):
    """An operator that ran.

    Attributes:
        in_delegate: Whether XNNPACK ran it, rather than LiteRT itself.
        tag: Its type, in LiteRT's words, or XNNPACK's.
        number: Of its node, or its place in its part of the network, which XNNPACK numbers anew.
        seconds: That it took.
    """

    in_delegate: bool
    tag: str
    number: int
    seconds: float


def why_not(found: str) -> str | None:
    """Say why LiteRT's profiler cannot be used here with this version of its wheel; `None` where it can."""
    if found != VERSION or sys.platform != SYSTEM:
        return f"LiteRT's profiler is known of {WHEEL} {VERSION} on {SYSTEM}, and this is {found} on {sys.platform}"
    wrong = [kind.__name__ for kind, size in SIZES.items() if ctypes.sizeof(kind) != size]
    return f"LiteRT's profiler stores {', '.join(wrong)} in another size on this system" if wrong else None


class TensorFacts(NamedTuple):
    """What a tensor is when the network runs."""

    shape: tuple[int, ...]
    dtype: Any


@final
class CompiledModel:
    """A model with one input, compiled for the processor with XNNPACK, and its profiler.

    Args:
        content: The flatbuffer.
        threads: That it runs on.
        tensors: Its input and all of its outputs by name, as they are when it runs: the library's own figures are too small where
            a shape is known only then, and it writes on behind the end of a buffer.
        wanted: Names of the outputs that `run` returns.

    Raises:
        UnavailableError: It refuses the model.
    """

    def __init__(self, content: bytes, threads: int, tensors: Mapping[str, TensorFacts], wanted: Sequence[str]) -> None:
        import ai_edge_litert

        assert why_not(version(WHEEL)) is None, "whoever opens one has seen to it"
        self._library = ctypes.CDLL(str(Path(ai_edge_litert.__file__).with_name("libLiteRt.so")))
        self._kept: list[object] = []  # what the library only points to
        self._environment = self._made("LiteRtCreateEnvironment", 0, None)
        with temporary_folder() as folder:
            path = Path(folder) / "model.tflite"
            path.write_bytes(content)
            model = self._made("LiteRtCreateModelFromFile", self._environment, bytes(path))
        self._compiled = self._made("LiteRtCreateCompiledModel", self._environment, model, self._options(threads))
        self._profiler = self._made("LiteRtCompiledModelGetProfiler", self._compiled)
        signature = self._made("LiteRtGetModelSignature", model, c_size_t(0))
        (self._input,) = self._buffers(signature, "Input", tensors).values()
        outputs = self._buffers(signature, "Output", tensors)
        self._inputs, self._outputs = (c_void_p * 1)(self._input), (c_void_p * len(outputs))(*outputs.values())
        self._wanted = [(outputs[name], tensors[name]) for name in wanted]

    def _call(self, name: str, *arguments: Any) -> None:
        function = getattr(self._library, name)
        function.restype = c_int
        if status := function(*arguments):
            raise UnavailableError(f"LiteRT's profiler refuses this network: {name} gives {status}")

    def _made(self, name: str, *arguments: Any, kind: Any = c_void_p) -> Any:
        """Call a function that gives something through its last argument, and return that."""
        made = kind()
        self._call(name, *arguments, ctypes.byref(made))
        return made

    def _options(self, threads: int) -> Any:
        options = self._made("LiteRtCreateOptions")
        self._call("LiteRtSetOptionsHardwareAccelerators", options, ON_PROCESSOR)
        for identifier, text in (
            (b"xnnpack", f"num_threads = {threads}\n"),
            (b"runtime_options_string", "enable_profiling = true\n"),
        ):
            words, nothing = ctypes.create_string_buffer(text.encode()), DELETER(lambda _: None)
            self._kept += [words, nothing]
            held = self._made("LiteRtCreateOpaqueOptions", identifier, ctypes.cast(words, c_void_p), nothing)
            self._call("LiteRtAddOpaqueOptions", options, held)
        return options

    def _buffers(self, signature: Any, side: str, tensors: Mapping[str, TensorFacts]) -> dict[str, Any]:
        """Make a buffer for each tensor of one side, in the order of the signature, by the tensor's name."""
        made = {}
        for place in range(self._made(f"LiteRtGetNumSignature{side}s", signature, kind=c_size_t).value):
            tensor = self._made(f"LiteRtGetSignature{side}TensorByIndex", signature, c_size_t(place))
            name = self._made("LiteRtGetTensorName", tensor, kind=c_char_p).value.decode(errors="replace")
            kind, facts = self._made("LiteRtGetRankedTensorType", tensor, kind=TensorType), tensors[name]
            kind.rank = len(facts.shape)
            kind.sides[: len(facts.shape)] = facts.shape
            size = c_size_t(prod(facts.shape) * np.dtype(facts.dtype).itemsize + SPARE_BYTES)
            made[name] = self._made("LiteRtCreateManagedTensorBuffer", self._environment, HOST_MEMORY, ctypes.byref(kind), size)
        return made

    def run(self, values: NDArray[Any]) -> tuple[list[NDArray[Any]], list[Ran]]:
        """Run it once; return the outputs that are wanted, and the operators in the order in which they ran."""
        with self._locked(self._input, WRITE) as place:
            ctypes.memmove(place, np.ascontiguousarray(values).ctypes.data, values.nbytes)
        self._call("LiteRtStartProfiler", self._profiler)  # anew for each run: its list of events is full one day, and says nothing
        ends = (c_size_t(len(self._inputs)), self._inputs, c_size_t(len(self._outputs)), self._outputs)
        self._call("LiteRtRunCompiledModel", self._compiled, c_size_t(0), *ends)
        self._call("LiteRtStopProfiler", self._profiler)
        found = []
        for buffer, facts in self._wanted:
            values = np.empty(facts.shape, facts.dtype)
            with self._locked(buffer, READ) as place:
                ctypes.memmove(values.ctypes.data, place, values.nbytes)
            found.append(values)
        return found, self._ran()

    @contextmanager
    def _locked(self, buffer: Any, how: int) -> Iterator[Any]:
        place = c_void_p()
        self._call("LiteRtLockTensorBuffer", buffer, ctypes.byref(place), how)
        yield place
        self._call("LiteRtUnlockTensorBuffer", buffer)

    def _ran(self) -> list[Ran]:
        count = self._made("LiteRtGetNumProfilerEvents", self._profiler, kind=c_int).value
        events = (Event * count)()
        self._call("LiteRtGetProfilerEvents", self._profiler, count, events)
        return [
            Ran(one.type == IN_DELEGATE, (one.tag or b"").decode(errors="replace"), one.number, one.elapsed_us * MICROSECOND)
            for one in events
            if one.type in {OPERATOR, IN_DELEGATE}
        ]

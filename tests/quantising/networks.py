"""Networks of a few operators, written as `.tflite` files without a converter."""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

SIDE, CHANNELS = 4, 8


class Building:
    """A network in the making: each method adds an operator and returns the number of what it gives.

    Attributes:
        image: The input, `(1, side, side, 3)` of float32.
    """

    def __init__(self, side: int = SIDE) -> None:
        self.random = np.random.default_rng(0)
        self._kinds: list[int] = []
        self._graph = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[], name="main")
        self._buffers = [schema.BufferT()]
        self.image = self.tensor("image", (1, side, side, 3))
        self._graph.inputs = [self.image]

    def tensor(self, name: str, shape: tuple[int, ...], values: NDArray[Any] | None = None) -> int:
        types = {"float32": "FLOAT32", "float16": "FLOAT16", "int32": "INT32"}
        kind = getattr(schema.TensorType, types[str(values.dtype) if values is not None else "float32"])
        buffer = 0
        if values is not None:
            buffer = len(self._buffers)
            self._buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        self._graph.tensors.append(schema.TensorT(shape=list(shape), type=kind, buffer=buffer, name=name))
        return len(self._graph.tensors) - 1

    def add(self, kind: str, inputs: list[int], name: str, shape: tuple[int, ...], options: Any = None) -> int:
        code = getattr(schema.BuiltinOperator, kind)
        if code not in self._kinds:
            self._kinds.append(code)
        given = self.tensor(name, shape)
        operator = schema.OperatorT(opcodeIndex=self._kinds.index(code), inputs=inputs, outputs=[given])
        if options is not None:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
            operator.builtinOptions = options
        self._graph.operators.append(operator)
        return given

    def convolution(
        self, taken: int, name: str, channels: int, *, scale: float = 1.0, half: bool = False, weights: NDArray[Any] | None = None
    ) -> int:
        shape = (channels, 1, 1, self._graph.tensors[taken].shape[3])
        drawn = self.random.normal(0, scale, shape) if weights is None else weights
        weights = drawn.astype(np.float16 if half else np.float32)
        stored = self.tensor(f"{name}/weights", shape, weights)
        if half:
            stored = self.add("DEQUANTIZE", [stored], f"{name}/wide", shape)
        bias = self.tensor(f"{name}/bias", (channels,), np.zeros(channels, np.float32))
        options = schema.Conv2DOptionsT(strideH=1, strideW=1)
        return self.add("CONV_2D", [taken, stored, bias], name, (1, SIDE, SIDE, channels), options)

    def swish(self, taken: int, name: str) -> int:
        shape = tuple(self._graph.tensors[taken].shape)
        sigmoid = self.add("LOGISTIC", [taken], f"{name}/sigmoid", shape)
        return self.add("MUL", [taken, sigmoid], name, shape, schema.MulOptionsT())

    def concatenation(self, taken: list[int], name: str) -> int:
        channels = sum(self._graph.tensors[one].shape[3] for one in taken)
        options = schema.ConcatenationOptionsT(axis=3)
        return self.add("CONCATENATION", taken, name, (1, SIDE, SIDE, channels), options)

    def file(self, *outputs: int) -> bytes:
        self._graph.outputs = list(outputs)
        codes = [schema.OperatorCodeT(builtinCode=kind, deprecatedBuiltinCode=min(kind, 127), version=1) for kind in self._kinds]
        model = schema.ModelT(version=3, operatorCodes=codes, subgraphs=[self._graph], buffers=self._buffers)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def swish_network(*, half: bool = False) -> bytes:
    """A convolution, a swish, a convolution, and a sigmoid."""
    net = Building()
    hidden = net.swish(net.convolution(net.image, "stem", CHANNELS, scale=3, half=half), "swish")
    scores = net.add("LOGISTIC", [net.convolution(hidden, "head", 2, half=half)], "scores", (1, SIDE, SIDE, 2))
    return net.file(scores)


def mixed_tail() -> bytes:
    """Boxes in pixels and scores in one output."""
    net = Building()
    hidden = net.convolution(net.image, "stem", CHANNELS)
    boxes = net.convolution(hidden, "boxes", 4, scale=100)
    scores = net.add("LOGISTIC", [net.convolution(hidden, "logits", 2)], "scores", (1, SIDE, SIDE, 2))
    return net.file(net.concatenation([boxes, scores], "rows"))


def pictures(count: int = 4) -> list[NDArray[np.float32]]:
    return list(np.random.default_rng(1).random((count, 1, SIDE, SIDE, 3), np.float32))


def outputs(content: bytes, batches: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """What a network's first output holds, in real numbers, one after the other."""
    from ai_edge_litert.interpreter import Interpreter

    from workbench.stages import dequantised, quantised

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    (taken, *_), (given, *_) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for batch in batches:
        interpreter.set_tensor(taken["index"], quantised(batch, taken))
        interpreter.invoke()
        found.append(dequantised(interpreter.get_tensor(given["index"]), given))
    return np.stack(found)

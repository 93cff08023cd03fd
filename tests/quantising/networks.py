"""Tiny `.tflite` networks, put together operator by operator: no converter is needed."""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from workbench.quantising import Flatbuffer

RANDOM = np.random.default_rng(0)
TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def options_of(name: str, **values: object) -> Any:
    """Give an operator's options, named as in the schema without their ending."""
    options = getattr(schema, f"{name}OptionsT")()
    for key, value in values.items():
        assert hasattr(options, key)
        setattr(options, key, value)
    return options


class Network:
    """A network that grows; its tensors are numbers."""

    def __init__(self) -> None:
        self.model = schema.ModelT(version=3, operatorCodes=[], buffers=[schema.BufferT()], signatureDefs=[])
        self.graph = schema.SubGraphT(tensors=[], operators=[], inputs=[], outputs=[])
        self.model.subgraphs = [self.graph]

    def tensor(
        self, shape: Sequence[int], kind: str = "FLOAT32", *, name: str = "", step: float | None = None, zero: int = 0
    ) -> int:
        tensor = schema.TensorT(shape=[abs(side) for side in shape], type=getattr(schema.TensorType, kind), buffer=0)
        tensor.name = name or f"t{len(self.graph.tensors)}"
        if -1 in shape:
            tensor.shapeSignature = list(shape)
        if step is not None:
            tensor.quantization = schema.QuantizationParametersT(scale=[step], zeroPoint=[zero])
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def input(self, shape: Sequence[int], kind: str = "FLOAT32", **more: Any) -> int:
        index = self.tensor(shape, kind, **({"name": "image"} | more))
        self.graph.inputs.append(index)
        return index

    def constant(self, values: NDArray[Any] | Sequence[Any], kind: str | None = None, *, step: float | None = None) -> int:
        array = np.asarray(values)
        array = array.astype(np.int32) if array.dtype == np.int64 else array
        kinds = {"float32": "FLOAT32", "float16": "FLOAT16", "int32": "INT32", "int8": "INT8", "int16": "INT16"}
        index = self.tensor(array.shape, kind or kinds[array.dtype.name], step=step)
        data = array.tobytes()[: (array.size + 1) // 2] if kind == "INT4" else array.tobytes()
        self.graph.tensors[index].buffer = len(self.model.buffers)
        self.model.buffers.append(schema.BufferT(np.frombuffer(data, np.uint8)))
        return index

    def weights(self, shape: Sequence[int]) -> int:
        return self.constant(RANDOM.normal(size=shape, scale=0.3).astype(np.float32))

    def add(self, operator: str, inputs: Sequence[int], shape: Sequence[int] = (), options: Any = None, **tensor: Any) -> int:
        """Add an operator that gives one tensor of this shape."""
        return self.add_many(operator, inputs, [self.tensor(shape, **tensor)], options)[0]

    def add_many(self, kind: str, inputs: Sequence[int], outputs: list[int], options: Any = None) -> list[int]:
        number = getattr(schema.BuiltinOperator, kind)
        code = schema.OperatorCodeT(deprecatedBuiltinCode=min(number, 127), builtinCode=number, version=1)
        operator = schema.OperatorT(len(self.model.operatorCodes), list(inputs), outputs)
        self.model.operatorCodes.append(code)
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.graph.operators.append(operator)
        return outputs

    def shape(self, index: int) -> list[int]:
        return list(self.graph.tensors[index].shape)

    def transpose(self, index: int, order: Sequence[int], **tensor: Any) -> int:
        shape = [self.shape(index)[axis] for axis in order]
        return self.add("TRANSPOSE", [index, self.constant(order)], shape, **tensor)

    def reshape(self, index: int, shape: Sequence[int], **tensor: Any) -> int:
        return self.add("RESHAPE", [index, self.constant(shape)], shape, **tensor)

    def pad(self, index: int, pads: Sequence[Sequence[int]]) -> int:
        shape = [side + sum(by) for side, by in zip(self.shape(index), pads, strict=True)]
        return self.add("PAD", [index, self.constant(pads)], shape, options_of("Pad"))

    def convolution(
        self, index: int, count: int, kernel: int = 3, stride: int = 1, *, padding: str = "VALID", dilation: int = 1, **tensor: Any
    ) -> int:
        _, height, width, channels = self.shape(index)
        reach = (kernel - 1) * dilation if padding == "VALID" else 0
        shape = [1, *(-(-(side - reach) // stride) for side in (height, width)), count]
        options = options_of(
            "Conv2D",
            strideH=stride,
            strideW=stride,
            padding=getattr(schema.Padding, padding),
            dilationHFactor=dilation,
            dilationWFactor=dilation,
        )
        inputs = [index, self.weights((count, kernel, kernel, channels)), self.weights((count,))]
        return self.add("CONV_2D", inputs, shape, options, **tensor)

    def slice(self, index: int, begin: Sequence[int], strides: Sequence[int], masks: int | None = None) -> int:
        """Cut a tensor from `begin` to its ends."""
        shape = self.shape(index)
        every = (1 << len(shape)) - 1
        options = options_of("StridedSlice", endMask=every, beginMask=0 if masks is None else masks)
        cut = [-(-(side - start) // stride) for side, start, stride in zip(shape, begin, strides, strict=True)]
        return self.add("STRIDED_SLICE", [index, *map(self.constant, (begin, shape, strides))], cut, options)

    def file(self, *outputs: int) -> bytes:
        """Give the file, with these outputs and a signature that calls them `given_0` and so on."""
        self.graph.outputs = list(outputs)
        signature = schema.SignatureDefT(signatureKey="serving_default", subgraphIndex=0)
        signature.inputs = [schema.TensorMapT("picture", index) for index in self.graph.inputs]
        signature.outputs = [schema.TensorMapT(f"given_{place}", index) for place, index in enumerate(outputs)]
        self.model.signatureDefs = [signature]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def kinds_in(content: bytes) -> list[str]:
    file = Flatbuffer(content)
    return [file.kind(operator) for operator in file.graph.operators]


def allocated(content: bytes) -> Any:
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def batches_for(content: bytes, count: int = 2) -> list[NDArray[np.float32]]:
    shape = allocated(content).get_input_details()[0]["shape"]
    return [np.random.default_rng(seed).normal(size=shape).astype(np.float32) for seed in range(count)]

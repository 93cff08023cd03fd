"""A product of int8 matrices as a `.tflite` file: what XNNPACK's kernels run with the integer instructions that a processor has."""

from typing import Any

import numpy as np

VERSION = 4  # of FULLY_CONNECTED: the first in int8 (tensorflow/lite/tools/versioning/op_version.cc)
SCALE = 0.05  # of all three matrices: results spread over the int8 range


def integer_product(side: int) -> bytes:
    """Return a network that multiplies an int8 matrix of that many rows and columns by a constant one."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    weights = schema.BufferT()
    weights.data = np.random.default_rng(0).integers(-127, 128, side * side).astype(np.int8).view(np.uint8)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    code.version = VERSION
    product = schema.OperatorT()
    product.inputs, product.outputs = [0, 1, -1], [2]
    product.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    product.builtinOptions = schema.FullyConnectedOptionsT()
    graph = schema.SubGraphT()
    graph.tensors = [_matrix(schema, name, side, int(name == "weights")) for name in ("taken", "weights", "given")]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [product]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT(), weights]
    builder = flatbuffers.Builder(2 * side * side)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _matrix(schema: Any, name: str, side: int, buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name.encode(), [side, side], schema.TensorType.INT8, buffer
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [SCALE], [0]
    return tensor

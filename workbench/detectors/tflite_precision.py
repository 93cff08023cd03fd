"""The precision that a `.tflite` file is stored in, as its operations with weights show it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

WEIGHT_AXES = 2  # of a convolution's or a matrix's weights, at least; biases and factors have fewer
INTEGERS = frozenset({"INT8", "UINT8", "INT4"})


def stored_precision(content: bytes) -> str:
    """Name the precision of a flatbuffer that the interpreter has opened before, which verifies it.

    Weights in integers are `int8` or `int16x8` where what is computed from them is in integers too, whatever types the file's
    inputs and outputs have; else they are brought to floats, which is `dynamic-int8`. What most of the weights are in counts.
    """
    counted: Counter[str] = Counter()
    for stored, computed, elements in _weights(content):
        counted[_named(stored, computed)] += elements
    return counted.most_common(1)[0][0] if counted else "float32"


def _named(stored: str, computed: str) -> str:
    if stored == "FLOAT16":
        return "float16"
    if stored not in INTEGERS:
        return "float32"
    return {"INT16": "int16x8", "FLOAT32": "dynamic-int8"}.get(computed, "int8")


def _weights(content: bytes) -> Iterator[tuple[str, str, int]]:
    """Give the type of each operation's weights, the type of what it computes, and how many weights it has."""
    from ai_edge_litert import schema_py_generated as schema

    names = {number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)}
    model = schema.Model.GetRootAs(content, 0)
    for graph in map(model.Subgraphs, range(model.SubgraphsLength())):
        for operation in map(graph.Operators, range(graph.OperatorsLength())):
            if not operation.OutputsLength():
                continue
            computed = names.get(graph.Tensors(operation.Outputs(0)).Type(), "")
            for index in map(operation.Inputs, range(operation.InputsLength())):
                tensor = graph.Tensors(index) if index >= 0 else None  # an input that is left out is -1
                if tensor is not None and tensor.ShapeLength() >= WEIGHT_AXES and _is_constant(model, tensor):
                    elements = 1
                    for side in map(tensor.Shape, range(tensor.ShapeLength())):
                        elements *= side
                    yield names.get(tensor.Type(), ""), computed, elements


def _is_constant(model: Any, tensor: Any) -> bool:
    buffer = model.Buffers(tensor.Buffer())
    return bool(buffer.DataLength() or buffer.Size())  # a file of over 2 GB has its data outside, and says their size

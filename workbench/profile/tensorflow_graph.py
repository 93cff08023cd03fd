"""What a traced TensorFlow graph knows of its operators: shapes, products, bytes."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from workbench.record import OperatorRow

ONEDNN = "_Mkl"  # what the types of operators begin with that oneDNN runs
NATIVE = "Native"
FUSED = "Fused"  # in the type of one that others were fused into: it has the name of the last of them
WEIGHTS = {"Conv2D": 3, "DepthwiseConv2dNative": 2}  # how many sides of the weights are summed over
TRANSPOSED = "Conv2DBackpropInput"
MATRICES = {"MatMul": "transpose_a", "BatchMatMul": "adj_x", "BatchMatMulV2": "adj_x"}
LONGEST_CHAIN = 8  # operators that may have been fused into one


def operation_row(name: str, kind: str, operations: Mapping[str, Any]) -> OperatorRow:
    """Return an operator's row without a time.

    Args:
        name: Its name when it ran.
        kind: Its type when it ran.
        operations: Of the graph as it was traced, by name; one that is not among them TensorFlow has added since.
    """
    operation = operations.get(name)
    own, kernel = kind.removeprefix(ONEDNN).removeprefix(NATIVE).removeprefix("_"), "oneDNN" if kind.startswith(ONEDNN) else ""
    if operation is None:
        return OperatorRow(name=name, kind=own, kernel=kernel)
    first = _weighted(operation) if FUSED in own else operation
    taken = {tensor.ref(): tensor for tensor in (*first.inputs, *operation.inputs)}
    between = {tensor.ref() for tensor in first.outputs} if first is not operation else set()
    moved = [tensor for ref, tensor in taken.items() if ref not in between]
    return OperatorRow(
        name=name,
        kind=own,
        kernel=kernel,
        shape=_shape(operation.outputs[0]) if operation.outputs else (),
        macs=_macs(first),
        bytes_moved=_bytes((*moved, *operation.outputs)),
    )


def _weighted(operation: Any) -> Any:
    """Return the operator that has weights, of those that were fused into one."""
    for _ in range(LONGEST_CHAIN):
        if operation.type in {*WEIGHTS, *MATRICES} or not operation.inputs:
            break
        operation = operation.inputs[0].op
    return operation


def _macs(operation: Any) -> int:
    given = prod(_shape(operation.outputs[0])) if operation.outputs and _shape(operation.outputs[0]) else 0
    if (sides := WEIGHTS.get(operation.type)) is not None:
        return given * prod(_shape(operation.inputs[1])[:sides])
    if operation.type == TRANSPOSED:  # weights (height, width, outputs, inputs), for each element that is taken
        return prod(_shape(operation.inputs[2])) * prod(_shape(operation.inputs[1])[:3])
    if operation.type in MATRICES:
        left = _shape(operation.inputs[0])
        return given * (left[-2 if operation.get_attr(MATRICES[operation.type]) else -1] if left else 0)
    return 0


def _shape(tensor: Any) -> tuple[int, ...]:
    """Return a tensor's shape; none where a side is known only while it runs."""
    return tuple(tensor.shape.as_list()) if tensor.shape.is_fully_defined() else ()


def _bytes(tensors: Sequence[Any]) -> int:
    """Return what tensors hold; 0 where one's size is known only while it runs."""
    known = all(tensor.shape.is_fully_defined() for tensor in tensors)
    return sum(prod(_shape(tensor)) * int(tensor.dtype.size) for tensor in tensors) if known else 0

"""What the operators of a `.tflite` file have to do: products to add up, and bytes to move."""

from math import prod

from workbench.quantising import Flatbuffer, Operator


def macs_of(file: Flatbuffer, operator: Operator) -> int:
    """Count the products that an operator adds up, for the shapes that the file states; 0 of a kind that adds up none."""
    kind, given = file.kind(operator), prod(file.shape(operator.outputs[0])) if operator.outputs else 0
    if kind in {"CONV_2D", "FULLY_CONNECTED"}:  # weights (outputs, …, inputs)
        return given * prod(file.shape(operator.inputs[1])[1:])
    if kind == "DEPTHWISE_CONV_2D":  # (1, height, width, outputs)
        return given * prod(file.shape(operator.inputs[1])[1:3])
    if kind == "TRANSPOSE_CONV":  # (outputs, height, width, inputs), for each element that is taken
        _, weights, taken = operator.inputs[:3]
        return prod(file.shape(taken)) * prod(file.shape(weights)[:3])
    if kind == "BATCH_MATMUL":
        turned = operator.builtinOptions is not None and operator.builtinOptions.adjX
        return given * (file.shape(operator.inputs[0])[-2 if turned else -1])
    return 0


def in_integers(file: Flatbuffer, operator: Operator) -> bool:
    """Whether an operator's products are of integers: its weights are stored in them, and nothing brings them to floats before."""
    return macs_of(file, operator) > 0 and file.type(operator.inputs[1]) in {"INT8", "UINT8", "INT4"}


def bytes_moved_by(file: Flatbuffer, operator: Operator) -> int:
    """Count the bytes of all that an operator takes and gives, each once."""
    return sum(map(file.bytes_of, {index for index in (*operator.inputs, *operator.outputs) if index >= 0}))

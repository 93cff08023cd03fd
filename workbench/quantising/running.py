"""A network run as it is, on a few batches."""

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray


def outputs_on(content: bytes, batches: Iterable[NDArray[Any]], threads: int = 1) -> list[list[NDArray[Any]]]:
    """Return what the outputs of a `.tflite` file with one input hold, in the file's order, for each batch.

    The runtime is loaded in this process.

    Args:
        content: The file.
        batches: Each in the shape and type of its input.
        threads: Of the interpreter.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=threads)
    interpreter.allocate_tensors()
    (taken,), given = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for batch in batches:
        interpreter.set_tensor(taken["index"], batch)
        interpreter.invoke()
        found.append([interpreter.get_tensor(one["index"]) for one in given])
    return found

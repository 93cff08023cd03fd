"""A network loaded as it is: what runs its operators, and what it gives on a few batches."""

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.operators import file_facts


def outputs_on(content: bytes, batches: Iterable[NDArray[Any]], threads: int = 1) -> list[list[NDArray[Any]]]:
    """Return what the outputs of a `.tflite` file with one input hold, in the file's order, for each batch.

    The runtime is loaded in this process.

    Args:
        content: The file.
        batches: Each in the shape and type of its input.
        threads: Of the interpreter.
    """
    interpreter = allocated(content, threads)
    (taken,), given = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for batch in batches:
        interpreter.set_tensor(taken["index"], batch)
        interpreter.invoke()
        found.append([interpreter.get_tensor(one["index"]) for one in given])
    return found


def made_of(content: bytes) -> tuple[str, ...]:
    """Say how a `.tflite` file is stored and which kernels run its operators, a line each. Loads the runtime in this process."""
    return file_facts(Flatbuffer(content), allocated(content, 1)).lines


def allocated(content: bytes, threads: int, **options: Any) -> Any:
    """Return an interpreter of a `.tflite` file that is ready to run; `options` are further ones of its own."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=threads, **options)
    interpreter.allocate_tensors()
    return interpreter

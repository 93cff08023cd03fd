"""The network on LiteRT."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.export.program.contents import Infer, Tree
from workbench.stages import dequantised


def open_network(folder: Path, network: Tree, settings: Tree) -> Infer:
    """Load the network; return what runs it."""
    runtime = settings["runtime"]
    interpreter = Interpreter(
        str(folder / network["file"]),
        num_threads=runtime["threads"],
        experimental_op_resolver_type=(
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if runtime["delegate"] == "none" else OpResolverType.AUTO
        ),
        experimental_default_delegate_latest_features=runtime["delegate"] == "xnnpack-latest",
    )
    (taken,) = interpreter.get_input_details()
    if tuple(taken["shape"]) != network["shape"]:  # the file leaves its sides open
        interpreter.resize_tensor_input(taken["index"], network["shape"])
    interpreter.allocate_tensors()
    given = interpreter.get_output_details()
    read = [(given[one["position"]]["index"], one) for one in network["outputs"]]

    def infer(batch: NDArray[Any]) -> Sequence[FloatArray]:
        interpreter.set_tensor(taken["index"], batch)
        interpreter.invoke()
        return [dequantised(interpreter.get_tensor(index), one) for index, one in read]

    return infer

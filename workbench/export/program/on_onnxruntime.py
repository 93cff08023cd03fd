"""The network on ONNX Runtime."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.export.program.contents import Infer, Tree
from workbench.stages import dequantised


def open_network(folder: Path, network: Tree, settings: Tree) -> Infer:
    """Load the network; return what runs it."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before it is imported: nothing leaves the machine
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # its builds for Windows do not read that variable
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings["runtime"]["threads"], 1
    session = onnxruntime.InferenceSession(folder / network["file"], options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0].name

    def infer(batch: NDArray[Any]) -> Sequence[FloatArray]:
        given = session.run(None, {taken: batch})
        return [dequantised(given[one["position"]], one) for one in network["outputs"]]

    return infer

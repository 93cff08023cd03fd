"""The network on ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.export.program.contents import Infer, Tree
from workbench.stages import dequantised


def open_network(folder: Path, network: Tree, settings: Tree) -> Infer:
    """Load the network; return what runs it."""
    onnxruntime.disable_telemetry_events()  # nothing leaves the machine; only its builds for Windows send any
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = settings["runtime"]["threads"], 1
    session = onnxruntime.InferenceSession(folder / network["file"], options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0].name

    def infer(batch: NDArray[Any]) -> Sequence[FloatArray]:
        given = session.run(None, {taken: batch})
        return [dequantised(given[one["position"]], one) for one in network["outputs"]]

    return infer

"""The network on OpenVINO."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.export.program.contents import Infer, Tree
from workbench.stages import dequantised


def open_network(folder: Path, network: Tree, _: Tree) -> Infer:
    """Load the network; return what runs it."""
    core = openvino.Core()
    model = core.read_model(folder / network["file"])
    model.reshape(network["shape"])
    request = core.compile_model(model, "CPU", network["openvino"]).create_infer_request()

    def infer(batch: NDArray[Any]) -> Sequence[FloatArray]:
        request.infer({0: batch})
        # Copies: the request writes there again.
        return [dequantised(np.array(request.get_output_tensor(one["position"]).data), one) for one in network["outputs"]]

    return infer

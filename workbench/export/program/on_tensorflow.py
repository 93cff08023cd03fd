"""The network on TensorFlow, as a graph or compiled by XLA."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from workbench.detections import FloatArray
from workbench.export.program.contents import Infer, Tree
from workbench.graph import resize, scale
from workbench.stages import InputSpec, dequantised


def open_network(folder: Path, network: Tree, settings: Tree) -> Infer:
    """Load the network; return what runs it, from a batch, or from a frame where it resizes that itself."""
    runtime, taken = settings["runtime"], settings["input"]
    tf.config.threading.set_intra_op_parallelism_threads(runtime["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(runtime["threads"])
    model = tf.saved_model.load(str(folder / network["file"]))
    resizes = taken["resize"] == "graph"
    spec, device = InputSpec(**network["input"]), "/cpu:0" if runtime["device"] == "cpu" else f"/{runtime['device']}"

    @tf.function(autograph=False, jit_compile=runtime["engine"] == "xla")  # type: ignore[untyped-decorator]
    def behind_resize(batch: Any) -> Any:
        named = model.serve(scale(batch, spec) if resizes else batch)
        return [named[one["name"]] for one in network["outputs"]]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def program(batch: Any) -> Any:  # the resize stays out of what XLA compiles: it lacks two of the filters
        return behind_resize(resize(batch, spec, taken["size_hw"], taken["filter"]) if resizes else batch)

    def infer(batch: NDArray[Any]) -> Sequence[FloatArray]:
        with tf.device(device):
            raw = program(tf.constant(batch))
        return [dequantised(given.numpy(), one) for given, one in zip(raw, network["outputs"], strict=True)]

    return infer

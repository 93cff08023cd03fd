"""The stages as TensorFlow operations, for use inside a graph. TensorFlow loads where a function needs it, not on import."""

from workbench.graph.candidates import NO_SCORE
from workbench.graph.dataset import (
    DatasetError,
    FedBatch,
    batches,
    can_decode,
    empty_image,
    file_elements,
    graph_elements,
    host_elements,
    input_program,
    next_batch,
    next_number,
)
from workbench.graph.nms import GRAPH_NMS, GraphSuppressor
from workbench.graph.ops import tensor_ops
from workbench.graph.preprocess import prepare, resize, scale

__all__ = [
    "GRAPH_NMS",
    "NO_SCORE",
    "DatasetError",
    "FedBatch",
    "GraphSuppressor",
    "batches",
    "can_decode",
    "empty_image",
    "file_elements",
    "graph_elements",
    "host_elements",
    "input_program",
    "next_batch",
    "next_number",
    "prepare",
    "resize",
    "scale",
    "tensor_ops",
]

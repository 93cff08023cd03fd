"""The stages as TensorFlow operations, for use inside a graph. TensorFlow loads where a function needs it, not on import."""

from workbench.graph.dataset import (
    DatasetError,
    FedBatch,
    batches,
    cached,
    can_decode,
    empty_image,
    file_elements,
    graph_elements,
    host_elements,
    host_input_shape,
    input_program,
    next_batch,
)
from workbench.graph.nms import GRAPH_NMS, SOFT_NOTE
from workbench.graph.ops import TENSOR_OPS
from workbench.graph.preprocess import prepare
from workbench.graph.suppressor import GraphSuppressor

__all__ = [
    "GRAPH_NMS",
    "SOFT_NOTE",
    "TENSOR_OPS",
    "DatasetError",
    "FedBatch",
    "GraphSuppressor",
    "batches",
    "cached",
    "can_decode",
    "empty_image",
    "file_elements",
    "graph_elements",
    "host_elements",
    "host_input_shape",
    "input_program",
    "next_batch",
    "prepare",
]

"""Frozen graphs of TensorFlow 1 (`.pb`): one `GraphDef` with its weights inside."""

from typing import Any, final

from workbench.detectors.network import Tensors
from workbench.detectors.operations import Graph, check_operations
from workbench.detectors.tensorflow_network import GraphNetwork, Loaded, tensor_spec
from workbench.errors import ModelError

INPUT = "Placeholder"
NO_OUTPUTS = frozenset({"Const", "NoOp", "Assert", "Placeholder", "PlaceholderWithDefault", "SaveV2", "RestoreV2"})


@final
class FrozenGraphNetwork(GraphNetwork):
    """A frozen graph: its inputs are placeholders, its outputs what nothing in it reads."""

    kind = "frozen graph"

    def load(self) -> Loaded:
        import tensorflow as tf

        graph = self._graph()
        read = {name.lstrip("^").partition(":")[0] for node in graph.node for name in node.input}
        inputs = [node.name for node in graph.node if node.op == INPUT]
        outputs = [node.name for node in graph.node if node.name not in read and node.op not in NO_OUTPUTS]
        if len(inputs) != 1 or not outputs:
            raise ModelError(
                f"{self.path} has {len(inputs)} placeholders and {len(outputs)} outputs; choose a frozen detector of one picture"
            )
        check_operations(self.path, Graph.of(graph).behind(outputs), self.access.operations, python=self.access.trusted)
        wrapped = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph, name=""), [])
        taken = wrapped.graph.get_tensor_by_name(f"{inputs[0]}:0")
        given = {name: wrapped.graph.get_tensor_by_name(f"{name}:0") for name in outputs}
        call = wrapped.prune(taken, given)
        tensors = Tensors((tensor_spec(inputs[0], taken),), tuple(tensor_spec(name, one) for name, one in given.items()))
        return Loaded(call, tensors, call)

    def _graph(self) -> Any:
        from google.protobuf.message import DecodeError
        from tensorflow.core.framework import graph_pb2

        graph = graph_pb2.GraphDef()
        try:
            graph.ParseFromString(self.read())
        except DecodeError:
            graph = None
        if graph is None or not graph.node:
            raise ModelError(
                f"{self.path} is no frozen graph, or damaged; choose a .pb that holds a GraphDef, or a SavedModel's folder"
            )
        return graph

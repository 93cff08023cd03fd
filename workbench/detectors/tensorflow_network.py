"""What the networks share that TensorFlow runs, and those of them that are operations without a Keras model around them."""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.catalogue import ENGINES
from workbench.detectors.calibration import Calibration
from workbench.detectors.complaints import first_line, runtime_complaint
from workbench.detectors.conversion import convert_tensorflow, exported_name
from workbench.detectors.native_output import load_tensorflow, quiet_logger
from workbench.detectors.network import Conversion, Forward, LiteRtModel, Network, Tensors, TensorSpec
from workbench.detectors.operations import lacking
from workbench.errors import ModelError
from workbench.machine import native_stderr_captured

NO_KERAS = "this file holds no Keras model; choose eager, graph, xla or litert"


class Loaded(NamedTuple):
    """A network in memory.

    Attributes:
        forward: What runs it.
        tensors: What goes in and comes out.
        keep: What must live as long as `forward` does.
    """

    forward: Forward
    tensors: Tensors
    keep: object


class TensorFlowNetwork(Network):
    """A network that TensorFlow runs, and that can be converted."""

    def run(self, batch: NDArray[np.generic]) -> Mapping[str, NDArray[np.generic]]:
        import tensorflow as tf

        forward = self.forward()
        with native_stderr_captured(), quiet_logger():
            try:
                return {name: one.numpy() for name, one in forward(tf.constant(batch)).items()}
            except Exception as error:  # whatever its layers or operations raise
                raise self.does_not_run(batch.shape, runtime_complaint(str(error))) from None

    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:
        return convert_tensorflow(conversion, self.sha256, self.save_tensorflow, calibration)


class GraphNetwork(TensorFlowNetwork):
    """A network of TensorFlow operations without a Keras model around them; subclasses say how it loads."""

    @property
    def refusals(self) -> Mapping[str, Mapping[str, str]]:
        return {"runtime.engine": {engine: NO_KERAS for engine, row in ENGINES.items() if row.file == "keras"}}

    @abstractmethod
    def load(self) -> Loaded:
        """Load the network; TensorFlow is there.

        Raises:
            ModelError: It does not load, or is not what it should be.
        """

    @cached_property
    def loaded(self) -> Loaded:
        """The network in memory."""
        load_tensorflow()
        with native_stderr_captured(), quiet_logger():
            try:
                return self.load()
            except ModelError:
                raise
            except Exception as error:  # TensorFlow raises its own kinds, ValueError, KeyError, OSError by what it meets
                raise ModelError(f"{self.path} does not load: {load_failure(str(error))}") from None

    def inspect(self) -> Tensors:
        return self.loaded.tensors

    def forward(self) -> Forward:
        import tensorflow as tf

        forward, dtype = self.loaded.forward, self.loaded.tensors.inputs[0].dtype
        return lambda batch: in_float32(forward(tf.cast(batch, dtype)))

    def save_tensorflow(self, conversion: Conversion, folder: Path) -> None:
        import tensorflow as tf

        forward = self.forward()

        def serve(batch: Any) -> dict[str, Any]:
            named = forward(batch)
            return {exported_name(position): named[name] for position, name in enumerate(conversion.outputs)}

        module = tf.Module()
        module.kept = self.loaded.keep  # its variables are found through it
        spec = tf.TensorSpec(conversion.input_shape, conversion.input_spec.dtype)
        module.serve = tf.function(serve, input_signature=[spec], autograph=False)
        tf.saved_model.save(module, str(folder), signatures=module.serve.get_concrete_function())


def in_float32(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return a network's outputs with floats as float32, whatever they are computed in."""
    import tensorflow as tf

    return {name: tf.cast(one, tf.float32) if one.dtype.is_floating else one for name, one in named.items()}


def tensor_spec(name: str, tensor: Any) -> TensorSpec:
    """Describe a tensor, or what TensorFlow says of one."""
    shape = tuple(tensor.shape) if tensor.shape.rank is not None else ()
    return TensorSpec(name, shape, tensor.dtype.name)


def load_failure(message: str) -> str:
    """Turn what TensorFlow says into one sentence; an operation that is not there is named.

    >>> load_failure("Op type not registered 'Frobnicate' in binary running on host. Make sure …")
    "it needs the custom operation 'Frobnicate', which TensorFlow here lacks; export it with built-in operations only"
    """
    _, found, rest = message.partition("Op type not registered '")
    if found:
        name = rest.partition("'")[0]
        return f"it {lacking(repr(name))}"
    return f"{first_line(message)}; copy or export the model again"

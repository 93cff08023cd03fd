"""Keras models: `.keras` archives and the `.h5` files of before."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, final

from workbench.detectors.conversion import exported_name, first_line
from workbench.detectors.model_bytes import read_model
from workbench.detectors.native_output import load_tensorflow
from workbench.detectors.network import Conversion, Forward, Tensors, TensorSpec
from workbench.detectors.tensorflow_network import TensorFlowNetwork
from workbench.errors import ModelError

ZIP = b"PK"  # what a `.keras` file begins with: it is a zip archive
AS_THEY_ARE = 0.0, 1.0  # offset and factor of what takes pixels of 0..255
RESCALING = ("Rescaling", "Normalization")  # keras.layers that bring pixels to a range
HDF5 = b"\x89HDF\r\n\x1a\n"


@lru_cache(maxsize=2)  # the sample detectors: a cell that is run again, or a detector that is gone back to, opens without waiting
def _load(path: Path, sha256: str, trusted: bool) -> Any:  # noqa: ARG001 - a file that changed is loaded anew
    load_tensorflow()
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=not trusted)
    except Exception as error:  # a damaged archive raises what zipfile, h5py or Keras happen to meet in it
        raise ModelError(f"{path} holds no Keras model that loads safely: {_reason(error, trusted)}") from error


def _reason(error: Exception, trusted: bool) -> str:
    text = str(error)
    if not trusted and "Lambda" in text and "deserializ" in text:
        return (
            "a Lambda layer, which is Python code of whoever made the file; allow it with --allow lambda (in Python"
            ' allow=["lambda"]) only where you trust them'
        )
    return first_line(text) if text else type(error).__name__


@final
class KerasNetwork(TensorFlowNetwork):
    """A Keras 3 archive, or a legacy HDF5 file that holds a whole model; the Python code in it is its Lambda layers."""

    @property
    def kind(self) -> str:
        return "Keras" if self._is_archive else "Keras HDF5"

    @property
    def _is_archive(self) -> bool:
        return self.path.suffix.lower() == ".keras"

    def read(self) -> bytes:
        content = read_model(self.path)
        if self._is_archive:
            if not content.startswith(ZIP):
                raise ModelError(f"{self.path} is no Keras 3 model: its first bytes are not those of one; choose a .keras file")
        elif not content.startswith(HDF5):
            raise ModelError(f"{self.path} is no HDF5 file: its first bytes are not those of one; choose a .h5 or .keras file")
        return content

    def keras_model(self) -> Any:
        if not self._is_archive:
            _check_whole(self.path)
        return _load(self.path, self.sha256, self.trusted)

    def inspect(self) -> Tensors:
        model = self.keras_model()
        try:
            named = named_outputs(model, model.outputs if not isinstance(model.output, Mapping) else model.output)
            scaling = AS_THEY_ARE if _rescales(model) else None
            inputs = tuple(TensorSpec(one.name, tuple(one.shape), str(one.dtype), scaling=scaling) for one in model.inputs)
        except AttributeError as error:  # a subclassed model that nobody has called
            raise ModelError(
                f"{self.path} does not say its inputs and outputs: {first_line(str(error))}; export a SavedModel"
            ) from None
        return Tensors(inputs, tuple(TensorSpec(name, tuple(one.shape), str(one.dtype)) for name, one in named.items()))

    def forward(self) -> Forward:
        model = self.keras_model()  # loaded here: inside a graph that is being traced its weights would not be those of the file
        return lambda batch: named_outputs(model, model(batch, training=False))

    def save_tensorflow(self, conversion: Conversion, folder: Path) -> None:
        export_model(self.keras_model(), conversion, folder)


def export_model(model: Any, conversion: Conversion, folder: Path) -> None:
    """Write a Keras model as the SavedModel that a conversion wants.

    A SavedModel is the documented way. Its variables become constants before: what Keras tracks of a model takes seconds to write,
    and the converter several times as long to read as the graph itself, for the same result.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )  # no public name since TensorFlow 2

    def serve(batch: Any) -> dict[str, Any]:
        named = named_outputs(model, model(batch, training=False))
        return {exported_name(position): named[name] for position, name in enumerate(conversion.outputs)}

    spec = tf.TensorSpec(conversion.input_shape, conversion.input_spec.dtype, "batch")
    traced = tf.function(serve, autograph=False).get_concrete_function(spec)
    frozen = convert_variables_to_constants_v2(traced)
    module = tf.Module()
    module.serve = tf.function(
        lambda batch: tf.nest.pack_sequence_as(traced.structured_outputs, tf.nest.flatten(frozen(batch))),
        input_signature=[spec],
        autograph=False,
    )
    tf.saved_model.save(module, str(folder), signatures=module.serve.get_concrete_function())


def named_outputs(model: Any, result: Any) -> dict[str, Any]:
    """Return a Keras model's outputs by name, however it gives them."""
    if isinstance(result, Mapping):
        return dict(result)
    parts = list(result) if isinstance(result, list | tuple) else [result]
    names = list(getattr(model, "output_names", None) or ())
    if len(names) != len(parts) or len(set(names)) != len(names):
        names = [f"output_{position}" for position in range(len(parts))]
    return dict(zip(names, parts, strict=True))


def _rescales(model: Any) -> bool:
    """Whether pixels are scaled inside, by Keras' own layers for that; models may stand in models."""
    layers = getattr(model, "layers", ())
    return any(type(one).__name__ in RESCALING or _rescales(one) for one in layers)


def _check_whole(path: Path) -> None:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            whole = "model_config" in file.attrs
    except Exception as error:  # h5py raises OSError, KeyError or RuntimeError by what it meets
        raise ModelError(f"{path} is a damaged HDF5 file: {first_line(str(error))}; copy it again") from None
    if not whole:
        raise ModelError(
            f"{path} holds weights only, no model; build the model in Keras, load them into it and save all of it as .keras"
        )

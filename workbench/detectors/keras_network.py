"""Keras models: `.keras` archives and the `.h5` files of before."""

import hashlib
import inspect
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, final

from workbench.detectors.access import CODE_MODULE, Access, code_facts, objects_in
from workbench.detectors.calibration import Calibration
from workbench.detectors.complaints import first_line, runtime_complaint
from workbench.detectors.conversion import convert_tensorflow, exported_name
from workbench.detectors.keras_config import (
    PACKAGES,
    as_keras_3,
    configured_objects,
    half_policy_in,
    import_packages,
    package_of,
    read_config,
    with_config,
)
from workbench.detectors.model_bytes import read_model
from workbench.detectors.native_output import load_tensorflow
from workbench.detectors.network import Conversion, Forward, LiteRtModel, Tensors, TensorSpec
from workbench.detectors.tensorflow_network import TensorFlowNetwork, in_float32
from workbench.errors import ModelError
from workbench.files import temporary_folder
from workbench.record import CodeFacts

ZIP = b"PK"  # what a `.keras` file begins with: it is a zip archive
AS_THEY_ARE = 0.0, 1.0  # offset and factor of what takes pixels of 0..255
RESCALING = ("Rescaling", "Normalization")  # keras.layers that bring pixels to a range
BATCH_AXES = 4  # of a batch of pictures
WITHIN = "Exception encountered: "  # after which Keras says what one of its layers said
UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Could not deserialize class|Unknown \w+:) '?([^'.]+)'?")
KERAS_2_OPERATIONS = frozenset(
    {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceProperty", "InstanceMethod"}
)
HDF5 = b"\x89HDF\r\n\x1a\n"


@lru_cache(maxsize=2)  # the sample detectors: a cell that is run again, or a detector that is gone back to, opens without waiting
def _kept(path: Path, sha256: str, access: Access) -> Any:  # noqa: ARG001 - a file that changed is loaded anew
    return _load(path, access)


def _load(path: Path, access: Access, *, in_float32: bool = False) -> Any:
    load_tensorflow()
    import keras

    tree = read_config(path)
    try:
        import_packages(tree)
        known = {name: one for file in access.code for name, one in objects_in(file).items()}
        wanted = as_keras_3(tree, in_float32=in_float32)
        with temporary_folder() as folder, warnings.catch_warnings(action="ignore"):
            file = path if wanted == tree else with_config(path, wanted, Path(folder))
            return keras.saving.load_model(file, custom_objects=known, compile=False, safe_mode=not access.trusted)
    except Exception as error:  # a damaged archive raises what zipfile, h5py or Keras happen to meet in it
        reason = str(error) if isinstance(error, ModelError) else _reason(str(error) or type(error).__name__, tree, access)
        raise ModelError(f"{path} holds no Keras model that loads safely: {reason}") from error


def _reason(text: str, tree: Any, access: Access) -> str:
    """Say why Keras does not load a file; what it says itself has the file's configuration in it."""
    said = text.rpartition(WITHIN)[2].partition(" Full object config: ")[0]
    if not access.trusted and "Lambda" in said and "deserializ" in said:
        return (
            "a Lambda layer, which is Python code of whoever made the file; allow it with --allow lambda (in Python"
            ' allow=["lambda"]) only where you trust them'
        )
    missing = UNKNOWN.search(said)
    if missing is None:
        return first_line(said)
    if missing[1] in KERAS_2_OPERATIONS:
        return f"{missing[1]} is an operation as only Keras 2 reads it; export a SavedModel with the TensorFlow that made it"
    owner = next((package_of(one) for one in configured_objects(tree) if one["class_name"] == missing[1]), "")
    of = f" of {first_line(owner)!r}" if owner else ""
    return (
        f"{first_line(missing[1])!r}{of} is Python code that is not in the file; name its file with --allow code=FILE (in Python"
        ' allow=["code=FILE"]), which runs it, or register the class in this process with'
        " @keras.saving.register_keras_serializable()"
    )


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
        return _kept(self.path, self.sha256, self.access)

    @cached_property
    def code(self) -> tuple[CodeFacts, ...]:
        return tuple(map(code_facts, self.access.code))

    @property
    def only_here(self) -> bool:
        return bool(self._registered)

    @cached_property
    def _registered(self) -> tuple[Any, ...]:
        """The classes of its layers that somebody registered in this process, rather than a package that any process loads."""
        keras = sys.modules.get("keras")
        if keras is None:
            return ()
        known, names = keras.saving.get_custom_objects(), (one.get("registered_name") for one in configured_objects(self._config))
        found = dict.fromkeys(known[name] for name in names if isinstance(name, str) and name in known)
        return tuple(one for one in found if not one.__module__.startswith((*PACKAGES, "keras", CODE_MODULE)))

    @cached_property
    def _config(self) -> Any:
        return read_config(self.path)

    @property
    def half_policy(self) -> str | None:
        return half_policy_in(self._config)

    def fingerprint(self) -> tuple[str, int]:
        sha256, size = super().fingerprint()
        parts = [*(one.sha256 for one in self.code), *map(_source_of, self._registered)]
        return (hashlib.sha256("|".join([sha256, *parts]).encode()).hexdigest() if parts else sha256), size

    def inspect(self) -> Tensors:
        model = self.keras_model()
        taken, given = self._symbolic(model)
        scaling = AS_THEY_ARE if _rescales(model) else None
        inputs = tuple(replace(one, scaling=scaling) for one in taken)
        return Tensors(inputs, tuple(TensorSpec(name, tuple(one.shape), str(one.dtype)) for name, one in given.items()))

    def _symbolic(self, model: Any) -> tuple[Sequence[TensorSpec], Mapping[str, Any]]:
        """Return a model's inputs, and its outputs by name; of a subclassed one those for the shape that it was built with.

        Raises:
            ModelError: Nobody has called it before it was saved.
        """
        import keras

        if getattr(model, "inputs", None):
            # A Sequential has no `output`, and `outputs` lose the names that its last layer may give.
            given = model(model.inputs[0], training=False) if isinstance(model, keras.Sequential) else model.output
            given = given if isinstance(given, Mapping) else model.outputs
            return [TensorSpec(one.name, tuple(one.shape), str(one.dtype)) for one in model.inputs], named_outputs(model, given)
        shape = (model.get_build_config() or {}).get("input_shape") if model.built else None
        if not isinstance(shape, list | tuple) or len(shape) != BATCH_AXES:
            raise ModelError(
                f"{self.path} does not say its inputs and outputs; call the model on a picture before you save it, or export a"
                " SavedModel"
            )
        try:
            given = model(keras.KerasTensor((None, *shape[1:])), training=False)
        except Exception as error:  # whatever its code raises
            raise ModelError(f"{self.path} cannot be called: {runtime_complaint(str(error))}; correct its code") from error
        usual_hw = None if None in shape[1:3] else (int(shape[1]), int(shape[2]))
        open_sides = (None, None, None, shape[3])  # it was built for what it was called with, and may take others
        return [TensorSpec("image", open_sides, "float32", usual_hw=usual_hw)], named_outputs(model, given)

    def forward(self) -> Forward:
        model = self.keras_model()  # loaded here: inside a graph that is being traced its weights would not be those of the file
        return lambda batch: in_float32(named_outputs(model, model(batch, training=False)))

    def save_tensorflow(self, conversion: Conversion, folder: Path) -> None:
        export_model(self.keras_model(), conversion, folder)

    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:
        return convert_tensorflow(conversion, self.sha256, self._save_in_float32, calibration)

    def _save_in_float32(self, conversion: Conversion, folder: Path) -> None:
        """Write it for a conversion, which knows no operations in half precision."""
        tree = self._config
        halved = as_keras_3(tree, in_float32=True) != as_keras_3(tree)
        export_model(_load(self.path, self.access, in_float32=True) if halved else self.keras_model(), conversion, folder)


def _source_of(one: Any) -> str:
    """Return what tells a class or function from another version of itself in this process."""
    try:
        return inspect.getsource(one)
    except (OSError, TypeError):
        return str(id(one))


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
        named = in_float32(named_outputs(model, model(batch, training=False)))
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

"""What a Keras file says of its layers before any of them is made: whose they are, and what Keras 3 has dropped of Keras 2."""

import inspect
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile
from typing import Any

from workbench.detectors.complaints import first_line
from workbench.errors import ModelError

CONFIG = "config.json"  # in a `.keras` archive
ATTRIBUTE = "model_config"  # of an HDF5 file
LARGEST_CONFIG = 1 << 28  # bytes; those of networks have some MB
PACKAGES = ("keras_hub", "keras_cv", "keras_nlp")  # of layers, by Keras' own people: a file that names one loads it
HALF = frozenset({"mixed_float16", "mixed_bfloat16", "float16", "bfloat16"})
POLICIES = ("DTypePolicy", "Policy")  # the second is that of Keras 2
WITHOUT_EFFECT: Mapping[str, object] = {  # what Keras 2 wrote and Keras 3 takes no longer, where this is its value
    "groups": 1,
    "time_major": False,
    "ragged": False,
    "sparse": False,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
    "virtual_batch_size": None,
    "adjustment": None,
    "zero_output_for_mask": False,
}
NEVER_ANY = frozenset({"fused", "implementation"})  # whatever its value: it changes no result
BATCH_SHAPE = "batch_input_shape"  # of a network's first layer; Keras 3 has it without the batch


def read_config(path: Path) -> dict[str, Any]:
    """Return a file's configuration; an empty one where there is none that can be read, which Keras then says better."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                text: Any = archive.read(CONFIG) if archive.getinfo(CONFIG).file_size < LARGEST_CONFIG else b"{}"
        else:
            import h5py

            with h5py.File(path, "r") as file:
                text = file.attrs[ATTRIBUTE]
        tree = json.loads(text)
    except (OSError, EOFError, KeyError, ValueError, RuntimeError, RecursionError, zipfile.BadZipFile, zlib.error):
        return {}
    return tree if isinstance(tree, dict) else {}


def configured_objects(tree: Any) -> Iterator[dict[str, Any]]:
    """Give what a configuration says of each layer and model, and of whatever else has a class, outer ones first."""
    waiting = [tree]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict):
            if isinstance(one.get("class_name"), str):
                yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def package_of(one: Mapping[str, Any]) -> str:
    """Name the package that an object's class is of, as far as its file says it; `` where it does not."""
    module, registered = (one.get(key) if isinstance(one.get(key), str) else "" for key in ("module", "registered_name"))
    return str(module).partition(".")[0] or (str(registered).rpartition(">")[0])


def import_packages(tree: Any) -> None:
    """Import the packages of layers by Keras' own people that a configuration names, so that their classes are registered.

    Raises:
        ModelError: One is not installed, or does not load.
    """
    named = {package_of(one): one["class_name"] for one in configured_objects(tree) if package_of(one) in PACKAGES}
    for package, layer in named.items():
        words = package.replace("_", "-")
        if find_spec(package) is None:
            raise ModelError(f"its layer {first_line(layer)!r} is of {words}, which is not installed; run `pip install {words}`")
        try:
            import_module(package)
        except Exception as error:  # whatever a package raises that fits no other
            raise ModelError(f"{words}, which its layers are of, does not load: {first_line(str(error))}") from error


def as_keras_3(tree: Any, *, in_float32: bool = False) -> Any:
    """Return a configuration without what had no effect and Keras 3 no longer takes; in float32, without half precision too."""
    if isinstance(tree, list):
        return [as_keras_3(one, in_float32=in_float32) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("class_name") in POLICIES and isinstance(tree.get("config"), dict):
        name = tree["config"].get("name")
        return "float32" if in_float32 and name in HALF else name if tree["class_name"] == "Policy" else tree
    known = _known_keys(tree.get("class_name"))
    changed = {key: as_keras_3(value, in_float32=in_float32) for key, value in tree.items()}
    if known is not None and isinstance(changed.get("config"), dict):
        kept = {key: value for key, value in changed["config"].items() if key in known or not _dropped(key, value)}
        if BATCH_SHAPE in kept:
            kept["input_shape"] = kept.pop(BATCH_SHAPE)[1:]
        changed["config"] = kept
    if in_float32 and isinstance(changed.get("dtype"), str) and changed["dtype"] in HALF:
        changed["dtype"] = "float32"
    return changed


def half_policy_in(tree: Any) -> str | None:
    """Return the half precision that an object of a configuration is under; `None` where none is."""
    for one in configured_objects(tree):
        config = one.get("config")
        named = (config.get("name") if one["class_name"] in POLICIES else config.get("dtype")) if isinstance(config, dict) else None
        if isinstance(named, str) and named in HALF:
            return named
    return None


def _known_keys(class_name: object) -> frozenset[str] | None:
    import keras

    made = getattr(keras.layers, class_name, None) if isinstance(class_name, str) else None
    if not isinstance(made, type) or class_name == "InputLayer":  # it still takes what Keras 2 wrote of it
        return None
    return frozenset(inspect.signature(made).parameters)


def _dropped(key: str, value: object) -> bool:
    return key in NEVER_ANY or (key in WITHOUT_EFFECT and value == WITHOUT_EFFECT[key])


def with_config(path: Path, tree: Any, folder: Path) -> Path:
    """Write a copy of a file with another configuration."""
    copy, text = folder / path.name, json.dumps(tree)
    if not zipfile.is_zipfile(path):
        import h5py

        copyfile(path, copy)
        with h5py.File(copy, "r+") as file:
            file.attrs[ATTRIBUTE] = text
        return copy
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as written:
        for name in archive.namelist():
            written.writestr(name, text if name == CONFIG else archive.read(name))
    return copy

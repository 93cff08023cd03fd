"""SavedModels: folders that `tf.saved_model.save`, `model.export` or the Object Detection API's exporter wrote."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from workbench.detectors.complaints import first_line
from workbench.detectors.model_bytes import read_model
from workbench.detectors.network import Tensors
from workbench.detectors.operations import check_operations, saved_model_operations
from workbench.detectors.tensorflow_network import GraphNetwork, Loaded, tensor_spec
from workbench.errors import ModelError

GRAPH = "saved_model.pb"
VARIABLES = "variables"
SIGNATURE = "serving_default"
BATCH_AXES = 4  # of a batch of pictures
PARTS = (GRAPH, "saved_model.pbtxt", VARIABLES, "assets", "keras_metadata.pb", "fingerprint.pb")


@final
class SavedModelNetwork(GraphNetwork):
    """A SavedModel with a signature of one input."""

    kind = "SavedModel"

    def fingerprint(self) -> tuple[str, int]:
        content = self.read()
        hashed, size = hashlib.sha256(content), len(content)
        for path in sorted((self.path / VARIABLES).glob("variables.*")):
            part = read_model(path)
            hashed.update(part)
            size += len(part)
        hashed.update((self.access.signature or "").encode())
        return hashed.hexdigest(), size

    def read(self) -> bytes:
        if not (self.path / GRAPH).is_file():
            there = [name for name in PARTS if (self.path / name).exists()]
            what = f"half a SavedModel ({', '.join(there)}, but no {GRAPH})" if there else f"no SavedModel: it has no {GRAPH}"
            raise ModelError(f"{self.path} is {what}; choose the folder that the export wrote, whole")
        return read_model(self.path / GRAPH)

    def load(self) -> Loaded:
        import tensorflow as tf

        for part in self._meta_graphs():
            operations = saved_model_operations(part, self.path)
            check_operations(self.path, operations, self.access.operations, python=self.access.trusted)
        _check_variables(self.path)
        model = tf.saved_model.load(str(self.path))
        signature = _signature(self.path, model.signatures, self.access.signature)
        ((name, taken),) = _inputs(self.path, signature).items()
        outputs = signature.structured_outputs
        tensors = Tensors((tensor_spec(name, taken),), tuple(tensor_spec(key, one) for key, one in sorted(outputs.items())))
        return Loaded(lambda batch: signature(**{name: batch}), tensors, model)

    def _meta_graphs(self) -> list[Any]:
        from google.protobuf.message import DecodeError
        from tensorflow.core.protobuf import saved_model_pb2

        parsed = saved_model_pb2.SavedModel()
        try:
            parsed.ParseFromString(self.read())
        except DecodeError:
            raise ModelError(
                f"{self.path / GRAPH} is damaged: it is no SavedModel's graph; copy or export the model again"
            ) from None
        return list(parsed.meta_graphs)


def _check_variables(folder: Path) -> None:
    parts = list((folder / VARIABLES).glob("variables.data-*"))
    if (folder / VARIABLES / "variables.index").exists() != bool(parts):
        raise ModelError(f"{folder} is half a SavedModel: of its variables only a part is there; copy or export it again, whole")


def _signature(folder: Path, signatures: Mapping[str, Any], chosen: str | None) -> Any:
    if not signatures:
        raise ModelError(f"{folder} has no signature that says how it is called; export it with one (model.export does)")
    named = first_line(", ".join(signatures))
    if chosen is not None and chosen not in signatures:
        raise ModelError(f"{folder} has no signature {chosen!r}; choose one of {named}")
    usual = next(iter(signatures)) if len(signatures) == 1 else SIGNATURE
    found = signatures.get(chosen or usual)
    if found is not None and (chosen or _takes_pictures(found)):
        return found
    usable = [name for name, one in signatures.items() if _takes_pictures(one)]
    if usable:
        what = f"a {SIGNATURE} that takes no pictures" if found is not None else f"the signatures {named}, none of them {SIGNATURE}"
        raise ModelError(
            f"{folder} has {what}; choose one that does with --signature {first_line(usable[0])}, or"
            f' signature = "{first_line(usable[0])}" in its card'
        )
    if found is None:
        raise ModelError(f"{folder} has the signatures {named}, none of them {SIGNATURE}; export it with that one")
    return found


def _takes_pictures(signature: Any) -> bool:
    """Whether a signature takes one tensor that can be a batch of pictures, rather than such as JPEG strings."""
    taken = list(signature.structured_input_signature[1].values())
    return len(taken) == 1 and taken[0].dtype.name != "string" and taken[0].shape.rank == BATCH_AXES


def _inputs(folder: Path, signature: Any) -> dict[str, Any]:
    named: dict[str, Any] = signature.structured_input_signature[1]
    if len(named) != 1:
        raise ModelError(
            f"{folder} takes {len(named)} inputs ({', '.join(sorted(named)) or 'none'}); choose a detector of one picture"
        )
    return named

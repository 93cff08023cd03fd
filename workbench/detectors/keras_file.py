"""Keras 3 files (`.keras`)."""

import hashlib
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, final

from workbench.detectors.conversion import Conversion, convert
from workbench.detectors.detector import Calibration, Detector, Forward, LiteRtModel
from workbench.detectors.model_bytes import read_model
from workbench.detectors.native_output import load_tensorflow
from workbench.errors import ModelError
from workbench.record import DetectorFacts
from workbench.settings import Settings
from workbench.stages.heads import Head
from workbench.stages.input_spec import InputSpec

ZIP = b"PK"  # what a `.keras` file begins with: it is a zip archive


@lru_cache(maxsize=2)  # the sample detectors: a cell that is run again, or a detector that is gone back to, opens without waiting
def _load(path: Path, sha256: str) -> Any:  # noqa: ARG001 - a file that changed is loaded anew
    load_tensorflow()
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged archive raises what zipfile, h5py or Keras happen to meet in it
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path} holds no Keras model that loads safely: {first}") from error


@final
class KerasDetector(Detector):
    """A detector in a `.keras` file whose outputs have names.

    Args:
        path: The file.
        name: What to call it.
        source: What `workbench run` takes to find it again.
        labels: Class names, in the order of the scores.
        input_spec: What the network wants to be fed.
        head: How its raw outputs become boxes.
        outputs: Names of the raw outputs in the order that the head expects.

    Raises:
        ModelError: The file is missing, empty or holds no Keras model.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        source: str,
        labels: Sequence[str],
        input_spec: InputSpec,
        head: Head,
        outputs: Sequence[str],
    ) -> None:
        content = read_model(path)
        if not content.startswith(ZIP):
            raise ModelError(f"{path} is no Keras 3 model: its first bytes are not those of one; choose a .keras file")
        self._path = path
        self.output_names: tuple[str, ...] = tuple(outputs)
        self.input_spec = input_spec
        self.head = head
        self.facts = DetectorFacts(
            name=name,
            source=source,
            kind="Keras",
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            labels=tuple(labels),
        )
        self.refusals = {"nms.method": {"model": "this model holds no NMS of its own; choose any other method"}}

    @cached_property
    def _model(self) -> Any:
        return _load(self._path, self.facts.sha256)

    def default_settings(self) -> Settings:
        return Settings().with_values({"input.resize": "graph", "runtime.engine": "graph"})

    def keras_model(self) -> Any:
        return self._model

    def forward(self) -> Forward:
        model = self._model  # loaded here: inside a graph that is being traced its weights would not be those of the file

        def run(batch: Any) -> Sequence[Any]:
            named = model(batch, training=False)
            return [named[name] for name in self.output_names]

        return run

    def litert_model(self, precision: str, size_hw: tuple[int, int], batch: int, calibration: Calibration) -> LiteRtModel:
        what = Conversion(self.keras_model, self.output_names, self.facts.sha256, self.input_spec, precision, size_hw, batch)
        return convert(what, calibration)

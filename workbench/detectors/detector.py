"""The seam behind which every kind of model file looks alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.boxes import UInt8Array
from workbench.record import DetectorFacts
from workbench.settings import Settings
from workbench.stages.heads import Head
from workbench.stages.input_spec import InputSpec

Forward = Callable[[Any], Sequence[Any]]
"""From a batch as the input spec describes it to the raw outputs in the order that the head expects, as TensorFlow tensors."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Frames that the ranges of an integer model are taken from.

    Attributes:
        key: Names exactly these frames: a conversion is cached by it, so that they need not be decoded again.
        frames: Gives them as RGB `(height, width, 3)`; called only where something is converted.
    """

    key: str
    frames: Callable[[], Sequence[UInt8Array]]


@dataclass(frozen=True, slots=True)
class LiteRtModel:
    """A model for the LiteRT interpreter.

    Attributes:
        content: The flatbuffer.
        outputs: Names of the signature's outputs in the order that the head expects; `None` takes the file's own order.
        converted: Whether it was converted just now, rather than read from a file or from the cache.
        notes: What a reader of the figures should know, such as what it was calibrated on.
    """

    content: bytes
    outputs: tuple[str, ...] | None
    converted: bool
    notes: tuple[str, ...] = ()


class Detector(ABC):
    """A loaded model: what to feed it, how its raw outputs become boxes, and which settings it cannot take.

    Attributes:
        facts: Name, source, labels and content hash.
        input_spec: What the network wants to be fed.
        head: How its raw outputs become boxes and scores.
        output_names: Names of the raw outputs in the order that the head expects; `None` where they go by position.
        refusals: Reasons by setting and value: `{"runtime.engine": {"keras": "a .tflite file holds no Keras model"}}`. What is not
            listed here may still be refused by the machine or by another setting (`workbench.availability`).
    """

    facts: DetectorFacts
    input_spec: InputSpec
    head: Head
    output_names: tuple[str, ...] | None
    refusals: Mapping[str, Mapping[str, str]]

    @abstractmethod
    def default_settings(self) -> Settings:
        """Return settings that this detector can take and a newcomer would expect."""

    @abstractmethod
    def keras_model(self) -> Any:
        """Return the Keras model.

        Raises:
            UnavailableError: The file holds none.
        """

    @abstractmethod
    def forward(self) -> Forward:
        """Return the network as a function of TensorFlow tensors that can be traced.

        Raises:
            UnavailableError: The file holds no TensorFlow network.
        """

    @abstractmethod
    def litert_model(self, precision: str, size_hw: tuple[int, int], batch: int, calibration: Calibration) -> LiteRtModel:
        """Return the network for LiteRT, converted where it is not there yet.

        Raises:
            UnavailableError: The file cannot be brought to this precision or size, or the converter refused it.
        """

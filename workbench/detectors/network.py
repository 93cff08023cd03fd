"""The seam behind which every kind of model file looks alike: a network with named inputs and outputs, whatever these mean."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.detectors.access import Access
from workbench.detectors.calibration import Calibration
from workbench.detectors.model_bytes import read_model
from workbench.errors import ModelError, UnavailableError, one_line
from workbench.record import CodeFacts
from workbench.settings import USUAL_RANGE
from workbench.stages import InputSpec, PerChannel

LONGEST_NAME = 200  # characters of a tensor's name that are shown
Forward = Callable[[Any], Mapping[str, Any]]
"""From a batch as the input spec describes it to the raw outputs by name, as TensorFlow tensors."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor as the file declares it.

    Attributes:
        name: As the file has it; untrusted.
        shape: Sides; `None` where it is open.
        dtype: NumPy's name.
        quantization: Scale and zero point of an integer tensor: `real = (stored - zero point) * scale`.
        usual_hw: Height and width of an input whose sides are open, as the file says of itself.
        multiple_of: What such sides must be multiples of.
        scaling: Of an input's pixels, `(pixel - offset) * factor`, as the file's metadata say or a layer inside shows.
        step: Between values that an output can hold, where it is stored in integers, even if they come out as real numbers.
        called: What an output is besides, by its name in the file's signature or by the operation that gives it; untrusted.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    quantization: tuple[float, int] | None = None
    usual_hw: tuple[int, int] | None = None
    multiple_of: int | None = None
    scaling: tuple[PerChannel, PerChannel] | None = None
    step: float | None = None
    called: str | None = None

    def __str__(self) -> str:
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        return f"{one_line(self.name, LONGEST_NAME)} {self.dtype}[{sides}]"


@dataclass(frozen=True, slots=True)
class Tensors:
    """What goes into a network and what comes out.

    Attributes:
        inputs: All of them.
        outputs: All of them, in the file's order.
        precision: What a file that is stored in one precision is stored in; `None` where it is converted as asked.
        labels: Class names that the file carries, by number from 0; untrusted.
        one_thread: Whether it gives wrong results on more than one.
        task: What the file says that it is for, in Ultralytics' words; untrusted.
        made_of: What operators a `.tflite` is made of and which kernels run them, a line each.
        loses: How it loses some of what it finds, wherever it runs; `None` where that is not known.
        transposes: How many of its operators change between channels first and channels last.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    precision: str | None = None
    labels: tuple[str, ...] = ()
    one_thread: bool = False
    task: str | None = None
    made_of: tuple[str, ...] = ()
    loses: str | None = None
    transposes: int = 0


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a network is to become.

    Attributes:
        outputs: Names of the network's outputs that are wanted.
        input_spec: What the network wants to be fed; calibration frames are prepared by it.
        precision: Of `runtime.stored_precision`.
        size_hw: Fixed height and width in pixels.
        batch: Fixed batch.
        float_ops: Of `runtime.float_ops`.
        calibration_range: Of `runtime.effective_range`.
        layout: Of `runtime.layout`.
    """

    outputs: tuple[str, ...]
    input_spec: InputSpec
    precision: str
    size_hw: tuple[int, int]
    batch: int
    float_ops: tuple[str, ...] = ()
    calibration_range: str = USUAL_RANGE
    layout: str = "stored"

    @property
    def plain(self) -> "Conversion":
        """What it is made of: the same in float32, as it is stored."""
        return Conversion(self.outputs, self.input_spec, "float32", self.size_hw, self.batch)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of the converted network."""
        return self.input_spec.batch_shape(self.batch, self.size_hw)


@dataclass(frozen=True, slots=True)
class LiteRtModel:
    """A model for the LiteRT interpreter.

    Attributes:
        content: The flatbuffer.
        outputs: From the network's names of its outputs to this model's.
        converted: Whether it was converted just now, rather than read from a file or from the cache.
        notes: What a reader of the figures should know, such as what it was calibrated on.
        warnings: What makes the figures something else than what was asked for.
    """

    content: bytes
    outputs: Mapping[str, str]
    converted: bool
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Network(ABC):
    """A network in a file, which is read at once but loaded only where somebody asks for what needs loading.

    Args:
        path: The file, or the folder of a SavedModel.
        access: How it is to be opened.
        tensors: What `inspect` found in it before; `None` where nobody looked yet.

    Attributes:
        path: Where it is.
        sha256: Of its content, and of what else makes it that network: code that runs for it, the signature that is called.
        size_bytes: Of its content.

    Raises:
        ModelError: The file is missing, empty, or plainly is nothing of this kind.
    """

    def __init__(self, path: Path, *, access: Access = Access(), tensors: Tensors | None = None) -> None:  # noqa: B008 - frozen
        self.path, self.access, self.tensors = path, access, tensors
        self.sha256, self.size_bytes = self.fingerprint()

    @property
    @abstractmethod
    def kind(self) -> str:
        """What people call such files."""

    @property
    def code(self) -> tuple[CodeFacts, ...]:
        """Python files that run for it, as its user allowed."""
        return ()

    @property
    def only_here(self) -> bool:
        """Whether it needs what only this process has, such as classes that were registered in it."""
        return False

    @property
    def half_policy(self) -> str | None:
        """Keras' name of the half precision that layers compute in, such as `mixed_float16`; `None` where no layer is known to."""
        return None

    @property
    def refusals(self) -> Mapping[str, Mapping[str, str]]:
        """Reasons by setting and value, as in `Detector`."""
        return {}

    def fingerprint(self) -> tuple[str, int]:
        """Return the hash of the content that makes the model, and its size.

        Raises:
            ModelError: There is none, or plainly not of this kind.
        """
        content = self.read()
        return hashlib.sha256(content).hexdigest(), len(content)

    def read(self) -> bytes:
        """Return the file's content.

        Raises:
            ModelError: There is none, or plainly not of this kind.
        """
        return read_model(self.path)

    @abstractmethod
    def inspect(self) -> Tensors:
        """Load it, and return what its tensors are.

        Raises:
            ModelError: It does not load; says why.
        """

    @abstractmethod
    def run(self, batch: NDArray[np.generic]) -> Mapping[str, NDArray[np.generic]]:
        """Run it once, in whatever way is the simplest, on real (not quantised) numbers or on pixels; outputs are real numbers.

        Raises:
            ModelError: It does not run on that; says why.
        """

    def does_not_run(self, shape: Sequence[int], reason: str) -> ModelError:
        """Return the error that says so of a batch's shape."""
        return ModelError(f"{self.path} does not run on a frame of {list(shape)}: {reason}")

    def keras_model(self) -> Any:
        """Return the Keras model.

        Raises:
            UnavailableError: The file holds none.
        """
        raise UnavailableError(f"{self.path.name}: {self.refusals['runtime.engine']['keras']}")

    def forward(self) -> Forward:
        """Return the network as a function of TensorFlow tensors that can be traced.

        Raises:
            UnavailableError: The file holds no TensorFlow network.
        """
        raise UnavailableError(f"{self.path.name}: {self.refusals['runtime.engine']['graph']}")

    def save_tensorflow(self, conversion: Conversion, folder: Path) -> None:  # noqa: ARG002 - for the networks that can do it
        """Write the network as a SavedModel that needs nothing but TensorFlow.

        Its function `serve` takes a prepared batch of that size, and gives the outputs by `conversion.exported_name`.

        Raises:
            UnavailableError: The file holds no TensorFlow network.
        """
        raise UnavailableError(f"{self.path.name}: {self.refusals['runtime.engine']['graph']}")

    @abstractmethod
    def litert_model(self, conversion: Conversion, calibration: Calibration) -> LiteRtModel:
        """Return the network for LiteRT, converted where it is not there yet.

        Raises:
            UnavailableError: The file cannot be brought to this precision or size, or the converter refused it.
        """

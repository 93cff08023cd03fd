"""The seam behind which every runtime looks alike."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

from workbench.detections import Detections, FloatArray, UInt8Array
from workbench.detectors import OWN_NMS, Calibration, Detector, Meaning
from workbench.settings import Nms, Runtime, Settings
from workbench.stages import NUMPY_OPS, InputSpec

NMS_LEFT_OUT = "nms: it runs after the model, as nms.method says"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Decoded boxes of a batch before NMS, in pixels of the network's input.

    Attributes:
        boxes_xyxy: `(n, A, 4)`.
        scores: `(n, A, C)` in 0..1.
    """

    boxes_xyxy: FloatArray
    scores: FloatArray

    def arrived(self) -> Self:
        """Return these once they are there: what a device answers later, and an engine has not waited for, is waited for here."""
        boxes, scores = np.asarray(self.boxes_xyxy), np.asarray(self.scores)
        return self if boxes is self.boxes_xyxy and scores is self.scores else replace(self, boxes_xyxy=boxes, scores=scores)


class Engine(ABC):
    """A detector made ready to run under one `input` and `runtime`.

    Attributes:
        covers: Steps that its one program holds, in order.
        left_out: Steps that it does not hold, each with why.
        notes: What a reader of the figures should know.
        warnings: What makes them figures of something else than the settings say.
        input_spec: What `run` is fed, where it does not take frames.
        takes_frames: Whether `run` takes whole frames of equal size, since resizing is part of its program.
        batch: How many images `run` takes at once, always exactly.
        model_bytes: Size of the converted model, where there is one.
    """

    covers: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    input_spec: InputSpec
    takes_frames: bool = False
    batch: int
    model_bytes: int | None = None

    @property
    def operations(self) -> Sequence[Any]:
        """Those of TensorFlow's graph as it was traced, where it executes one."""
        return ()

    thread_safe: bool = False
    """Whether `run` may be called on several threads at once."""
    own_nms: bool = False
    """Whether what `run` returns are detections of the network's own NMS."""

    copies: bool = False
    """Whether `run` wants what `upload` gives: a batch in the memory of another device."""

    def upload(self, batch: NDArray[np.generic]) -> Any:
        """Copy a batch to the device that runs it, and wait until it is there."""
        raise NotImplementedError(f"{type(self).__name__} reads the host's memory")

    @property
    @abstractmethod
    def compilations(self) -> int:
        """Programs that were traced, compiled or converted so far."""

    def with_nms(self, nms: Nms) -> Self | None:
        """Return an engine that runs the same program under another NMS; `None` where that has to be compiled anew."""
        return self if (nms.method == OWN_NMS) == self.own_nms else None

    def beside(self) -> Self | None:
        """Return one that another thread may run at the same time, by the same program; `None` where that has to be opened anew."""
        return None

    @abstractmethod
    def run(self, batch: NDArray[np.generic]) -> Candidates | Sequence[Detections]:
        """Execute one batch and wait until its results are there.

        Args:
            batch: `(batch, …)` as `input_spec` says, or `(batch, height, width, 3)` uint8 frames where the engine takes frames.

        Returns:
            Candidates; or, where NMS is part of the program or of the network, the detections of each image in pixels of the
            network's input.
        """


@dataclass(frozen=True, slots=True)
class EngineCode:
    """What the module of an engine has for its row in `workbench.catalogue`.

    Attributes:
        open: Makes a detector ready under settings that `availability.check` has passed, with frames for the ranges of an integer
            model, which are taken only where a conversion needs them. Raises `UnavailableError` where the conversion or the runtime
            refuses it.
        why_not: Says why this machine cannot run what the settings name, its packages being there; `None` where it can.
    """

    open: Callable[[Detector, Settings, Calibration], Engine]
    why_not: Callable[[Runtime], str | None] = lambda _: None


@final
class OutputReader:
    """Reads a network's raw outputs on the host: as detections where the NMS is the network's own, else as candidates."""

    def __init__(self, meaning: Meaning, nms: Nms, size_hw: tuple[int, int]) -> None:
        self._meaning = meaning
        self._size_hw = size_hw
        self.own_nms = nms.method == OWN_NMS

    def __call__(self, raw: Sequence[FloatArray]) -> Candidates | list[Detections]:
        if self.own_nms:
            assert self._meaning.own_nms is not None, "availability.check has seen to it"
            return self._meaning.own_nms.detections(raw, self._size_hw)
        assert self._meaning.head is not None, "as above"
        return Candidates(*self._meaning.head.candidates(raw, self._size_hw, NUMPY_OPS))


def stack_frames(frames: Sequence[UInt8Array]) -> UInt8Array:
    """Return equal frames as one `(n, height, width, 3)` array; a single frame is not copied."""
    return frames[0][None] if len(frames) == 1 else np.stack(frames)

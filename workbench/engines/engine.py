"""The seam behind which every runtime looks alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.boxes import FloatArray, UInt8Array
from workbench.detections import Detections
from workbench.settings import Nms
from workbench.stages.input_spec import InputSpec


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Decoded boxes of a batch before NMS, in pixels of the network's input.

    Attributes:
        boxes_xyxy: `(n, A, 4)`.
        scores: `(n, A, C)` in 0..1.
    """

    boxes_xyxy: FloatArray
    scores: FloatArray


class Engine(ABC):
    """A detector made ready to run under one `input` and `runtime`.

    Attributes:
        covers: Steps that its one program holds, in order.
        left_out: Steps that it does not hold, each with why.
        notes: What a reader of the figures should know.
        input_spec: What `run` is fed, where it does not take frames.
        takes_frames: Whether `run` takes whole frames of equal size, since resizing is part of its program.
        batch: How many images `run` takes at once, always exactly.
        model_bytes: Size of the converted model, where there is one.
    """

    covers: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    input_spec: InputSpec
    takes_frames: bool = False
    batch: int
    model_bytes: int | None = None

    @property
    @abstractmethod
    def compilations(self) -> int:
        """Programs that were traced, compiled or converted so far."""

    def with_nms(self, nms: Nms) -> Self | None:  # noqa: ARG002 - an engine whose program holds an NMS has to look at it
        """Return an engine that runs the same program under another NMS; `None` where that has to be compiled anew."""
        return self

    @abstractmethod
    def run(self, batch: NDArray[np.generic]) -> Candidates | Sequence[Detections]:
        """Execute one batch and wait until its results are there.

        Args:
            batch: `(batch, …)` as `input_spec` says, or `(batch, height, width, 3)` uint8 frames where the engine takes frames.

        Returns:
            Candidates; or, where NMS is part of the program, the detections of each image in pixels of the network's input.
        """


def stack_frames(frames: Sequence[UInt8Array]) -> UInt8Array:
    """Return equal frames as one `(n, height, width, 3)` array; a single frame is not copied."""
    return frames[0][None] if len(frames) == 1 else np.stack(frames)

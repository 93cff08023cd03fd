"""The seam behind which the profilers of all runtimes look alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from workbench.profile.operators import OperatorRow


@dataclass(frozen=True, slots=True)
class Watched:
    """What a profiler saw.

    Attributes:
        rows: The operators, in the order in which they run.
        seconds: Of each run, those of each row; nothing of a run in which others ran.
        untimed: Why there are none.
    """

    rows: tuple[OperatorRow, ...]
    seconds: tuple[tuple[float, ...], ...] = ()
    untimed: str | None = None


class Profiler(ABC):
    """A `.tflite` model that a runtime has opened, with its own profiler on.

    It is opened from an `Opened` and settings, and raises `UnavailableError` where the runtime refuses it.
    """

    @abstractmethod
    def execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        """Run it once: see `workbench.engines.Execute`."""

    @abstractmethod
    def watched(self) -> Watched:
        """Return what was seen in all runs. It does not run afterwards."""

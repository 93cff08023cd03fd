"""The seam behind which the profilers of all runtimes look alike."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from workbench.quantising import Flatbuffer
from workbench.record import OperatorRow

Turns = Sequence[range]
"""Which of all runs count, those of a turn by their numbers from 0: it warmed up before the first, and settled before each."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a profiler saw.

    Attributes:
        rows: The operators, in the order in which they run.
        seconds: Those of each row, in each run that counts, or in the mean of each turn; none of a run in which others ran.
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
    def watched(self, turns: Turns) -> Watched:
        """Return what was seen in those runs that count. It does not run afterwards."""


class ProfiledRuns(ABC):
    """Runs of an engine with its runtime's profiler on.

    Attributes:
        around_seconds: Of each, what goes to other things than the network.
        around: Which things these are.
        file: The `.tflite` file that it runs, where it runs one.
    """

    file: Flatbuffer | None = None
    around = "feeding and reading boxes"

    def __init__(self) -> None:
        self.around_seconds: list[float] = []

    @abstractmethod
    def run(self, batch: NDArray[Any]) -> None:
        """Run it once, and add what is around the network."""

    @abstractmethod
    def watched(self, turns: Turns) -> Watched:
        """Return what was seen in those runs that count. It does not run afterwards."""

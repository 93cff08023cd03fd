"""What a setting weighs: the memory that it takes, the time that it takes to start, and what lies on the disk."""

from pydantic import Field

from workbench.record.facts import Line
from workbench.timing import Value, derived
from workbench.wording import MISSING, format_bytes, format_seconds

WEIGHT_HEADINGS = ("peak memory", "start")


class Weight(Value):
    """What one setting takes in a fresh process of its own, which runs nothing else.

    Memory is what the process had in use at most until then: of the code of libraries that it shares with others too. Where the
    system's counter can be set back, each figure is of its own part alone; else it holds what came before as well.
    """

    libraries_bytes: int = Field(gt=0)
    """Once Python, NumPy, OpenCV and the runtime are imported: what any program that uses them takes."""
    workbench_bytes: int = Field(gt=0)
    """Once what the workbench needs to run a setting is imported too."""
    load_bytes: int = Field(gt=0)
    """While the model is read and the engine makes it ready."""
    running_bytes: int = Field(gt=0)
    """In the first call, which may still compile, and in those after it."""
    libraries_seconds: float = Field(ge=0.0)
    """Importing NumPy, OpenCV and the runtime."""
    load_seconds: float = Field(ge=0.0)
    first_call_seconds: float = Field(ge=0.0)
    """Of one batch, compiling included where that is when the engine does it."""
    calls: int = Field(gt=0)
    """Batches that were run, the first included."""
    counter: Line
    """What counted the memory, such as `VmHWM`."""
    notes: tuple[Line, ...] = ()

    @derived
    def peak_bytes(self) -> int:
        """The most that the process had in use."""
        return max(self.libraries_bytes, self.workbench_bytes, self.load_bytes, self.running_bytes)

    @derived
    def startup_seconds(self) -> float:
        """From the first import to the first result; importing the workbench's own modules is not in it."""
        return self.libraries_seconds + self.load_seconds + self.first_call_seconds

    def metrics(self) -> dict[str, float]:
        """Return its figures by name, as `Record.metrics` names others."""
        memory = {f"{part}_memory_bytes": getattr(self, f"{part}_bytes") for part in ("peak", "libraries", "load", "running")}
        parts = ("libraries", "load", "first_call")
        seconds = {"startup_ms": self.startup_seconds} | {f"startup_{part}_ms": getattr(self, f"{part}_seconds") for part in parts}
        return memory | {name: 1000 * value for name, value in seconds.items()}

    def memory_words(self) -> str:
        """Say where its memory goes."""
        more = max(0, self.workbench_bytes - self.libraries_bytes)
        libraries, own, load, running = map(format_bytes, (self.libraries_bytes, more, self.load_bytes, self.running_bytes))
        return (
            f"{libraries} once the libraries are imported, {own} more for the workbench's own modules;"
            f" while it loads {load}, while it runs {running}"
        )

    def start_words(self) -> str:
        """Say where its time to start goes."""
        libraries, load, first_call = map(format_seconds, (self.libraries_seconds, self.load_seconds, self.first_call_seconds))
        return f"importing the libraries {libraries}, loading {load}, the first call {first_call}"


def weight_cells(weight: Weight | None) -> tuple[str, ...]:
    """Return the cells of a setting under `WEIGHT_HEADINGS`."""
    if weight is None:
        return (MISSING,) * len(WEIGHT_HEADINGS)
    return format_bytes(weight.peak_bytes), format_seconds(weight.startup_seconds)

"""What a program that is taken home does, and what cannot be taken home."""

from dataclasses import dataclass

from workbench.detectors import OWN_NMS, Detector, Meaning
from workbench.errors import UnavailableError
from workbench.export.network_file import NetworkFile
from workbench.graph import SOFT_NOTE
from workbench.settings import Settings

# Which runtime the program needs for an engine. `model.predict` and eager calls run as a graph: the same network, sooner.
RUNTIMES = {
    "keras": "tensorflow",
    "eager": "tensorflow",
    "graph": "tensorflow",
    "xla": "tensorflow",
    "litert": "litert",
    "openvino": "openvino",
    "onnxruntime": "onnxruntime",
}
AS_A_GRAPH = ("keras", "eager")
HARD, SOFT, OWN = "hard", "soft", "own"
SUPPRESSORS = {"soft": SOFT, OWN_NMS: OWN}  # every other method keeps what OpenCV's keeps
SAME_BOXES = "nms: OpenCV's, which keeps the boxes that {method} keeps"
SAME_NETWORK = "the network runs as a graph, which finds what {engine} finds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One network under one setting, as a program without the workbench runs it.

    Attributes:
        chosen: What was asked for; `availability.check` has passed it.
        runs: What the program does, where that is another way to the same detections.
        meaning: What the network's tensors mean.
        network: The file that was written, and its tensors.
    """

    chosen: Settings
    runs: Settings
    meaning: Meaning
    network: NetworkFile

    @property
    def size_hw(self) -> tuple[int, int]:
        """Of the network's input."""
        assert self.runs.input.size_hw is not None, "availability.check fills the size in"
        return self.runs.input.size_hw

    @property
    def runtime(self) -> str:
        """`tensorflow`, `litert`, `openvino` or `onnxruntime`."""
        return RUNTIMES[self.runs.runtime.engine]

    @property
    def suppressor(self) -> str:
        """`hard`, `soft` or `own`."""
        return suppressor_of(self.runs)

    @property
    def in_graph(self) -> bool:
        """Whether the program resizes where the network runs."""
        return self.runs.input.resize == "graph"

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the program goes another way to the same detections; and what the chosen NMS does."""
        chosen, runs = self.chosen, self.runs
        return (
            *((SAME_NETWORK.format(engine=chosen.runtime.engine),) if chosen.runtime.engine != runs.runtime.engine else ()),
            *((SAME_BOXES.format(method=chosen.nms.method),) if chosen.nms.method != runs.nms.method else ()),
            *((SOFT_NOTE,) if self.suppressor == SOFT else ()),
        )


def suppressor_of(settings: Settings) -> str:
    """Return `hard`, `soft` or `own`: which code thins candidates out."""
    return SUPPRESSORS.get(settings.nms.method, HARD)


def what_runs(chosen: Settings) -> Settings:
    """Return the settings by which the program reaches the detections of the chosen ones."""
    engine = "graph" if chosen.runtime.engine in AS_A_GRAPH else chosen.runtime.engine
    method = "opencv" if suppressor_of(chosen) == HARD else chosen.nms.method
    return chosen.with_values({"runtime.engine": engine, "nms.method": method})


def check_exportable(detector: Detector, settings: Settings) -> None:
    """Refuse what no program is written for.

    Raises:
        UnavailableError: Says which setting, and what to choose.
    """
    runtime, feed = settings.runtime, settings.feed
    if runtime.engine not in RUNTIMES:
        raise UnavailableError(
            f"runtime.engine is {runtime.engine}: no program is written for it yet; choose one of {', '.join(RUNTIMES)}"
        )
    if settings.input.resize == "pillow":
        raise UnavailableError("input.resize is pillow: the program resizes with OpenCV or in the graph; choose opencv")
    if feed.mode != "loop":
        raise UnavailableError(f"feed.mode is {feed.mode}: the program takes one frame after the other; choose loop")
    if runtime.batch != 1 or detector.input_spec.batch not in (None, 1):
        raise UnavailableError(
            f"runtime.batch is {runtime.batch}: the program takes one frame at a time; choose 1, or a detector that takes it"
        )

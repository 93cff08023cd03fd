"""What an exported program does, and what cannot be exported."""

from workbench.detectors import OWN_NMS, Detector
from workbench.errors import UnavailableError
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
SOFT, QUICKEST = "soft", "opencv"
OF_THEIR_OWN = (SOFT, OWN_NMS)  # every other method keeps what OpenCV's keeps
SAME_BOXES = "nms: OpenCV's, which keeps the boxes that {method} keeps"
SAME_NETWORK = "the network runs as a graph, which finds what {engine} finds"


def runtime_of(settings: Settings) -> str:
    """Return `tensorflow`, `litert`, `openvino` or `onnxruntime`: what the program needs."""
    return RUNTIMES[settings.runtime.engine]


def notes_on(chosen: Settings, runs: Settings) -> tuple[str, ...]:
    """Say where the program goes another way to the same detections; and what the chosen NMS does."""
    return (
        *((SAME_NETWORK.format(engine=chosen.runtime.engine),) if chosen.runtime.engine != runs.runtime.engine else ()),
        *((SAME_BOXES.format(method=chosen.nms.method),) if chosen.nms.method != runs.nms.method else ()),
        *((SOFT_NOTE,) if runs.nms.method == SOFT else ()),
    )


def what_runs(chosen: Settings) -> Settings:
    """Return the settings by which the program reaches the detections of the chosen ones."""
    engine = "graph" if chosen.runtime.engine in AS_A_GRAPH else chosen.runtime.engine
    method = chosen.nms.method if chosen.nms.method in OF_THEIR_OWN else QUICKEST
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
    if feed.mode != "loop":
        raise UnavailableError(f"feed.mode is {feed.mode}: the program takes one frame after the other; choose loop")
    if runtime.batch != 1 or detector.input_spec.batch not in (None, 1):
        raise UnavailableError(
            f"runtime.batch is {runtime.batch}: the program takes one frame at a time; choose 1, or a detector that takes it"
        )

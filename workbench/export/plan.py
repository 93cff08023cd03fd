"""What an exported program does and has to find installed, and what cannot be exported."""

from importlib.metadata import version
from pathlib import Path

from workbench.catalogue import ENGINES, nms_row
from workbench.detectors import Detector
from workbench.errors import UnavailableError
from workbench.hardware import versions
from workbench.settings import Settings

PROGRAM = Path(__file__).parent / "program"
OPENCV_BUILDS = ("opencv-python", "opencv-python-headless")
QUICKEST = "opencv"  # of those methods that keep the same boxes
SAME_BOXES = "nms: OpenCV's, which keeps the boxes that {method} keeps"
SAME_NETWORK = "the network runs as a graph, which finds what {engine} finds"


def runtime_of(engine: str) -> str:
    """Name the module `program/on_….py` that runs what an engine runs; engines of one runtime share one."""
    return ENGINES[engine].runtime.replace(" ", "").lower()


def notes_on(chosen: Settings, runs: Settings) -> tuple[str, ...]:
    """Say where the program goes another way to the same detections; and what the chosen NMS does."""
    note = nms_row(runs.nms.method).note
    return (
        *((SAME_NETWORK.format(engine=chosen.runtime.engine),) if chosen.runtime.engine != runs.runtime.engine else ()),
        *((SAME_BOXES.format(method=chosen.nms.method),) if chosen.nms.method != runs.nms.method else ()),
        *((note,) if note else ()),
    )


def what_runs(chosen: Settings) -> Settings:
    """Return the settings by which the program reaches the detections of the chosen ones."""
    engine = ENGINES[chosen.runtime.engine].exported_as or chosen.runtime.engine
    method = QUICKEST if nms_row(chosen.nms.method).hard else chosen.nms.method
    return chosen.with_values({"runtime.engine": engine, "nms.method": method})


def check_exportable(detector: Detector, settings: Settings) -> None:
    """Refuse what no program is written for.

    Raises:
        UnavailableError: Says which setting, and what to choose.
    """
    runtime, feed = settings.runtime, settings.feed
    known = [engine for engine in ENGINES if (PROGRAM / f"on_{runtime_of(engine)}.py").exists()]
    if runtime.engine not in known:
        raise UnavailableError(
            f"runtime.engine is {runtime.engine}: no program is written for it yet; choose one of {', '.join(known)}"
        )
    if feed.mode != "loop":
        raise UnavailableError(f"feed.mode is {feed.mode}: the program takes one frame after the other; choose loop")
    if runtime.batch != 1 or detector.input_spec.batch not in (None, 1):
        raise UnavailableError(
            f"runtime.batch is {runtime.batch}: the program takes one frame at a time; choose 1, or a detector that takes it"
        )


def requirements_text(settings: Settings) -> str:
    """Write `requirements.txt`: the packages that a program imports, at the versions of this environment."""
    opencv = next(iter(versions(OPENCV_BUILDS)), None)
    if opencv is None:
        raise UnavailableError(f"OpenCV was not installed by pip, so its version is not known; install {OPENCV_BUILDS[0]}")
    runtime = ENGINES[settings.runtime.engine].packages[0].name
    return "".join(f"{name}=={version(name)}\n" for name in ("numpy", opencv, "pillow", runtime))

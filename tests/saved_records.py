"""Records as runs leave them, made by hand: small, and changed in a word where a test wants another."""

from typing import Any

from workbench.detections import Accuracy, Agreement
from workbench.machine import EnvironmentFacts, NoiseCertificate
from workbench.record import DetectorFacts, FrameDetections, MediaFacts, Record
from workbench.settings import Settings
from workbench.timing import Timing

MACHINE = "m" * 16


def record(**changes: Any) -> Record:
    """Return a record of a run that went well.

    Args:
        changes: Fields of the record; or in short `seconds` of each frame (one number or a sequence), `ap`, its `truth` and
            `truth_key`, `machine`, `detector`, `agreement` as a fraction, `broken`, `noise` as a verdict, `media`, and
            `group.field` values.
    """
    short = {word: changes.pop(word, default) for word, default in SHORT.items()}
    settings = {name: changes.pop(name) for name in tuple(changes) if "." in name}
    ap, agreed, media, noise = (short[word] for word in ("ap", "agreement", "media", "noise"))
    values = {
        "name": "xla",
        "command": "workbench run",
        "settings": Settings().with_values({"input.size_hw": (320, 320), "runtime.threads": 2} | settings),
        "detector": DetectorFacts(
            name=short["detector"],
            source=short["detector"],
            kind="ssd",
            sha256=f"sha of {short['detector']}",
            size_bytes=9,
            labels=("scratch",),
        ),
        "media": MediaFacts(name=media, source=f"{media}.webm", kind="video", frames=3, size_hw=(720, 1280)),
        "environment": EnvironmentFacts(
            machine_id=short["machine"], cpu="chip", cores=2, memory_bytes=8, system="Linux", python="3.11"
        ),
        "timing": _timing(short["seconds"]),
        "accuracy": None if ap is None else _accuracy(ap, short["truth"], short["truth_key"]),
        "agreement": None if agreed is None else _agreement(agreed, short["broken"]),
        "noise": NoiseCertificate(verdict=noise, reasons=() if noise == "quiet" else ("others kept 1.00 of 2 cores busy",)),
        "detections": (FrameDetections(frame="1", boxes_xyxy_px=((1, 2, 3, 4),), scores=(0.5,), class_ids=(0,)),),
    }
    return Record(**(values | changes))


SHORT: dict[str, Any] = {
    "seconds": 0.010,
    "ap": None,
    "truth": "truth.json",
    "truth_key": None,
    "machine": MACHINE,
    "detector": "inspector-mobile",
    "agreement": 1.0,
    "broken": False,
    "media": "clip",
    "noise": "quiet",
}


def _timing(seconds: Any) -> Timing | None:
    if seconds is None:
        return None
    total = (seconds,) * 3 if isinstance(seconds, float) else tuple(seconds)
    return Timing(compile_seconds=1, first_call_seconds=1, total_seconds=total, stage_seconds={})


def _accuracy(ap: float, truth: str, truth_key: str | None) -> Accuracy:
    sizes = dict.fromkeys(("ap_small", "ap_medium", "ap_large"))
    return Accuracy(ap=ap, ap50=ap, **sizes, images=5, truth=truth, truth_key=truth_key, score_threshold=0.3)


def _agreement(ratio: float, broken: bool) -> Agreement:
    return Agreement(
        baseline="naive",
        frames=3,
        matched=0,
        lost=0,
        new=0,
        class_flips=0,
        score_drift=None,
        mean_iou=None,
        ratio=ratio,
        broken=broken,
    )

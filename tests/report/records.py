"""Records for the report's tests: every figure is made up, and the machine's name says so."""

import base64
import io
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from workbench.detections import Accuracy, Agreement, ClassAccuracy, Confusion, CurvePoint, Interval
from workbench.machine import EnvironmentFacts, NoiseCertificate
from workbench.record import DetectorFacts, EngineFacts, FrameDetections, MediaFacts, Picture, Problem, Record, WorstFrame
from workbench.settings import Settings, preset_values
from workbench.timing import Comparison, Ratio, Timing

LABELS = ("scratch", "dent", "stain", "chip", "missing screw")
SIZE_HW = (720, 1280)
MACHINE = EnvironmentFacts(
    machine_id="made-up-machine-for-tests",
    cpu="Imaginary EPYC 0000 64-Core Processor",
    cores=2,
    memory_bytes=16_000_000_000,
    system="Testland Linux 6.1",
    python="3.11.7",
    versions={"tensorflow": "2.21.0", "ai-edge-litert": "2.3.0", "numpy": "2.4.6", "opencv-python": "5.0.0"},
)
OTHER_MACHINE = MACHINE.model_copy(update={"machine_id": "another-made-up-machine", "cpu": "Invented Xeon 1111 CPU @ 9.99GHz"})
QUIET = NoiseCertificate(
    verdict="quiet",
    reasons=("load by others 0.02 cores", "no steal"),
    load_by_others=0.02,
    steal_share=0.0,
    quota_cores=2.0,
    throttled=0,
    frequency_mhz=(2690.0, 2710.0),
)
NOISY = NoiseCertificate(verdict="noisy", reasons=("other processes kept 0.8 cores busy",), load_by_others=0.8, steal_share=0.031)
MEDIA = MediaFacts(
    name="line.webm", source="sample_media/line.webm", kind="video", frames=600, size_hw=SIZE_HW, fps=30.0, sha256="ab" * 32
)
DETECTOR = DetectorFacts(
    name="inspector-mobile",
    source="inspector-mobile",
    kind="ssd",
    sha256="cd" * 32,
    size_bytes=4_310_000,
    labels=LABELS,
    parameters=728_000,
)

# Milliseconds of each stage, AP, AP small, agreement: shaped like the design's FACTS, and no more true than the machine.
SPLITS: dict[str, tuple[dict[str, float], float, float, float]] = {
    "naive": ({"decode": 1.5, "preprocess": 6.2, "infer": 61.0, "nms": 10.4, "draw": 0.7}, 0.620, 0.402, 1.0),
    "graph": ({"decode": 1.5, "infer": 9.9, "nms": 0.3, "draw": 0.7}, 0.618, 0.399, 0.991),
    "xla": ({"decode": 1.5, "infer": 84.0, "nms": 1.2, "draw": 0.7}, 0.618, 0.400, 0.99),
    "litert": ({"decode": 1.5, "preprocess": 0.5, "infer": 2.3, "nms": 0.4, "draw": 0.7}, 0.617, 0.396, 0.987),
    "litert-int8": ({"decode": 1.5, "preprocess": 0.4, "infer": 1.2, "nms": 0.3, "draw": 0.6}, 0.612, 0.371, 0.962),
}
OUTSIDE_MS = 0.12  # of a frame, in no stage


@cache
def jpeg(seed: int, kilobytes: int = 20) -> str:
    """Return noise as JPEG of about that size, in base64."""
    pixels = np.random.default_rng(seed).integers(0, 255, (90, 160, 3), np.uint8)
    image = Image.fromarray(pixels).resize((1280, 720), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    for quality in range(20, 96, 5):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        if buffer.tell() >= kilobytes * 1000:
            break
    return base64.b64encode(buffer.getvalue()).decode()


def detections(frame: str, rows: list[tuple[tuple[float, float, float, float], float, int]]) -> FrameDetections:
    boxes, scores, ids = zip(*rows, strict=True) if rows else ((), (), ())
    return FrameDetections(frame=frame, boxes_xyxy_px=boxes, scores=scores, class_ids=ids)


TRUTH = [((300.0, 200.0, 420.0, 320.0), 1.0, 1), ((610.0, 380.0, 760.0, 430.0), 1.0, 0), ((1010.0, 520.0, 1080.0, 600.0), 1.0, 4)]
FOUND = [
    ((302.0, 198.0, 421.0, 322.0), 0.93, 1),
    ((608.0, 382.0, 762.0, 428.0), 0.81, 0),
    ((1012.0, 522.0, 1079.0, 601.0), 0.64, 4),
]
# One kept, one whose class flips, one lost, one new.
CHANGED = [((303.0, 200.0, 420.0, 320.0), 0.91, 1), ((609.0, 381.0, 760.0, 430.0), 0.55, 2), ((80.0, 90.0, 150.0, 160.0), 0.41, 3)]


def pictures(changed: bool, seeds: tuple[int, ...] = (1, 2, 3), kilobytes: int = 20) -> tuple[Picture, ...]:
    names = ("frame 12", "frame 240", "frame 411")
    return tuple(
        Picture(
            name=name,
            size_hw=SIZE_HW,
            jpeg_base64=jpeg(seed, kilobytes),
            found=detections(name, CHANGED if changed else FOUND),
            truth=detections(name, TRUTH),
        )
        for name, seed in zip(names, seeds, strict=False)
    )


def worst(seed: int = 7) -> tuple[WorstFrame, ...]:
    """Two of the frames that a setting gets most wrong."""
    (picture,) = pictures(changed=True, seeds=(seed,))
    frame = WorstFrame(
        picture=picture, against="instances.json", known=detections("frame 12", TRUTH), missed=(1, 2), lost=(2,), false=(2,)
    )
    return frame, frame.model_copy(update={"missed": (), "lost": ()})


def timing(split_ms: Mapping[str, float], frames: int = 150, seed: int = 0, **changes: Any) -> Timing:
    """Return times that scatter around a split as real ones do: a little to one side, with some slow frames."""
    random = np.random.default_rng(seed)
    scatter = 1 + np.abs(random.normal(0, 0.03, frames)) + (random.random(frames) < 0.02) * 0.4
    stages = {stage: tuple((ms / 1000 * scatter).tolist()) for stage, ms in split_ms.items()}
    total = sum(split_ms.values()) + OUTSIDE_MS
    values = {
        "compile_seconds": 1.4,
        "first_call_seconds": 0.18,
        "total_seconds": tuple((total / 1000 * scatter).tolist()),
        "stage_seconds": stages,
    }
    return Timing(**(values | changes))


def comparison(a: str, b: str, ratio: float | Ratio, a_id: str | None = None) -> Comparison:
    interval = ratio if isinstance(ratio, Ratio) else Ratio(median=ratio, low=ratio * 0.985, high=ratio * 1.015)
    return Comparison(a=a, b=b, a_id=a_id, ratio=interval, frames=240, blocks=16)


def accuracy(ap: float, small: float) -> Accuracy:
    return Accuracy(
        ap=ap,
        ap50=min(1.0, ap + 0.27),
        ap_small=small,
        ap_medium=ap + 0.06,
        ap_large=ap + 0.13,
        images=50,
        truth="instances.json",
        score_threshold=0.3,
    )


def class_accuracy(class_id: int = 0, ap: float = 0.5, known: int = 40) -> ClassAccuracy:
    curve = tuple(CurvePoint(score=score, precision=score, recall=1 - score) for score in (0.9, 0.5, 0.2))
    return ClassAccuracy(
        class_id=class_id,
        known=known,
        ap=ap,
        ap_interval=Interval(low=ap - 0.1, high=ap + 0.1),
        ap50=ap + 0.2,
        precision=0.3,
        recall=0.7,
        best=curve[1],
        curve=curve,
    )


def by_class(ap: float = 0.6, aps: tuple[float, ...] = (0.5, 0.7), confusions: tuple[Confusion, ...] = ()) -> Accuracy:
    """Return an accuracy whose classes have these APs."""
    classes = tuple(class_accuracy(number, one, 40 - number) for number, one in enumerate(aps))
    return accuracy(ap, 0.4).model_copy(update={"classes": classes, "confusions": confusions})


def agreement(ratio: float, baseline: str = "naive", reasons: tuple[str, ...] = ()) -> Agreement:
    lost = round((1 - ratio) * 400)
    return Agreement(
        baseline=baseline, frames=150, matched=400 - lost, lost=lost, new=lost // 2, class_flips=lost // 4, score_drift=-0.012,
        mean_iou=0.93, ratio=ratio, broken=bool(reasons), reasons=reasons,
    )  # fmt: skip


def record(preset: str = "naive", **changes: Any) -> Record:
    """Return one record with everything in it, but for what `changes` replaces."""
    split, ap, small, agreed = SPLITS.get(preset, SPLITS["litert"])
    known = preset_values(preset) if preset in SPLITS else {}
    settings = Settings().with_values({"runtime.threads": 2, "input.size_hw": (288, 512)} | known)
    ratio = sum(SPLITS["naive"][0].values()) / sum(split.values())
    values: dict[str, Any] = {
        "name": preset,
        "created": "2026-11-20T10:00:00+00:00",
        "command": f"workbench run inspector-mobile sample_media/line.webm --preset {preset} --frames 150",
        "settings": settings,
        "detector": DETECTOR,
        "media": MEDIA,
        "environment": MACHINE,
        "engine": EngineFacts(covers=("model",), compilations=1, threads=2),
        "timing": timing(split, seed=len(preset)),
        "accuracy": accuracy(ap, small),
        "agreement": None if preset == "naive" else agreement(agreed),
        "comparison": None if preset == "naive" else comparison("naive", preset, ratio),
        "noise": QUIET,
        "detections": tuple(detections(f"frame {number}", FOUND) for number in range(3)),
        "pictures": pictures(changed=preset != "naive"),
        "worst": worst(),
    }
    return Record(**(values | changes))


def problem_record(
    message: str = "the converter cannot quantise this model; choose float32", name: str = "litert-int16x8"
) -> Record:
    problem = Problem(kind="UnavailableError", message=message)
    return record(
        name, problem=problem, timing=None, accuracy=None, agreement=None, comparison=None, engine=None, pictures=(), detections=()
    )


def broken_record() -> Record:
    split = {"decode": 1.5, "preprocess": 0.4, "infer": 0.9, "nms": 0.1, "draw": 0.1}
    reasons = ("agreement .08 is below .50", "AP .031 is less than half of the baseline's .620")
    return record(
        "litert-int8 bad",
        timing=timing(split, seed=9),
        accuracy=accuracy(0.031, 0.0),
        agreement=agreement(0.08, reasons=reasons),
        comparison=comparison("naive", "litert-int8 bad", 24.4),
    )


def full_set() -> tuple[Record, ...]:
    """Return what a sweep brings: five presets, one slower precision, one that breaks the detector and one that did not run."""
    dynamic = record(
        "litert dynamic",
        settings=record("litert").settings.with_values({"runtime.precision": "dynamic-int8"}),
        timing=timing({"decode": 1.5, "preprocess": 0.5, "infer": 5.2, "nms": 0.4, "draw": 0.7}, seed=4),
        comparison=comparison("naive", "litert dynamic", 9.5),
        noise=NOISY,
        warnings=("unstable: the middle half spans 14%",),
    )
    covers = ("resize", "model", "box decoding")
    fused = EngineFacts(
        covers=covers, left_out=("nms: XLA cannot compile it on this CPU",), compilations=2, recompilations=1, threads=2
    )
    graph = record("graph", engine=fused.model_copy(update={"left_out": (), "recompilations": 0, "covers": (*covers, "nms")}))
    converted = EngineFacts(covers=("model",), compilations=1, threads=2, model_bytes=1_020_000, notes=("calibrated on 64 frames",))
    int8 = record("litert-int8", engine=converted)
    return (record("naive"), graph, record("xla", engine=fused), record("litert"), dynamic, int8, broken_record(), problem_record())

"""What the panel offers: each setting with its choices, and why some of them cannot be taken."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.detectors import NO_NMS, OWN_NMS, Detector
from workbench.errors import SettingsError, UnavailableError
from workbench.hardware import usable_cores
from workbench.media import masked, no_camera
from workbench.opening import DEFAULT_DETECTOR, fit, reasons, why_no_use, wished, words
from workbench.session import Session
from workbench.settings import (
    CALIBRATION_RANGES,
    DELEGATES,
    FAST,
    FEED_CACHES,
    FEED_MODES,
    FILTERS,
    HINTS,
    LAYOUTS,
    MOST_CALIBRATION_FRAMES,
    PRECISIONS,
    PRESET_NAMES,
    RESIZE_PLACES,
    ClassScores,
    Settings,
)
from workbench.wording import format_size

Described = dict[str, Any]

SIZES = (160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480, 512, 544, 576, 608, 640)
NO_NMS_REASON = "nms.method=none drops nothing that overlaps"
OWN_NMS_REASON = "the model does its own NMS; only score and max thin out what it gives"
LOOP_REASON = "loop has one worker and nothing that waits"
TFDATA_ONLY = "only tf.data can give frames in another order; choose feed.mode tfdata"
MOST_PREFETCH = 64
MOST_BATCH = 8  # more than that, and a live picture is late by a quarter of a second
FEED_NOTE = "acts on Measure; what plays passes one frame after the other"
ENGINE_NOTE = "What only OpenVINO or LiteRT can be told"
INTEGERS_NOTE = "How int8 and the like are made of floats"
SAMPLE_LINE = "sample line"
SCORE_OF = "nms.score of "  # before a class's label: the name of that class's slider
MOST_CLASSES = 12  # with a slider of their own
IN_MEMORY = "frames in memory"
CAMERA = "camera:0"
PRESET_HELP = {
    "naive": "full frames through Pillow, model.predict, NMS as a Python loop",
    "graph": "one TensorFlow graph, the resize inside",
    "xla": "the same compiled by XLA, NMS inside",
    "litert": "the LiteRT interpreter in float32",
    "litert-int8": "LiteRT with an integer model, calibrated on real frames",
    "fast": "the fastest sound setting in your history of this machine; LiteRT, of integers where it can be, where there is none",
}
HELP = {
    "input.size_hw": "width and height of the network's input: squares, and the frames' own shape, of which nothing is padding",
    "input.resize": "who makes the frame that small",
    "input.filter": "of what pixels each is made where it shrinks: linear of the nearest two a side, area of those that it covers,"
    " triangle of twice as many",
    "runtime.engine": "what executes the network",
    "xla": "compile the TensorFlow graph with XLA",
    "runtime.precision": "numbers the network computes with; anything but float32 is a LiteRT conversion",
    "runtime.float_ops": "operators that stay in float, by their outputs: whole names, or with * for some of one; ; between them",
    "runtime.calibration_frames": "frames that the ranges of integers are taken from, chosen so that they differ",
    "runtime.calibration_range": "all that was seen; without the most extreme frames; or what makes the least error",
    "runtime.layout": "nhwc: without the transposes of a network that was exported channels first",
    "runtime.threads": "threads of the engine",
    "runtime.batch": "frames that run together",
    "runtime.hint": "what OpenVINO is asked for: each frame soon, or many frames in a second",
    "runtime.streams": "frames that OpenVINO runs at once, among which its threads are divided; 0: one for each worker, or what the"
    " hint says",
    "runtime.delegate": "whose kernels LiteRT runs: XNNPACK's, those with all that is new in it, or LiteRT's own alone",
    "nms.method": "how overlapping boxes are suppressed, and by whom",
    "nms.score": "only boxes that score more go into NMS",
    "nms.iou": "boxes that overlap a better one by more are dropped",
    "nms.max_detections": "boxes kept at most",
    "nms.per_class": "boxes suppress only boxes of their own class",
    "nms.top_k": "candidates that NMS looks at, best first",
    "feed.mode": "how frames reach the network when it is measured",
    "feed.workers": "threads that prepare, infer, suppress and draw, each with an interpreter of its own where the engine runs a"
    " .tflite file; or tf.data's parallel calls, 0 where it shall choose",
    "feed.prefetch": "decoded batches that may wait",
    "feed.cache": "where tf.data keeps prepared frames for the next pass",
    "feed.ordered": "tf.data gives frames in their order, or as they are ready",
}


def describe(session: Session) -> Described:
    """Describe the panel for the settings that are wished for; nothing but names before a detector is open."""
    opened, settings = session.opened, session.settings
    named = {"detector": _detectors(session), "media": _media(session)}
    if opened is None or settings is None:
        return named | {"presets": [], "preset": None, "judged_by": "AP", "groups": []}
    detector = opened.detector
    return named | {
        "presets": [
            {"name": name, "help": PRESET_HELP[name], "reason": _why_not(partial(_preset, detector, name))} for name in PRESET_NAMES
        ],
        "judged_by": "AP" if opened.data.has_ap else "agreement",
        "preset": text if (text := words(detector, settings)) in PRESET_NAMES else None,
        "groups": [
            {"title": "INPUT", "controls": list(_input(detector, settings, opened.data.media.facts().size_hw))},
            {"title": "RUN", "controls": list(_run(detector, settings))},
            {"title": "NMS", "controls": list(_nms(detector, settings))},
            {"title": "INTEGERS", "note": INTEGERS_NOTE, "folded": True, "controls": list(_integers(settings))},
            {"title": "ENGINE", "note": ENGINE_NOTE, "folded": True, "controls": list(_switches(settings))},
            {"title": "FEED", "note": FEED_NOTE, "folded": True, "controls": list(_feed(detector, settings))},
        ],
    }


def _preset(detector: Detector, name: str) -> object:
    return None if name == FAST else fit(detector, wished(detector, name), "runtime.engine")


def _with_engine(detector: Detector, settings: Settings, engine: str) -> object:
    return fit(detector, settings.with_values({"runtime.engine": engine}), "runtime.engine")


def _why_not(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except (UnavailableError, SettingsError) as error:
        return str(error)
    return None


def _detectors(session: Session) -> Described:
    value = session.opened.detector.facts.source if session.opened else session.sources.detector or DEFAULT_DETECTOR
    choices = [{"value": source, "label": Path(source).name} for source in dict.fromkeys([*session.detectors, value])]
    return {"value": value, "choices": choices}


def _media(session: Session) -> Described:
    """Offer the sample and all that was open; before anything is, what was asked for is what is chosen."""
    if session.plays_samples:
        value = ""
    elif session.opened is not None:
        value = session.opened.data.media.facts().source
    else:
        asked = session.sources.media
        value = masked(str(asked)) if isinstance(asked, str | Path) else IN_MEMORY
    names = {"": SAMPLE_LINE, **session.media_names}
    names.setdefault(value, value)
    names.setdefault(CAMERA, "camera")
    reasons_by = {CAMERA: no_camera()} if value != CAMERA else {}
    choices = [{"value": source, "label": name, "reason": reasons_by.get(source)} for source, name in names.items()]
    return {"value": value, "choices": choices}


def _input(detector: Detector, settings: Settings, frame_hw: tuple[int, int]) -> Iterable[Described]:
    yield _size(detector, settings, frame_hw)
    yield _choice(detector, settings, "input.resize", RESIZE_PLACES)
    yield _choice(detector, settings, "input.filter", FILTERS)


def _size(detector: Detector, settings: Settings, frame_hw: tuple[int, int]) -> Described:
    """Offer squares, and beside them rectangles of the frames' own shape, of which nothing is padding."""
    size_hw, spec = settings.input.size_hw or detector.input_spec.default_hw, detector.input_spec
    sides = [size for size in SIZES if not size % spec.multiple_of] if spec.size_hw is None else []
    shaped = [_shaped(side, frame_hw, spec.multiple_of) for side in sides]
    stops = sorted({*((side, side) for side in sides), *shaped, size_hw}, key=lambda hw: (hw[0] * hw[1], hw))
    reason = f"this detector takes {size_hw[1]} × {size_hw[0]} only" if spec.size_hw is not None else None
    return {
        **_control("input.size_hw", "size", "slider", _in_words(size_hw)),
        "stops": [_in_words(stop) for stop in stops],
        "names": [format_size(stop) for stop in stops],
        "reason": reason,
    }


def _shaped(side: int, frame_hw: tuple[int, int], multiple_of: int) -> tuple[int, int]:
    """Return the size whose longer side is so long and whose shape is about that of the frames."""
    height, width = (max(multiple_of, round(side * one / max(frame_hw) / multiple_of) * multiple_of) for one in frame_hw)
    return height, width


def _in_words(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[0]}x{size_hw[1]}"


def _run(detector: Detector, settings: Settings) -> Iterable[Described]:
    refused = {engine: reason for engine in ENGINES if (reason := _why_not(partial(_with_engine, detector, settings, engine)))}
    yield _choices("runtime.engine", "engine", "select", settings.runtime.engine, tuple(ENGINES), refused)
    yield {**_control("xla", "XLA", "toggle", settings.runtime.engine == "xla"), "reason": refused.get("xla")}
    yield _choice(detector, settings, "runtime.precision", PRECISIONS, kind="select")
    layout = "runtime.layout"
    yield {**_choices(layout, "layout", "choice", settings.runtime.layout, LAYOUTS, {}), **_of_no_use(settings, layout)}
    yield _number("runtime.threads", "threads", settings.runtime.threads, most=usable_cores())
    fixed = detector.input_spec.batch
    batch = _number("runtime.batch", "batch", settings.runtime.batch, most=MOST_BATCH)
    yield {**batch, "reason": f"this detector takes exactly {fixed} at once" if fixed is not None else None}


def _integers(settings: Settings) -> Iterable[Described]:
    """Offer how integers are made of the detector's floats, where they are."""
    runtime = settings.runtime
    ops, frames, ranges = (f"runtime.{one}" for one in ("float_ops", "calibration_frames", "calibration_range"))
    yield {**_control(ops, "in float", "text", settings.flat()[ops]), **_of_no_use(settings, ops)}
    chosen = _choices(ranges, "ranges", "choice", runtime.effective_range, CALIBRATION_RANGES, {})
    yield {**chosen, **_of_no_use(settings, ranges)}
    yield {**_number(frames, "frames", runtime.effective_frames, most=MOST_CALIBRATION_FRAMES), **_of_no_use(settings, frames)}


def _switches(settings: Settings) -> Iterable[Described]:
    """Offer what only some engines have."""
    runtime = settings.runtime
    hint, streams, delegate = (f"runtime.{one}" for one in ("hint", "streams", "delegate"))
    yield {**_choices(hint, "hint", "choice", runtime.hint, HINTS, {}), **_of_no_use(settings, hint)}
    yield {**_number(streams, "streams", runtime.streams, most=runtime.threads), "min": 0, **_of_no_use(settings, streams)}
    yield {**_choices(delegate, "delegate", "select", runtime.delegate, DELEGATES, {}), **_of_no_use(settings, delegate)}


def _of_no_use(settings: Settings, name: str) -> Described:
    """Return why a setting has no use under the others; what to choose stands in the controls of engine and precision."""
    return {"reason": (why_no_use(settings, name) or "").partition(";")[0] or None}


def _nms(detector: Detector, settings: Settings) -> Iterable[Described]:
    nms = settings.nms
    own = {"reason": OWN_NMS_REASON if nms.method == OWN_NMS else None}
    overlap = {"reason": NO_NMS_REASON} if nms.method == NO_NMS else own
    yield _choice(detector, settings, "nms.method", tuple(NMS_METHODS), kind="select")
    yield from _scores(nms.score)
    yield {**_control("nms.iou", "IoU", "slider", nms.iou), "min": 0.0, "max": 1.0, "step": 0.01, "digits": 2, **overlap}
    yield _number("nms.max_detections", "max", nms.max_detections, most=1000)
    yield {**_control("nms.per_class", "per class", "toggle", nms.per_class), **own}
    yield {**_number("nms.top_k", "top k", nms.top_k, most=10_000), **own}


def _scores(score: float) -> Iterable[Described]:
    """Offer one slider for the score, and one for each class that has its own."""
    common = {"min": 0.0, "max": 1.0, "step": 0.01, "digits": 2}
    own = score.by_name if isinstance(score, ClassScores) else {}
    yield {**_control("nms.score", "score", "slider", score.others if isinstance(score, ClassScores) else score), **common}
    for label, one in islice(own.items(), MOST_CLASSES):
        yield {**_control("nms.score", f"score {label}", "slider", one), "name": f"{SCORE_OF}{label}", **common}


def changed_score(settings: Settings, name: str, value: object) -> object:
    """Return what `nms.score` becomes when one of its sliders is moved: the others stay where they are."""
    score = settings.nms.score
    if not isinstance(score, ClassScores) or not isinstance(value, int | float):
        return value
    return score.changed(name.removeprefix(SCORE_OF) if name.startswith(SCORE_OF) else None, float(value))


def _feed(detector: Detector, settings: Settings) -> Iterable[Described]:
    feed = settings.feed
    loop = {"reason": LOOP_REASON if feed.mode == "loop" else None}
    yield _choice(detector, settings, "feed.mode", FEED_MODES)
    least = {"min": 0 if feed.mode == "tfdata" else 1}
    yield {**_number("feed.workers", "workers", feed.workers, most=usable_cores()), **least, **loop}
    yield {**_number("feed.prefetch", "prefetch", feed.prefetch, most=MOST_PREFETCH), **loop}
    yield _choice(detector, settings, "feed.cache", FEED_CACHES)
    tfdata_only = {"reason": None if feed.mode == "tfdata" else TFDATA_ONLY}
    yield {**_control("feed.ordered", "in order", "toggle", feed.ordered), **tfdata_only}


def _control(name: str, label: str, kind: str, value: object) -> Described:
    return {"name": name, "label": label, "kind": kind, "value": value, "help": HELP[name], "reason": None}


def _number(name: str, label: str, value: int, *, most: int) -> Described:
    return {**_control(name, label, "number", value), "min": 1, "max": max(most, value), "step": 1, "digits": 0}


def _choice(detector: Detector, settings: Settings, name: str, values: tuple[str, ...], kind: str = "choice") -> Described:
    refused = reasons(detector, settings, name, values)
    label = name.split(".")[1] if name != "feed.mode" else "feed"
    value = settings.input.effective_filter if name == "input.filter" else str(settings.flat()[name])
    return _choices(name, label, kind, value, values, {str(value): why for value, why in refused.items()})


def _choices(name: str, label: str, kind: str, value: str, values: tuple[str, ...], refused: dict[str, str]) -> Described:
    return {
        **_control(name, label, kind, value),
        "choices": [{"value": one, "label": one, "reason": _reason(refused.get(one))} for one in values],
    }


def _reason(text: str | None) -> str | None:
    """Leave out which setting it is and its value: they stand beside it."""
    return None if text is None else text.partition(": ")[2] or text

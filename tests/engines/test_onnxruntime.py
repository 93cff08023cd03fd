"""ONNX Runtime: finds what the other engines find, on the sample detector and on models that nobody here made."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.detectors.asset_cards import CARDS
from workbench.detections import Detections
from workbench.detectors import Calibration, Detector
from workbench.errors import UnavailableError
from workbench.media import Frame, array_media, open_media
from workbench.opening import check, open_detector
from workbench.pipeline import Pipeline
from workbench.settings import Settings
from workbench.timing import NoWatch

NOTHING = Calibration("nothing", list)
HOST = {"runtime.engine": "onnxruntime", "input.resize": "opencv"}
PORTRAIT = "coral_grace_hopper.bmp"

Open = Callable[[str], Pipeline]


@pytest.mark.parametrize(
    ("absent", "reason"),
    [
        ("onnxruntime", "ONNX Runtime is not installed; run `pip install onnxruntime tf2onnx`, or choose another engine"),
        (
            "tf2onnx",
            "ONNX Runtime needs tf2onnx, which is not installed; run `pip install tf2onnx`, or choose another engine",
        ),
    ],
)
def test_where_a_package_is_absent_the_command_that_installs_it_is_said(
    mobile: Detector, monkeypatch: pytest.MonkeyPatch, absent: str, reason: str
) -> None:
    monkeypatch.setitem(sys.modules, absent, None)

    with pytest.raises(UnavailableError) as refused:
        check(mobile, Settings().with_values(HOST))

    assert str(refused.value) == f"runtime.engine is onnxruntime: {reason}"


@pytest.mark.parametrize("precision", ["bfloat16", "int16x8"])
def test_a_precision_that_it_does_not_compute_in_is_refused(mobile: Detector, precision: str) -> None:
    with pytest.raises(UnavailableError, match=f"runtime.precision is {precision}: ONNX Runtime .* choose one of float32"):
        check(mobile, Settings().with_values({**HOST, "runtime.precision": precision}))


@pytest.mark.parametrize("size", ["96x160", "160x96"])
def test_a_picture_without_parts_gives_no_detections(small_pipeline: Open, size: str) -> None:
    grey = Frame(np.full((120, 200, 3), 127, np.uint8), "grey", 0)

    (found,) = small_pipeline(f"litert,runtime.engine=onnxruntime,nms.score=0.9,input.size_hw={size}").detect([grey])

    assert isinstance(found, Detections)
    assert found.boxes_xyxy_px.shape == (0, 4)


def test_workers_on_several_threads_find_what_one_finds(small_pipeline: Open, small_frames: tuple[Frame, ...]) -> None:
    words = "litert,runtime.engine=onnxruntime,input.size_hw=96x160"
    media = array_media([frame.image_rgb for frame in small_frames if frame.size_hw == small_frames[0].size_hw], name="stills")
    alone = small_pipeline(words)
    expected = [alone.detect([frame])[0] for frame in media.frames()]
    found: list[Detections] = []

    overlapped = small_pipeline(f"{words},runtime.threads=2,feed.mode=threads,feed.workers=2")
    steps = overlapped.steps(media, lambda _, batch: found.extend(batch))
    try:
        while steps(NoWatch()):
            pass
    finally:
        steps.close()

    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.boxes_xyxy_px, other.boxes_xyxy_px, atol=1e-2)
        np.testing.assert_array_equal(one.class_ids, other.class_ids)


def opened(assets: Path, folder: Path, name: str) -> Detector:
    path = folder / name
    shutil.copyfile(assets / "models" / name, path)
    if name in CARDS:
        path.with_name(f"{path.stem}.card.toml").write_text(CARDS[name])
    return open_detector(str(path), str(assets / "images" / "coral" / PORTRAIT))


def find(detector: Detector, frames: list[Frame], engine: str) -> Detections:
    values = {"runtime.engine": engine, "input.resize": "opencv"}
    settings = check(detector, detector.default_settings().with_values(values))
    return Pipeline(detector, settings, NOTHING).detect(frames)[0]


# What may differ: scores, and boxes in pixels of the photograph. LiteRT quantises what an int8 weight meets; ONNX Runtime does not.
SAME, QUANTISED = (1e-3, 0.5), (0.01, 3.0)
MODELS = {
    "yolox_nano_416_float16_quantize.tflite": SAME,  # its input's layout is NCHW
    "yolox_nano_416_dynamic_range_quantize.tflite": QUANTISED,
    "aizoo_face_mask_detection.tflite": SAME,
    "aizoo_face_mask_detection_frozen.pb": SAME,  # converted twice
    "ultralight_face_RFB_320_nopost.tflite": SAME,  # not square, and its shapes come late
    "mobile_object_localizer_v1_192.tflite": SAME,  # fed pixels, and ends in LiteRT's own NMS
}


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        pytest.param(name, picture, marks=[] if (number, picture) == (0, PORTRAIT) else pytest.mark.slow)
        for number, name in enumerate(MODELS)
        for picture in (PORTRAIT, "coral_cat.bmp")
    ],
)
def test_it_finds_on_photographs_what_litert_finds(assets: Path, tmp_path: Path, name: str, picture: str) -> None:
    scores, pixels = MODELS[name]
    detector = opened(assets, tmp_path, name)
    frames = list(open_media(assets / "images" / "coral" / picture).frames())

    expected, found = (find(detector, frames, engine) for engine in ("litert", "onnxruntime"))

    assert len(expected) or picture != PORTRAIT
    np.testing.assert_array_equal(found.class_ids, expected.class_ids)
    np.testing.assert_allclose(found.scores, expected.scores, atol=scores)
    np.testing.assert_allclose(found.boxes_xyxy_px, expected.boxes_xyxy_px, atol=pixels)


def test_it_is_loaded_without_its_telemetry(tmp_path: Path) -> None:
    load = "from workbench.engines import load_onnxruntime; load_onnxruntime()"
    own = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    unsaid = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    subprocess.run([sys.executable, "-c", load], env={**unsaid, **own}, check=True)

    assert list(tmp_path.iterdir()) == [], "what it wants to send lies in files until then"

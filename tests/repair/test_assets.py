"""A network that nobody here made, and that plain integers break: repaired, judged on frames that neither calibrated nor guided."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.media import frames_at, open_media
from workbench.opening import Sources, check, wished
from workbench.repair.repairing import Repairing

MODEL = "yolox_nano_416_float16_quantize.tflite"
VIDEO_STEP = 20
CROPS = 7  # of each photograph, beside itself


@pytest.fixture(scope="module")
def pictures(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, crops and mirrored crops of them, and frames of a video."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for frame in open_media(assets / "images" / "coral").frames():
        image = frame.image_rgb[..., ::-1]
        for number in range(CROPS + 1):
            height, width = (int(side * (random.uniform(0.55, 1) if number else 1)) for side in image.shape[:2])
            top, left = (
                int(random.integers(0, whole - part + 1)) for whole, part in zip(image.shape, (height, width), strict=False)
            )
            crop = image[top : top + height, left : left + width]
            cv2.imwrite(str(folder / f"{frame.index}-{number}.png"), crop[:, ::-1] if number % 2 else crop)
    video = open_media(assets / "videos" / "intel_bottle-detection.mp4")
    for frame in frames_at(video, range(0, video.facts().frames, VIDEO_STEP)):
        cv2.imwrite(str(folder / f"video-{frame.index:04d}.png"), frame.image_rgb[..., ::-1])
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)  # two minutes on two idle cores, several times as long where others are busy
@pytest.mark.parametrize(("layout", "least"), [("stored", 0.90), ("nhwc", 0.93)])
def test_yolox_is_repaired(assets: Path, pictures: Path, layout: str, least: float) -> None:
    detector, data = Sources(detector=str(assets / "models" / MODEL), media=str(pictures)).open()
    settings = check(detector, wished(detector, f"litert,runtime.precision=int8,runtime.layout={layout}"))

    chosen, records = Repairing(detector, data, settings, 0.01).run(8, repair=True, comparison_seconds=0.1)

    (found,) = [record.quantising for record in records if record.quantising is not None]
    plain, repaired = found.judged[1], found.judged[2]
    assert found.apart
    assert plain.agreement.ratio < least
    assert repaired.agreement.ratio >= least
    assert abs(repaired.agreement.score_drift or 0) <= 0.03
    assert 0 < sum(row.in_float for row in found.blocks) <= 16
    assert chosen.runtime.layout == layout

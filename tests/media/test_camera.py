"""A camera's newest frames, through a video file that stands in for the device: no test machine has one."""

import threading
import time
from pathlib import Path

import pytest

from workbench.errors import MediaError
from workbench.media import camera, no_camera, open_media
from workbench.media.backend import opencv
from workbench.media.camera import Camera, is_camera
from workbench.samples import SAMPLE_CLIP


class Devices:
    """OpenCV as it would be with a camera: any number opens the sample clip, whose end is the camera's."""

    def __init__(self) -> None:
        self._cv2 = opencv()  # not `cv2` itself: whoever opens the first video without it has FFmpeg print from then on
        self.opened = 0

    def VideoCapture(self, _: int) -> object:  # noqa: N802 - OpenCV's name
        self.opened += 1
        return self._cv2.VideoCapture(str(SAMPLE_CLIP))

    def __getattr__(self, name: str) -> object:
        return getattr(self._cv2, name)


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Devices:
    found = Devices()
    monkeypatch.setattr(camera, "opencv", lambda: found)
    monkeypatch.setattr(camera, "no_camera", lambda _: None)
    return found


@pytest.mark.usefixtures("devices")
def test_frames_are_the_newest_and_end_with_a_sentence() -> None:
    frames = Camera("camera:0").frames()
    first = next(frames)
    time.sleep(0.3)
    second = next(frames)
    assert (first.name, second.name) == ("camera:0#0", "camera:0#1")
    assert first.image_rgb.shape == second.image_rgb.shape == (720, 1280, 3)
    assert (first.image_rgb != second.image_rgb).any()
    with pytest.raises(MediaError, match="camera:0 gives no pictures; plug it in"):
        for _ in frames:
            pass


@pytest.mark.usefixtures("devices")
def test_a_camera_is_given_back_when_its_frames_are_dropped() -> None:
    frames = Camera("camera:0").frames()
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert "workbench-live" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.usefixtures("devices")
def test_its_facts_have_no_length() -> None:
    facts = open_media("camera:0").facts()
    assert (facts.kind, facts.frames, facts.size_hw, facts.fps) == ("camera", 0, (720, 1280), 30.0)


def test_a_machine_without_one_says_so_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "shm").mkdir()
    assert no_camera(0, tmp_path) == f"this machine has no {tmp_path / 'video0'}, so there is no camera:0"
    (tmp_path / "video0").touch()
    assert no_camera(0, tmp_path) is None
    assert no_camera(0, tmp_path / "elsewhere") is None, "only Linux tells without opening"


@pytest.mark.parametrize(("source", "is_one"), [("camera:0", True), ("camera:12", True), ("camera:", False), ("camera.mp4", False)])
def test_its_name_is_a_number(source: str, is_one: bool) -> None:
    assert is_camera(source) is is_one

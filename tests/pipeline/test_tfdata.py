"""Frames fed by tf.data: what the loop finds, in its order; what is damaged, in its place; what is kept, for the next pass."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from workbench.detections import Detections
from workbench.detectors import Detector
from workbench.errors import MediaError, UnavailableError
from workbench.measuring import Bench
from workbench.media import Frame, Media, array_media, open_media
from workbench.media.arrays import Arrays
from workbench.opening import EvaluationData, variant
from workbench.pipeline import Pipeline
from workbench.pipeline.tfdata import FrameDataset
from workbench.record import MediaFacts
from workbench.samples import SAMPLE_STILLS
from workbench.settings import Settings
from workbench.timing import NoWatch, Stopwatch

Open = Callable[[str], Pipeline]
Seen = list[tuple[Frame, Detections]]

SMALL = "graph,input.size_hw=64x96,nms.method=numpy,nms.score=0.01"
TFDATA = "feed.mode=tfdata,feed.workers=2"


@pytest.fixture(scope="module")
def noise() -> Media:
    rng = np.random.default_rng(3)
    return array_media([rng.integers(0, 256, (72, 128, 3), np.uint8) for _ in range(9)], name="noise")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight pictures of the sample line as PNG files, two of them portrait."""
    for number, frame in enumerate(open_media(SAMPLE_STILLS).frames()):
        if number == 10:
            break
        if number >= 2:
            small = cv2.resize(frame.image_rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    return tmp_path


def passed(pipeline: Pipeline, media: Media, start: int = 0) -> Seen:
    seen: Seen = []
    steps = pipeline.steps(media, lambda frames, found: seen.extend(zip(frames, found, strict=True)), start=start)
    try:
        while steps(NoWatch()):
            pass
    finally:
        steps.close()
    return seen


def assert_same(seen: Seen, expected: Seen) -> None:
    assert [frame.name for frame, _ in seen] == [frame.name for frame, _ in expected]
    for (frame, found), (same, wanted) in zip(seen, expected, strict=True):
        np.testing.assert_array_equal(frame.image_rgb, same.image_rgb)
        assert len(found) == len(wanted)
        np.testing.assert_allclose(found.boxes_xyxy_px, wanted.boxes_xyxy_px, atol=0.05)
        np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-3)


@pytest.mark.parametrize("resize", ["opencv", "pillow", "graph"])
@pytest.mark.parametrize("batch", [1, 2])
def test_tfdata_finds_what_the_loop_finds(small_pipeline: Open, noise: Media, resize: str, batch: int) -> None:
    words = f"{SMALL},input.resize={resize},runtime.batch={batch}"

    loop, tfdata = (passed(small_pipeline(each), noise) for each in (words, f"{words},{TFDATA}"))

    assert any(len(found) for _, found in loop)
    assert_same(tfdata, loop)


@pytest.mark.parametrize("how", ["graph,input.filter=triangle", "opencv,input.filter=area"])
def test_tfdata_filters_as_the_loop_does(small_pipeline: Open, noise: Media, how: str) -> None:
    words = f"{SMALL},input.resize={how}"

    usual, loop, tfdata = (passed(small_pipeline(each), noise) for each in (SMALL, words, f"{words},{TFDATA}"))

    assert_same(tfdata, loop)
    assert not any(np.allclose(one.scores, other.scores, atol=1e-3) for (_, one), (_, other) in zip(usual, loop, strict=True))


def test_an_interpreter_is_fed_what_tensorflow_resizes(small_pipeline: Open, noise: Media) -> None:
    words = "litert,input.size_hw=64x96,nms.score=0.01"

    assert len(passed(small_pipeline(f"{words},input.resize=graph,{TFDATA}"), noise)) == 9
    assert_same(passed(small_pipeline(f"{words},{TFDATA}"), noise), passed(small_pipeline(words), noise))


@pytest.mark.parametrize("how", ["graph,input.filter=triangle", "opencv"])
def test_nothing_is_written_to_the_temporary_folder(
    small_pipeline: Open, folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    assert passed(small_pipeline(f"{SMALL},input.resize={how},{TFDATA}"), open_media(folder))

    assert not list(temporary.iterdir())


def test_files_are_decoded_by_tensorflow_whatever_their_shape(small_pipeline: Open, folder: Path) -> None:
    media = open_media(folder)
    words = f"{SMALL},input.resize=graph"

    loop, tfdata = (passed(small_pipeline(each), media) for each in (words, f"{words},{TFDATA}"))

    assert {frame.size_hw[0] > frame.size_hw[1] for frame, _ in loop} == {True, False}
    assert_same(tfdata, loop)


def test_tensorflow_decodes_a_jpeg_to_what_opencv_makes_of_it(small_pipeline: Open) -> None:
    """Within a few levels: their decoders are built apart."""
    media = open_media(SAMPLE_STILLS / "*0.jpg")
    seen = passed(small_pipeline(f"{SMALL},input.resize=graph,{TFDATA}"), media)

    differences = [
        np.abs(frame.image_rgb.astype(int) - same.image_rgb.astype(int)).max()
        for (frame, _), same in zip(seen, media.frames(), strict=True)
    ]
    assert differences
    assert max(differences) <= 3


def test_a_turned_picture_is_left_to_those_who_turn_it(tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "red").save(tmp_path / "turned.jpg", exif=exif)
    Image.new("RGB", (40, 20), "red").save(tmp_path / "plain.jpg")

    assert open_media(tmp_path / "plain.jpg").files() == (tmp_path / "plain.jpg",)
    assert open_media(tmp_path / "turned.jpg").files() is None
    assert open_media(tmp_path).files() is None


@pytest.mark.parametrize("resize", ["graph", "opencv"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_damaged_picture_is_told_behind_those_before_it(small_pipeline: Open, folder: Path, resize: str, batch: int) -> None:
    files = sorted(folder.iterdir())
    files[4].write_bytes(files[4].read_bytes()[:3000])
    seen: list[str] = []
    media = open_media(folder)
    steps = small_pipeline(f"{SMALL},input.resize={resize},{TFDATA},runtime.batch={batch}").steps(
        media, lambda frames, _: seen.extend(frame.name for frame in frames)
    )

    with closing(steps), pytest.raises(MediaError, match=files[4].name):
        deque(iter(lambda: steps(NoWatch()), 0))

    assert seen == [file.name for file in files[:4]]


@pytest.mark.parametrize("cache", ["memory", "file"])
@pytest.mark.parametrize("resize", ["graph", "opencv"])
def test_what_is_kept_is_not_decoded_again(small_pipeline: Open, cache: str, resize: str) -> None:
    media = Counted(6)
    one = small_pipeline(f"{SMALL},input.resize={resize},{TFDATA},feed.cache={cache},runtime.batch=2")

    first = passed(one, media)
    second = passed(one, media)
    from_third = passed(one, media, start=2)

    assert media.decoded == 6
    assert_same(second, first)
    assert_same(from_third, first[2:])


@pytest.mark.parametrize("resize", ["graph", "opencv"])
def test_frames_are_kept_though_only_some_are_asked_for(small_pipeline: Open, resize: str) -> None:
    """A measurement times fewer frames than there are, and a comparison begins in the midst of them."""
    media = Counted(120, (360, 640))  # more than may wait at once
    one = small_pipeline(f"{SMALL},input.resize={resize},{TFDATA},feed.cache=memory")

    with closing(one.steps(media)) as steps:
        assert sum(steps(NoWatch()) for _ in range(4)) == 4
    with closing(one.steps(media, start=100, again=True)) as steps:
        assert sum(steps(NoWatch()) for _ in range(40)) == 40

    assert media.decoded == 120


def test_a_damaged_frame_among_those_to_be_kept_is_told(small_pipeline: Open) -> None:
    one = small_pipeline(f"{SMALL},input.resize=opencv,{TFDATA},feed.cache=memory")

    with pytest.raises(MediaError, match="torn"):
        one.steps(Torn(6))


class Counted(Media):
    """Frames of noise that count how often they are decoded, and how many wait."""

    def __init__(self, count: int, size_hw: tuple[int, int] = (72, 128)) -> None:
        rng = np.random.default_rng(5)
        self._images = [rng.integers(0, 256, (*size_hw, 3), np.uint8) for _ in range(count)]
        self.decoded = 0
        self.closed = threading.Event()

    def frames(self, start: int = 0) -> Iterator[Frame]:
        self.closed.clear()
        try:
            for index, image in enumerate(self._images[start:], start):
                self.decoded += 1
                yield Frame(image, f"counted#{index}", index)
        finally:
            self.closed.set()

    def frame_names(self) -> Sequence[str]:
        return tuple(f"counted#{index}" for index in range(len(self._images)))

    def facts(self) -> MediaFacts:
        height, width = self._images[0].shape[:2]
        return MediaFacts(name="counted", source="counted", kind="test", frames=len(self._images), size_hw=(height, width))


class Torn(Counted):
    """Frames of which the last one cannot be read."""

    def frames(self, start: int = 0) -> Iterator[Frame]:
        yield from super().frames(start)
        raise MediaError("torn")


def test_frames_in_any_order_are_the_same_frames(small_pipeline: Open, noise: Media) -> None:
    words = f"{SMALL},input.resize=opencv,{TFDATA},feed.ordered=false"

    seen = passed(small_pipeline(words), noise)

    assert sorted(frame.name for frame, _ in seen) == sorted(noise.frame_names())


@pytest.mark.parametrize("workers", [0, 3])
def test_an_early_stop_gives_the_media_back(small_pipeline: Open, workers: int) -> None:
    media = Counted(40)
    pipelines = small_pipeline(f"{SMALL},input.resize=graph,feed.mode=tfdata,feed.workers={workers}")
    for taken in range(8):
        steps = pipelines.steps(media, again=True)
        for _ in range(taken):
            assert steps(NoWatch()) == 1
        steps.close()
        assert taken == 0 or media.closed.wait(5)


def test_what_waits_is_bounded_by_bytes(small: Detector) -> None:
    """Frames of 4K: beyond the bound only what one batch needs may wait."""
    media = Counted(30, (2160, 3840))
    settings = Settings().with_values(
        {"input.size_hw": (64, 96), "feed.mode": "tfdata", "feed.workers": 2, "feed.prefetch": 64, "input.resize": "opencv"}
    )
    fed = FrameDataset(media, small.input_spec, settings).open()
    try:
        assert fed.next() is not None
        threading.Event().wait(1.0)  # as long as it takes to fill whatever has no bound
        assert media.decoded <= 8
    finally:
        fed.close()


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_frames_too_many_to_be_kept_are_refused(small: Detector, kind: str) -> None:
    class Long(Counted):
        def facts(self) -> MediaFacts:
            return super().facts().model_copy(update={"frames": 10**9})

    settings = Settings().with_values({"input.size_hw": (64, 96), "feed.mode": "tfdata", "feed.cache": kind})

    with pytest.raises(UnavailableError, match=f"feed.cache is {kind}: the 1000000000 frames of counted take"):
        FrameDataset(Long(1), small.input_spec, settings)


def test_the_memory_that_frames_may_take_is_what_a_control_group_grants(small: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.machine.memory.memory_bytes", lambda: 1000)
    settings = Settings().with_values({"input.size_hw": (64, 96), "feed.mode": "tfdata", "feed.cache": "memory"})

    with pytest.raises(UnavailableError, match="more than half of what the memory has free"):
        FrameDataset(Counted(8), small.input_spec, settings)


def test_a_record_tells_what_bounds_it_and_when_each_stage_ran(small: Detector, small_data: EvaluationData) -> None:
    record = Bench(small_data, 4, comparison_seconds=0.1).measure(variant(small, f"{SMALL},input.resize=graph,{TFDATA}"))

    assert record.timing is not None
    assert record.timing.overlapped
    assert record.timing.serial[-1] == ("infer", "nms", "draw")
    assert set(record.timing.stage_seconds) == {"decode", "preprocess", "infer", "nms", "draw"}
    assert {span.thread for span in record.timeline} == {"main", "tf.data decode", "tf.data map"}
    assert all(span.start_seconds >= 0 for span in record.timeline)
    assert record.engine is not None
    assert "resize: tf.data does it ahead" in " ".join(record.engine.left_out)


def test_stages_that_wait_do_not_count_the_waiting(small_pipeline: Open) -> None:
    class Slow(Counted):
        def frames(self, start: int = 0) -> Iterator[Frame]:
            for frame in super().frames(start):
                threading.Event().wait(0.05)
                yield frame

    for mode in (TFDATA, "feed.mode=threads,feed.workers=2"):
        watch = Stopwatch()
        steps = small_pipeline(f"{SMALL},input.resize=opencv,{mode}").steps(Slow(6))
        while True:
            watch.start()
            if not (handled := steps(watch)):
                break
            watch.close_step(handled)
        steps.close()

        seconds = watch.stage_seconds()
        assert min(seconds["decode"]) >= 0.05
        assert np.median(seconds["draw"]) < 0.04


def test_frames_that_are_not_files_have_none() -> None:
    assert Arrays([], name="none", source="none").files() is None

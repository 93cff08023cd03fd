"""Frames fed one after the other and on several threads: the same detections, and blocks that leave nothing running."""

import threading
from collections.abc import Callable

import numpy as np
import pytest

from workbench.detections import Detections
from workbench.detectors import Calibration, Detector
from workbench.measuring import Bench
from workbench.media import Frame, Media, array_media
from workbench.opening import EvaluationData, variant
from workbench.pipeline import Pipeline
from workbench.timing import NoWatch

Open = Callable[[str], Pipeline]

SMALL = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=numpy,nms.score=0.01"
THREADS = "feed.mode=threads,feed.workers=2"
NOTHING = Calibration("nothing", list)


def working() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("workbench-decode", "workbench-work"))]


@pytest.fixture(scope="module")
def noise() -> Media:
    rng = np.random.default_rng(3)
    return array_media([rng.integers(0, 256, (72, 128, 3), np.uint8) for _ in range(9)], name="noise")


def found_by(pipeline: Pipeline, media: Media) -> list[tuple[str, Detections]]:
    kept: list[tuple[str, Detections]] = []

    def listen(frames: tuple[Frame, ...], found: tuple[Detections, ...]) -> None:
        kept.extend((frame.name, one) for frame, one in zip(frames, found, strict=True))

    steps = pipeline.steps(media, listen)
    while steps(NoWatch()):
        pass
    steps.close()
    return kept


@pytest.mark.parametrize(
    "words",
    [
        SMALL,
        f"{SMALL},runtime.batch=2",
        f"{SMALL},nms.method=tensorflow",
        "litert,input.size_hw=64x96,runtime.threads=2,nms.score=0.01",
    ],
    ids=["graph", "batch", "graph NMS", "litert"],
)
def test_threads_find_what_the_loop_finds_frame_for_frame(small_pipeline: Open, noise: Media, words: str) -> None:
    loop = found_by(small_pipeline(words), noise)
    threads = found_by(small_pipeline(f"{words},{THREADS}"), noise)

    assert [name for name, _ in threads] == [name for name, _ in loop] == list(noise.frame_names())
    assert any(len(found) for _, found in loop)
    for (_, before), (_, after) in zip(loop, threads, strict=True):
        np.testing.assert_array_equal(after.boxes_xyxy_px, before.boxes_xyxy_px)
        np.testing.assert_array_equal(after.scores, before.scores)
        np.testing.assert_array_equal(after.class_ids, before.class_ids)
    assert working() == []


def test_each_interpreter_of_several_has_its_share_of_the_threads(small_pipeline: Open) -> None:
    workers = small_pipeline(f"litert,input.size_hw=64x96,runtime.threads=2,{THREADS}").workers()

    assert len(workers) == 2
    assert workers[0].engine is not workers[1].engine


def test_what_several_threads_may_use_at_once_is_not_loaded_twice(small_pipeline: Open) -> None:
    first, second = small_pipeline(f"{SMALL},{THREADS}").workers()

    assert first.engine is second.engine


def test_a_block_times_the_frames_asked_for_and_leaves_nothing_running(small_pipeline: Open, noise: Media) -> None:
    time_block = small_pipeline(f"{SMALL},{THREADS}").block_timer(noise)

    assert [len(time_block(count)) for count in (3, 20)] == [3, 20]
    assert working() == []


def test_a_record_says_that_stages_overlapped_and_what_bounds_them(small: Detector, small_data: EvaluationData) -> None:
    bench = Bench(small_data, 4, comparison_seconds=0.1)

    loop, threads = (bench.measure(variant(small, words)) for words in (SMALL, f"{SMALL},{THREADS}"))

    assert loop.timing is not None
    assert threads.timing is not None
    assert (loop.timing.overlapped, threads.timing.overlapped) == (False, True)
    assert threads.timing.unexplained_share is None
    assert set(threads.timing.stage_seconds) >= {"decode", "preprocess", "infer", "nms", "draw"}
    assert threads.timing.cpu_seconds
    assert threads.timing.bound_share
    assert threads.agreement is not None
    assert threads.agreement.ratio == 1
    assert working() == []

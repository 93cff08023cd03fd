"""Frames at their own pace: what comes when, what is dropped, and whether a pipeline keeps up."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
import pytest

from workbench.errors import MediaError, UnavailableError
from workbench.measuring import RealTimePass
from workbench.measuring.real_time_pass import measure_real_time
from workbench.media import Frame, Media, RealTimeMedia, array_media
from workbench.pipeline import Pipeline
from workbench.record import MediaFacts
from workbench.timing import Policy, RealTime

Open = Callable[[str], Pipeline]
SMALL = "graph,input.size_hw=64x96,nms.method=numpy,nms.score=0.01"


class Clip(Media):
    """A few frames with a rate; reading one may take its time, or fail."""

    def __init__(self, count: int = 5, fps: float | None = 100.0, pause: float = 0.0, fails_at: int | None = None) -> None:
        self._count, self._fps, self._pause, self._fails_at = count, fps, pause, fails_at
        self.closed = 0

    def frames(self, start: int = 0) -> Iterator[Frame]:
        try:
            for index in range(start, self._count):
                time.sleep(self._pause)
                if index == self._fails_at:
                    raise MediaError(f"clip#{index} is damaged")
                yield Frame(np.full((72, 128, 3), index, np.uint8), f"clip#{index}", index)
        finally:
            self.closed += 1

    def frame_names(self) -> Sequence[str]:
        return tuple(f"clip#{index}" for index in range(self._count))

    def facts(self) -> MediaFacts:
        return MediaFacts(name="clip", source="clip", kind="test", frames=self._count, size_hw=(72, 128), fps=self._fps)


def paced_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "workbench-paced"]


def test_frames_come_at_their_moments_and_begin_again() -> None:
    began = time.perf_counter()
    frames = list(islice(RealTimeMedia(Clip(5, fps=100.0), policy="queue").frames(), 12))

    assert [frame.index for frame in frames] == [*range(5), *range(5), 0, 1]
    assert time.perf_counter() - began >= 0.11
    moments = [frame.arrived_seconds for frame in frames]
    np.testing.assert_allclose(np.diff(moments), 0.01, rtol=0.02)
    assert [frame.missed for frame in frames] == [0] * 12
    assert paced_threads() == []


def test_whoever_is_late_gets_the_newest_and_learns_what_was_missed() -> None:
    frames = RealTimeMedia(Clip(1000, fps=100.0), policy="drop").frames()
    first = next(frames)
    time.sleep(0.2)
    later = list(islice(frames, 3))
    frames.close()

    assert later[0].index >= first.index + 10
    due = [round(100 * (b.arrived_seconds - a.arrived_seconds)) for a, b in pairwise((first, *later))]  # frames of the clock
    assert [frame.missed for frame in later] == [passed - 1 for passed in due]


def test_a_queue_keeps_every_frame_and_its_age() -> None:
    frames = RealTimeMedia(Clip(1000, fps=200.0), policy="queue").frames()
    next(frames)
    time.sleep(0.2)
    later = list(islice(frames, 10))
    age = time.perf_counter() - later[0].arrived_seconds
    frames.close()

    assert [frame.index for frame in later] == [*range(1, 11)]
    assert age >= 0.15


def test_a_source_that_reads_too_slowly_misses_moments_and_does_not_grow_old() -> None:
    frames = list(islice(RealTimeMedia(Clip(1000, fps=200.0, pause=0.02), policy="drop").frames(), 60))

    assert sum(frame.missed for frame in frames) >= 120
    assert time.perf_counter() - frames[-1].arrived_seconds < 0.5  # 0.9 without what was missed


def test_what_reading_raises_comes_behind_the_frames_before_it() -> None:
    frames = RealTimeMedia(Clip(fails_at=3)).frames()

    assert [frame.index for frame in islice(frames, 3)] == [0, 1, 2]
    with pytest.raises(MediaError, match="clip#3 is damaged"):
        next(frames)
    assert paced_threads() == []


def test_media_without_a_rate_are_told_to_have_one() -> None:
    with pytest.raises(MediaError, match="clip has no frame rate of its own; say one, such as --fps 30"):
        RealTimeMedia(Clip(fps=None))
    assert RealTimeMedia(Clip(fps=None), 25).fps == 25


def test_media_without_a_frame_end_at_once() -> None:
    assert list(RealTimeMedia(Clip(0)).frames()) == []
    assert paced_threads() == []


def test_stopping_early_closes_the_media() -> None:
    clip = Clip()
    frames = RealTimeMedia(clip).frames()
    next(frames)
    frames.close()

    assert clip.closed == 1
    assert paced_threads() == []


@pytest.mark.parametrize("feed", ["loop", "threads", "tfdata"])
def test_a_pipeline_that_is_quick_enough_keeps_up(small_pipeline: Open, feed: str) -> None:
    told = measure_real_time(small_pipeline(f"{SMALL},input.resize=opencv,feed.mode={feed}"), Clip(fps=5.0), RealTimePass(frames=6))

    assert told.source_fps == 5
    assert len(told.age_seconds) == 6
    assert min(told.age_seconds) > 0
    assert told.dropped == 0
    assert paced_threads() == []


@pytest.mark.parametrize("policy", ["drop", "queue"])
def test_few_frames_a_second_are_waited_for_as_many_as_were_asked(small_pipeline: Open, policy: Policy) -> None:
    clip = Clip(4, fps=2.0)

    began = time.perf_counter()
    told = measure_real_time(small_pipeline(f"{SMALL},input.resize=opencv"), clip, RealTimePass(frames=3, policy=policy))

    assert len(told.age_seconds) == 3
    assert time.perf_counter() - began < 6  # four frames of half a second; with fifteen that settle it is eight and more


@pytest.mark.parametrize("policy", ["drop", "queue"])
def test_a_pipeline_that_is_too_slow_says_so(small_pipeline: Open, policy: Policy) -> None:
    told = measure_real_time(
        small_pipeline(f"{SMALL},input.resize=opencv"), Clip(fps=1000.0), RealTimePass(frames=40, policy=policy)
    )

    assert not told.keeps_up
    assert told.dropped > 0 if policy == "drop" else told.growing


def test_kept_frames_have_no_pace(small_pipeline: Open) -> None:
    one = small_pipeline(f"{SMALL},input.resize=opencv,feed.mode=tfdata,feed.cache=memory")

    with pytest.raises(UnavailableError, match="feed.cache is memory: frames that come at their own pace are not kept"):
        measure_real_time(one, array_media([np.zeros((8, 8, 3), np.uint8)], name="one"), RealTimePass(fps=30))


def real_time(ages: Sequence[float], dropped: int = 0) -> RealTime:
    return RealTime(
        source_fps=30.0, policy="drop", age_seconds=tuple(ages), interval_seconds=(1 / 30,) * len(ages), dropped=dropped
    )


@pytest.mark.parametrize(
    ("told", "keeps_up"),
    [
        (real_time([0.012] * 700), True),
        (real_time([0.012] * 700, dropped=1), False),
        (real_time(np.linspace(0.01, 0.9, 700)), False),
        (real_time([]), False),
    ],
    ids=["steady", "dropped", "older and older", "nothing"],
)
def test_keeping_up_is_no_frame_dropped_and_none_older_and_older(told: RealTime, keeps_up: bool) -> None:
    assert told.keeps_up == keeps_up


def test_too_few_frames_have_no_p99() -> None:
    assert real_time([0.01] * 100).p99_age_ms is None
    assert real_time([0.01] * 700).p99_age_ms == pytest.approx(10)

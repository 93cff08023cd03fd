"""Overlapped batches: order, counts and errors are right whatever is slow, and stopping leaves nothing behind."""

import faulthandler
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from workbench.errors import MediaError
from workbench.media import Frame
from workbench.pipeline.overlapped import Overlapped
from workbench.timing import NoWatch, Stopwatch, Watch

Out = list[int]


class Frames:
    """Frames that know whether they were closed, and how far they were read."""

    def __init__(self, count: int, side: int = 2, pause: float = 0.0, fails_at: int | None = None) -> None:
        self.count, self.side, self.pause, self.fails_at = count, side, pause, fails_at
        self.read = 0
        self.closed = False

    def __iter__(self) -> Iterator[Frame]:
        try:
            for index in range(self.count):
                if index == self.fails_at:
                    raise MediaError("this frame does not decode")
                time.sleep(self.pause)
                self.read += 1
                yield Frame(np.zeros((self.side, self.side, 3), np.uint8), f"f#{index}", index)
        finally:
            self.closed = True


def indices(batch: Sequence[Frame], watch: Watch) -> Out:
    watch.lap("infer")
    return [frame.index for frame in batch]


def uneven(seconds: float) -> Callable[[Sequence[Frame], Watch], Out]:
    """Work that takes sometimes long and sometimes not."""

    def work(batch: Sequence[Frame], watch: Watch) -> Out:
        time.sleep(seconds * (batch[0].index % 3))
        return indices(batch, watch)

    return work


def all_of(run: Overlapped[Out]) -> list[Out]:
    found = []
    while (out := run.next(NoWatch())) is not None:
        found.append(out)
    return found


def ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("workbench-decode", "workbench-work"))]


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    assert ours() == []


@pytest.mark.parametrize(
    ("source", "work"),
    [(0.0, 0.003), (0.003, 0.0), (0.002, 0.002), (0.0, 0.0)],
    ids=["slow work", "slow source", "both", "neither"],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_order_and_counts_are_kept_whatever_is_slow(source: float, work: float, workers: int) -> None:
    frames = Frames(20, pause=source)
    run = Overlapped(iter(frames), 1, [uneven(work)] * workers, prefetch=2)
    assert all_of(run) == [[index] for index in range(20)]
    assert run.next(NoWatch()) is None
    run.close()
    assert frames.closed


def test_a_last_batch_is_short() -> None:
    run = Overlapped(iter(Frames(7)), 3, [indices, indices], prefetch=1)
    assert all_of(run) == [[0, 1, 2], [3, 4, 5], [6]]
    run.close()


def test_media_without_frames_end_at_once() -> None:
    run = Overlapped(iter(Frames(0)), 1, [indices], prefetch=1)
    assert run.next(NoWatch()) is None
    run.close()


def test_stages_of_all_threads_are_told() -> None:
    watch = Stopwatch()
    run = Overlapped(iter(Frames(3, pause=0.002)), 1, [indices], prefetch=0)
    for _ in range(3):
        watch.start()
        assert run.next(watch) is not None
        watch.close_step(1)
    run.close()
    assert set(watch.stage_seconds()) == {"decode", "infer"}
    assert min(watch.stage_seconds()["decode"]) >= 0.002


def test_a_frame_that_does_not_decode_ends_it_in_its_place() -> None:
    run = Overlapped(iter(Frames(20, fails_at=5)), 1, [uneven(0.002)] * 2, prefetch=4)
    assert [run.next(NoWatch()) for _ in range(5)] == [[index] for index in range(5)]
    for _ in range(2):
        with pytest.raises(MediaError, match="does not decode"):
            run.next(NoWatch())
    run.close()


def test_work_that_fails_on_frame_17_ends_it_there() -> None:
    def work(batch: Sequence[Frame], watch: Watch) -> Out:
        if batch[0].index == 17:
            raise RuntimeError("frame 17")
        return uneven(0.001)(batch, watch)

    frames = Frames(10_000)
    run = Overlapped(iter(frames), 1, [work, work], prefetch=4)
    assert [run.next(NoWatch()) for _ in range(17)] == [[index] for index in range(17)]
    with pytest.raises(RuntimeError, match="frame 17"):
        run.next(NoWatch())
    run.close()
    assert frames.read < 100, "nothing was decoded for nobody"


def test_who_takes_slowly_does_not_let_memory_fill() -> None:
    frames = Frames(1000)
    run = Overlapped(iter(frames), 1, [indices, indices], prefetch=2)
    time.sleep(0.1)
    assert frames.read <= 2 * (2 + 2) + 2 + 4 + 1
    run.close()


def test_large_frames_wait_in_smaller_number() -> None:
    free = threading.Event()

    def work(batch: Sequence[Frame], watch: Watch) -> Out:
        free.wait()
        return indices(batch, watch)

    frames = Frames(100, side=30)  # 2700 bytes
    run = Overlapped(iter(frames), 1, [work], prefetch=50, most_waiting_bytes=3 * 3000)
    time.sleep(0.1)
    assert frames.read <= 1 + 3 + 1, "one at work, three that wait, one in hand"
    free.set()
    assert len(all_of(run)) == 100
    run.close()


def test_stopping_at_random_moments_leaves_nothing_running() -> None:
    faulthandler.dump_traceback_later(60, exit=True)  # says where it hangs
    try:
        rng = random.Random(0)
        for _ in range(200):
            frames = Frames(50, pause=rng.choice([0, 0.0005]), fails_at=rng.choice([None, 7]))
            run = Overlapped(
                iter(frames), rng.choice([1, 3]), [uneven(rng.choice([0, 0.0005]))] * rng.choice([1, 2]), rng.choice([0, 3])
            )
            try:
                for _ in range(rng.randrange(12)):
                    run.next(NoWatch())
            except MediaError:
                pass
            time.sleep(rng.random() * 0.002)
            run.close()
            assert ours() == []
            assert frames.closed or not frames.read
    finally:
        faulthandler.cancel_dump_traceback_later()


def test_someone_who_waits_is_let_go_by_closing() -> None:
    never = threading.Event()

    def work(batch: Sequence[Frame], watch: Watch) -> Out:
        never.wait(0.2)
        return indices(batch, watch)

    run = Overlapped(iter(Frames(5)), 1, [work], prefetch=0)
    found: list[object] = ["nothing yet"]
    waiting = threading.Thread(target=lambda: found.append(run.next(NoWatch())))
    waiting.start()
    time.sleep(0.02)
    run.close()
    waiting.join(5)
    assert found[-1] is None

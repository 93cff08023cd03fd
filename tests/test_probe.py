"""The probe tells a machine that others use from one that is free."""

import itertools
import threading

import numpy as np
import pytest

from workbench.counters import usable_cores
from workbench.probe import MOST_THREADS, PIECES, probe_milliseconds


def test_it_is_the_mean_of_all_pieces_but_the_first_of_each_thread() -> None:
    lock, ticks = threading.Lock(), itertools.count()

    def clock() -> float:
        with lock:
            return float(next(ticks))

    threads = min(usable_cores(), MOST_THREADS)
    assert 1000 <= probe_milliseconds(clock) <= 1000 * 2 * threads * (PIECES + 1)


def test_work_on_the_same_cores_makes_it_longer() -> None:
    free = [probe_milliseconds() for _ in range(10)]
    ended = threading.Event()

    def disturb() -> None:
        matrix = np.ones((160, 160), np.float32)
        while not ended.is_set():
            np.einsum("ij,jk->ik", matrix, matrix)

    others = [threading.Thread(target=disturb) for _ in range(2 * usable_cores())]
    for other in others:
        other.start()
    try:
        disturbed = [probe_milliseconds() for _ in range(10)]
    finally:
        ended.set()
        for other in others:
            other.join()

    assert min(free) > 0
    assert np.median(disturbed) > np.median(free)


@pytest.mark.parametrize("cores", [1, 3, 64])
def test_any_number_of_cores_will_do(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.probe.usable_cores", lambda: cores)
    assert 0 < probe_milliseconds() < 1000

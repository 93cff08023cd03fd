"""The probe is what the same work takes, on all cores at once."""

import threading

import pytest

from workbench.machine.speed_probe import MOST_THREADS, PIECES, probe_milliseconds


class Clock:
    """Seconds of each thread that asks: its pieces take 1 s in the first thread, 2 s in the second; its first piece 1000 s more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.asked: dict[int, int] = {}
        self._now: dict[int, float] = {}

    def __call__(self) -> float:
        thread = threading.get_ident()
        with self._lock:
            times = self.asked[thread] = self.asked.get(thread, 0) + 1
            pace = list(self.asked).index(thread) + 1.0
            self._now[thread] = self._now.get(thread, 0.0) + pace + (1000.0 if times == 2 else 0.0)
            return self._now[thread]


def test_it_is_the_mean_over_threads_and_pieces_without_the_first_that_fills_the_caches() -> None:
    clock = Clock()

    found_ms = probe_milliseconds(clock)

    assert found_ms == pytest.approx(1000 * (len(clock.asked) + 1) / 2)


def test_a_quota_of_cores_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("workbench.machine.speed_probe.usable_cores", lambda: 8)
    monkeypatch.setattr("workbench.machine.speed_probe.quota_cores", lambda: 2.0)

    probe_milliseconds(clock)

    assert len(clock.asked) == 2


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (3, 3), (64, MOST_THREADS)])
def test_any_number_of_cores_will_do(cores: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("workbench.machine.speed_probe.usable_cores", lambda: cores)
    monkeypatch.setattr("workbench.machine.speed_probe.quota_cores", lambda: None)

    probe_milliseconds(clock)

    assert len(clock.asked) == threads
    assert set(clock.asked.values()) == {2 * PIECES + 1}


def test_without_a_clock_of_its_own_it_takes_time() -> None:
    assert probe_milliseconds() > 0

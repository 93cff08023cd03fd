"""What plays is measured over a window, and its history over seconds."""

import pytest

from workbench.live.rolling import HISTORY_SECONDS, WINDOW_FRAMES, Rolling


def filled(count: int, every: float = 0.01) -> Rolling:
    rolling = Rolling()
    for n in range(count):
        rolling.add(n * every, 0.010 + 0.001 * (n % 2), {"decode": 0.002, "infer": 0.006})
    return rolling


def test_nothing_has_no_figures() -> None:
    assert Rolling().window.timing() is None
    assert Rolling().history(0.0) == ()


def test_the_window_is_the_last_frames() -> None:
    window = filled(WINDOW_FRAMES + 100).window
    timing = window.timing()
    assert timing is not None
    assert len(window) == len(timing.total_seconds) == len(timing.stage_seconds["infer"]) == WINDOW_FRAMES
    assert timing.median_ms == pytest.approx(10.5)


def test_ten_frames_state_no_p95() -> None:
    timing = filled(10).window.timing()
    assert timing is not None
    assert timing.p95_ms is None


def test_stages_and_what_is_unexplained_add_up_to_the_frame() -> None:
    timing = filled(50).window.timing()
    assert timing is not None
    assert sum(timing.budget().values()) * 1000 == pytest.approx(timing.median_ms)
    assert timing.budget()["unexplained"] == pytest.approx(0.0025)


def test_a_stage_that_some_frames_lack_counts_as_nothing_there() -> None:
    rolling = Rolling()
    rolling.add(0.0, 0.01, {"infer": 0.01})
    rolling.add(0.1, 0.02, {"infer": 0.01, "nms": 0.01})
    timing = rolling.window.timing()
    assert timing is not None
    assert timing.stage_seconds["nms"] == (0.0, 0.01)


def test_another_setting_begins_a_new_window_in_the_same_history() -> None:
    rolling = filled(100)
    before = rolling.window
    rolling.begin_window()
    assert rolling.window.timing() is None
    assert len(before) == 100, "whoever keeps the old one keeps its times"
    assert len(rolling.history(1.0)) == 10


def test_the_history_keeps_the_slowest_frame_of_each_step_and_forgets_old_ones() -> None:
    rolling = Rolling()
    for at, spent in ((0.0, 0.1), (10.0, 0.2), (10.04, 0.5), (10.06, 0.3)):
        rolling.add(at, spent, {})
    assert [spent for _, spent in rolling.history(10.0)] == [0.1, 0.5]
    assert [at for at, _ in rolling.history(10.0)] == [-10.0, 0.0]
    assert rolling.history(10.0 + HISTORY_SECONDS + 1) == ()

import pytest
from pydantic import ValidationError

from workbench.timing import STAGES, UNEXPLAINED, Timing


def timing(total=(), **stages):
    return Timing(compile_seconds=1.0, first_call_seconds=0.5, total_seconds=total, stage_seconds=stages)


def test_few_frames_state_a_median_and_no_quantile():
    few = timing((0.010,) * 63)
    assert few.median_ms == pytest.approx(10.0)
    assert (few.p90_ms, few.p95_ms, few.p99_ms) == (None, None, None)


def test_many_frames_state_every_quantile():
    many = timing(tuple(0.001 * n for n in range(1, 663)))
    assert (many.p90_ms, many.p95_ms, many.p99_ms) == pytest.approx((595.9, 628.95, 655.39))


def test_no_frames_state_nothing():
    none = timing()
    assert (none.median_ms, none.fps, none.unexplained_share) == (None, None, None)
    assert none.budget() == {UNEXPLAINED: 0.0}


def test_fps_counts_the_slow_frames():
    assert timing((0.1, 0.1, 0.8)).fps == pytest.approx(3.0)


def test_what_the_stages_leave_is_unexplained():
    assert timing((0.010,) * 3, infer=(0.006,) * 3, nms=(0.003,) * 3).unexplained_share == pytest.approx(0.1)


def test_a_slower_second_pass_shows_as_a_negative_share():
    assert timing((0.010,) * 3, infer=(0.011,) * 3).unexplained_share == pytest.approx(-0.1)


def test_stages_that_take_turns_at_being_slow_leave_nothing_unexplained():
    # Each frame takes 12 ms, one stage 10 of them: the stages' medians alone would add up to 4.
    turns = timing((0.012,) * 3, decode=(0.010, 0.001, 0.001), infer=(0.001, 0.010, 0.001), nms=(0.001, 0.001, 0.010))
    assert turns.unexplained_share == pytest.approx(0.0)
    assert sum(turns.budget().values()) == pytest.approx(0.012)


def test_a_budget_adds_up_to_the_median_frame():
    budget = timing((0.010,) * 3, infer=(0.006,) * 3, decode=(0.003,) * 3).budget()
    assert list(budget) == ["decode", "infer", UNEXPLAINED]
    assert budget == pytest.approx({"decode": 0.003, "infer": 0.006, UNEXPLAINED: 0.001})


def test_a_split_of_fewer_frames_is_compared_with_the_same_frames_of_the_first_pass():
    run = timing((0.010,) * 3 + (0.020,) * 6, infer=(0.006,) * 3, decode=(0.003,) * 3)
    assert run.unexplained_share == pytest.approx(0.1)
    assert run.budget() == pytest.approx({"decode": 0.006, "infer": 0.012, UNEXPLAINED: 0.002}), "as shares of all frames' median"


def test_a_budget_has_no_negative_bar():
    assert timing((0.010,), infer=(0.011,)).budget()[UNEXPLAINED] == 0.0


def test_a_run_without_split_says_so():
    assert timing((0.010,)).unexplained_share is None


def test_stages_come_in_the_order_that_a_frame_passes_them():
    shuffled = timing((1.0,), **{"own": (0.1,), **dict.fromkeys(reversed(STAGES), (0.1,))})
    assert list(shuffled.stage_medians()) == [*STAGES[:-2], "own", *STAGES[-2:]]


def test_stages_of_different_length_are_refused():
    with pytest.raises(ValidationError, match="one time per frame"):
        timing((0.1, 0.1), infer=(0.1, 0.1), nms=(0.1,))


def test_figures_of_a_changed_copy_are_its_own():
    slow = timing((0.010,) * 200)
    assert (slow.median_ms, slow.p90_ms, slow.fps) == pytest.approx((10.0, 10.0, 100.0))
    fast = slow.model_copy(update={"total_seconds": (0.001,) * 200})
    assert (fast.median_ms, fast.p90_ms, fast.fps) == pytest.approx((1.0, 1.0, 1000.0))
    assert slow == timing((0.010,) * 200), "what was worked out is no part of it"

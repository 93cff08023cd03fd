import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.timing import frames_needed, median_seconds
from workbench.timing.statistics import quantile_seconds, ratio_interval


@pytest.mark.parametrize(("quantile", "frames"), [(0.90, 64), (0.95, 130), (0.99, 662)], ids=["p90", "p95", "p99"])
def test_a_quantile_needs_its_frames(quantile, frames):
    assert frames_needed(quantile) == frames
    assert quantile_seconds([0.1] * (frames - 1), quantile) is None
    assert quantile_seconds([0.1] * frames, quantile) == pytest.approx(0.1)


def test_a_quantile_is_that_of_the_raw_times():
    assert quantile_seconds([n / 1000 for n in range(101)], 0.90) == pytest.approx(0.090)


@given(st.lists(st.floats(1e-6, 10.0), min_size=64, max_size=300))
def test_figures_of_records_are_those_of_arrays(seconds):
    assert quantile_seconds(tuple(seconds), 0.90) == pytest.approx(np.quantile(seconds, 0.90), rel=1e-12)
    assert median_seconds(tuple(seconds)) == pytest.approx(np.median(seconds), rel=1e-12)


def test_no_frames_have_no_median():
    assert median_seconds([]) is None
    assert quantile_seconds([], 0.9) is None


def test_the_median_ignores_one_slow_frame():
    assert median_seconds([0.01, 0.01, 5.0]) == 0.01


def test_equal_ratios_leave_no_interval():
    assert ratio_interval([1.25] * 10) == pytest.approx((1.25, 1.25, 1.25))


def test_one_ratio_says_nothing_about_its_interval():
    assert ratio_interval([1.3]) == (pytest.approx(1.3), 0.0, math.inf)


def test_a_burst_in_two_rounds_of_ten_does_not_move_the_middle():
    middle, *_ = ratio_interval([1.0] * 8 + [3.0, 4.0])
    assert middle == pytest.approx(1.0)


def test_the_same_ratios_give_the_same_interval():
    ratios = np.random.default_rng(3).normal(1.0, 0.05, 12).tolist()
    assert ratio_interval(ratios) == ratio_interval(ratios)


@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=30))
def test_the_interval_holds_its_middle(ratios):
    middle, low, high = ratio_interval(ratios)
    assert low <= middle * (1 + 1e-9)
    assert high >= middle * (1 - 1e-9)


@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=30))
def test_swapping_the_sides_inverts_the_middle(ratios):
    assert ratio_interval([1 / ratio for ratio in ratios])[0] == pytest.approx(1 / ratio_interval(ratios)[0])


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(11)
    covered = 0
    for seed in range(300):
        _, low, high = ratio_interval(np.exp(draw.normal(0.0, 0.03, 10)).tolist(), seed)
        covered += low <= 1.0 <= high
    assert covered >= 0.91 * 300  # 95 % asked for; three standard errors of 300 trials below it

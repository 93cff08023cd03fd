"""What is worth looking at among many settings."""

import pytest

from workbench.sweep.frontier import contenders


def same(point):
    return point


def measured_whole(points, most=10):
    return contenders(points, same, lambda point: round(point[0]), most)


def test_steps_too_small_to_matter_are_skipped() -> None:
    assert measured_whole([(1.0, 0.3), (2.0, 0.301), (3.0, 0.4), (9.0, 0.5)]) == ((9.0, 0.5), (1.0, 0.3), (3.0, 0.4))


def test_whatever_may_be_as_fast_as_the_pick_comes_first_and_of_each_group_its_fastest() -> None:
    right, enough = 0.60, 0.585
    pick, twin, other = (10.4, enough), (10.41, enough), (11.3, right)
    too_slow, too_wrong, fast = (11.6, enough), (11.2, 0.57), (5.0, 0.3)

    assert measured_whole([too_slow, twin, too_wrong, other, pick, fast]) == (pick, other, twin, fast)


def test_half_of_the_places_are_for_what_may_be_the_pick_and_more_where_the_frontier_is_short() -> None:
    near = [(10 + n / 100, 0.6 - n / 10_000) for n in range(20)]
    steps = [(float(n), n / 20) for n in range(1, 9)]

    chosen = measured_whole([*near, *steps], most=8)
    assert (len(chosen), set(chosen) & set(near)) == (8, set(near[:4]))
    assert {steps[0], steps[-1]} <= set(chosen)
    assert measured_whole([*near, steps[0]], most=8) == (*near[:7], steps[0])


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_of_a_long_frontier_the_ends_and_the_largest_steps_stay(most: int) -> None:
    points = [(float(n), right) for n, right in enumerate((0.1, 0.2, 0.5, 0.52, 0.54, 0.9), start=1)]
    chosen = measured_whole(points, most)

    assert len(chosen) == most
    assert chosen[0] == points[-1]
    assert most < 2 or points[0] in chosen
    assert most < 5 or points[2] in chosen


def test_nothing_decides_where_nothing_has_a_place() -> None:
    assert measured_whole([]) == ()

"""What is worth looking at among many settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.sweep import contenders, frontier

POINTS = st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 1)), max_size=40)


def same(point):
    return point


@given(POINTS)
def test_nothing_beats_what_is_on_the_frontier_and_something_beats_all_else(points) -> None:
    chosen = frontier(points, same)

    def beats(a, b):
        return a[0] <= b[0] and a[1] >= b[1] and a != b

    for point in points:
        assert any(point == one or beats(one, point) for one in chosen)
        assert not (point in chosen and any(beats(other, point) for other in points))
    assert list(chosen) == sorted(set(chosen))


def test_rows_without_a_place_are_left_out() -> None:
    assert frontier([None, (1.0, 0.5)], same) == ((1.0, 0.5),)


def pick(points, **changes):
    values = {"least_gain": 0.01, "slack": 0.05, "most": 10} | changes
    return contenders(points, same, lambda point: round(point[0]), **values)


def test_steps_too_small_to_matter_are_skipped() -> None:
    assert pick([(1.0, 0.5), (2.0, 0.505), (3.0, 0.6)]) == ((1.0, 0.5), (3.0, 0.6))


def test_a_rival_of_another_group_that_composed_times_cannot_tell_apart_comes_along() -> None:
    points = [(10.4, 0.6), (10.45, 0.6), (10.6, 0.61), (12.0, 0.6)]
    assert pick(points, least_gain=0.02) == ((10.4, 0.6), (10.6, 0.61))


@pytest.mark.parametrize("most", [2, 3, 5])
def test_of_a_long_frontier_the_ends_and_the_largest_steps_stay(most: int) -> None:
    points = [(float(n), right) for n, right in enumerate((0.1, 0.2, 0.5, 0.52, 0.54, 0.9), start=1)]
    chosen = pick(points, most=most)

    assert len(chosen) == most
    assert {points[0], points[-1]} <= set(chosen)
    assert most < 3 or points[2] in chosen


def test_rivals_have_a_third_of_the_places_and_the_nearest_have_them() -> None:
    steps = [(float(n), right) for n, right in enumerate((0.1, 0.2, 0.3, 0.4, 0.5, 0.6), start=1)]
    rivals = [(n * 1.04 - 0.01 * n * (n == 4), right) for n, right in steps]  # that of 4.0 is the nearest
    chosen = contenders([*steps, *rivals], same, lambda point: point in steps, least_gain=0.01, slack=0.05, most=6)

    assert len(chosen) == 6
    assert {steps[0], steps[-1]} <= set(chosen)
    assert sum(point in steps for point in chosen) == 4
    assert steps[3] not in chosen or rivals[3] in chosen

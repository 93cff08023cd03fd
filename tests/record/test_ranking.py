"""One answer to which is best, and what nothing beats: over times and accuracies, whatever has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.saved_records import record
from workbench.record import Point, best, fastest_first, frontier, ms_and_ap, place


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 1)), max_size=40))
def test_nothing_beats_what_is_on_the_frontier_and_something_beats_all_else(points: list[Point]) -> None:
    chosen = frontier(points, lambda point: point)

    def beats(a: Point, b: Point) -> bool:
        return a[0] <= b[0] and a[1] >= b[1] and a != b

    for point in points:
        assert any(point == one or beats(one, point) for one in chosen)
        assert not (point in chosen and any(beats(other, point) for other in points))
    assert list(chosen) == sorted(set(chosen))


def test_rows_without_a_place_are_on_no_frontier() -> None:
    assert frontier([None, (1.0, 0.3)], lambda row: row) == ((1.0, 0.3),)


def test_the_best_is_the_fastest_and_of_equally_fast_ones_the_more_accurate() -> None:
    rows = [record(name="slow", seconds=0.02, ap=0.6), *(record(name=str(ap), seconds=0.01, ap=ap) for ap in (0.4, 0.5))]

    found = best(rows, ms_and_ap)

    assert found is not None
    assert found.name == "0.5"
    assert [row.name for row in fastest_first(rows, ms_and_ap)] == ["0.5", "0.4", "slow"]


@pytest.mark.parametrize(("least", "name"), [(None, "a"), (0.45, "b"), (0.55, "c"), (0.7, None)])
def test_the_best_is_right_enough(least: float | None, name: str | None) -> None:
    rows = [("none", None, 0.9), ("a", 1.0, None), ("b", 2.0, 0.5), ("c", 3.0, 0.6)]

    found = best(rows, lambda row: row[1:], least_right=least)

    assert (found and found[0]) == name


def test_a_record_that_breaks_the_detector_has_no_place() -> None:
    assert place(record(ap=0.5, broken=True)) is None
    assert place(record(ap=0.5)) == (10.0, 0.5)
    assert place(record(ap=None, agreement=0.9)) == (10.0, 0.9)


def test_the_key_of_frames_is_their_hash_else_where_they_came_from() -> None:
    media = record().media

    assert media.key == "clip.webm"
    assert media.model_copy(update={"sha256": "ab"}).key == "ab"

"""One answer to which is best, and what nothing beats: over times and accuracies, whatever has them."""

import pytest

from tests.saved_records import record
from workbench.record import best, fastest_first, frontier, ms_and_ap, place


def test_the_frontier_holds_what_no_other_beats_in_both() -> None:
    rows = [(1, 0.3), (2, 0.5), (3, 0.4), (4, 0.5), (5, 0.6)]

    assert frontier(rows, lambda row: row) == ((1, 0.3), (2, 0.5), (5, 0.6))


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

"""What follows from operators' times: sums, shares, groups, parts."""

import pytest

from tests.profile.rows import profile, row
from workbench.profile.roof import measured_roof
from workbench.record import Profile, Roof
from workbench.record.parts import MOST_PARTS, OTHERS, WHOLE, parts_of


def test_what_is_left_of_infer_is_unexplained() -> None:
    found = profile(row("a"), row("b", seconds=0.003), infer_seconds=0.01, around_seconds=0.002)

    assert found.operators_seconds == pytest.approx(0.004)
    assert found.unexplained_seconds == pytest.approx(0.004)
    assert found.share(0.003) == pytest.approx(0.75)


def test_operators_that_are_not_timed_have_no_sum_and_no_share() -> None:
    found = profile(row("a", seconds=None), untimed="another wheel")

    assert (found.operators_seconds, found.unexplained_seconds, found.share(None)) == (None, None, None)


def test_the_slowest_come_first() -> None:
    assert [one.name for one in profile(row("a"), row("b", seconds=0.002)).slowest] == ["b", "a"]


def test_types_are_put_together_the_slowest_first() -> None:
    found = profile(row("a"), row("b"), row("c", "PAD", seconds=0.005)).by_kind

    assert [(group.name, len(group.rows), group.seconds) for group in found] == [
        ("PAD", 1, 0.005),
        ("CONV_2D", 2, pytest.approx(0.002)),
    ]


def test_the_roof_is_the_slower_of_products_and_bytes() -> None:
    """At 10 GMAC/s and 10 GB/s."""
    bound_by_products = row("a", seconds=0.002, macs=10_000_000, bytes_moved=1_000)
    bound_by_bytes = row("b", seconds=0.004, macs=1_000, bytes_moved=10_000_000)
    found = profile(bound_by_products, bound_by_bytes)

    assert [found.of_roof([one]) for one in found.operators] == [pytest.approx(0.5), pytest.approx(0.25)]
    assert found.of_roof(found.operators) == pytest.approx(1 / 3)


def test_a_saved_profile_opens_again() -> None:
    made = profile(row("a", reference="its type, int16"))

    assert Profile.model_validate_json(made.model_dump_json()) == made


def test_the_part_that_takes_most_is_divided_and_no_more_than_can_be_read() -> None:
    slow = [(f"net/head/level{number}/conv", 1.0) for number in range(4)]
    quick = [(f"net/stem/block{number}/conv", 0.001) for number in range(40)]

    found = parts_of([*slow, *quick])

    assert found["net/head/level3/conv"] == "net/head/level3"
    assert found["net/stem/block7/conv"] == "net/stem"
    assert len(set(found.values())) <= MOST_PARTS


def test_names_that_stand_alone_are_put_together_where_there_are_too_many_parts() -> None:
    found = parts_of([("conv_1", 1.0), ("conv_2", 1.0), *((f"t{number}", 0.1) for number in range(20))])

    assert {found["conv_1"], found["conv_2"]} == {"conv_1", "conv_2"}
    assert found["t7"] == OTHERS


def test_names_without_structure_are_one_part() -> None:
    assert set(parts_of([(f"t{number}", 1.0) for number in range(MOST_PARTS + 1)]).values()) == {WHOLE}


def test_products_of_integers_stand_under_their_own_roof() -> None:
    floats, integers = (row("a", seconds=0.002, macs=10_000_000, integers=each) for each in (False, True))

    assert [profile(one).of_roof([one]) for one in (floats, integers)] == [pytest.approx(0.5), pytest.approx(0.125)]


def test_without_a_figure_of_integers_they_stand_under_that_of_floats() -> None:
    assert Roof(macs_per_second=1e9, bytes_per_second=1e9).least_seconds(10**6, 0, integers=True) == pytest.approx(0.001)


@pytest.mark.slow
def test_the_roof_of_this_machine_is_one_of_a_computer() -> None:
    roof = measured_roof(1)

    assert 1e9 < roof.macs_per_second < 1e13
    assert 1e9 < roof.bytes_per_second < 1e13
    assert roof.int8_macs_per_second is not None
    assert 1e9 < roof.int8_macs_per_second < 1e14

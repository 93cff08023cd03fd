"""Answers from what is inside networks."""

import pytest

from tests.profile.rows import profile, row
from tests.saved_records import record
from workbench.errors import RecordError
from workbench.lessons import gains_most, reaches, slowest_work
from workbench.report import inside_figure

PLAIN = row("net/conv", seconds=0.003, macs=15_000_000, bytes_moved=1_000)
DEPTHWISE = row("net/deep", "DEPTHWISE_CONV_2D", seconds=0.004, bytes_moved=10_000_000)
BEFORE = record(id="a", name="litert", inside=profile(PLAIN, DEPTHWISE, row("net/conv2", seconds=0.002)))
AFTER = record(id="b", name="int8", inside=profile(PLAIN, row("net/deep", "DEPTHWISE_CONV_2D", seconds=0.001)))


def test_kinds_of_work_are_added_up() -> None:
    found = slowest_work(BEFORE)

    assert found.names == ("convolutions",)
    assert found.sentence.startswith("convolutions take 56 % of the operators' time in litert")


def test_what_is_reached_is_a_percentage_of_the_roof() -> None:
    assert reaches(record(inside=profile(PLAIN))).value == pytest.approx(50.0)


def test_what_gains_most_has_both_times() -> None:
    found = gains_most(AFTER, over=BEFORE)

    assert found.names == ("depthwise and grouped convolutions",)
    assert found.sentence == "depthwise and grouped convolutions gain most: 4.00 ms in litert, 1.00 in int8."
    assert gains_most(BEFORE, over=BEFORE).names == ("none",)


@pytest.mark.parametrize("inside", [None, profile(row("a", seconds=None), untimed="another wheel")])
def test_without_times_there_is_no_answer(inside: object) -> None:
    with pytest.raises(RecordError, match=r"does not say what is inside its network.*(look_inside|another wheel)"):
        slowest_work(record(inside=inside))


def test_a_notebook_shows_networks_side_by_side() -> None:
    html = inside_figure([BEFORE, AFTER])._repr_html_()

    assert "Side by side" in html
    assert html.count("net/deep") >= 2
    assert len(html) < 20_000
    with pytest.raises(RecordError, match="call `look_inside` on one"):
        inside_figure([record()])

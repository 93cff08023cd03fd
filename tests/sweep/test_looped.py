"""What the loop adds to work is told from the little of it that ran there."""

import numpy as np
import pytest

from workbench.sweep.looped import Added, longer_in_loop


def test_between_what_was_seen_it_is_between():
    seen = [Added(alone=0.004, longer=0.003), Added(alone=0.001, longer=0.0)]

    assert longer_in_loop(np.array([0.001, 0.002, 0.003, 0.004]), seen) == pytest.approx([0.0, 0.001, 0.002, 0.003])


def test_above_the_most_that_was_seen_it_is_what_it_is_there():
    seen = [Added(alone=0.001, longer=0.0), Added(alone=0.004, longer=0.003)]

    assert longer_in_loop(np.array([0.01]), seen) == pytest.approx([0.003])


@pytest.mark.parametrize(
    ("longest", "at_nothing"),
    [(0.0015, -0.0005), (0.02, -0.001), (-0.002, 0.0)],
    ids=["on the line", "no less than the work itself", "no more than at the least"],
)
def test_below_the_least_that_was_seen_it_is_on_the_line_through_all(longest, at_nothing):
    seen = [Added(alone=0.001, longer=0.0), Added(alone=0.004, longer=longest)]

    assert longer_in_loop(np.array([0.0]), seen) == pytest.approx([at_nothing])


def test_there_is_no_line_through_what_is_too_near():
    seen = [Added(alone=0.001, longer=0.0), Added(alone=0.0012, longer=0.0002)]

    assert longer_in_loop(np.array([0.0005]), seen) == pytest.approx([0.0])


def test_one_setting_alone_says_it_for_all():
    assert longer_in_loop(np.array([0.0, 0.01]), [Added(alone=0.001, longer=0.0002)]) == pytest.approx([0.0002, 0.0002])

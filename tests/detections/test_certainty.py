"""How sure a share is, over frames that count as one evidence or as many."""

import numpy as np
import pytest

from workbench.detections import Detections, agreement, neighbours
from workbench.detections.certainty import Interval, share_interval

FRAMES, SETS = 120, 600
ALIKE = 6  # frames that show the same


def counts(generator: np.random.Generator, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of each group of frames, and those found again, more of them where a group is easy."""
    wholes = generator.integers(0, 13, groups).astype(np.float64)
    return generator.binomial(wholes.astype(int), generator.beta(8, 2, groups)).astype(np.float64), wholes


@pytest.mark.parametrize("alike", [1, ALIKE])
def test_the_interval_holds_the_share_as_often_as_it_says(alike):
    generator, held = np.random.default_rng(3), 0
    numbers = np.repeat(np.arange(FRAMES), alike)
    for _ in range(SETS):
        parts, wholes = counts(generator, FRAMES)
        interval = share_interval(np.repeat(parts, alike), np.repeat(wholes, alike), numbers)
        held += interval.low <= 0.8 <= interval.high
    assert 0.92 <= held / SETS <= 0.98


def test_frames_that_show_the_same_are_one_evidence():
    parts, wholes = counts(np.random.default_rng(1), FRAMES)
    alone = share_interval(parts, wholes)
    repeated = [np.repeat(one, ALIKE) for one in (parts, wholes)]
    assert share_interval(*repeated, np.repeat(np.arange(FRAMES), ALIKE)) == alone
    assert share_interval(*repeated).half < alone.half / 2


@pytest.mark.parametrize(
    ("parts", "wholes", "groups"),
    [([], [], None), ([3], [4], None), ([2, 4], [2, 4], None), ([0, 0], [0, 0], None), ([1, 1, 2], [2, 2, 2], [0, 0, 0])],
    ids=["no frame", "one frame", "nothing differs", "nothing found", "all alike"],
)
def test_where_nothing_is_known_of_it_there_is_no_interval(parts, wholes, groups):
    assert share_interval(np.array(parts, float), np.array(wholes, float), None if groups is None else np.array(groups)) is None


def test_neighbours_of_a_video_are_those_of_the_same_two_seconds():
    assert neighbours(np.arange(6) / 1.5).tolist() == [0, 0, 0, 1, 1, 1]


def test_an_agreement_says_how_sure_it_is():
    some = Detections(np.array([[0, 0, 9, 9]], np.float32), np.array([0.9], np.float32), np.array([0]))
    agreed = agreement([some, some, Detections.empty()], [some] * 3, baseline_name="graph")
    assert agreed.ratio == pytest.approx(4 / 5)
    assert agreed.interval == Interval(low=0.3296, high=1.0)  # by hand: .8 - 1.96 sqrt(1.5 x .96) / 5
    assert agreement([some] * 3, [some] * 3, baseline_name="graph").interval is None

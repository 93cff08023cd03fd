"""The fewest blocks to keep in float."""

import pytest

from workbench.repair.search import Blocks, Limits, Quality, fewest_in_float

LIMITS = Limits(0.01, 0.03)


class Network:
    """A network of twenty blocks, some of which cost a loss each while they are in integers.

    Attributes:
        tried: What was asked for.
    """

    def __init__(self, losses: dict[int, float], left: float = 0.0, drift: float = 0.0) -> None:
        self.tried: list[Blocks] = []
        self._losses, self._left, self._drift = losses, left, drift

    def __call__(self, blocks: Blocks) -> Quality:
        self.tried.append(blocks)
        return Quality(self._left + sum(loss for block, loss in self._losses.items() if block not in blocks), self._drift)


@pytest.mark.parametrize(
    ("losses", "wanted"),
    [
        ({0: 0.3}, {0}),
        ({0: 0.3, 1: 0.2}, {0, 1}),
        ({0: 0.3, 3: 0.1}, {0, 3}),
        ({2: 0.3}, {2}),
        ({4: 0.1}, {4}),
    ],
    ids=["the worst", "two", "ranked too low", "not the worst", "the last that may be"],
)
def test_what_hurts_stays_in_float_and_nothing_else(losses: dict[int, float], wanted: set[int]) -> None:
    network = Network(losses)

    found = fewest_in_float(20, network, LIMITS)

    assert found == wanted
    assert len(network.tried) == len(set(network.tried)), "nothing is tried twice"


def test_where_no_number_is_enough_it_is_the_fewest_of_those_that_come_nearest() -> None:
    assert fewest_in_float(20, Network({0: 0.3, 1: 0.2}, left=0.05), LIMITS) == {0, 1}


def test_scores_that_fall_are_no_repair() -> None:
    def lowered(blocks: Blocks) -> Quality:
        return Quality(0.0, 0.0 if {0, 1} <= blocks else -0.1)

    assert fewest_in_float(20, lowered, LIMITS) == {0, 1}


def test_the_search_is_short_in_a_large_network() -> None:
    network = Network(dict.fromkeys(range(8), 0.1))

    assert len(fewest_in_float(114, network, LIMITS)) == 8
    assert len(network.tried) < 20


@pytest.mark.parametrize("count", [1, 2, 3])
def test_networks_of_few_blocks_are_searched_too(count: int) -> None:
    assert fewest_in_float(count, Network({0: 0.3}), LIMITS) == {0}


def test_what_is_raised_ends_the_search() -> None:
    def cancelled(_: Blocks) -> Quality:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fewest_in_float(9, cancelled, LIMITS)

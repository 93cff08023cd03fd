from collections import Counter

import numpy as np
import pytest

from workbench.timing import BlockRounds, Comparison, Ratio, compare_blocks
from workbench.timing.comparing import BLOCK_FRAMES, ROUNDS_AT_LEAST
from workbench.timing.timing import MARGIN


class Machine:
    """Two settings on a make-believe machine whose mood drifts and bursts, with a clock of its own."""

    def __init__(self, seed=0, jitter=0.02, mood=0.0, drift=0.0, burst_chance=0.0):
        self.draw = np.random.default_rng(seed)
        self.now, self.order = 0.0, []
        self.jitter, self.mood, self.drift, self.burst_chance = jitter, mood, drift, burst_chance

    def clock(self):
        return self.now

    def block(self, name, seconds):
        def run(count):
            self.order.append(name)
            mood = np.exp(self.draw.normal(0, self.mood)) * (1 + self.drift * self.now)
            mood *= 2.0 if self.draw.random() < self.burst_chance else 1.0
            times = seconds * mood * np.exp(np.abs(self.draw.normal(0, self.jitter, count)))
            self.now += float(times.sum())
            return times.tolist()

        return run

    def compare(self, seconds_a, seconds_b, **changes):
        return compare_blocks(self.block("A", seconds_a), self.block("B", seconds_b), clock=self.clock, **changes)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.02, 1.10, "faster"),
        (0.90, 0.98, "slower"),
        (0.98, 1.02, "no measurable difference"),
        (1.001, 1.009, "no measurable difference"),
        (0.92, 1.09, "no measurable difference"),
        (1.005, 1.50, "cannot tell"),
        (0.50, 0.995, "cannot tell"),
        (0.85, 2.18, "cannot tell"),
        (0.90, 1.05, "cannot tell"),
        (0.0, float("inf"), "cannot tell"),
    ],
    ids=[
        "above",
        "below",
        "around",
        "too small to matter",
        "within 10 %",
        "maybe large",
        "maybe much slower",
        "much either way",
        "just beyond 10 %",
        "nothing known",
    ],
)
def test_a_difference_is_claimed_only_where_the_whole_interval_is_beyond_the_margin(low, high, verdict):
    assert Ratio(median=1.0, low=low, high=high).verdict() == verdict


def test_a_verdict_is_the_other_one_when_the_sides_are_swapped():
    edge = MARGIN + 0.001
    assert Ratio(median=edge, low=edge, high=edge).verdict() == "faster"
    assert Ratio(median=1 / edge, low=1 / edge, high=1 / edge).verdict() == "slower"


def test_blocks_alternate_as_a_b_b_a():
    machine = Machine()
    result = machine.compare(0.01, 0.01)
    assert machine.order == ["A", "B"] + ["A", "B", "B", "A"] * (result.blocks // 4)


def test_ratio_is_the_time_of_a_over_that_of_b():
    result = Machine().compare(0.010, 0.005)
    assert result.ratio.median == pytest.approx(2.0, rel=0.02)
    assert result.ratio.verdict() == "faster"


def test_a_steady_machine_needs_the_fewest_rounds():
    assert Machine().compare(0.010, 0.010).blocks == 4 * ROUNDS_AT_LEAST


def test_a_noisy_machine_gets_more_rounds():
    assert Machine(mood=0.05).compare(0.010, 0.010).blocks > 4 * ROUNDS_AT_LEAST


def test_a_large_difference_is_not_measured_to_the_last_percent():
    assert Machine(mood=0.1).compare(0.050, 0.005).blocks <= 8 * ROUNDS_AT_LEAST


def test_a_hopelessly_noisy_machine_ends_in_time_and_claims_nothing():
    machine = Machine(seed=4, mood=0.8)
    result = machine.compare(0.010, 0.0105, maximum_seconds=10.0)
    assert result.ratio.verdict() == "cannot tell"
    assert machine.now < 20.0


def test_a_drift_falls_on_both_sides_alike():
    assert Machine(drift=0.05).compare(0.010, 0.010).ratio.median == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(0.00001, BLOCK_FRAMES[1]), (0.005, 10), (0.5, BLOCK_FRAMES[0])],
    ids=["fast settings take turns often", "a tenth of a second", "slow settings have a median"],
)
def test_a_block_has_as_many_frames_as_its_time_asks(seconds, frames):
    result = Machine(jitter=0.0).compare(seconds, seconds)
    assert (result.frames - 2 * BLOCK_FRAMES[0]) / result.blocks == frames


def test_batches_that_bring_more_frames_than_asked_are_all_counted():
    result = compare_blocks(lambda n: [0.01] * (n + 5), lambda n: [0.01] * n)
    assert result.frames == (3 + 5) + 3 + result.blocks // 2 * ((5 + 5) + 5)


def test_progress_counts_rounds():
    told = []
    Machine().compare(0.01, 0.01, progress=lambda done, expected: told.append((done, expected)))
    assert told == [(n, ROUNDS_AT_LEAST) for n in range(1, ROUNDS_AT_LEAST + 1)]


def test_what_was_compared_becomes_a_value():
    value = Machine().compare(0.01, 0.01).comparison("naive", "xla")
    assert isinstance(value, Comparison)
    assert (value.a, value.b, value.verdict) == ("naive", "xla", "no measurable difference")


MOODS = {
    "quiet": {"mood": 0.005},
    "busy": {"mood": 0.04},
    "bursts": {"mood": 0.01, "burst_chance": 0.1},
    "drifting": {"mood": 0.01, "drift": 0.02},
}


@pytest.mark.parametrize("mood", MOODS.values(), ids=MOODS)
def test_a_setting_compared_with_itself_rarely_differs(mood):
    claims = Counter(Machine(seed, **mood).compare(0.002, 0.002).ratio.verdict() for seed in range(60))
    assert claims["no measurable difference"] >= 57


@pytest.mark.parametrize("mood", MOODS.values(), ids=MOODS)
def test_a_slow_down_of_five_percent_is_found(mood):
    claims = Counter(Machine(seed, **mood).compare(0.002, 0.0021).ratio.verdict() for seed in range(40))
    assert claims["slower"] >= 38


def test_rounds_can_be_added_one_at_a_time():
    machine = Machine()
    rounds = BlockRounds(machine.block("A", 0.010), machine.block("B", 0.005))
    seen = []
    for _ in range(ROUNDS_AT_LEAST):
        assert not rounds.clear
        rounds.add()
        seen.append(rounds.so_far())
    assert seen[:-1] == [None] * (ROUNDS_AT_LEAST - 1)
    assert rounds.clear
    assert (seen[-1].ratio.verdict(), seen[-1].blocks) == ("faster", 4 * ROUNDS_AT_LEAST)

"""Cards from inside a network: what its operators lose time on, and what to do about it."""

import pytest

from tests.profile.rows import profile, row
from tests.saved_records import record
from workbench.advice import Card, advise
from workbench.advice.inside import WORDS
from workbench.record import Lint, Profile, Record

XLA = {"runtime.engine": "xla"}


def slow(key: str = "grouped-convolutions", seconds: float = 0.006, **change: str) -> Profile:
    lint = Lint(key=key, what="27 grouped convolutions", seconds=seconds, advice="choose another", change=change)
    return profile(row("a", seconds=seconds), row("b", seconds=0.010 - seconds), lints=(lint,))


def cards(*records: Record) -> list[Card]:
    return [card for card in advise(records) if card.key.startswith("inside-")]


def test_what_costs_time_is_a_card_with_its_share_the_most_it_can_bring_and_the_command() -> None:
    one = record(seconds=0.012, inside=slow(**{"runtime.engine": "graph"}), **XLA)

    (card,) = cards(one)

    assert card.finding == "27 grouped convolutions: 6.00 ms, 60 % of the operators' time."
    assert "choose another" in card.evidence
    assert card.expected is not None
    assert card.expected.words == "at most 2.00 times faster"
    assert card.change == {"runtime.engine": "graph"}
    assert card.command is not None
    assert card.command.endswith("runtime.engine=graph")


def test_what_the_change_brought_stands_there_where_it_was_measured() -> None:
    one = record(seconds=0.012, inside=slow(**{"runtime.engine": "graph"}), **XLA)
    other = record(name="graph", seconds=0.004, **{"runtime.engine": "graph"})

    (card,) = cards(one, other)

    assert card.measured is not None
    assert card.measured.record_id == other.id


@pytest.mark.parametrize("key", sorted(WORDS))
def test_each_kind_of_thing_has_its_words(key: str) -> None:
    (card,) = cards(record(inside=slow(key), seconds=0.012))

    assert card.key == f"inside-{key}"
    assert not card.proposes
    assert all(line.endswith(".") for line in card.theory)


def test_what_takes_little_is_no_card() -> None:
    assert not cards(record(inside=slow(seconds=0.0004)))


def test_without_times_or_without_a_profile_there_is_no_card() -> None:
    lint = Lint(key="transposes", what="2 transposes", seconds=None, advice="take them out")

    assert not cards(record(inside=profile(row("a", seconds=None), untimed="another wheel", lints=(lint,))), record())

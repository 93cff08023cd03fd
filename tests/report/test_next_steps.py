"""The page's section on what to try next."""

import re

from tests.report.records import broken_record, full_set, problem_record, record
from workbench.advice import advise
from workbench.record import Record
from workbench.report import Summary, render_report
from workbench.report.next_steps import MOST_STEPS, steps


def section(*records: Record) -> str:
    found = re.search(r'<section id="next">.*?</section>', render_report(records), re.DOTALL)
    assert found is not None
    return found.group()


def test_every_card_is_on_the_page() -> None:
    cards = advise(full_set())

    html = section(*full_set())

    assert 5 <= len(cards) <= MOST_STEPS
    assert [html.count(f"<h3>{one.title} ") >= 1 for one in cards] == [True] * len(cards)


def test_a_card_shows_its_change_its_gain_and_its_command() -> None:
    html = section(record("naive"), record("graph"))

    assert "<code>runtime.engine=graph</code>" in html
    assert "2.77 times faster" in html
    assert "--a naive --b naive,runtime.engine=graph" in html


def test_a_slower_alternative_is_marked() -> None:
    assert '<dd class="bad">xla is 7.05 times slower' in section(record("graph"), record("xla"))


def test_without_advice_the_section_says_so() -> None:
    assert "show nothing more to try" in section(problem_record())


def test_texts_of_records_stay_texts() -> None:
    attack = "<script>alert(1)</script>"

    html = section(record("naive", name=attack, command=f"workbench run {attack}"), record("graph", name=f"graph {attack}"))

    assert attack not in html
    assert "&lt;script&gt;" in html


def test_labels_are_the_pages_own() -> None:
    summary = Summary.of((record("naive"), record("naive", id="b" * 32), broken_record()))

    assert {step.card.about for step in steps(summary)} <= set(summary.labels.values())

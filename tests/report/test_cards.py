"""The page's sections on what was learned and what to try next: the same cards as everywhere, each once."""

import re

from tests.report.records import broken_record, full_set, problem_record, record
from workbench.advice import advise
from workbench.record import Record
from workbench.report import Summary, render_report
from workbench.report.page import MOST_STEPS


def section(*records: Record, name: str = "next") -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', render_report(records), re.DOTALL)
    assert found is not None
    return found.group()


def test_every_card_is_on_the_page_once() -> None:
    cards = advise(full_set())
    titles = {name: re.findall(r"<h3>(.*?) <span", section(*full_set(), name=name)) for name in ("learned", "next")}

    assert sum(card.proposes for card in cards) <= MOST_STEPS
    assert titles == {
        "learned": [card.title for card in cards if not card.proposes],
        "next": [card.title for card in cards if card.proposes],
    }
    assert all(titles.values())


def test_a_card_shows_its_change_its_gain_and_its_command() -> None:
    html = section(record("naive"), record("graph"))

    assert "<code>runtime.engine=graph</code>" in html
    assert "6.44 times faster" in html
    assert "--a naive --b naive,input.resize=graph,runtime.engine=graph,nms.method=tensorflow" in html


def test_a_slower_alternative_is_marked() -> None:
    assert '<dd class="bad">xla: 7.05 times slower' in section(record("graph"), record("xla"), name="learned")


def test_without_advice_the_section_says_so() -> None:
    assert "show nothing more to try" in section(problem_record())
    assert "do not support any general statement" in section(problem_record(), name="learned")


def test_texts_of_records_stay_texts() -> None:
    attack = "<script>alert(1)</script>"

    html = section(record("naive", name=attack, command=f"workbench run {attack}"), record("graph", name=f"graph {attack}"))

    assert attack not in html
    assert "&lt;script&gt;" in html


def test_labels_are_the_pages_own() -> None:
    records = (record("naive"), record("naive", id="b" * 32), broken_record())

    about = re.findall(r"<span class=\"basis\">(.*?)</span>", section(*records) + section(*records, name="learned"))

    assert about
    assert set(about) <= set(Summary.of(records).labels.values())

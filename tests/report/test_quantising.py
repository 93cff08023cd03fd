"""The report's section of a quantised network."""

import re

from tests.quantised_records import BAD_NAME, FLOAT, PLAIN, REPAIRED, quantising
from tests.report.records import record
from workbench.report import render_report
from workbench.report.page import MOST_BLOCKS, MOST_QUANTISED


def section(html: str) -> str:
    found = re.search(r'<section id="quantising">.*?</section>', html, re.DOTALL)
    return found[0] if found else ""


def test_networks_blocks_and_what_was_tried_stand_there() -> None:
    found = quantising(FLOAT, PLAIN, REPAIRED)

    html = render_report((record("naive"), record("litert-int8", quantising=found)))

    text = re.sub(r"<[^>]+>", " ", section(html))
    assert '<th scope="col" class="n">AP</th>' in html
    assert '<td class="n">.970</td>' not in section(html), "agreement is words, with an interval"
    assert '<td class="n">12.3</td>' in section(html)
    assert '<a href="#quantising">' in html
    assert found.answer in text
    assert "Judged on 20 frames, the search was guided by 10." in text
    for told in ("int8 repaired", ".970", "one scale", "in float", "12.3", "Where it hurts: 2 blocks", "precision int8", "−.010"):
        assert told in text, told


def test_a_name_of_a_stranger_s_block_stays_text() -> None:
    hostile = quantising(FLOAT, PLAIN)
    hostile = hostile.model_copy(update={"blocks": (hostile.blocks[0].model_copy(update={"name": "<img src=x>"}),)})

    html = render_report((record("naive"), record("litert-int8", quantising=hostile)))

    assert "&lt;img src=x&gt;" in section(html)
    assert "<img" not in section(html)
    assert "\x1b" not in section(render_report((record("naive", quantising=quantising(FLOAT, PLAIN)),)))
    assert "\x1b" in BAD_NAME


def test_of_many_blocks_and_many_settings_so_many_are_shown() -> None:
    found = quantising(FLOAT, PLAIN)
    found = found.model_copy(update={"blocks": found.blocks * MOST_BLOCKS})
    rows = [record("litert-int8", name=f"int8 {n}", quantising=found) for n in range(MOST_QUANTISED + 1)]

    shown = section(render_report((record("naive"), *rows)))

    assert shown.count("<h3>") == MOST_QUANTISED
    assert shown.count("CONV_2D") == MOST_QUANTISED * MOST_BLOCKS
    assert f"of which the worst {MOST_BLOCKS}" in shown


def test_a_report_without_any_has_no_such_section() -> None:
    html = render_report((record("naive"), record("litert")))

    assert section(html) == ""
    assert "#quantising" not in html

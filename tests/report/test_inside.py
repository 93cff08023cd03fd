"""The report's section of what is inside a network."""

import re

from tests.profile.rows import profile, row
from tests.report.records import record
from workbench.record import Lint, Profile, Record
from workbench.report import render_report
from workbench.report.page import MOST_INSIDES, MOST_OPERATORS


def section(html: str) -> str:
    found = re.search(r'<section id="inside">.*?</section>', html, re.DOTALL)
    return found[0] if found else ""


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", section(html)).split())


def with_inside(found: Profile) -> tuple[Record, Record]:
    return record("naive"), record("litert", inside=found)


def test_sums_operators_types_parts_and_what_costs_time_stand_there() -> None:
    lint = Lint(key="transposes", what="2 transposes", seconds=0.001, advice="take them out")
    rows = [row("net/head/conv", seconds=0.003, macs=8_000_000), row("net/stem/t", "TRANSPOSE", seconds=0.001)]

    html = render_report(with_inside(profile(*rows, lints=(lint,))))

    text = text_of(html)
    assert '<a href="#inside">' in html
    for told in (
        "Infer 10.0 ms for a frame",
        "unexplained",
        "25 %: 2 transposes; take them out",
        "net/head/conv CONV_2D",
        "By type",
    ):
        assert told in text, told
    assert text.index("net/head/conv") < text.index("net/stem/t"), "the slowest first"


def test_a_strangers_name_stays_text() -> None:
    html = section(render_report(with_inside(profile(row("<img src=x>\x1b[1m"), row("<b>", "<script>")))))

    assert "&lt;img src=x&gt;" in html
    assert "<img" not in html
    assert "<script" not in html
    assert "\x1b" not in html


def test_operators_that_were_not_timed_stand_there_with_the_reason() -> None:
    text = text_of(render_report(with_inside(profile(row("a", seconds=None), untimed="another wheel"))))

    assert "Operators are not timed: another wheel" in text
    assert "By type" not in text


def test_of_many_operators_and_settings_so_many_are_shown() -> None:
    found = profile(*(row(f"net/layer{number}") for number in range(3 * MOST_OPERATORS)))
    records = [record("litert", name=f"litert {number}", inside=found) for number in range(MOST_INSIDES + 1)]

    shown = section(render_report((record("naive"), *records)))

    assert shown.count("<h3>") == MOST_INSIDES
    assert f"The slowest {MOST_OPERATORS} of {3 * MOST_OPERATORS} operators" in shown


def test_two_that_are_timed_stand_side_by_side() -> None:
    left = profile(row("net/a/conv", seconds=0.004), row("net/b/relu", "RELU"))
    right = profile(row("net/b/relu;net/a/conv", "FUSED", seconds=0.003))

    text = text_of(render_report((record("naive", inside=left), record("litert", inside=right))))

    assert "By layer layer naive litert naive ms litert ms more" in text
    assert "5.00 3.00 −2.00" in text
    assert "convolutions CONV_2D – 4.00 – −4.00" in text
    assert "Side by side" not in text_of(render_report((record("naive"), record("litert", inside=right))))


def test_a_report_without_any_has_no_such_section() -> None:
    html = render_report((record("naive"), record("litert")))

    assert section(html) == ""
    assert 'href="#inside"' not in html

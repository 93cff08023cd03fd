"""What axe-core finds wrong: on the page, in the widget, light and dark, with every tab open, and in the report."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.accessibility import wrong_in
from tests.browser.alone import alone
from tests.browser.serving import role
from tests.quantised_records import FLOAT, PLAIN, REPAIRED, quantising
from tests.report.records import full_set, record
from tests.report.test_waterfall import waterfall
from workbench.report import write_report

pytestmark = pytest.mark.browser


def test_it_sees_what_is_wrong(context: BrowserContext) -> None:
    page = context.new_page()
    page.set_content(
        '<!doctype html><html lang="en"><title>t</title><main><h1>t</h1><p style="color: #eee">pale</p><input></main></html>'
    )
    assert {line.split()[1] for line in wrong_in(page)} == {"color-contrast:", "label:"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_wrong_in_the_widget_with_any_tab_open(context: BrowserContext, told: dict[str, Any], theme: str) -> None:
    page = alone(context, told)
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type] # one of its words
    names = [str(one.get_attribute("data-role")) for one in page.get_by_role("tab").all()]
    assert len(names) >= 6
    for name in names:
        role(page, name).click()
        assert wrong_in(page, ".workbench") == [], name
    for group in page.locator(".groups summary").all():
        group.click()
    role(page, "show-keys").click()
    assert wrong_in(page, ".workbench") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_wrong_in_a_report(context: BrowserContext, tmp_path: Path, theme: str) -> None:
    first, *others = full_set()
    found = record("litert-int8", name="repaired", quantising=quantising(FLOAT, PLAIN, REPAIRED))
    write_report([first, *others, found, record("graph", waterfall=waterfall(baseline_id=first.id))], tmp_path / "report.html")
    page = context.new_page()
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type] # as above
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_selector("html[data-charts]")
    assert page.locator("#quantising").count() == 1
    assert wrong_in(page) == []

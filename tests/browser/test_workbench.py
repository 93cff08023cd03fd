"""The workbench as people meet it: in JupyterLab and as a page, in a real browser, from the first picture to the report.

With WORKBENCH_PICTURES set to a folder, the pictures that it takes on the way are kept there.
"""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.serving import as_a_page, control, in_jupyterlab, role

Opened = Callable[[BrowserContext, Path], AbstractContextManager[Page]]

WIDTHS = (1280, 1920)
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def outside(context: BrowserContext) -> list[str]:
    """Addresses beyond this machine that answered."""
    reached: list[str] = []
    context.on("response", lambda one: reached.append(one.url) if re.match(r"https?://(?!127\.0\.0\.1)", one.url) else None)
    return reached


def wait_for_running(page: Page, words: str) -> None:
    expect(role(page, "running")).to_contain_text(words)


def set_dark(page: Page, *, dark: bool) -> None:
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.evaluate("dark => document.body.setAttribute('data-jp-theme-light', String(!dark))", dark)


def take_pictures(page: Page, name: str) -> None:
    """Look at it at both widths, light and dark; nothing is cut off at either."""
    kept = os.environ.get("WORKBENCH_PICTURES")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1500})
        wide = role(page, "workbench")
        assert wide.evaluate("one => one.scrollWidth <= one.clientWidth"), f"{name} is cut off at {width}"
        if kept and width == WIDTHS[0]:
            for dark in (False, True):
                set_dark(page, dark=dark)
                page.wait_for_timeout(500)
                role(page, "workbench").screenshot(path=Path(kept) / f"{name}-{'dark' if dark else 'light'}.png")
            set_dark(page, dark=False)


@pytest.mark.parametrize("opened", [as_a_page, in_jupyterlab], ids=["page", "jupyterlab"])
def test_people_play_pin_measure_and_take_a_report(
    opened: Opened, context: BrowserContext, tmp_path: Path, outside: list[str]
) -> None:
    with opened(context, tmp_path) as page:
        role(page, "workbench").scroll_into_view_if_needed()
        expect(role(page, "picture")).to_have_attribute("data-n", re.compile(r"^[1-9]"))
        labels = page.locator("[data-role=workbench] :is(input, select, button)").evaluate_all(
            "all => all.filter(one => !one.closest('[hidden]') && !(one.labels?.length || one.ariaLabel || one.textContent.trim()"
            " || one.getAttribute('aria-labelledby'))).map(one => one.outerHTML)"
        )
        assert labels == [], "every control has a label"

        role(page, "stage").focus()
        page.keyboard.press("Space")
        expect(role(page, "play")).to_have_attribute("aria-label", re.compile("Pause", re.IGNORECASE))
        expect(role(page, "headline-latency")).to_contain_text(re.compile(r"\d ms"))
        role(page, "pin").click()
        expect(role(page, "pinned-name")).to_contain_text("graph")

        control(page, "xla").locator("input").click()
        wait_for_running(page, "xla")
        page.locator('[data-preset="litert"]').click()
        wait_for_running(page, "litert")
        control(page, "runtime.precision").locator("select").select_option(label="float16")
        wait_for_running(page, "float16")
        control(page, "input.size_hw").locator("input").press("ArrowLeft")
        wait_for_running(page, "288")
        expect(role(page, "headline-versus")).to_contain_text(re.compile(r"(faster|slower) than graph \[|no measurable difference"))

        role(page, "stage").focus()
        page.keyboard.press("Space")
        expect(role(page, "play")).to_have_attribute("aria-label", re.compile("Play", re.IGNORECASE))
        score = control(page, "nms.score").locator("input")
        score.focus()
        score.press("End")
        expect(role(page, "picture")).to_have_attribute("data-boxes", "0")
        score.press("Home")
        expect(role(page, "picture")).to_have_attribute("data-boxes", re.compile(r"^[1-9]"))
        wait_for_running(page, "score=0.0")
        role(page, "reset").click()
        expect(role(page, "running")).not_to_contain_text("score")

        page.locator('[data-preset="litert"]').click()
        wait_for_running(page, "litert")
        role(page, "measure").click()
        expect(role(page, "record-row")).to_have_count(2)
        expect(role(page, "table")).to_contain_text(re.compile(r"(faster|slower|no measurable difference)"))
        expect(page.locator(".js-plotly-plot")).to_have_count(1)
        take_pictures(page, "workbench")
        role(page, "report").click()
        expect(role(page, "report-link")).to_be_visible()
        with page.expect_popup() as shown:
            role(page, "report-link").click()
        expect(shown.value.locator("h1")).to_contain_text("inspector-mobile")
        role(page, "copy-command").click()
        expect(role(page, "copied-text")).to_have_value(re.compile("^workbench run inspector-mobile"))
    assert outside == []

"""*Find the fastest* as people press it: on a page, from the click to the setting that plays."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.assets.scenes import SHAPES
from tests.browser.serving import as_a_page, role

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
MINUTES, LONGEST_MS = "1.5", 400_000


@pytest.mark.slow
def test_a_click_finds_the_fastest_and_another_takes_it(context: BrowserContext, small_folder: Path, tmp_path: Path) -> None:
    with as_a_page(context, tmp_path, str(SHAPES), str(small_folder)) as page:
        expect(role(page, "pinned-name")).to_contain_text("naive")
        role(page, "find-options").click()
        page.get_by_label("minutes, at most").fill(MINUTES)
        role(page, "find").click()
        expect(role(page, "job")).to_contain_text(re.compile(r"finding the fastest, at most \d+ s left: step 1 of 8, measuring"))
        expect(role(page, "find")).to_be_disabled()
        expect(role(page, "found-sentence")).to_contain_text("frames a second on this machine", timeout=LONGEST_MS)
        expect(role(page, "report-path")).to_contain_text("workbench-tuned/report.html")
        expect(role(page, "record-row").first).to_contain_text("naive")
        if role(page, "use-found").is_visible():  # a machine that others keep busy may have found nothing better
            role(page, "use-found").click()
            expect(role(page, "use-found")).to_have_text("In use")
            expect(role(page, "running")).not_to_contain_text("naive")
        role(page, "close-outputs").click()
        expect(role(page, "found")).to_be_hidden()

"""A real browser for the tests that need one, driven by Playwright."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import MISSING, chromium, chromium_path

# A test machine that does other work at once takes its time over five megabytes of script; a wait ends when the page is ready.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser; without one, skip, or fail where continuous integration promises one."""
    if chromium_path() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    fresh.set_default_timeout(PATIENCE_MS)
    yield fresh
    fresh.close()


@pytest.fixture
def browser_without_scripts(browser: Browser) -> Iterator[Page]:
    fresh = browser.new_context(java_script_enabled=False)
    fresh.set_default_timeout(PATIENCE_MS)
    yield fresh.new_page()
    fresh.close()

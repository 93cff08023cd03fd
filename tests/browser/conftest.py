"""A real browser for the tests that need one: the system's chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",  # containers have no user namespaces
    "--disable-gpu",
    # The rest keeps the browser from calling home, so that whatever is requested was the page's wish.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# A test machine that does other work at once takes its time over five megabytes of script; a wait ends when the page is ready.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


def find_chromium() -> str:
    """Return the browser's path; without one, skip, or fail where continuous integration promises one."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        reason = f"no browser: none of {', '.join(CHROMIUM_NAMES)} is on the PATH; install Debian's chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield running
        running.close()


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

"""A real browser for the tests that need one, driven by Playwright."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.alone import bar, panel
from tests.browser.chromium import MISSING, chromium, chromium_path
from workbench.detectors import Detector
from workbench.opening import fit
from workbench.wording import STAGE_COLOURS

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


@pytest.fixture
def told(mobile: Detector) -> dict[str, Any]:
    """What Python tells of a setting that plays beside one that is pinned."""
    figures = ("AP", "agreement", "p90", "p95", "frame age", "dropped", "memory", "cost of showing")
    status = {
        "ready": True,
        "playing": True,
        "pace": "clip",
        "position": 12,
        "frames": 600,
        "name": "graph",
        "headline": {
            "latency": "22.4 ms",
            "fps": "44.1 FPS",
            "against": "naive",
            "versus": "4.12 times faster [3.98, 4.31]",
            "verdict": "faster",
        },
        "figures": [{"label": label, "value": "12.3 ms", "change": None, "title": None} for label in figures],
        "noise": {"verdict": "noisy", "reasons": ["other processes kept 1.97 of 2 cores busy (limit 0.10); close them"] * 3},
        "now": bar("graph", 22.4),
        "pinned": bar("naive", 92.3),
        "history": {"seconds": [-2.0, -1.0, 0.0], "ms": [22.0, 23.0, 22.4], "pinned_ms": 92.3},
        "counts": {"kept": 9, "lost": 1, "new": 0},
    }
    return {
        "panel": panel(mobile, fit(mobile, mobile.default_settings(), "runtime.engine")),
        "status": status,
        "records": [],
        "labels": list(mobile.facts.labels),
        "class_colours": ["#0072b2"] * len(mobile.facts.labels),
        "stage_colours": dict(STAGE_COLOURS),
        "stage_order": list(STAGE_COLOURS),
        "search": {"ready": False},
        "explained": {"about": None, "reason": None, "picture": None},
        "inside": {"about": None, "reason": None, "picture": None},
    }

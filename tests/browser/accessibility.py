"""What axe-core finds wrong with a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

COUNTED = ("moderate", "serious", "critical")


def wrong_in(page: Page, part: str | None = None) -> list[str]:
    """Return what axe-core finds in a part of a page, a line each."""
    found = Axe().run(page, context=part).response["violations"]
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found
        if one["impact"] in COUNTED
        for node in one["nodes"]
    ]

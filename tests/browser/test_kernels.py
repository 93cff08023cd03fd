"""What is left of a page that nobody looks at any more."""

import json
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.serving import TOKEN, role, serving

SOON = ["--server=--MappingKernelManager.cull_idle_timeout=10", "--server=--MappingKernelManager.cull_interval=2"]
WITHIN_SECONDS = 60.0


def connections(address: str) -> list[int]:
    """Return how many pages each kernel of a server has."""
    with urllib.request.urlopen(f"{address}/api/kernels?token={TOKEN}", timeout=10) as answer:  # noqa: S310 - our own server
        return sorted(kernel["connections"] for kernel in json.load(answer))


def end_kernels(address: str) -> None:
    with urllib.request.urlopen(f"{address}/api/kernels?token={TOKEN}", timeout=10) as answer:  # noqa: S310 - our own server
        keys = [kernel["id"] for kernel in json.load(answer)]
    for key in keys:
        gone = urllib.request.Request(f"{address}/api/kernels/{key}?token={TOKEN}", method="DELETE")  # noqa: S310 - as above
        urllib.request.urlopen(gone, timeout=60).close()  # noqa: S310


def until(address: str, wanted: list[int]) -> bool:
    end = time.monotonic() + WITHIN_SECONDS
    while connections(address) != wanted and time.monotonic() < end:
        time.sleep(0.5)
    return connections(address) == wanted


@pytest.mark.slow
@pytest.mark.browser
def test_a_page_that_was_loaded_again_or_closed_leaves_no_kernel(context: BrowserContext, tmp_path: Path) -> None:
    with serving(tmp_path, ["app", "--no-browser", *SOON], "--server=") as address:
        page = context.new_page()
        page.goto(f"{address}/voila/render/workbench.ipynb?token={TOKEN}")
        role(page, "workbench").wait_for()
        page.reload()
        role(page, "workbench").wait_for()

        assert until(address, [1])  # the first one is gone, the second has a page
        time.sleep(15)  # longer than a kernel without a page would be left: the one with a page has to stay
        assert connections(address) == [1]
        page.close()
        assert until(address, [])


@pytest.mark.slow
@pytest.mark.browser
def test_a_page_whose_kernel_ended_says_so_and_offers_nothing_more(context: BrowserContext, tmp_path: Path) -> None:
    with serving(tmp_path, ["app", "--no-browser"], "--server=") as address:
        page = context.new_page()
        page.goto(f"{address}/voila/render/workbench.ipynb?token={TOKEN}")
        role(page, "play").wait_for()
        end_kernels(address)

        expect(role(page, "message")).to_contain_text("does not answer any more: it ended or was restarted. Run its cell again")
        assert role(page, "settings-groups").evaluate("(one) => one.matches('[inert], [inert] *')")
        expect(role(page, "job").locator(".what")).to_have_text("")
        expect(role(page, "cancel")).to_be_hidden()

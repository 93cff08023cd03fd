"""JupyterLab's launcher: a tile opens the workbench in a new notebook."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.serving import TOKEN, role, serving


@pytest.mark.slow
@pytest.mark.browser
def test_a_tile_opens_the_workbench_in_a_new_notebook(context: BrowserContext, tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    with serving(tmp_path, ["lab", "--", "--no-browser", f"--ServerApp.root_dir={root}"], "") as address:
        page = context.new_page()
        page.goto(f"{address}/lab?token={TOKEN}&reset")
        tile = page.locator(".jp-LauncherCard", has_text="workbench")

        expect(tile.locator("img")).to_be_visible()
        tile.click()
        role(page, "play").wait_for(timeout=120_000)
        (notebook,) = root.glob("*.ipynb")
        assert "Workbench()" in json.dumps(json.loads(notebook.read_text())["cells"])

"""Take the README's picture of a report: `python tests/browser/picture.py report.html report.png`."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def main(page_file: Path, picture_file: Path, height: int = 1180, scheme: str = "light", top: int = 0) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": height}, color_scheme=scheme)
        page.goto(page_file.resolve().as_uri())
        page.wait_for_function("document.querySelectorAll('.main-svg').length > 0")
        page.evaluate(f"window.scrollTo(0, {top})")
        page.wait_for_timeout(500)
        page.screenshot(path=picture_file)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *(int(word) for word in sys.argv[3:4]))

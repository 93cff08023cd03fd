"""Take the README's picture of a report: `python -m tests.browser.picture report.html docs/pictures/report.png`."""

import argparse
from pathlib import Path

from tests.browser.chromium import chromium


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--height", type=int, default=1180, help="in pixels; the width is 1280")
    parser.add_argument("--top", type=int, default=0, help="pixels that are scrolled past before")
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    with chromium() as browser:
        page = browser.new_page(
            viewport={"width": 1280, "height": options.height}, color_scheme="dark" if options.dark else "light"
        )
        page.goto(options.report.resolve().as_uri())
        page.wait_for_function("document.querySelectorAll('.main-svg').length > 0")
        page.evaluate("top => window.scrollTo(0, top)", options.top)
        page.wait_for_timeout(500)
        page.screenshot(path=options.picture)


if __name__ == "__main__":
    main()

"""The report in a real browser, from a file, as a customer opens it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.accessibility import wrong_in
from tests.report.records import DETECTOR, NOISY, full_set, pictures, problem_record, record
from tests.report.test_waterfall import STEPS, waterfall
from workbench.record import Record, read_records
from workbench.report import write_report

pytestmark = pytest.mark.browser

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def report_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(full_set(), path)
    return path


@pytest.fixture
def opened(context: BrowserContext, report_path: Path) -> Iterator[Opened]:
    """Open a report; whatever the page complains of fails the test."""
    complaints: list[str] = []

    def open_page(path: Path = report_path, width: int = 1280) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-charts]")
        return page

    yield open_page
    assert complaints == []


def swept(count: int) -> list[Record]:
    """As many records as a sweep leaves, whose names are as long as theirs."""
    base, *others = [one for one in full_set() if one.problem is None]
    rows = []
    for number in range(count - 1):
        other = others[number % len(others)]
        changes = {"nms.score": round(0.01 + 0.9 * number / count, 3), "nms.iou": 0.4 + number % 5 / 10}
        settings = other.settings.with_values(changes)
        name = (
            f"resize=opencv engine={settings.runtime.engine} precision=bfloat16 score={settings.nms.score} iou={settings.nms.iou}"
        )
        own = {"id": f"{number:032x}", "settings": settings, "name": name, "noise": NOISY}
        rows.append(other.model_copy(update=own | {"composed": number % 9 > 0, "pictures": (), "worst": ()}))
    return [base, *rows]


def names(page: Page) -> list[str]:
    first = "cells => cells.map(cell => cell.firstChild.textContent.trim())"
    return list(page.eval_on_selector_all("#results tbody th", first))


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_worst_frames_can_be_enlarged_and_told_apart_by_class(opened: Opened) -> None:
    frames = opened().locator("#worst-frames .error-panel:visible")
    expect(frames.locator("figure:visible")).to_have_count(2)
    frames.locator("figure button").first.click()
    expect(frames.locator("text", has_text="lost missing screw").first).to_be_visible()
    frames.locator(".error-class").select_option(label="scratch")
    expect(frames.locator("figure:visible")).to_have_count(1)


def test_nothing_but_the_file_itself_is_requested(context: BrowserContext, opened: Opened, report_path: Path) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = opened()
    page.locator("#choose-right").select_option(index=1)
    page.locator("#theme").click()
    with page.expect_download():
        page.locator("#download").click()
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [report_path.as_uri()]


def test_policy_refuses_what_a_record_might_smuggle_in(context: BrowserContext, report_path: Path) -> None:
    page = context.new_page()
    page.goto(report_path.as_uri())
    refused = page.evaluate("fetch('https://example.invalid/').then(() => 'sent', error => error.name)")
    assert refused == "TypeError"


def test_all_charts_are_drawn(opened: Opened) -> None:
    page = opened()
    expect(page.locator(".chart .main-svg").first).to_be_visible()
    assert page.locator(".chart:has(.main-svg)").count() == page.locator(".chart").count() == 3


def test_charts_are_drawn_in_a_large_report_too(opened: Opened, tmp_path: Path) -> None:
    large = tuple(
        one.model_copy(update={"pictures": pictures(True, (3 * n, 3 * n + 1, 3 * n + 2), kilobytes=90)})
        for n, one in enumerate(full_set())
    )
    write_report(large, tmp_path / "large.html")
    page = opened(tmp_path / "large.html")
    assert page.locator("#plotly-source").count() == 1
    assert page.locator(".chart:has(.main-svg)").count() == 3


def test_script_in_a_record_stays_text(opened: Opened, tmp_path: Path) -> None:
    labels = DETECTOR.model_copy(update={"labels": (ATTACK,) * 5, "name": ATTACK})
    rows = [record(name, name=name + ATTACK, command=ATTACK, warnings=(ATTACK,), detector=labels) for name in ("naive", "graph")]
    write_report([*rows, problem_record(ATTACK)], tmp_path / "attacked.html")
    page = opened(tmp_path / "attacked.html")
    point = page.locator("#latency-quality .points path").last
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] - 40, box["y"] - 40)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    hover = page.locator("#latency-quality .hoverlayer .hovertext")
    expect(hover).to_contain_text("<script>alert(1)</script>")
    assert page.locator("img").count() == 0
    assert page.locator("script", has_text="alert(1)").count() == page.locator("#charts-data", has_text="alert(1)").count()
    assert "<script>alert(1)</script>" in page.locator("#headline").inner_text()


SIDEWAYS = "one => one.scrollWidth - one.clientWidth"


def test_seven_settings_need_no_scrolling_sideways_until_all_figures_are_asked_for(opened: Opened) -> None:
    page = opened()
    box = page.locator(".table-page .scroll")
    assert box.evaluate(SIDEWAYS) <= 0
    page.get_by_label(re.compile(r"all \d+ figures of each")).check()
    expect(page.locator("#results th", has_text="AP50")).to_be_visible()
    assert box.evaluate(SIDEWAYS) > 0


def look_through(page: Page, many: int) -> None:
    """Look through settings in pages, by a filter, and sorted: what is sorted is all of them."""
    table = page.locator(".table-page")
    expect(table.locator("tbody tr:visible")).to_have_count(20)
    expect(table.locator(".pages [role=status]")).to_have_text(f"1 to 20 of {many}")
    table.get_by_role("button", name="Later settings").click()
    expect(table.locator(".pages [role=status]")).to_have_text(f"21 to 40 of {many}")
    table.get_by_role("searchbox").fill("int8 IOU=0.8")
    expect(table.locator("tbody tr:visible").first).to_contain_text("iou=0.8")
    expect(table.locator(".pages [role=status]")).to_contain_text(f"chosen of {many}")
    table.get_by_role("searchbox").fill("")
    table.locator("thead th", has_text="median").locator("button").click()
    table.locator("thead th", has_text="median").locator("button").click()
    expect(table.locator("tbody tr:visible").first).to_contain_text("xla")


def test_many_settings_are_shown_in_pages_with_a_filter(opened: Opened, tmp_path: Path) -> None:
    write_report(swept(40), tmp_path / "many.html")
    look_through(opened(tmp_path / "many.html"), 40)


@pytest.mark.slow
def test_five_hundred_settings_are_no_longer_than_a_page_of_them(opened: Opened, tmp_path: Path) -> None:
    write_report(swept(500), tmp_path / "swept.html")
    page = opened(tmp_path / "swept.html")
    assert page.evaluate("document.documentElement.scrollHeight") <= 12_000
    assert [one.evaluate(SIDEWAYS) for one in page.locator(".scroll:visible").all()] == [0] * page.locator(
        ".scroll:visible"
    ).count()
    look_through(page, 500)
    assert wrong_in(page) == []


def test_click_on_a_heading_sorts_and_sorts_back(opened: Opened) -> None:
    page = opened()
    heading = page.locator("#results thead th", has_text="median")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert names(page)[:3] == ["litert-int8 bad", "litert-int8", "litert"]
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert names(page)[:2] == ["xla", "naive"]
    assert page.locator("#results [aria-sort]").count() == 1


def test_what_has_no_figure_is_last_either_way(opened: Opened) -> None:
    page = opened()
    button = page.locator("#results thead th", has_text="median").locator("button")
    for _ in range(2):
        button.click()
        assert names(page)[-1] == "litert-int16x8"


def test_keyboard_sorts(opened: Opened) -> None:
    page = opened()
    button = page.locator("#results thead th", has_text="FPS").locator("button")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert page.locator("#results thead th", has_text="FPS").get_attribute("aria-sort") == "descending"
    assert names(page)[0] == "litert-int8 bad"


def test_truth_and_labels_can_be_switched(opened: Opened) -> None:
    page = opened()
    truth = page.locator(".frame:visible .truth").first
    expect(truth).to_be_hidden()
    page.get_by_label("truth", exact=True).check()
    expect(truth).to_be_visible()
    label = page.locator(".frame:visible .kept text").first
    expect(label).to_be_visible()
    page.get_by_label("labels", exact=True).uncheck()
    expect(label).to_be_hidden()


def test_the_waterfall_fits_every_width_and_no_words_lie_on_others(opened: Opened, tmp_path: Path) -> None:
    base = record("naive")
    path = tmp_path / "waterfall.html"
    write_report([base, record("litert-int8", waterfall=waterfall(baseline_id=base.id, reverse=STEPS[::-1]))], path)
    page = opened(path)

    outside = """one => [...one.querySelectorAll("li > span")]
        .filter(part => !part.matches(".wf-track") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth)
        .map(part => part.outerHTML)"""
    for width in (390, 700, 850, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(".waterfall").evaluate(outside) == [], f"in a window of {width} pixels"
        # Plotly's charts follow a moment later.
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


def test_another_setting_can_stand_beside_the_baseline(opened: Opened) -> None:
    page = opened()
    page.locator("#choose-right").select_option(label="xla")
    expect(page.locator(".panel:visible .bar-name").nth(1)).to_have_text("xla")
    expect(page.locator("figure.panel:visible figcaption")).to_contain_text("xla")
    page.locator("#choose-right").select_option(label="litert-int16x8 (did not run)")
    expect(page.locator(".panel:visible .banner")).to_contain_text("cannot quantise")


def test_another_frame_can_be_chosen(opened: Opened) -> None:
    page = opened()
    page.get_by_role("button", name="frame 240").click()
    expect(page.locator("figure:visible figcaption").first).to_contain_text("frame 240")
    expect(page.locator(".pair:visible")).to_have_count(1)


def test_download_is_read_back_equal(opened: Opened, tmp_path: Path) -> None:
    page = opened()
    with page.expect_download() as download:
        page.locator("#download").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    shown = json.loads(saved.read_text(encoding="utf-8"))
    command = page.locator("#command-0").inner_text()
    assert shown[0]["command"] == command
    assert [one.name for one in read_records(saved)] == [one.name for one in full_set()]


def test_downloaded_records_equal_those_that_were_shown(opened: Opened, tmp_path: Path) -> None:
    records = full_set()
    write_report(records, tmp_path / "one.html")
    page = opened(tmp_path / "one.html")
    with page.expect_download() as download:
        page.locator("#download").click()
    tree = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert tuple(Record.from_tree(row) for row in tree) == records


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_follows_the_system_and_the_button_turns_it(opened: Opened, scheme: str) -> None:
    page = opened()
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    colours = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"}
    assert background(page) == colours[scheme]
    page.locator("#theme").click()
    other = {"light": "dark", "dark": "light"}[scheme]
    assert background(page) == colours[other]
    assert page.locator("#theme").get_attribute("aria-pressed") == str(other == "dark").lower()
    axis = page.locator("#stage-bars .xtick text").first.evaluate("text => getComputedStyle(text).fill")
    assert axis == {"light": "rgb(89, 98, 107)", "dark": "rgb(160, 169, 178)"}[other]


@pytest.mark.parametrize("width", [400, 1000, 1280, 1920])
def test_page_never_scrolls_sideways(opened: Opened, width: int) -> None:
    page = opened(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_copy_works_on_a_file(opened: Opened) -> None:
    page = opened()
    button = page.locator("[data-copy]").first
    button.click()
    expect(button).to_have_text("Copied")


def test_print_is_light_and_opens_the_details(opened: Opened) -> None:
    page = opened()
    page.emulate_media(color_scheme="dark", media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert background(page) == "rgb(255, 255, 255)"
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_without_javascript_the_best_stands_beside_the_baseline(browser_without_scripts: Page, report_path: Path) -> None:
    page = browser_without_scripts
    page.goto(report_path.as_uri())
    expect(page.locator(".panel:visible .bar-name").nth(1)).to_have_text("litert-int8")
    expect(page.locator("#before-after figure:visible")).to_have_count(6)
    expect(page.locator("#worst-frames figure:visible")).to_have_count(2)
    expect(page.locator(".needs-js:visible")).to_have_count(0)
    expect(page.get_by_text(re.compile("charts need JavaScript"))).to_be_visible()

"""The workbench as people meet it: in JupyterLab and as a page, in a real browser, from the first picture to the report.

With WORKBENCH_PICTURES set to a folder, the pictures that it takes on the way are kept there.
"""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.accessibility import wrong_in
from tests.browser.serving import NOTEBOOKS, as_a_page, control, in_jupyterlab, role, run
from tests.few_stills import write_few_stills

FIRST_NOTEBOOK = NOTEBOOKS / "0_start_here.ipynb"
OPENS = {"MEDIA = None": "MEDIA = '{stills}'"}
WIDTHS = (1280, 1920)
WINDOWS = ((1280, 800), (1920, 1080))
TOGETHER = ("stage", "headline-latency", "headline-versus", "figures", "bar-now", "bar-pinned", "measure")
HEIGHT = 1500
NOTEBOOK_MS = 300_000  # that a whole notebook may take above the workbench, while the machine does other work too
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]

UNLABELLED = """all => all.filter(one => !one.closest("[hidden]"))
    .filter(one => !one.labels?.length && !one.ariaLabel && !one.textContent.trim() && !one.hasAttribute("aria-labelledby"))
    .map(one => one.outerHTML)"""
CUT_OFF = """one => [one, ...one.querySelectorAll("button, label, dt, dd, th, h3, .reason")]
    .filter(part => !part.closest(".unseen, [hidden], .stages") && !part.querySelector(":scope > [title]"))
    .filter(part => part.scrollWidth > part.clientWidth + 1 && part.clientWidth)
    .map(part => part.outerHTML.slice(0, 200))"""
BACKGROUND = "one => getComputedStyle(one).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where people open the workbench.

    Attributes:
        name: Of its pictures.
        open: Opens it.
        darken: Makes all of it dark, or light again.
    """

    name: str
    open: Callable[[BrowserContext, Path], AbstractContextManager[Page]]
    darken: Callable[[Page, bool], None]


def with_few_stills(context: BrowserContext, folder: Path) -> AbstractContextManager[Page]:
    """Open the page on a dozen stills: whatever is judged is judged on all labelled frames."""
    return as_a_page(context, folder, "inspector-mobile", str(write_few_stills(folder / "stills", 12)))


def in_jupyterlab_with_few_stills(context: BrowserContext, folder: Path) -> AbstractContextManager[Page]:
    """Open the first notebook on the same few."""
    stills = write_few_stills(folder / "stills", 12)
    notebook = folder / FIRST_NOTEBOOK.name
    text = FIRST_NOTEBOOK.read_text(encoding="utf-8")
    for opens, narrowed in OPENS.items():
        assert opens in text
        text = text.replace(opens, narrowed.format(stills=stills))
    notebook.write_text(text, encoding="utf-8")
    return in_jupyterlab(context, folder, notebook)


def darken_system(page: Page, dark: bool) -> None:
    page.emulate_media(color_scheme="dark" if dark else "light")


def darken_jupyterlab(page: Page, dark: bool) -> None:
    run(page, "apputils:change-theme", {"theme": f"JupyterLab {'Dark' if dark else 'Light'}"})


PLACES = (Place("page", with_few_stills, darken_system), Place("jupyterlab", in_jupyterlab_with_few_stills, darken_jupyterlab))


@pytest.fixture
def outside(context: BrowserContext) -> list[str]:
    """Addresses beyond this machine that answered."""
    reached: list[str] = []
    context.on("response", lambda one: reached.append(one.url) if re.match(r"https?://(?!127\.0\.0\.1)", one.url) else None)
    return reached


def wait_for_running(page: Page, words: str) -> None:
    expect(role(page, "running")).to_contain_text(words)


def see_the_first_screen(page: Page) -> None:
    """It plays, what people start from is pinned, and no figure is a dash: it says how much faster what plays is."""
    expect(role(page, "play")).to_have_attribute("aria-label", "Pause")
    expect(role(page, "pinned-name")).to_contain_text("naive")
    for bar in ("now", "pinned"):
        expect(role(page, f"bar-{bar}").locator(".stage-part")).not_to_have_count(0)
    expect(role(page, "headline-versus")).to_contain_text(re.compile(r"times \w+|no measurable difference|cannot tell"))
    expect(role(page, "headline-against")).to_have_text("naive")
    expect(role(page, "figures").locator(".number", has_text=re.compile("^–$"))).to_have_count(0)
    take_picture(page, "first-screen")


def press_while_it_is_measured(page: Page) -> None:
    """What cannot go on is off, says why, and what is pressed all the same does nothing, now or later."""
    expect(role(page, "measure")).to_be_disabled()
    expect(role(page, "message-settings")).to_contain_text("a setting is being measured")
    expect(role(page, "stage")).to_contain_text("a setting is being measured")
    for off in (role(page, "settings-groups"), role(page, "transport"), role(page, "head")):
        expect(off).to_have_attribute("inert", "")
    role(page, "play").click(force=True)
    page.locator('[data-preset="graph"]').click(force=True)
    control(page, "nms.score").locator("input").click(force=True)
    take_picture(page, "measuring")


def export_twice(page: Page) -> None:
    """The second export asks before it takes the place of the first."""
    role(page, "export").click()
    with page.expect_download() as loaded:
        role(page, "export-download").click()
    assert loaded.value.suggested_filename == "workbench-export.zip"
    role(page, "export").click()
    expect(role(page, "asked")).to_contain_text("There is an export already")
    role(page, "keep").click()
    expect(role(page, "asked")).to_be_hidden()
    expect(role(page, "report-link")).to_be_visible()


def explain_it(page: Page, *, to_the_end: bool) -> None:
    """Ask what each setting brought: a bar for each, between what is pinned and what runs."""
    role(page, "tab-explained").click()
    expect(role(page, "explain-about")).to_contain_text(re.compile("litert .*against graph, one setting at a time"))
    expect(role(page, "explain")).to_be_enabled()
    if to_the_end:
        role(page, "explain").click()
        expect(role(page, "explain")).to_be_disabled()
        expect(role(page, "waterfall").locator(".wf-total").last).to_contain_text("litert", timeout=NOTEBOOK_MS)
        expect(role(page, "waterfall").locator("li:not(.wf-head, .wf-total)")).to_have_count(4)
        take_picture(page, "explained")
    role(page, "tab-measured").click()


def look_at_it(page: Page, place: Place) -> None:
    """Look at it at both widths, light and dark: nothing is cut off, and it is as dark as what is around it."""
    whole = role(page, "workbench")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.wait_for_timeout(500)
        assert whole.evaluate(CUT_OFF) == [], f"cut off in a window of {width} pixels"
        box = whole.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        for dark in (True, False):
            place.darken(page, dark)
            page.wait_for_function(
                "([is_dark]) => (document.querySelector('[data-role=workbench]').dataset.theme === 'dark') === is_dark", arg=[dark]
            )
            assert (sum(whole.evaluate(BACKGROUND)) < 3 * 128) == dark
            if width == WIDTHS[0]:
                whole.evaluate("one => one.scrollIntoView({ block: 'start' })")
                take_picture(page, f"{place.name}-{'dark' if dark else 'light'}")
                assert wrong_in(page, ".workbench") == []


def see_it_together(page: Page, place: Place) -> None:
    """Picture, figures, settings in use and Measure are seen at once, and picture and Measure while the rest scrolls."""
    whole = role(page, "workbench")
    for width, height in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(1000)
        whole.evaluate("one => one.scrollIntoView({ block: 'start' })")
        for part in (*(role(page, name) for name in TOGETHER), control(page, "runtime.engine"), control(page, "nms.score")):
            expect(part).to_be_in_viewport(ratio=1)
        take_picture(page, f"{place.name}-{width}x{height}")
    page.set_viewport_size({"width": WINDOWS[0][0], "height": WINDOWS[0][1]})
    role(page, "tab-log").scroll_into_view_if_needed()
    for name in ("stage", "measure"):
        expect(role(page, name)).to_be_in_viewport(ratio=1)


def see_that_charts_keep_their_height(page: Page) -> None:
    """A chart of a notebook is as high after the sidebar came and went as before."""
    chart = page.locator(".jp-Notebook .js-plotly-plot").first
    chart.scroll_into_view_if_needed()
    before = chart.evaluate("one => one.clientHeight")
    for _ in range(2):
        run(page, "application:toggle-left-area")
        page.wait_for_timeout(1500)
        assert chart.evaluate("one => one.clientHeight") == before > 200


def take_picture(page: Page, name: str) -> None:
    if kept := os.environ.get("WORKBENCH_PICTURES"):
        page.wait_for_timeout(500)
        page.screenshot(path=Path(kept) / f"{name}.png")


def press_highest_point(page: Page) -> None:
    """Press the setting in the plot that has the most AP, which is the same one however restless the machine is."""
    points = role(page, "plot").locator("circle[data-id]")
    points.first.scroll_into_view_if_needed()
    boxes = [box for one in points.all() if (box := one.bounding_box()) is not None]
    box = min(boxes, key=lambda one: one["y"] + one["height"] / 2)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    page.mouse.click(x, y)


@pytest.mark.parametrize("place", [PLACES[0], pytest.param(PLACES[1], marks=pytest.mark.slow)], ids=lambda place: place.name)
def test_people_play_pin_measure_and_take_a_report(
    place: Place, context: BrowserContext, tmp_path: Path, outside: list[str]
) -> None:
    with place.open(context, tmp_path) as page:
        expect(role(page, "workbench")).to_have_count(1, timeout=NOTEBOOK_MS)
        assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
        if place.name == "jupyterlab":
            see_that_charts_keep_their_height(page)
            expect(page.get_by_text("official Jupyter news")).to_have_count(0)
        else:
            (told,) = (tmp_path / "server.log").read_text().splitlines()
            assert told.startswith("The workbench is at http://localhost:"), "nothing else is for whoever started it"
        role(page, "workbench").scroll_into_view_if_needed()
        expect(role(page, "picture")).to_have_attribute("data-n", re.compile(r"^[1-9]"))
        assert page.locator("[data-role=workbench] :is(input, select, button)").evaluate_all(UNLABELLED) == []

        see_the_first_screen(page)
        role(page, "pin").click()
        expect(role(page, "pinned-name")).to_contain_text("graph")

        control(page, "xla").locator("input").click()
        wait_for_running(page, "xla")
        control(page, "runtime.engine").locator("select").select_option(label="litert")
        wait_for_running(page, "litert")
        control(page, "runtime.precision").locator("select").select_option(label="float16")
        wait_for_running(page, "float16")
        control(page, "input.size_hw").locator("input").press("ArrowLeft")
        wait_for_running(page, "480x480")
        expect(role(page, "headline-against")).to_have_text("graph")
        expect(role(page, "headline-versus")).to_have_text(
            re.compile(r"^(?!about).*(faster|slower|no measurable difference|cannot tell)")
        )

        role(page, "stage").focus()
        page.keyboard.press("Space")
        expect(role(page, "play")).to_have_attribute("aria-label", re.compile("Play", re.IGNORECASE))
        score = control(page, "nms.score").locator("input")
        score.focus()
        score.press("End")
        expect(role(page, "picture")).to_have_attribute("data-boxes", "0")
        score.press("Home")
        expect(role(page, "picture")).to_have_attribute("data-boxes", re.compile(r"^[1-9]"))
        wait_for_running(page, "score=0.0")
        most = control(page, "nms.max_detections")
        for typed, words in (("0", "only 1 to 1000"), ("100000", "only 1 to 1000"), ("2.5", "only whole numbers")):
            most.locator("input").fill(typed)
            most.locator("input").press("Enter")
            expect(most.locator(".reason")).to_have_text(words)
            expect(most.locator("input")).to_have_value("100")
        most.locator("input").fill("90")
        most.locator("input").press("Enter")
        expect(most.locator(".reason")).to_have_text("")
        role(page, "reset").click()
        expect(role(page, "running")).not_to_contain_text("score")

        page.locator('[data-preset="litert"]').click()
        wait_for_running(page, "litert")
        expect(page.locator('[data-preset="litert"]')).to_have_attribute("aria-pressed", "true")
        control(page, "input.size_hw").locator("input").press("Home")  # fewer pixels, less AP
        wait_for_running(page, "x160")
        role(page, "stage").focus()
        page.keyboard.press("Space")
        expect(role(page, "play")).to_have_attribute("aria-label", "Pause")
        role(page, "measure").click()
        press_while_it_is_measured(page)
        expect(role(page, "record-row")).to_have_count(2)
        expect(role(page, "table")).to_contain_text(re.compile(r"(faster|slower|no measurable difference|cannot tell)"))
        expect(role(page, "measure")).to_be_enabled()
        expect(role(page, "play")).to_have_attribute("aria-label", "Pause")
        expect(role(page, "picture")).not_to_have_attribute("data-n", str(role(page, "picture").get_attribute("data-n")))
        wait_for_running(page, "litert")
        expect(role(page, "headline-latency")).to_contain_text(re.compile(r"\d ms"))
        explain_it(page, to_the_end=place.name == "jupyterlab")
        see_it_together(page, place)
        look_at_it(page, place)
        expect(role(page, "plot").locator("circle[data-id]")).to_have_count(2)
        press_highest_point(page)
        expect(role(page, "running")).not_to_contain_text("litert")

        role(page, "tab-accuracy").click()
        role(page, "wrong-frame").first.click()
        expect(role(page, "wrong-frame").first.locator("img")).to_have_attribute("src", re.compile("^blob:"))
        role(page, "stage").focus()
        page.keyboard.press("n")
        expect(role(page, "play")).to_have_attribute("aria-label", "Play")
        page.keyboard.press("+")
        expect(role(page, "picture")).to_have_attribute("data-zoom", "1.25")
        role(page, "tab-advice").click()
        expect(role(page, "advice").locator("li")).not_to_have_count(0)
        role(page, "tab-sweep").click()
        expect(role(page, "picked")).to_contain_text("Run inspector-mobile")
        role(page, "budget-ms").press("Home")
        expect(role(page, "picked")).to_contain_text("No setting")
        expect(role(page, "use-picked")).to_be_disabled()
        role(page, "tab-log").click()
        expect(role(page, "log").locator("li").last).to_be_in_viewport()
        role(page, "tab-measured").click()

        role(page, "report").click()
        expect(role(page, "report-link")).to_be_visible()
        with page.expect_popup() as shown:
            role(page, "report-link").click()
        expect(shown.value.locator("h1")).to_contain_text("inspector-mobile")
        if place.name == "jupyterlab":
            export_twice(page)
        role(page, "copy-command").click()
        expect(role(page, "copied-text")).to_have_value(re.compile("^workbench run inspector-mobile"))
    assert outside == []

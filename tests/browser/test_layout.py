"""Where the workbench puts what belongs together, and that nothing there moves: the front end alone, without a kernel."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.alone import alone, panel
from tests.browser.serving import control, role
from tests.profile.rows import profile, row
from tests.record.test_weight import WEIGHT
from tests.saved_records import record
from tests.view.test_repair import BROKEN, FLOATS
from workbench.catalogue import ENGINES
from workbench.detectors import Detector
from workbench.errors import UnavailableError
from workbench.opening import fit
from workbench.record import Lint
from workbench.settings import FEED_MODES, PRECISIONS, Settings
from workbench.view.inside import InsideTold
from workbench.view.search import cards
from workbench.view.status import plot, rows

pytestmark = pytest.mark.browser

TOGETHER = ("stage", "headline-latency", "fps", "headline-versus", "figures", "bar-now", "bar-pinned", "find", "measure", "play")
SET = ("input.size_hw", "input.resize", "runtime.engine", "runtime.precision", "nms.method", "nms.score")
# Windows less what is around: a page at 1280 x 800, JupyterLab there with its sidebar open, and both at 1920 x 1080.
SIZES = ((1280, 800), (862, 690), (1500, 950), (1920, 1080))
MOVED_PX = 2
LOOK = """() => Object.fromEntries([...document.querySelectorAll("[data-name] .field, .actions button, [data-role=stage]")]
    .filter((one) => one.offsetParent).map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        return [one.closest("[data-name]")?.dataset.name ?? one.dataset.role, [x, y + scrollY, width, height]];
    }))"""
CONTRAST = """() => {
    const probe = document.createElement("canvas").getContext("2d");
    const light = (colour) => {
        probe.fillStyle = colour; probe.fillRect(0, 0, 1, 1);
        const linear = (c) => (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
        const [r, g, b] = [...probe.getImageData(0, 0, 1, 1).data].map((one) => linear(one / 255));
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const of = (part, ground = part) => {
        const [a, b] = [light(getComputedStyle(part).color), light(getComputedStyle(ground).backgroundColor)].sort((x, y) => y - x);
        return (a + .05) / (b + .05);
    };
    const message = document.querySelector("[data-role=message]");
    return [of(message), of(document.querySelector("[data-role=noise] b"), document.querySelector(".workbench"))];
}"""


def is_in_sight(page: Page, one: Any) -> bool:
    box, window = one.bounding_box(), page.viewport_size
    assert window is not None
    return (
        box is not None
        and box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= window["width"]
        and box["y"] + box["height"] <= window["height"]
    )


def test_picture_figures_settings_and_measure_are_in_sight_together(context: BrowserContext, told: dict[str, Any]) -> None:
    page = alone(context, told)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(
            "([height]) => document.querySelector('.workbench').style.cssText.includes(height)", arg=[f"{height - 24}px"]
        )
        parts = {name: role(page, name) for name in TOGETHER} | {name: control(page, name) for name in SET}
        assert [name for name, one in parts.items() if not is_in_sight(page, one)] == [], f"in a window of {width} x {height}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        stage = role(page, "stage").bounding_box()
        assert stage is not None
        assert stage["height"] >= 280
        page.evaluate("scrollTo(0, 400)")
        assert all(is_in_sight(page, role(page, name)) for name in ("stage", "measure")), "they stay while the rest scrolls"
        page.evaluate("scrollTo(0, 0)")


@pytest.mark.slow
def test_nothing_moves_while_engines_precisions_and_feeds_are_chosen(
    context: BrowserContext, told: dict[str, Any], mobile: Detector
) -> None:
    page = alone(context, told)
    page.locator("summary", has_text="FEED").click()
    default = mobile.default_settings()
    wished = [
        *({"runtime.engine": engine} for engine in ENGINES),
        *({"runtime.engine": "litert", "runtime.precision": precision} for precision in PRECISIONS),
        *({"feed.mode": mode} for mode in FEED_MODES),
    ]
    chosen = []
    for values in wished:
        with suppress(UnavailableError):  # not on this machine
            chosen.append(fit(mobile, default.with_values(values), list(values)[-1]))
    assert len(chosen) >= len(wished) - 2
    for width, height in SIZES[:2]:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(100)
        before = page.evaluate(LOOK)
        for settings in chosen:
            page.evaluate("told => window.change(told)", {"panel": panel(mobile, settings)})
            now = page.evaluate(LOOK)
            moved = [key for key, box in before.items() if max(abs(a - b) for a, b in zip(box, now[key], strict=True)) > MOVED_PX]
            assert moved == [], f"under {settings}"


def test_there_is_room_for_all_tabs(context: BrowserContext, told: dict[str, Any]) -> None:
    page = alone(context, told)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(100)
        assert all(is_in_sight(page, role(page, name)) for name in TOGETHER), f"in a window of {width} x {height}"
        tops = {round(one.bounding_box()["y"]) for one in page.get_by_role("tab").all()}  # type: ignore[index] # it is visible
        assert len(tops) == 1, "the tabs stand in one row"


def test_a_reason_is_one_line_and_whole_while_somebody_looks(context: BrowserContext, told: dict[str, Any]) -> None:
    page = alone(context, told)
    precision = control(page, "runtime.precision")
    words = precision.locator(".reason span")
    assert words.evaluate("one => one.scrollWidth > one.clientWidth"), "it is folded"
    precision.locator("select").focus()
    assert words.evaluate("one => one.scrollWidth <= one.clientWidth && one.clientHeight > 20")


def test_a_dark_jupyterlab_on_a_light_system_is_followed(context: BrowserContext, told: dict[str, Any]) -> None:
    told["message"] = {"kind": "error", "text": "camera:0 cannot be opened", "place": "media"}
    style = ".lab { --jp-layout-color1: #212121; --jp-ui-font-color1: #fffffff2 }"
    page = alone(context, told, f'<style>{style}</style><div class="lab" id="widget"></div>')
    page.emulate_media(color_scheme="light")
    page.wait_for_selector('[data-theme="dark"]')
    assert min(page.evaluate(CONTRAST)) >= 4.5
    page.add_style_tag(content=".lab { --jp-layout-color1: #fff !important; --jp-ui-font-color1: #000 !important }")
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")  # what JupyterLab changes with its theme
    page.wait_for_selector('[data-theme="light"]')
    assert min(page.evaluate(CONTRAST)) >= 4.5


def test_no_name_turns_the_figures_around_it(context: BrowserContext, told: dict[str, Any]) -> None:
    choices = [{"value": "a", "label": "evil\u202e4pm.doc"}, {"value": "b", "label": "clip"}]
    page = alone(context, told | {"panel": told["panel"] | {"media": {"value": "a", "choices": choices}}})
    body = page.locator("body")

    assert r"evil\u202e4pm.doc" in (body.text_content() or "")
    page.evaluate("told => window.change(told)", {"status": told["status"] | {"name": "a\u202eb"}})
    assert "\u202e" not in (body.text_content() or "")


def test_the_first_stop_of_the_keyboard_leads_to_the_picture(context: BrowserContext, told: dict[str, Any]) -> None:
    page = alone(context, told)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert role(page, "stage").evaluate("one => one === document.activeElement")


def test_a_question_mark_lists_the_keys_and_escape_closes_them(context: BrowserContext, told: dict[str, Any]) -> None:
    page = alone(context, told)
    keys = role(page, "keys")
    assert not keys.is_visible()
    role(page, "stage").focus()
    page.keyboard.press("?")
    assert "next frame in which something is wrong" in keys.inner_text()
    page.keyboard.press("Escape")
    assert not keys.is_visible()
    role(page, "show-keys").click()
    role(page, "close-keys").click()
    assert not keys.is_visible()


def test_what_integers_broke_is_repaired_by_a_button_at_its_advice(context: BrowserContext, told: dict[str, Any]) -> None:
    page = alone(context, told | {"advice": cards([FLOATS, BROKEN])})
    role(page, "tab-advice").click()
    card = role(page, "advice").locator("li", has=page.get_by_role("button", name="Repair"))
    assert card.count() == 1
    assert "int8 is broken here" in card.inner_text()
    card.get_by_role("button", name="Repair").click()
    assert page.evaluate("window.sent.at(-1)") == {"type": "repair", "id": BROKEN.id}
    page.evaluate("told => window.change(told)", {"held": {"reason": "a repair is running", "what": "a repair", "still": False}})
    assert role(page, "advice").evaluate("one => Boolean(one.closest('[inert]'))"), "nothing else is begun meanwhile"


def test_what_a_measured_setting_weighs_stands_below_it_and_the_rest_can_be_weighed(
    context: BrowserContext, told: dict[str, Any]
) -> None:
    plain, weighed = record(id="a"), record(id="b", weight=WEIGHT)
    told |= {"records": rows([plain, weighed], None), "plot": plot([plain, weighed])}
    page = alone(context, told)
    lines = page.locator(".weight:visible")

    assert lines.all_inner_texts() == ["in a process of its own: at most 150 MB of memory, 0.240 s to start"]
    assert "while it loads 150 MB" in str(lines.locator("td").get_attribute("title"))
    role(page, "weigh").click()
    assert page.evaluate("window.sent.at(-1)") == {"type": "weigh"}
    page.evaluate("told => window.change(told)", {"records": rows([weighed], None)})
    assert not role(page, "weigh").is_visible()


def test_finding_the_fastest_asks_for_nothing(context: BrowserContext, told: dict[str, Any]) -> None:
    page = alone(context, told)
    role(page, "find").click()
    usual = {"type": "find", "min_fps": None, "max_ap_loss": None, "minutes": 4}
    assert page.evaluate("window.sent.at(-1)") == usual


def test_what_it_has_to_keep_is_folded_beside_it(context: BrowserContext, told: dict[str, Any], mobile: Detector) -> None:
    page = alone(context, told)
    fields = [role(page, f"find-{name}") for name in ("fps", "quality", "minutes")]
    assert not any(one.is_visible() for one in fields)
    role(page, "find-options").click()
    page.get_by_label("FPS, at least").fill("30")
    page.get_by_label("AP lost, at most").fill("0.05")
    page.get_by_label("minutes, at most").fill("-1")
    role(page, "find").click()
    assert page.evaluate("window.sent.at(-1).type") == "hello", "no time is less than none"
    assert page.get_by_label("minutes, at most").evaluate("one => one === document.activeElement")
    page.get_by_label("minutes, at most").fill("1.5")
    page.keyboard.press("Enter")
    assert page.evaluate("window.sent.at(-1)") == {"type": "find", "min_fps": 30, "max_ap_loss": 0.05, "minutes": 1.5}
    assert not any(one.is_visible() for one in fields)
    page.evaluate("told => window.change(told)", {"panel": panel(mobile, mobile.default_settings(), has_ap=False)})
    role(page, "find-options").click()
    page.get_by_label("agreement, at least").fill("0.9")
    role(page, "find").click()
    assert page.evaluate("window.sent.at(-1).min_agreement") == 0.9


def test_what_was_found_is_taken_by_one_click_and_closed_by_another(context: BrowserContext, told: dict[str, Any]) -> None:
    tuned = {"sentence": "Run it with LiteRT: <b>281</b> FPS.", "notes": ["nothing was left out"], "chosen": "a1", "in_use": False}
    page = alone(context, told)
    assert not role(page, "found").is_visible()
    page.evaluate("told => window.change(told)", {"tuned": tuned})
    assert role(page, "found-sentence").inner_text() == tuned["sentence"]
    role(page, "use-found").click()
    assert page.evaluate("window.sent.at(-1)") == {"type": "choose", "id": "a1"}
    page.evaluate("told => window.change(told)", {"tuned": tuned | {"in_use": True}})
    assert role(page, "use-found").is_disabled()
    role(page, "close-outputs").click()
    assert page.evaluate("window.sent.at(-1)") == {"type": "forget-tuned"}
    page.evaluate("told => window.change(told)", {"tuned": tuned | {"chosen": None}})
    assert not role(page, "use-found").is_visible(), "nothing is better than what runs now"
    page.evaluate("told => window.change(told)", {"tuned": None})
    assert not role(page, "found").is_visible()


def test_a_button_looks_inside_and_what_takes_time_stands_below_it(context: BrowserContext, told: dict[str, Any]) -> None:
    lint = Lint(key="transposes", what="2 transposes", seconds=0.001, advice="take them out")
    found = profile(row("net/<b>head</b>/conv", seconds=0.003), row("net/t", "TRANSPOSE", seconds=0.001), lints=(lint,))
    session: Any = SimpleNamespace(opened=object(), settings=Settings(), name_of=lambda _: "graph")
    page = alone(context, told | {"inside": InsideTold().tell(session, [])})
    role(page, "tab-inside").click()
    assert "No network was looked into yet" in page.get_by_role("tabpanel").inner_text()
    role(page, "profile").click()
    assert page.evaluate("window.sent.at(-1)") == {"type": "profile"}

    inside = InsideTold().tell(session, [record(inside=found)])
    page.evaluate("told => window.change(told)", {"inside": inside})
    words = role(page, "inside").inner_text()
    assert "25 %: 2 transposes; take them out" in words
    assert "net/<b>head</b>/conv" in words, "a name is text"
    table = role(page, "inside-table").first
    assert table.evaluate("one => one.open")
    table.locator("summary").click()
    page.evaluate("told => window.change(told)", {"inside": inside | {"about": "another"}})
    assert not role(page, "inside-table").first.evaluate("one => one.open"), "what somebody closed stays so"

    page.evaluate("told => window.change(told)", {"inside": inside | {"reason": "keras is not profiled"}})
    assert role(page, "profile").is_disabled()
    assert role(page, "inside-about").inner_text() == "keras is not profiled"

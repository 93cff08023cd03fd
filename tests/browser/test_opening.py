"""What is not in the lists is opened by its path or address, uploaded, or dropped; the front end by itself."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.alone import alone
from tests.browser.serving import role

pytestmark = pytest.mark.browser
DROP = """([names, bytes]) => {
    const data = new DataTransfer();
    for (const name of names) data.items.add(new File([new Uint8Array(bytes)], name));
    const place = document.querySelector("[data-role=workbench]");
    const dropping = [];
    for (const type of ["dragover", "drop"]) {
        place.firstChild.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
        dropping.push(place.hasAttribute("data-dropping"));
    }
    return dropping;
}"""
PART = 4 << 20


@pytest.fixture
def page(context: BrowserContext, told: dict[str, Any]) -> Page:
    return alone(context, told)


def sent(page: Page, kind: str) -> list[dict[str, Any]]:
    return [one for one in page.evaluate("window.sent") if one["type"] == kind]


def test_a_path_is_opened_by_a_click_or_by_enter(page: Page) -> None:
    opener, source = role(page, "open-options"), role(page, "open-source")
    opener.click()
    expect(source).to_be_focused()
    role(page, "open-named").click()
    assert not sent(page, "open")  # of nothing
    source.fill("yolox.tflite")
    role(page, "open-named").click()
    expect(source).to_be_hidden()
    opener.click()
    source.fill("rtsp://camera/1")
    source.press("Enter")

    assert [one["source"] for one in sent(page, "open")] == ["yolox.tflite", "rtsp://camera/1"]


def test_escape_closes_it(page: Page) -> None:
    role(page, "open-options").click()
    role(page, "open-source").press("Escape")

    expect(role(page, "open-source")).to_be_hidden()
    expect(role(page, "open-options")).to_be_focused()


def test_chosen_files_are_sent_together(page: Page) -> None:
    role(page, "open-options").click()
    files = [{"name": name, "mimeType": "", "buffer": b"12"} for name in ("clip.mp4", "clip.json")]
    role(page, "upload-input").set_input_files(files)  # type: ignore[arg-type]

    page.wait_for_function("window.sent.filter((one) => one.type === 'upload').length === 2")
    assert [(one["name"], one["file"], one["files"]) for one in sent(page, "upload")] == [("clip.mp4", 0, 2), ("clip.json", 1, 2)]


def test_dropped_files_are_sent_in_parts(page: Page) -> None:
    assert page.evaluate(DROP, [["net.tflite"], PART + 1]) == [True, False]

    page.wait_for_function("window.sent.filter((one) => one.type === 'upload').length === 2")
    parts = [(one["name"], one["part"], one["parts"], one["file"], one["files"]) for one in sent(page, "upload")]
    assert parts == [("net.tflite", 0, 2, 0, 1), ("net.tflite", 1, 2, 0, 1)]


def test_what_is_too_large_to_be_sent_is_refused_in_the_page(page: Page) -> None:
    page.evaluate(DROP, [["a.mp4", "b.mp4"], (128 << 20) + (1 << 19)])

    expect(role(page, "message")).to_contain_text("These files have 257 MiB; the browser sends at most 256 MiB")
    assert not sent(page, "upload")

"""The widget below the browser: what it tells and what it does when it is told something."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.assets.scenes import SHAPES
from tests.tuning.scripted_steps import ScriptedSteps
from tests.view.opening_and_closing import SMALL, ours, until
from workbench import Workbench
from workbench.choosing import Budget
from workbench.history import History
from workbench.samples import SAMPLE_STILLS
from workbench.tuning.time_asked import TimeAsked
from workbench.tuning.tuning import Tuning
from workbench.view.panel import describe
from workbench.view.widget import TICK_SECONDS, WorkbenchView


class Page:
    """A browser's side: collects what is sent, answers that pictures were seen, and presses what a test asks for."""

    def __init__(self, workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.view: WorkbenchView = workbench.children[0]
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        monkeypatch.setattr(self.view, "send", self._receive)

    def _receive(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.sent.append((json.loads(json.dumps(message)), buffers or []))
        if message["type"] in {"frame", "boxes"}:
            self.tell("shown", n=message["n"])

    def tell(self, kind: str, buffers: list[bytes] | None = None, **content: object) -> None:
        self.view._handle_custom_msg({"type": kind, **content}, buffers or [])

    def newest(self, kind: str) -> dict[str, Any]:
        until(lambda: any(message["type"] == kind for message, _ in self.sent))
        return next(message for message, _ in reversed(self.sent) if message["type"] == kind)

    def control(self, name: str) -> dict[str, Any]:
        return next(one for group in self.view.panel["groups"] for one in group["controls"] if one["name"] == name)


@pytest.fixture
def scenes(small_folder: Path) -> str:
    """Three landscape scenes."""
    return str(small_folder / "scene_0[013].png")


@pytest.fixture
def page(scenes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.chdir(tmp_path)
    workbench = Workbench(
        str(SHAPES), scenes, truth=f"{Path(scenes).parent}.json", preset=SMALL, history=tmp_path / "h.sqlite", frames=3
    )
    opened = Page(workbench, monkeypatch)
    until(lambda: opened.view.status["ready"] or opened.view.message)
    assert opened.view.message is None
    yield opened
    workbench.close()
    assert ours() == set()


def test_what_is_looked_at_plays_at_once_and_what_people_start_from_is_pinned(
    scenes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = f"{Path(scenes).parent}.json"
    baseline = f"{SMALL},nms.score=0.6"
    workbench = Workbench(str(SHAPES), scenes, truth=truth, preset=SMALL, baseline=baseline, history=tmp_path / "h.sqlite")
    assert repr(workbench) == f"<Workbench: {SHAPES} on {scenes}>"
    page = Page(workbench, monkeypatch)
    try:
        until(lambda: page.view.status["ready"])
        assert not page.view.status["playing"], "nobody looks yet"
        page.tell("hello")
        until(lambda: page.view.status["playing"])
        until(lambda: (page.view.status["pinned"] or {}).get("stages"))
        assert page.view.status["pinned"]["name"] == "resize=opencv method=opencv score=0.6"
        until(lambda: "–" not in {one["value"] for one in page.view.status["figures"]})
        until(lambda: page.view.status["headline"]["verdict"])
        page.tell("unpin")
        page.tell("hello")
        until(lambda: page.view.status["pinned"] is None)
    finally:
        page.view.end()


def test_a_picture_comes_with_its_boxes_and_its_truth(page: Page) -> None:
    frame = page.newest("frame")
    assert (frame["width"], frame["height"], frame["name"]) == (192, 120, "scene_00.png")
    assert len(frame["overlay"]["truth"]) == 1
    assert next(buffers for message, buffers in page.sent if message["type"] == "frame")[0].startswith(b"\xff\xd8")


def test_the_panel_says_what_is_set_and_why_something_cannot_be(page: Page) -> None:
    assert page.control("input.resize")["value"] == "opencv"
    assert page.control("input.filter")["value"] == "linear"
    assert [one["reason"] for one in page.control("input.filter")["choices"]] == [
        None,
        None,
        "not in opencv; choose linear or area",
    ]
    assert page.control("xla")["value"] is False
    refused = {one["value"]: one["reason"] for one in page.control("runtime.precision")["choices"]}
    assert refused["float32"] is None
    assert refused["int8"].startswith("the graph engine runs the network as it was saved")
    names = ("float_ops", "calibration_frames", "calibration_range", "layout")
    assert [page.control(f"runtime.{name}")["value"] for name in names] == ["", 32, "mse", "stored"]
    assert page.control("runtime.float_ops")["reason"] == "there are no integers"
    assert page.control("runtime.calibration_frames")["reason"] == "only int8 and int16x8 take ranges from frames"
    camera = page.view.panel["media"]["choices"][-1]
    assert camera["value"] == "camera:0"
    assert "camera:0" in (camera["reason"] or "camera:0")
    labels = [one["label"] for group in page.view.panel["groups"] for one in group["controls"]]
    assert all(labels)
    assert len(labels) == len(set(labels))


def test_the_size_is_what_is_set_and_offers_the_frames_own_shape_beside_squares(page: Page) -> None:
    size = page.control("input.size_hw")

    assert size["value"] == "64x96"
    assert size["names"][size["stops"].index("64x96")] == "96 × 64"
    assert {"320x320", "192x320"} <= set(size["stops"])  # frames of 192 × 120 pixels
    areas = [int(height) * int(width) for height, width in (stop.split("x") for stop in size["stops"])]
    assert areas == sorted(areas)

    page.tell("set", name="input.size_hw", value="96x160")
    until(lambda: page.control("input.size_hw")["value"] == "96x160")


def test_a_sign_of_life_comes_whatever_else_goes_on(page: Page) -> None:
    before = page.view.beat
    until(lambda: page.view.beat > before + 1)


def test_a_slider_is_answered_with_boxes_alone(page: Page) -> None:
    page.newest("frame")
    page.tell("set", name="nms.score", value=0.01)
    boxes = page.newest("boxes")
    assert boxes["of"] == page.newest("frame")["n"] < boxes["n"]
    assert len(boxes["overlay"]["boxes"]) > len(page.newest("frame")["overlay"]["boxes"])
    until(lambda: page.control("nms.score")["value"] == 0.01)


def test_the_xla_toggle_is_the_engine(page: Page) -> None:
    page.tell("set", name="xla", value=True)
    until(lambda: page.control("runtime.engine")["value"] == "xla" and page.control("xla")["value"] is True)
    page.tell("set", name="xla", value=False)
    until(lambda: page.control("runtime.engine")["value"] == "graph")


def test_what_is_pinned_is_told_apart_in_the_picture_and_the_numbers(page: Page) -> None:
    page.tell("set", name="nms.score", value=0.01)
    page.tell("pin")
    until(lambda: page.view.status["counts"] and page.view.status["counts"]["kept"] > 0)
    assert page.view.status["counts"]["lost"] == 0
    page.tell("set", name="nms.score", value=0.9)
    until(lambda: page.view.status["counts"] and page.view.status["counts"]["lost"] > 0)
    assert page.newest("boxes")["overlay"]["lost"]


def test_frames_that_are_wrong_are_told_pictured_and_gone_to(page: Page) -> None:
    page.tell("pin")
    page.tell("set", name="nms.score", value=1.0)
    page.tell("play")
    until(lambda: len(page.view.wrong) == 3)
    worst = page.view.wrong[0]
    assert worst["lost"], "what was pinned found something, and at a score of 1 nothing is left"
    assert worst["name"] in {"scene_00.png", "scene_01.png", "scene_03.png"}

    page.tell("thumbnails", positions=[one["position"] for one in page.view.wrong])
    message = page.newest("thumbnails")
    pictures = next(buffers for told, buffers in page.sent if told is message)
    assert sorted(message["positions"]) == [0, 1, 2]
    assert all(one.startswith(b"\xff\xd8") for one in pictures)

    page.tell("next-wrong")
    until(lambda: not page.view.status["playing"])
    at = page.newest("frame")["position"]
    page.tell("next-wrong")
    until(lambda: page.newest("frame")["position"] == (at + 1) % 3)


def test_measuring_adds_a_row_and_a_plot_and_a_report(page: Page, tmp_path: Path) -> None:
    page.tell("measure")
    until(lambda: len(page.view.records) == 1 and page.view.job is None)
    (row,) = page.view.records
    assert row["state"] == "ok"
    until(lambda: [point[2] for point in page.view.plot["points"]] == [row["id"]])
    page.tell("report")
    link = page.newest("link")
    assert Path(link["path"]) == tmp_path / link["name"]
    assert "<html" in Path(link["path"]).read_text(encoding="utf-8")
    page.tell("choose", id=row["id"])
    page.tell("copy", what="command")
    assert page.newest("copied")["text"].startswith("workbench run")


def test_an_upload_in_parts_is_put_together(page: Page) -> None:
    content = (SAMPLE_STILLS / "still_004.jpg").read_bytes()
    half = len(content) // 2
    page.tell("upload", [content[:half]], name="mine.jpg", part=0, parts=2, file=0, files=1)
    page.tell("upload", [content[half:]], name="mine.jpg", part=1, parts=2, file=0, files=1)
    until(lambda: page.newest("frame")["name"] == "mine.jpg")
    for number in range(2):  # from two folders
        page.tell("upload", [content], name="same.jpg", part=0, parts=1, file=number, files=2)
    until(lambda: page.newest("frame")["name"] == "same.jpg")


@pytest.mark.parametrize(
    ("detector", "media", "chosen"),
    [("nowhere.tflite", None, ("nowhere.tflite", "")), (None, "camera:99", ("inspector-mobile", "camera:99"))],
    ids=["model", "camera"],
)
def test_what_could_not_be_opened_stands_as_chosen_and_the_rest_can_be(
    detector: str | None, media: str | None, chosen: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench = Workbench(detector, media, history=tmp_path / "h.sqlite", frames=3)
    page = Page(workbench, monkeypatch)
    try:
        until(lambda: page.view.message)
        panel = page.view.panel
        assert (panel["detector"]["value"], panel["media"]["value"]) == chosen
        assert {"inspector-mobile", "inspector-large"} <= {one["value"] for one in panel["detector"]["choices"]}
        assert {"value": "", "label": "sample line", "reason": None} in panel["media"]["choices"]
        page.tell("copy", what="code")
        until(lambda: "nothing is open" in page.view.message["text"])
        page.tell("detector", value="inspector-mobile") if detector else page.tell("media", value="")
        until(lambda: page.view.status["ready"])
        assert page.view.message is None
        assert (page.view.panel["detector"]["value"], page.view.panel["media"]["value"]) == ("inspector-mobile", "")
    finally:
        workbench.close()


def test_an_export_is_downloaded_and_another_asks_before_it_takes_its_place(page: Page, tmp_path: Path) -> None:
    mine = tmp_path / "workbench-export"
    mine.mkdir()
    (mine / "mine.txt").write_text("mine")
    page.tell("export")
    assert page.newest("ask")["path"] == str(mine)
    assert page.view._session.held is None
    page.tell("export", replace=True)
    until(lambda: page.view.message)
    assert "is not replaced: it has no manifest.json" in page.view.message["text"]
    (mine / "mine.txt").unlink()
    page.tell("export")
    link = page.newest("link")
    (content,) = next(buffers for message, buffers in page.sent if message is link)
    with ZipFile(BytesIO(content)) as packed:
        assert "workbench-export/detect.py" in packed.namelist()
        assert packed.testzip() is None
    assert (mine / "detect.py").is_file()
    assert len([message for message, _ in page.sent if message["type"] == "ask"]) == 1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"kind": "report"}, "press Measure first"),
        ({"kind": "set", "name": "runtime.precision", "value": "int8"}, "choose float32"),
        ({"kind": "set"}, "KeyError"),
        ({"kind": "choose", "id": "<script>"}, "choose one of the table"),
    ],
    ids=["user's", "refused", "ours", "unknown"],
)
def test_an_error_in_a_callback_stands_in_the_panel(page: Page, message: dict[str, Any], words: str) -> None:
    page.tell(**message)
    until(lambda: page.view.message)
    assert page.view.message["kind"] == "error"
    assert words in page.view.message["text"]
    page.tell("dismiss")
    until(lambda: page.view.message is None)


def test_a_cell_that_is_run_again_ends_the_old_workbench(page: Page) -> None:
    page.tell("bye")
    until(lambda: not ours())


def test_two_workbenches_live_side_by_side(page: Page, scenes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Workbench(str(SHAPES), scenes, preset=SMALL, history=tmp_path / "h.sqlite", frames=3)
    second = Page(other, monkeypatch)
    until(lambda: second.view.status["ready"])
    second.tell("set", name="nms.score", value=0.7)
    until(lambda: second.control("nms.score")["value"] == 0.7)
    assert page.control("nms.score")["value"] == 0.3
    other.close()
    assert len(ours()) == 4, "the first one's threads"


def test_advice_and_what_a_budget_picks_are_told(page: Page) -> None:
    page.tell("measure")
    until(lambda: page.view.records)
    until(lambda: page.view.search.get("known"))

    assert page.view.search["ready"]
    assert not page.view.search["running"]
    assert page.view.search["sentence"].startswith("Run shapes")
    assert page.view.search["chosen"] == page.view.records[0]["id"]
    assert [point[2] for point in page.view.search["points"]] == [page.view.records[0]["id"]]
    json.dumps([page.view.search, page.view.advice])
    for card in page.view.advice:
        assert {"title", "finding", "evidence", "theory", "record"} <= card.keys()

    assert page.view.search["unconfirmed"] is None
    page.tell("measure-swept", id=page.view.records[0]["id"])
    until(lambda: len(page.view.records) == 2)

    page.tell("budget", max_ms=1e-6, max_ap_loss=None)
    until(lambda: page.view.search["chosen"] is None)
    assert page.view.search["budget"]["max_ms"] == 1e-6


def test_what_can_be_explained_is_told_and_why_something_cannot(page: Page) -> None:
    until(lambda: page.view.explained["reason"])
    assert page.view.explained["reason"].startswith("Nothing is pinned")
    page.tell("pin")
    until(lambda: "is what is pinned" in (page.view.explained["reason"] or ""))
    page.tell("set", name="nms.score", value=0.05)
    until(lambda: page.view.explained["about"])
    assert page.view.explained["about"].endswith(f"against {page.view.status['pinned']['name']}, one setting at a time, both ways")
    assert page.view.explained["picture"] is None


@pytest.mark.slow
def test_what_each_setting_brought_is_told_as_the_report_draws_it(page: Page) -> None:
    page.tell("pin")
    page.tell("set", name="nms.score", value=0.05)
    page.tell("explain")
    until(lambda: page.view.explained["picture"])
    (section,) = json.loads(json.dumps(page.view.explained))["picture"]["sections"]
    assert section["lines"][1]["words"] == [["NMS score", "0.3", "0.05"]]


@pytest.mark.slow
def test_what_is_inside_is_told_once_somebody_asks(page: Page) -> None:
    until(lambda: page.view.inside["about"])
    assert page.view.inside["picture"] is None
    page.tell("profile")
    until(lambda: page.view.inside["picture"])
    told = json.loads(json.dumps(page.view.inside))["picture"]
    assert told["name"] == page.view.records[0]["name"]
    assert [table["caption"] for table in told["tables"]][1:] == ["By type", "By part"]
    assert all(len(row) == len(table["headings"]) for table in told["tables"] for row in table["rows"])


def test_a_budget_that_cannot_be_stands_in_the_panel(page: Page) -> None:
    page.tell("budget", max_ms=-1, max_ap_loss=None)
    until(lambda: page.view.message)

    assert page.view.message["kind"] == "error"


def test_while_something_is_measured_the_page_is_told_what_holds_it(page: Page) -> None:
    player = page.view._session.opened.player
    pictures = [message["n"] for message, _ in page.sent if message["type"] == "frame"]
    with player.hold():  # the measurement waits for this
        page.tell("set", name="nms.score", value=0.9)
        page.tell("measure")
        until(lambda: page.view.held)
        assert page.view.held["still"]
        assert page.view.held["reason"].startswith("a setting is being measured")
        until(lambda: page.view.job["can_cancel"])
        until(lambda: "score=0.9" in page.view.status["name"] and page.control("nms.score")["value"] == 0.9)
        page.tell("play")
        until(lambda: page.view.message)
        assert page.view.message["text"] == f"not now: {page.view.held['reason']}"
        assert [message["n"] for message, _ in page.sent if message["type"] == "frame"] == pictures
    until(lambda: page.view.records and page.view.held is None)
    assert page.view.message is None
    assert not page.view.status["playing"]
    until(lambda: len([message for message, _ in page.sent if message["type"] == "frame"]) > len(pictures))


def test_the_panel_says_that_the_feed_acts_on_measure_and_what_plays_stays(page: Page) -> None:
    (feed,) = (group for group in page.view.panel["groups"] if group["title"] == "FEED")
    assert feed["note"].startswith("acts on Measure")
    page.tell("pin")
    page.tell("set", name="feed.mode", value="threads")
    until(lambda: page.control("feed.mode")["value"] == "threads")
    until(lambda: "Measure compares that" in page.view.status["headline"]["versus"])
    assert "threads" not in page.view.status["name"]
    assert page.view.status["headline"]["verdict"] is None


class CountedRefusals(dict[str, Any]):
    """What a detector refuses, and how often somebody looked for all of a setting: once a check."""

    checks = 0

    def get(self, name: str, default: Any = None) -> Any:
        self.checks += name == "input.size_hw"
        return super().get(name, default)


@pytest.mark.parametrize("values", [{}, {"feed.mode": "threads", "feed.workers": 2}], ids=["loop", "threads"])
def test_the_panel_takes_few_checks_and_none_without_a_change(page: Page, small_tflite: Path, values: dict[str, object]) -> None:
    session = page.view._session
    session.open_detector(str(small_tflite))
    until(lambda: session.opened.detector.facts.source == str(small_tflite) and session.running)
    for name, value in values.items():
        session.set(name, value)
    counted = session.opened.detector.refusals = CountedRefusals(session.opened.detector.refusals)
    assert any(one["reason"] for one in describe(session)["groups"][1]["controls"][0]["choices"]), "an engine is refused"
    assert 0 < counted.checks <= 110
    page.tell("set", name="nms.score", value=0.41)
    until(lambda: page.control("nms.score")["value"] == 0.41)
    counted.checks = 0
    time.sleep(3 * TICK_SECONDS)
    assert counted.checks == 0


def test_what_is_pinned_before_it_played_is_pinned_everywhere(page: Page) -> None:
    page.tell("pin")
    until(lambda: page.view.status["pinned"])
    assert page.view.status["pinned"] == {"name": page.view.status["name"], "total_ms": None, "stages": []}
    assert page.view.status["headline"]["versus"] == "this is what is pinned"

    page.tell("play")
    until(lambda: page.view.status["pinned"]["stages"])
    assert page.view.status["history"]["pinned_ms"] == page.view.status["pinned"]["total_ms"] > 0
    page.tell("unpin")
    until(lambda: page.view.status["pinned"] is None)
    assert page.view.status["headline"]["versus"] == "nothing pinned to compare with"


def test_what_was_found_stands_there_until_it_is_closed(page: Page, tmp_path: Path) -> None:
    assert page.view.tuned is None
    steps = ScriptedSteps(History(tmp_path / "made.sqlite"), tmp_path, Counter())
    tuning = Tuning(steps, Budget(), TimeAsked(600, lambda: 0.0), frames=3)
    tuning.run()
    page.view._session.tuned = found = tuning.tuned()
    until(lambda: page.view.tuned)
    assert page.view.tuned == {"sentence": found.sentence, "notes": list(found.notes), "chosen": "w-repaired", "in_use": False}
    page.tell("forget-tuned")
    until(lambda: page.view.tuned is None)


def test_a_time_in_which_nothing_can_be_found_is_refused_in_place(page: Page) -> None:
    page.tell("find", minutes=0.1)
    until(lambda: page.view.message)
    assert page.view.message["text"] == "the time is 6 seconds; choose 30 or more"
    assert page.view.message["place"] == "measure"

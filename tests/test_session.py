"""The state of the workbench without any widget: what is asked for happens, and what cannot happen is said in words."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.catalog import SAMPLE_CLIP, SAMPLE_MEDIA, SAMPLE_STILLS
from workbench.detectors import conversion
from workbench.errors import SettingsError
from workbench.history import History
from workbench.media import MediaSource, array_media
from workbench.picking import Budget
from workbench.player import Player
from workbench.searching import Search
from workbench.session import Session
from workbench.sweep import Grid, Material

STILLS = str(SAMPLE_STILLS / "still_00[236].jpg")
TRUTH = str(SAMPLE_MEDIA / "stills.json")
SMALL = "graph,input.size_hw=96x160,input.resize=opencv,nms.method=opencv"
PATIENCE_SECONDS = 120.0
OPEN_FILES = Path("/proc/self/fd")
THREADS = {"workbench-player", "workbench-worker"}


def until(session: Session, claim: Callable[[], object], *, errors: bool = False) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < end, f"waited {PATIENCE_SECONDS} s; message {session.message}, job {session.job}"
        assert errors or session.message is None or session.message.kind == "note", session.message
        time.sleep(0.01)


def player_of(session: Session) -> Player:
    assert session.player is not None
    return session.player


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def begin(media: MediaSource | None = STILLS, truth: str | None = TRUTH, preset: str = SMALL) -> Session:
        session = Session(media=media, truth=truth, preset=preset, history=tmp_path / "h.sqlite", frames=3, comparison_seconds=0.0)
        sessions.append(session)
        return session

    yield begin
    for session in sessions:
        session.close()
    assert not {thread.name for thread in threading.enumerate()} & THREADS, "nothing runs on"


@pytest.fixture
def session(start: Callable[..., Session]) -> Session:
    begun = start()
    until(begun, lambda: begun.player and begun.player.shown)
    return begun


def open_files_of(words: str) -> list[str]:
    files = [str(one.readlink()) for one in OPEN_FILES.iterdir() if one.is_symlink()]
    return [file for file in files if words in file]


def changed_to(session: Session) -> None:
    until(session, lambda: session.running == session.settings)


def test_a_session_opens_by_itself_and_shows_the_first_frame(session: Session) -> None:
    shown = player_of(session).shown
    assert shown is not None
    assert shown.frame.name == "still_002.jpg"
    assert session.running == session.settings
    assert session.message is None


def test_accuracy_comes_by_itself_and_again_with_another_threshold(session: Session) -> None:
    until(session, lambda: session.accuracy)
    assert session.accuracy is not None
    assert session.accuracy.images == 3
    session.set("nms.score", 0.01)
    assert session.accuracy is None, "the old one says nothing of this setting"
    until(session, lambda: session.accuracy)
    assert session.accuracy is not None
    assert session.accuracy.score_threshold == 0.01


def test_an_nms_threshold_is_answered_at_once(session: Session) -> None:
    before = player_of(session).shown
    session.set("nms.score", 0.01)
    after = player_of(session).shown
    assert before is not None
    assert after is not None
    assert after.raw is before.raw
    assert len(after.found) > len(before.found)
    assert session.running == session.settings


def test_the_old_pipeline_plays_on_while_another_is_prepared(session: Session) -> None:
    player = player_of(session)
    player.set_pace("free")
    session.play()
    until(session, lambda: len(player.rolling) > 3)
    old = player.pipeline
    session.set("input.size_hw", 192)
    assert player.pipeline is old
    changed_to(session)
    assert player.playing
    until(session, lambda: player.shown and player.shown.pipeline is player.pipeline)


def test_what_stands_in_an_engines_way_is_changed_with_it_and_said(session: Session) -> None:
    session.set("input.resize", "graph")
    changed_to(session)
    session.set("runtime.engine", "litert")
    changed_to(session)
    assert session.running is not None
    assert (session.running.runtime.engine, session.running.input.resize) == ("litert", "opencv")
    assert session.message is not None
    assert session.message.kind == "note"
    assert "input.resize: graph -> opencv" in session.message.text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("runtime.precision", "int8", "choose float32, or runtime.engine=litert"),
        ("input.size_hw", 100, "choose multiples of 32"),
        ("nms.score", 7, "nms.score is 7"),
        ("nms.bogus", 1, "there is no setting 'nms.bogus'"),
        ("feed.cache", "memory", "choose none"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_changes(session: Session, name: str, value: object, words: str) -> None:
    before = session.settings
    session.set(name, value)
    assert session.message is not None
    assert session.message.kind == "error"
    assert words in session.message.text
    assert "\n" not in session.message.text
    assert session.settings == session.running == before


def test_the_latest_wish_wins(session: Session) -> None:
    for size in (64, 96, 128, 160):
        session.set("input.size_hw", size)
    changed_to(session)
    assert session.running is not None
    assert session.running.input.size_hw == (160, 160)


def test_a_preset_and_a_reset(session: Session) -> None:
    first = session.settings
    session.use_preset("litert,input.size_hw=96x160")
    changed_to(session)
    assert session.running is not None
    assert session.running.runtime.engine == "litert"
    session.reset()
    changed_to(session)
    assert session.running == first


def test_what_is_pinned_is_compared_with_in_turns(session: Session) -> None:
    player = player_of(session)
    session.pin()
    session.set("input.size_hw", "192x320")
    changed_to(session)
    until(session, lambda: session.comparison)
    assert session.pinned is not None
    assert session.comparison is not None
    assert session.comparison.a == session.pinned.name
    assert session.comparison.b == session.name_of(session.settings)
    assert session.comparison.ratio.low <= session.comparison.ratio.median <= session.comparison.ratio.high
    until(session, lambda: player.shown and session.pinned_found(player.shown) is not None)
    session.unpin()
    assert session.comparison is None


def test_measuring_keeps_a_record_of_the_pinned_setting_too(session: Session, tmp_path: Path) -> None:
    session.pin()
    session.set("nms.score", 0.05)
    session.measure()
    until(session, lambda: len(session.records) == 2 and not session.measuring)
    pinned, current = session.records
    assert current.comparison is not None
    assert current.comparison.a == pinned.name
    assert current.settings == session.settings
    assert current.agreement is not None
    with History(tmp_path / "h.sqlite") as history:
        assert [record.id for record in history.records()] == [pinned.id, current.id]
    assert "<html" in session.report()
    session.choose(pinned.id)
    changed_to(session)
    assert session.running == pinned.settings


def test_a_measurement_can_be_given_up(session: Session) -> None:
    session.measure()
    until(session, lambda: session.measuring)
    session.cancel()
    until(session, lambda: not session.measuring)
    assert session.records == []
    until(session, lambda: any(line.text == "cancelled" for line in session.log))


def test_what_repeats_it_can_be_copied(session: Session) -> None:
    session.set("nms.score", 0.05)
    assert "nms.score=0.05" in session.as_command()
    assert session.as_command().startswith("workbench run inspector-mobile")
    compile(session.as_code(), "copied", "exec")
    assert "nms.score=0.05" in session.as_code()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("clip.mp4", b"no video", "clip.mp4"),
        ("../../half.jpg", b"\xff\xd8\xff\xe0 half", "half.jpg"),
        ("nothing.png", b"", "nothing.png"),
        ("notes.txt", b"text", "neither a picture"),
    ],
)
def test_a_corrupt_upload_is_said_and_the_old_frames_stay(session: Session, name: str, content: bytes, words: str) -> None:
    player = session.player
    session.upload(name, content)
    until(session, lambda: session.message, errors=True)
    assert session.message is not None
    assert (session.message.kind, session.message.place) == ("error", "media")
    assert words in session.message.text
    assert session.player is player
    session.step(1)
    until(session, lambda: player_of(session).shown.frame.index == 1, errors=True)  # type: ignore[union-attr]


def test_an_upload_is_played(session: Session) -> None:
    session.upload("mine.jpg", (SAMPLE_STILLS / "still_004.jpg").read_bytes())
    until(session, lambda: player_of(session).shown and player_of(session).shown.frame.name == "mine.jpg")  # type: ignore[union-attr]
    assert session.accuracy is None
    assert session.pinned is None


def test_media_that_are_not_there_are_said(start: Callable[..., Session]) -> None:
    session = start(media="nowhere.mp4", truth=None)
    until(session, lambda: session.message, errors=True)
    assert session.message is not None
    assert "there is no nowhere.mp4" in session.message.text
    session.open_media(STILLS)
    until(session, lambda: session.player and session.player.shown, errors=True)


def test_a_camera_that_is_not_there_is_said(session: Session) -> None:
    session.open_media("camera:93")
    until(session, lambda: session.message, errors=True)
    assert session.message is not None
    assert "camera:93" in session.message.text


def test_nothing_to_report_is_said(session: Session) -> None:
    with pytest.raises(ValueError, match="press Measure first"):
        session.report()


def test_another_detector_brings_its_own_defaults(session: Session) -> None:
    session.pin()
    session.open_detector("inspector-large")
    until(session, lambda: session.detector and session.detector.facts.name == "inspector-large")
    until(session, lambda: player_of(session).shown)
    assert session.pinned is None
    assert session.records == []


def test_a_model_that_is_none_leaves_the_old_one(session: Session, tmp_path: Path) -> None:
    (tmp_path / "empty.keras").write_bytes(b"")
    detector = session.detector
    session.open_detector(str(tmp_path / "empty.keras"))
    until(session, lambda: session.message, errors=True)
    assert session.message is not None
    assert "empty.keras" in session.message.text
    assert session.detector is detector


def test_a_conversion_that_fails_is_said_and_the_old_one_plays_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_frames(converter: Any, _: object) -> None:
        conversion.PRECISION_OPTIONS["int8"](converter, None)  # LiteRT's converter wants frames for ranges, and complains

    monkeypatch.setitem(conversion.PRECISION_OPTIONS, "float16", without_frames)
    session.play()
    session.use_preset("litert,runtime.precision=float16,input.size_hw=96x160")
    until(session, lambda: session.message and session.message.kind == "error", errors=True)
    assert session.message is not None
    assert session.message.place == "settings"
    assert "the converter could not make float16 of this model" in session.message.text
    assert "choose another runtime.precision" in session.message.text
    until(session, lambda: session.running == session.settings, errors=True)
    number = player_of(session).shown.number
    until(session, lambda: player_of(session).shown.number > number, errors=True)


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason=f"no {OPEN_FILES} on this system")
def test_closing_gives_every_file_back(start: Callable[..., Session], tmp_path: Path) -> None:
    begun = start(media=None, truth=None)
    until(begun, lambda: begun.player and begun.player.shown)
    begun.play()
    begun.measure()
    until(begun, lambda: begun.records)
    assert open_files_of(SAMPLE_CLIP.name) != []
    begun.close()
    gc.collect()
    assert open_files_of(SAMPLE_CLIP.name) == []
    assert open_files_of(tmp_path.name) == [], "the history"


def test_closing_twice_does_nothing(start: Callable[..., Session]) -> None:
    session = start()
    session.close()
    session.close()


def test_frames_in_memory_are_played_and_have_no_command(start: Callable[..., Session]) -> None:
    rng = np.random.default_rng(0)
    session = start([rng.integers(0, 256, (72, 128, 3), np.uint8) for _ in range(3)], truth=None)
    until(session, lambda: session.player and session.player.shown)

    assert "open_footage(detector, media)" in session.as_code()
    with pytest.raises(SettingsError, match="these frames are in memory"):
        session.as_command()


def test_advice_is_tried_on_the_settings_that_it_is_about(session: Session) -> None:
    session.measure()
    until(session, lambda: session.records)
    record = session.records[0]
    session.set("nms.score", 0.9)

    session.use({"feed.mode": "threads", "feed.workers": 2}, record.id)
    assert session.settings == record.settings.with_values({"feed.mode": "threads", "feed.workers": 2})
    session.use({"feed.mode": "threads"}, "nobody's")
    assert session.message is not None
    assert "not of this session" in session.message.text


@pytest.mark.slow
def test_a_sweep_finds_what_a_budget_picks_and_goes_on_from_there(tmp_path: Path) -> None:
    litert = {"runtime.engine": "litert", "input.resize": "opencv", "input.size_hw": (64, 96)}
    grid = Grid(((litert,), ({"nms.score": 0.1}, {"nms.score": 0.3})))
    history = tmp_path / "h.sqlite"
    session = Session(media=STILLS, truth=TRUTH, preset=SMALL, history=history, frames=3, comparison_seconds=0.0, grid=grid)
    try:
        until(session, lambda: session.player and session.player.shown)
        assert session.search is not None
        assert session.search.pick() is None

        session.sweep("all")
        until(session, lambda: not session.measuring and len(session.search.rows) >= 3)
        session.set_budget(Budget(max_ms=60_000))
        picked = session.search.pick()

        assert picked is not None
        assert picked.chosen is not None
        session.choose_swept(picked.chosen.summary.id)
        until(session, lambda: session.settings == session.search.settings_of(picked.chosen.summary.id))
        material = Material(detector="inspector-mobile")
        assert Search(session.detector, material, session.footage.media.facts(), history, 3).rows == session.search.rows
    finally:
        session.close()


def test_frames_of_this_process_are_not_swept(start: Callable[..., Session]) -> None:
    session = start(media=array_media([np.zeros((72, 128, 3), np.uint8)] * 3, name="zeros"), truth=None)
    until(session, lambda: session.player and session.player.shown)

    assert session.search is None
    session.sweep("size")
    until(session, lambda: session.message is not None, errors=True)
    assert "which cannot see these frames" in session.message.text


def test_a_setting_is_taken_home(session: Session, tmp_path: Path) -> None:
    session.take_home(tmp_path / "home")
    until(session, lambda: session.message is not None)

    assert session.message.text.startswith("taken home")
    assert (tmp_path / "home" / "detect.py").is_file()

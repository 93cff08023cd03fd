"""While something is measured, swept or exported, what cannot go on is refused with its reason, and never carried out later."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.session.sessions import changed_to, player_of, until
from workbench.choosing import Budget
from workbench.session import Session
from workbench.session.held import EXPORTED, MEASURED, SWEPT

Asked = Callable[[Session, str, Path], object]
REFUSED: Mapping[str, Asked] = {
    "set": lambda session, *_: session.set("nms.score", 0.9),
    "set what must be prepared": lambda session, *_: session.set("input.size_hw", 192),
    "preset": lambda session, *_: session.use_preset("litert,input.size_hw=96x160"),
    "reset": lambda session, *_: session.reset(),
    "choose": lambda session, record, _: session.choose(record),
    "choose what was swept": lambda session, record, _: session.choose_swept(record),
    "use": lambda session, record, _: session.use({"nms.score": 0.8}, record),
    "detector": lambda session, *_: session.open_detector("inspector-mobile"),
    "media": lambda session, *_: session.open_media(None),
    "upload": lambda session, *_: session.upload({"other.png": b""}),
    "measure": lambda session, *_: session.measure(),
    "explain": lambda session, *_: session.explain(),
    "weigh": lambda session, *_: session.weigh(),
    "profile": lambda session, *_: session.profile(),
    "sweep": lambda session, *_: session.sweep("all"),
    "export": lambda session, _, folder: session.export(folder / "home"),
}
STILL: Mapping[str, Asked] = {
    "play": lambda session, *_: session.play(),
    "pause": lambda session, *_: session.pause(),
    "step": lambda session, *_: session.step(1),
    "seek": lambda session, *_: session.seek(2),
    "next wrong frame": lambda session, *_: session.go_to_next_wrong(),
    "pace": lambda session, *_: session.set_pace("free"),
    "pin": lambda session, *_: session.pin(),
    "unpin": lambda session, *_: session.unpin(),
}


def seen(session: Session) -> tuple[object, ...]:
    """Return all that somebody could have changed."""
    opened, player = session.opened, player_of(session)
    evaluation = opened.evaluation
    return (opened, session.settings, session.running, player.playing, player.pace, player.shown.frame.index, evaluation.pinned)


def refused(session: Session, asked: Asked, record: str, folder: Path) -> str:
    session.notices.message = None
    asked(session, record, folder)
    message: Any = session.notices.message
    assert message is not None
    assert message.kind == "error"
    return str(message.text)


def until_free(session: Session) -> None:
    until(session, lambda: session.held is None, errors=True)


def test_what_is_asked_for_while_something_is_measured_is_refused_and_not_carried_out_later(
    session: Session, tmp_path: Path
) -> None:
    session.measure()
    until_free(session)
    (first,) = session.opened.measuring.records
    session.set("nms.score", 0.1)
    before = seen(session)
    with player_of(session).hold():  # the measurement waits for this
        session.measure()
        for words, asked in {**REFUSED, **STILL}.items():
            assert refused(session, asked, first.id, tmp_path) == MEASURED.refusal, words
        session.set_budget(Budget(max_ms=1.0))
        assert session.opened.measuring.search.budget == Budget(max_ms=1.0)
        assert "<html" in session.report()
        assert session.as_command().startswith("workbench run")
        assert "Bench" in session.as_code()
        assert session.notices.message.text == MEASURED.refusal
        session.dismiss()
        assert session.notices.message is None
        session.measure()
    until_free(session)
    assert session.notices.message is None, "what was refused is allowed again"
    session.upload({"none.txt": b"the worker comes to this after all that was asked for before"})
    until(session, lambda: (message := session.notices.message) and "none.txt" in message.text, errors=True)
    assert [record.settings for record in session.opened.measuring.records] == [first.settings, session.settings]
    assert seen(session) == before
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("plays", [pytest.param(True, marks=pytest.mark.slow), False], ids=["playing", "paused"])
def test_after_a_measurement_it_plays_if_it_played(session: Session, plays: bool) -> None:
    player = player_of(session)
    player.set_pace("free")
    if plays:
        session.play()
    session.measure()
    until_free(session)
    assert session.opened.measuring.records
    assert player.playing is plays
    number = player.shown.number
    if plays:
        until(session, lambda: player.shown.number > number + 3)


def test_what_is_asked_for_while_a_sweep_runs_is_refused_and_not_carried_out_later(session: Session, tmp_path: Path) -> None:
    before = seen(session)
    session.sweep("all")
    until(session, lambda: (job := session.notices.job) and job.total > 0)
    for words, asked in {**REFUSED, **STILL}.items():
        if "choose" not in words and words != "use":  # there is no record yet
            assert refused(session, asked, "", tmp_path) == SWEPT.refusal, words
    session.set_budget(Budget(max_ms=1.0))
    assert session.opened.measuring.search.budget == Budget(max_ms=1.0)
    session.cancel()
    until_free(session)
    session.upload({"none.txt": b"the worker comes to this after all that was asked for before"})
    until(session, lambda: (message := session.notices.message) and "none.txt" in message.text, errors=True)
    assert seen(session) == before


@pytest.mark.slow
def test_what_plays_goes_on_while_a_folder_is_exported(session: Session, tmp_path: Path) -> None:
    player = player_of(session)
    player.set_pace("free")
    session.export(tmp_path / "home")
    assert refused(session, REFUSED["set"], "", tmp_path) == EXPORTED.refusal
    session.play()
    number = player.shown.number
    until(session, lambda: player.shown.number > number + 3, errors=True)
    assert session.held is EXPORTED
    session.pin()
    assert session.opened.evaluation.pinned is not None
    until_free(session)
    assert player.playing
    assert session.notices.message.text.startswith("exported")
    assert (tmp_path / "home" / "detect.py").is_file()


def test_what_is_given_up_before_it_began_holds_nothing_up(session: Session) -> None:
    session.set("input.size_hw", 192)  # the worker prepares this first
    session.measure()
    assert session.held is MEASURED
    session.cancel()
    assert session.held is None
    session.measure()
    until_free(session)
    assert len(session.opened.measuring.records) == 1
    assert [line.text for line in session.notices.log].count("cancelled") == 1


def test_what_cannot_be_measured_holds_nothing_up(session: Session, tmp_path: Path) -> None:
    (tmp_path / "h.sqlite").mkdir()
    session.measure()
    until_free(session)
    assert session.notices.message.kind == "error"
    session.set("nms.score", 0.9)
    changed_to(session)


def test_closing_frees_what_was_held(session: Session) -> None:
    session.set("input.size_hw", 192)
    session.measure()
    session.close()
    assert session.held is None

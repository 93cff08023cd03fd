"""Finding the fastest from a session: what it leaves, and that it ends where nobody waits for it."""

from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from tests.session.sessions import changed_to, until
from workbench.choosing import Budget
from workbench.history import History
from workbench.media import array_media
from workbench.session import Session


def over(session: Session) -> None:
    until(session, lambda: session.held is None)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_leaves_records_a_report_a_folder_and_a_setting_to_take(session: Session, tmp_path: Path) -> None:
    session.pin()
    started = session.settings
    told: list[object] = []
    session.find_fastest(Budget(), 60, tmp_path / "tuned", done=told.append)
    until(session, lambda: (job := session.notices.job) and "left: step 1 of 8, measuring what you have now" in job.what)
    over(session)
    tuned = session.tuned

    assert told == [tuned]
    assert tuned is not None
    assert tuned.baseline.settings == started, "what is pinned is what they have now"
    assert tuned.chosen is not None
    assert tuned.report is not None
    assert tuned.sentence in unescape(tuned.report.read_text()).replace("\N{NO-BREAK SPACE}", " ")
    assert {record.id for record in tuned.records} <= {record.id for record in session.opened.measuring.records}
    with History(tmp_path / "h.sqlite") as history:
        assert history.has([record.id for record in tuned.records]) == {record.id for record in tuned.records}
    assert session.settings == started, "nothing changes by itself"
    session.choose(tuned.chosen.id)
    changed_to(session)
    assert session.settings == tuned.chosen.settings
    session.forget_tuned()
    assert session.tuned is None


@pytest.mark.slow
def test_given_up_it_keeps_the_best_so_far(session: Session, tmp_path: Path) -> None:
    session.pin()
    session.find_fastest(Budget(), 300, tmp_path / "tuned")
    until(session, lambda: (job := session.notices.job) and "step 2 of 8, screening:" in job.what)
    session.cancel()
    over(session)

    assert session.tuned is not None
    assert session.tuned.stopped == "screening"
    assert session.tuned.report is not None
    assert [record.settings for record in session.tuned.records] == [session.settings]


def test_given_up_before_anything_is_known_it_leaves_nothing(session: Session, tmp_path: Path) -> None:
    session.find_fastest(Budget(), 300, tmp_path / "tuned")
    session.cancel()
    over(session)
    until(session, lambda: "cancelled" in [line.text for line in session.notices.log])

    assert session.tuned is None
    assert session.opened.measuring.records == []


def test_frames_of_this_process_and_a_time_too_short_are_refused(start: Callable[..., Session], tmp_path: Path) -> None:
    session = start(media=array_media([np.zeros((72, 128, 3), np.uint8)] * 3, name="zeros"), truth=None)
    until(session, lambda: session.opened and session.opened.player.shown)
    for seconds, words in ((60, "which cannot see these frames"), (5, "choose 30 or more")):
        session.find_fastest(Budget(), seconds, tmp_path / "tuned")
        until(session, lambda words=words: words in (session.notices.message.text if session.notices.message else ""), errors=True)
        over(session)
    assert session.tuned is None

"""What a session measures: settings, sweeps, exported folders."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.assets.scenes import SHAPES
from tests.saved_records import record
from tests.session.sessions import SMALL, changed_to, player_of, until
from workbench.choosing import Budget
from workbench.detectors import Detector
from workbench.history import History
from workbench.machine import environment
from workbench.media import array_media
from workbench.opening import Sources
from workbench.session import Search, Session
from workbench.session.worker import CLOSE_SECONDS
from workbench.sweep import Grid


def test_measuring_keeps_a_record_of_the_pinned_setting_too(session: Session, tmp_path: Path) -> None:
    session.pin()
    session.set("nms.score", 0.05)
    session.measure()
    until(session, lambda: len(session.opened.measuring.records) == 2 and not session.opened.measuring.active)
    pinned, current = session.opened.measuring.records
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


@pytest.mark.slow
def test_what_each_setting_brought_stands_with_the_record_and_in_the_history(session: Session, tmp_path: Path) -> None:
    session.pin()
    session.set("nms.score", 0.05)
    session.explain()
    until(session, lambda: session.held is None and session.opened.measuring.records)
    pinned, current = session.opened.measuring.records
    assert pinned.waterfall is None
    assert current.waterfall is not None
    assert [one.changes for one in current.waterfall.steps] == [("nms.score: 0.3 -> 0.05",)]
    assert current.waterfall.baseline_id == pinned.id
    assert 'id="what-brought-it"' in session.report()
    with History(tmp_path / "h.sqlite") as history:
        assert [record.waterfall for record in history.records()] == [None, current.waterfall]
    session.explain()  # both are measured already
    until(session, lambda: session.held is None)
    assert [record.id for record in session.opened.measuring.records] == [pinned.id, current.id]


@pytest.mark.slow
def test_a_repair_ends_at_the_best_that_it_found(session: Session, tmp_path: Path) -> None:
    session.use_preset("litert-int8,input.size_hw=64x96")
    changed_to(session)
    session.repair()
    until(session, lambda: session.held is None and session.opened.measuring.records)
    records = session.opened.measuring.records
    assert [one.settings.runtime.precision for one in records[:2]] == ["float32", "int8"]
    (found,) = [one.quantising for one in records if one.quantising is not None]
    until(session, lambda: session.notices.message is not None)
    assert session.notices.message.text == found.answer
    assert session.settings.runtime.precision == "int8"
    with History(tmp_path / "h.sqlite") as history:
        assert [one.id for one in history.records()] == [one.id for one in records]


@pytest.mark.slow
def test_a_repair_can_be_given_up(session: Session) -> None:
    session.use_preset("litert-int8,input.size_hw=64x96")
    changed_to(session)
    session.repair()
    until(session, lambda: session.opened.measuring.active)
    session.cancel()
    until(session, lambda: session.held is None)
    assert session.opened.measuring.records == []


@pytest.mark.slow
def test_what_is_inside_stands_with_the_record_and_in_the_history(session: Session, tmp_path: Path) -> None:
    session.profile()  # and measures before it
    until(session, lambda: session.held is None and session.opened.measuring.records)
    (record,) = session.opened.measuring.records
    assert record.settings == session.settings
    assert record.inside is not None
    assert sum(one.seconds for one in record.inside.operators) > 0
    assert 'id="inside"' in session.report()
    with History(tmp_path / "h.sqlite") as history:
        assert [one.inside for one in history.records()] == [record.inside]


@pytest.mark.slow
def test_looking_inside_can_be_given_up(session: Session) -> None:
    session.profile()
    until(session, lambda: (job := session.notices.job) is not None and job.what.startswith("profile: it"))
    session.cancel()
    until(session, lambda: session.held is None)
    assert [one.inside for one in session.opened.measuring.records] == [None], "what was measured before stays"
    until(session, lambda: any(line.text == "cancelled" for line in session.notices.log))


def test_nothing_is_told_of_a_network_that_no_profiler_looks_into(session: Session) -> None:
    session.use_preset("naive,input.size_hw=96x160")
    changed_to(session)
    session.profile()
    until(session, lambda: session.held is None and session.notices.message, errors=True)
    assert "is not profiled; choose" in session.notices.message.text
    assert session.opened.measuring.records == []


def test_nothing_is_explained_against_itself_or_against_nothing(session: Session) -> None:
    for words in ("nothing is pinned", "these settings are what is pinned"):
        session.explain()
        until(session, lambda: session.held is None and session.notices.message, errors=True)
        assert session.notices.message.text.startswith(words)
        assert session.opened.measuring.records == []
        session.pin()


def test_a_measurement_can_be_given_up(session: Session) -> None:
    session.measure()
    until(session, lambda: session.opened.measuring.active)
    session.cancel()
    until(session, lambda: not session.opened.measuring.active)
    assert session.opened.measuring.records == []
    until(session, lambda: any(line.text == "cancelled" for line in session.notices.log))


def test_a_measurement_that_was_given_up_is_not_revived_by_the_next(session: Session) -> None:
    player = player_of(session)
    with player.hold():  # the first one waits here, and looks whether it was given up only afterwards
        session.measure()
        until(session, lambda: session.opened.measuring.active)
        session.cancel()
    until(session, lambda: session.held is None)
    session.measure()
    until(session, lambda: session.opened.measuring.records and session.held is None)
    assert len(session.opened.measuring.records) == 1
    assert [line.text for line in session.notices.log].count("cancelled") == 1


def test_closing_ends_a_sweep(start: Callable[..., Session]) -> None:
    session = start()
    until(session, lambda: session.opened and session.opened.player.shown)
    session.sweep("all")
    until(session, lambda: (job := session.notices.job) and job.total > 0)
    began = time.monotonic()
    session.close()
    assert time.monotonic() - began < CLOSE_SECONDS + 1
    assert not [one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]


def test_nothing_to_report_is_said(session: Session) -> None:
    with pytest.raises(ValueError, match="press Measure first"):
        session.report()


def test_advice_is_tried_on_the_settings_that_it_is_about(session: Session) -> None:
    session.measure()
    until(session, lambda: session.held is None)
    (record,) = session.opened.measuring.records
    session.set("nms.score", 0.9)

    session.use({"nms.method": "numpy"}, record.id)
    changed_to(session)
    assert session.settings == record.settings.with_values({"nms.method": "numpy"})
    session.use({"nms.method": "numpy"}, "nobody's")
    assert session.notices.message is not None
    assert "not of this session" in session.notices.message.text


def test_advice_that_feeds_frames_otherwise_is_measured_at_once(session: Session) -> None:
    session.measure()
    until(session, lambda: session.held is None)
    (record,) = session.opened.measuring.records
    fed = record.settings.with_values({"feed.mode": "threads", "feed.workers": 2})

    session.use({"feed.mode": "threads", "feed.workers": 2}, record.id)
    until(session, lambda: session.held is None)
    assert session.settings == fed
    assert session.running == record.settings
    assert [one.settings for one in session.opened.measuring.records] == [record.settings, fed]


@pytest.mark.slow
def test_a_sweep_finds_what_a_budget_picks_and_goes_on_from_there(scenes: str, scenes_truth: str, tmp_path: Path) -> None:
    litert = {"runtime.engine": "litert", "input.resize": "opencv", "input.size_hw": (64, 96)}
    grid = Grid(((litert,), ({"nms.score": 0.1}, {"nms.score": 0.3})))
    history = tmp_path / "h.sqlite"
    session = Session(
        str(SHAPES), scenes, truth=scenes_truth, preset=SMALL, history=history, frames=3, comparison_seconds=0.0, grid=grid
    )
    try:
        until(session, lambda: session.opened and session.opened.player.shown)
        assert session.opened.measuring.search is not None
        assert session.opened.measuring.search.pick() is None

        session.sweep("all")
        until(session, lambda: not session.opened.measuring.active and len(session.opened.measuring.search.rows) >= 3)
        session.set_budget(Budget(max_ms=60_000))
        picked = session.opened.measuring.search.pick()

        assert picked is not None
        assert picked.chosen is not None
        session.choose_swept(picked.chosen.summary.id)
        search = session.opened.measuring.search
        until(session, lambda: session.settings == search.settings_of(picked.chosen.summary.id))
        sources, media = Sources(detector=str(SHAPES)), session.opened.data.media.facts()
        assert Search(session.opened.detector, sources, media, history, 3).rows == search.rows
    finally:
        session.close()


def test_frames_of_this_process_are_not_swept(start: Callable[..., Session]) -> None:
    session = start(media=array_media([np.zeros((72, 128, 3), np.uint8)] * 3, name="zeros"), truth=None)
    until(session, lambda: session.opened and session.opened.player.shown)

    assert session.opened.measuring.search is None
    session.sweep("size")
    until(session, lambda: session.notices.message is not None, errors=True)
    assert "which cannot see these frames" in session.notices.message.text


@pytest.mark.slow
def test_what_was_measured_is_weighed_once_and_the_history_knows_it(session: Session, tmp_path: Path) -> None:
    session.use_preset("litert,input.size_hw=64x96")
    changed_to(session)
    session.measure()
    until(session, lambda: session.held is None and session.opened.measuring.records)
    session.weigh()
    until(session, lambda: session.held is None)
    (weighed,) = session.opened.measuring.records

    assert weighed.weight is not None
    with History(tmp_path / "h.sqlite") as history:
        assert history.records()[0].weight == weighed.weight
        assert history.summaries()[0].peak_bytes == weighed.weight.peak_bytes
    session.weigh()
    until(session, lambda: session.held is None and session.notices.message, errors=True)
    assert session.notices.message.text == "all that was measured is weighed already"


def test_nothing_is_weighed_before_something_is_measured(session: Session) -> None:
    session.weigh()
    until(session, lambda: session.held is None and session.notices.message, errors=True)

    assert session.notices.message.text == "nothing is measured; measure, then weigh"


def test_what_was_judged_by_a_truth_since_corrected_is_not_drawn_with_the_rest(small: Detector, tmp_path: Path) -> None:
    known = [
        record(name=name, ap=ap, truth_key=key, machine=environment().machine_id).model_copy(update={"detector": small.facts})
        for name, ap, key in (("before", 0.9, "1"), ("now", 0.5, "2"), ("without", None, None))
    ]
    with History(tmp_path / "h.sqlite") as history:
        history.append_many(known)
    search = Search(small, Sources(), known[0].media, tmp_path / "h.sqlite", 3)

    assert [row.name for row in search.rows] == ["now", "without"]

"""What is asked of a session happens, and what cannot happen is said in words."""

import shlex
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.assets.scenes import SHAPES
from tests.session.sessions import changed_to, player_of, until
from workbench.detections import Detections, agreement
from workbench.live.player import FOUND_KEPT
from workbench.opening import variant
from workbench.session import Session


def test_a_session_opens_by_itself_and_shows_the_first_frame(session: Session) -> None:
    shown = player_of(session).shown
    assert shown is not None
    assert shown.frame.name == "scene_00.png"
    assert session.running == session.settings
    assert session.notices.message is None


def test_accuracy_comes_by_itself_and_again_with_another_threshold(session: Session) -> None:
    evaluation = session.opened.evaluation
    until(session, lambda: evaluation.accuracy)
    assert evaluation.accuracy is not None
    assert evaluation.accuracy.images == 3
    session.set("nms.score", 0.01)
    assert evaluation.accuracy is None, "the old one says nothing of this setting"
    until(session, lambda: evaluation.accuracy)
    assert evaluation.accuracy is not None
    assert evaluation.accuracy.score_threshold == 0.01


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
    until(session, lambda: len(player.rolling.window) > 3)
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
    assert session.notices.message is not None
    assert session.notices.message.kind == "note"
    assert "input.resize: graph -> opencv" in session.notices.message.text


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
    assert session.notices.message is not None
    assert session.notices.message.kind == "error"
    assert words in session.notices.message.text
    assert "\n" not in session.notices.message.text
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
    evaluation = session.opened.evaluation
    player = player_of(session)
    session.pin()
    session.set("input.size_hw", "192x320")
    changed_to(session)
    until(session, lambda: evaluation.comparison)
    assert evaluation.pinned is not None
    assert evaluation.comparison is not None
    assert evaluation.comparison.a == evaluation.pinned.name
    assert evaluation.comparison.b == session.name_of(session.settings)
    assert evaluation.comparison.ratio.low <= evaluation.comparison.ratio.median <= evaluation.comparison.ratio.high
    until(session, lambda: player.shown and evaluation.pinned_found(player.shown) is not None)
    session.unpin()
    assert evaluation.comparison is None


def accuracy_runs(session: Session) -> bool:
    job = session.notices.job
    return job is not None and job.what.startswith("accuracy")


def test_pinning_while_the_accuracy_is_found_out_starts_it_no_second_time(slow_session: Session) -> None:
    session = slow_session
    evaluation = session.opened.evaluation
    until(session, lambda: accuracy_runs(session))
    began = session.notices.job.began_seconds
    session.pin()
    seen = set()

    def judged() -> bool:
        if accuracy_runs(session):
            seen.add(session.notices.job.began_seconds)
        return evaluation.accuracy is not None and session.notices.job is None

    until(session, judged)
    assert seen <= {began}
    assert evaluation.pinned.accuracy == evaluation.accuracy


def test_what_was_pinned_before_its_accuracy_was_known_has_it_later(slow_session: Session) -> None:
    session = slow_session
    evaluation = session.opened.evaluation
    session.pin()
    assert evaluation.pinned.accuracy is None
    session.set("input.size_hw", "96x160")
    changed_to(session)
    until(session, lambda: evaluation.accuracy and evaluation.pinned.accuracy)
    pinned = evaluation.pinned
    assert pinned.accuracy != evaluation.accuracy

    session.reset()
    changed_to(session)
    until(session, lambda: evaluation.accuracy)
    assert pinned.settings == session.running
    assert pinned.accuracy == evaluation.accuracy


def test_what_was_pinned_before_it_played_has_times_later(session: Session) -> None:
    evaluation = session.opened.evaluation
    session.pin()
    assert evaluation.pinned.timing is None
    session.set("input.size_hw", "192x320")
    changed_to(session)
    until(session, lambda: evaluation.comparison)
    assert evaluation.pinned.timing.median_ms > 0

    session.reset()
    changed_to(session)
    session.pin()
    assert evaluation.pinned.timing is None
    player_of(session).set_pace("free")
    session.play()
    until(session, lambda: evaluation.pinned.timing and len(evaluation.pinned.timing.total_seconds) > 5)
    assert evaluation.pinned.timing.stage_medians()["infer"] > 0


def test_nothing_is_compared_any_more_with_what_was_let_go(session: Session) -> None:
    evaluation = session.opened.evaluation
    session.pin()
    session.set("input.size_hw", "192x320")
    changed_to(session)
    until(session, lambda: (job := session.notices.job) and job.what.startswith("comparing"))
    session.unpin()
    ends = time.monotonic() + 2.5  # that a comparison takes, and some more
    until(session, lambda: time.monotonic() > ends or evaluation.comparison)
    assert evaluation.comparison is None
    assert session.notices.job is None


def test_what_the_baseline_found_is_kept_for_the_last_frames_only(session: Session) -> None:
    player = player_of(session)
    session.pin()
    session.set("input.size_hw", "192x320")
    changed_to(session)
    found = session.opened.evaluation.pinned.found
    nothing = Detections.empty()
    found.update((position, nothing) for position in range(1_000_000, 1_000_000 + FOUND_KEPT))
    session.step(1)
    until(session, lambda: player.shown.frame.index == 1 and 1 in found)
    assert len(found) == FOUND_KEPT


def prepared(session: Session) -> int:
    return sum("was ready after" in line.text for line in session.notices.log)


def test_how_frames_are_fed_changes_nothing_that_plays(session: Session) -> None:
    evaluation, player = session.opened.evaluation, player_of(session)
    until(session, lambda: evaluation.accuracy)
    before = player.pipeline, player.rolling.window, evaluation.accuracy, session.running, prepared(session)
    session.pin()
    session.set("feed.mode", "threads")
    assert session.settings.feed.mode == "threads"
    session.upload({"none.txt": b"the worker comes to this after all that was asked for before"})
    until(session, lambda: (message := session.notices.message) and "none.txt" in message.text, errors=True)
    assert (player.pipeline, player.rolling.window, evaluation.accuracy, session.running, prepared(session)) == before
    assert evaluation.pinned.settings.feed.mode == "loop"
    session.pin()
    assert evaluation.pinned.settings.feed.mode == "threads"


def test_agreement_is_that_of_all_frames_and_matches_only_new_ones(session: Session) -> None:
    evaluation, player = session.opened.evaluation, player_of(session)
    session.pin()
    session.set("nms.score", 0.6)
    for position in range(3):
        if position:  # the first stands there already: shown once more, it would be found anew while it is looked at
            session.seek(position)
        until(session, lambda number=position: number in player.found and number in evaluation.pinned.found)
        known = dict(evaluation._matched)
        agreed = evaluation.agreement()
        assert all(evaluation._matched[index] is one for index, one in known.items())
        assert len(evaluation._matched) == position + 1
    found, before = player.found, evaluation.pinned.found
    assert agreed == agreement([found[n] for n in range(3)], [before[n] for n in range(3)], baseline_name=evaluation.pinned.name)
    assert agreed.lost > 0
    session.set("nms.score", 0.9)
    assert evaluation.agreement().frames == 1, "nothing of another setting is added up"


def test_going_back_to_an_engine_is_instant_whatever_the_nms_was_meanwhile(session: Session) -> None:
    session.set("runtime.engine", "litert")
    changed_to(session)
    assert prepared(session) == 2
    for step in range(10):
        session.set("nms.score", 0.3 + step / 100)
    session.set("runtime.engine", "graph")
    changed_to(session)
    session.set("runtime.engine", "litert")
    changed_to(session)
    assert prepared(session) == 2
    assert session.running.nms.score == 0.39


def test_a_wish_is_not_carried_to_another_detector(start: Callable[..., Session]) -> None:
    session = start(truth=None)
    until(session, lambda: session.opened and session.opened.player.shown)
    session.open_detector("inspector-mobile")
    session.set("input.size_hw", "192x320")
    until(session, lambda: session.opened and session.opened.detector.facts.name == "inspector-mobile")
    session.upload({"none.txt": b"the worker comes to this after all that was asked for before"})
    until(session, lambda: (message := session.notices.message) and "none.txt" in message.text, errors=True)
    assert session.running == session.settings
    assert session.running.input.size_hw == (64, 96)


def test_what_repeats_it_can_be_copied(session: Session) -> None:
    session.set("nms.score", 0.05)
    assert "nms.score=0.05" in session.as_command()
    assert session.as_command().startswith(f"workbench run {SHAPES}")
    compile(session.as_code(), "copied", "exec")
    assert "nms.score=0.05" in session.as_code()


def test_what_repeats_it_holds_what_is_pinned_first(session: Session) -> None:
    assert session.settings is not None
    pinned = session.settings
    session.pin()
    session.set("nms.score", 0.05)

    given = shlex.split(session.as_command())
    presets = [word for before, word in pairwise(given) if before == "--preset"]
    code = session.as_code()

    assert session.opened is not None
    assert [variant(session.opened.detector, text).settings for text in presets] == [pinned, session.settings]
    compile(code, "copied", "exec")
    assert code.index("# what was pinned") < code.index("nms.score=0.05")


def test_a_conversion_that_fails_is_said_and_the_old_one_plays_on(session: Session) -> None:
    session.play()
    session.use_preset("litert-int8,runtime.float_ops=no such operator,input.size_hw=96x160")
    until(session, lambda: session.notices.message and session.notices.message.kind == "error", errors=True)
    assert session.notices.message is not None
    assert session.notices.message.place == "settings"
    assert "runtime.float_ops names 'no such operator'" in session.notices.message.text
    until(session, lambda: session.running == session.settings, errors=True)
    number = player_of(session).shown.number
    until(session, lambda: player_of(session).shown.number > number, errors=True)

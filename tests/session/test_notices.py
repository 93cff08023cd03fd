"""What is told of a session: errors in words, progress with the next change, and cancelling where nobody waits."""

import threading

import pytest

from workbench.errors import MediaError, SettingsError
from workbench.session import Notices
from workbench.session.notices import LOG_KEPT, Cancelled, Place
from workbench.session.worker import WORKER_THREAD


def told(error: Exception, place: Place = "settings") -> Notices:
    def fail() -> None:
        raise error

    notices = Notices()
    notices.begin("trying")
    notices.guard(place, fail)
    return notices


@pytest.mark.parametrize(("error", "place"), [(SettingsError("no such thing"), "settings"), (MediaError("no such thing"), "media")])
def test_a_users_error_stands_where_it_belongs_and_ends_the_job(error: Exception, place: Place) -> None:
    notices = told(error)

    assert notices.message is not None
    assert (notices.message.kind, notices.message.text, notices.message.place) == ("error", "no such thing", place)
    assert notices.job is None
    assert [line.text for line in notices.log] == ["no such thing"]


def test_a_mistake_of_ours_keeps_its_traceback_in_the_log() -> None:
    notices = told(KeyError("score"))

    assert notices.message is not None
    assert notices.message.text == "a mistake of the workbench: KeyError: 'score'; the log has the details"
    assert "Traceback" in notices.log[-1].text


def test_what_was_cancelled_is_no_error() -> None:
    notices = told(Cancelled())

    assert notices.message is None
    assert [line.text for line in notices.log] == ["cancelled"]


def test_progress_waits_for_the_next_change_to_be_shown() -> None:
    notices, shown = Notices(), list[str]()
    notices.begin("measuring")
    began = notices.job
    notices.on_change = lambda: shown.append(notices.job.what if notices.job else "")

    notices.progress("measuring", 1, 3)

    assert shown == []
    assert began is not None
    assert notices.job is not None
    assert (notices.job.done, notices.job.total, notices.job.began_seconds) == (1, 3, began.began_seconds)


@pytest.mark.parametrize(("thread", "stops"), [(WORKER_THREAD, True), ("workbench-player", False)])
def test_cancelling_stops_what_the_worker_does_and_nothing_else(thread: str, stops: bool) -> None:
    notices, stopped = Notices(), list[bool]()
    notices.cancelled = True

    def run() -> None:
        try:
            notices.progress("measuring", 1, 3)
        except Cancelled:
            stopped.append(True)

    one = threading.Thread(target=run, name=thread)
    one.start()
    one.join()

    assert bool(stopped) == stops


def test_the_log_keeps_the_last_lines() -> None:
    notices = Notices()
    for number in range(LOG_KEPT + 5):
        notices.write(str(number))

    assert [line.text for line in notices.log] == [str(number) for number in range(5, LOG_KEPT + 5)]

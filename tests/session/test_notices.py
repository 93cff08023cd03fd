"""What is told of a session: errors in words, progress with the next change, and cancelling where nobody waits."""

import threading

import pytest

from workbench.errors import MediaError, SettingsError
from workbench.session.notices import LOG_KEPT, Cancelled, CancelToken, Notices, Place


def told(error: Exception, place: Place = "settings") -> Notices:
    notices = Notices()
    with notices.guarding(place), notices.doing("trying"):
        raise error
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
    with notices.doing("measuring") as activity:
        began = notices.job
        notices.on_change = lambda: shown.append(notices.job.what if notices.job else "")

        activity.progress("timing", 1, 3)

        assert shown == []
        assert began is not None
        assert notices.job is not None
        assert (notices.job.what, notices.job.done, notices.job.total) == ("timing", 1, 3)
        assert notices.job.began_seconds == began.began_seconds
    assert shown == [""]


def test_one_job_that_ends_leaves_the_line_of_another() -> None:
    notices = Notices()
    with notices.doing("preparing", CancelToken()):
        with notices.doing("accuracy on labelled frames"):
            assert notices.job is not None
            assert notices.job.what == "preparing", "what somebody can cancel comes first"
        with notices.guarding("settings"):
            notices.tell_error(SettingsError("no such thing"))

        assert notices.job is not None
        assert (notices.job.what, notices.job.can_cancel) == ("preparing", True)


def test_cancelling_ends_what_was_asked_for_and_nothing_else() -> None:
    notices, first, second = Notices(), CancelToken(), CancelToken()
    with (
        notices.doing("measuring", first) as measured,
        notices.doing("sweeping", second) as swept,
        notices.doing("playing") as played,
    ):
        first.set()

        with pytest.raises(Cancelled):
            measured.progress("measuring", 1, 3)
        swept.progress("sweeping", 1, 3)
        played.progress("playing", 1, 3)


def test_lines_of_several_threads_are_all_in_the_log() -> None:
    notices, each = Notices(), LOG_KEPT // 4

    def write() -> None:
        for number in range(each):
            notices.write(str(number))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert len(notices.log) == 4 * each


def test_the_log_keeps_the_last_lines() -> None:
    notices = Notices()
    for number in range(LOG_KEPT + 5):
        notices.write(str(number))

    assert [line.text for line in notices.log] == [str(number) for number in range(5, LOG_KEPT + 5)]

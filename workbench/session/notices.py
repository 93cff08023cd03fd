"""What a session tells of itself: one message that stands, the jobs that go on, and a log of what happened."""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, final

from workbench.errors import MediaError, WorkbenchError

LOG_KEPT = 200
Place = Literal["panel", "media", "settings", "measure"]


class Cancelled(Exception):  # noqa: N818 - not an error: somebody pressed the button
    """Raised inside work that nobody waits for any more."""


@final
class CancelToken:
    """Whether somebody still waits for some work. A later request has another one, so that it cannot revive a cancelled one."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """Tell the work that nobody waits for it; from any thread."""
        self.cancelled = True

    def check(self) -> None:
        """Let the work end where nobody waits for it.

        Raises:
            Cancelled: Nobody does.
        """
        if self.cancelled:
            raise Cancelled


@dataclass(frozen=True, slots=True)
class Message:
    """What stands in the panel until the next one, or until it is dismissed."""

    kind: Literal["error", "note"]
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Job:
    """What is going on beside playing. `total` 0 is unknown."""

    what: str
    began_seconds: float
    done: int = 0
    total: int = 0
    can_cancel: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of what happened."""

    time: str
    kind: Literal["error", "note"]
    text: str


@final
class Notices:
    """What there is to tell, from whatever thread.

    Several threads have a job at the same time: the worker prepares or measures, the player does its chores. Each job has a line of
    its own, and none ends another's.

    Attributes:
        on_change: Called whenever something changed.
        message: What stands in the panel.
        log: What happened, oldest first.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = _nobody_looks
        self.message: Message | None = None
        self.log: list[LogLine] = []
        self._lock = threading.Lock()  # guards log and jobs, which several threads change
        self._jobs: dict[Activity, Job] = {}

    @property
    def job(self) -> Job | None:
        """What people see of all that goes on: what they can cancel before what they cannot, and of those the latest."""
        with self._lock:
            jobs = tuple(self._jobs.values())
        return max(reversed(jobs), key=lambda job: job.can_cancel, default=None)

    def changed(self) -> None:
        """Let whoever shows the session look again."""
        self.on_change()

    def guard(self, place: Place, action: Callable[[], object]) -> None:
        """Do what somebody asked for; what it raises stands in the panel."""
        try:
            action()
        except Exception as error:  # a widget's callback would swallow it
            self.tell_error(error, place)
        self.changed()

    def tell(self, text: str, place: Place) -> None:
        """Let a note stand in the panel."""
        self.message = Message("note", text, place)

    def tell_error(self, error: Exception, place: Place = "panel") -> None:
        """Let an error stand in the panel, in words; what is a mistake of ours keeps its traceback in the log."""
        if isinstance(error, Cancelled):
            self.write("cancelled")
        elif isinstance(error, WorkbenchError):
            self.message = Message("error", str(error), "media" if isinstance(error, MediaError) else place)
            self._log("error", str(error))
        else:
            text = f"{type(error).__name__}: {error}".strip()
            self.message = Message("error", f"a mistake of the workbench: {text}; the log has the details", place)
            self._log("error", "".join(traceback.format_exception(error)))
        self.changed()

    def write(self, text: str) -> None:
        """Note in the log what happened."""
        self._log("note", text)
        self.changed()

    @contextmanager
    def doing(self, what: str, token: CancelToken | None = None) -> "Iterator[Activity]":
        """Tell of a job while it goes on.

        Args:
            what: What people read.
            token: People may cancel the job by it.
        """
        activity = Activity(self, token)
        self._put(activity, Job(what, time.perf_counter(), can_cancel=token is not None))
        self.changed()
        try:
            yield activity
        finally:
            with self._lock:
                del self._jobs[activity]
            self.changed()

    def proceed(self, activity: "Activity", what: str, done: int, total: int) -> None:
        """Take down how far a job is; shown with whatever changes next."""
        self._put(activity, replace(self._jobs[activity], what=what, done=done, total=total))

    def _put(self, activity: "Activity", job: Job) -> None:
        with self._lock:
            self._jobs[activity] = job

    def _log(self, kind: Literal["error", "note"], text: str) -> None:
        line = LogLine(datetime.now().astimezone().strftime("%H:%M:%S"), kind, text)
        with self._lock:
            self.log = [*self.log, line][-LOG_KEPT:]


@final
class Activity:
    """One job's own line among what goes on."""

    def __init__(self, notices: Notices, token: CancelToken | None) -> None:
        self._notices, self._token = notices, token

    def progress(self, what: str, done: int, total: int) -> None:
        """Tell how far it is; nothing is shown for that alone, for this is called between frames that are timed.

        Raises:
            Cancelled: Nobody waits for it any more.
        """
        if self._token is not None:
            self._token.check()
        self._notices.proceed(self, what, done, total)


def _nobody_looks() -> None:
    pass

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
class CancelToken(threading.Event):
    """Set once nobody waits for some work any more. A later request has another one, so that it cannot revive a cancelled one."""

    def check(self) -> None:
        """Let the work end where nobody waits for it.

        Raises:
            Cancelled: Nobody does.
        """
        if self.is_set():
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
class Activity:
    """What goes on beside playing, as whoever does it tells of it.

    Attributes:
        job: The line that it has.
    """

    def __init__(self, what: str, token: CancelToken | None, changed: Callable[[], None]) -> None:
        self.job = Job(what, time.perf_counter(), can_cancel=token is not None)
        self._token = token
        self._changed = changed

    def tell(self, what: str, done: int, total: int) -> None:
        """Tell how far another process is, and let that be shown: it costs the work little."""
        self.job = replace(self.job, what=what, done=done, total=total)
        self._changed()

    def progress(self, what: str, done: int, total: int) -> None:
        """Tell how far it is, shown with whatever changes next, and end it where nobody waits for it any more.

        Raises:
            Cancelled: Nobody does.
        """
        if self._token is not None:
            self._token.check()
        self.job = replace(self.job, what=what, done=done, total=total)


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
        self._lock = threading.Lock()  # guards log and activities, which several threads change
        self._activities: list[Activity] = []

    @property
    def job(self) -> Job | None:
        """What people see of all that goes on: what they can cancel before what they cannot, and of those the latest."""
        with self._lock:
            jobs = [one.job for one in self._activities]
        return max(reversed(jobs), key=lambda job: job.can_cancel, default=None)

    def changed(self) -> None:
        """Let whoever shows the session look again."""
        self.on_change()

    @contextmanager
    def guarding(self, place: Place) -> Iterator[None]:
        """Let what is raised inside, by what somebody asked for, stand in the panel."""
        try:
            yield
        except Exception as error:  # a widget's callback would swallow it
            self.tell_error(error, place)
        self.changed()

    def tell(self, text: str, place: Place) -> None:
        """Let a note stand in the panel."""
        self.message = Message("note", text, place)

    def forget(self, text: str) -> None:
        """Let a message go that says no more than was true until now; another one stays."""
        if self.message is not None and self.message.text == text:
            self.message = None

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
    def doing(self, what: str, token: CancelToken | None = None) -> Iterator[Activity]:
        """Tell of a job while it goes on.

        Args:
            what: What people read.
            token: People may cancel the job by it.
        """
        activity = Activity(what, token, self.changed)
        with self._lock:
            self._activities.append(activity)
        self.changed()
        try:
            yield activity
        finally:
            with self._lock:
                self._activities.remove(activity)
            self.changed()

    def _log(self, kind: Literal["error", "note"], text: str) -> None:
        line = LogLine(datetime.now().astimezone().strftime("%H:%M:%S"), kind, text)
        with self._lock:
            self.log = [*self.log, line][-LOG_KEPT:]


def _nobody_looks() -> None:
    pass

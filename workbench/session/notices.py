"""What a session tells of itself: one message that stands, one job that goes on, and a log of what happened."""

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, final

from workbench.errors import MediaError, WorkbenchError
from workbench.session.worker import WORKER_THREAD

LOG_KEPT = 200
Place = Literal["panel", "media", "settings", "measure"]


class Cancelled(Exception):  # noqa: N818 - not an error: somebody pressed the button
    """Raised inside a measurement that nobody waits for any more."""


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

    Attributes:
        on_change: Called whenever something changed.
        message: What stands in the panel.
        job: What goes on.
        log: What happened, oldest first.
        cancelled: Whether nobody waits any more for what the worker does.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = _nobody_looks
        self.message: Message | None = None
        self.job: Job | None = None
        self.log: list[LogLine] = []
        self.cancelled = False

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
        self.end()

    def write(self, text: str) -> None:
        """Note in the log what happened."""
        self._log("note", text)
        self.changed()

    def begin(self, what: str, *, can_cancel: bool = False) -> None:
        """Tell what goes on from now."""
        self.job = Job(what, time.perf_counter(), can_cancel=can_cancel)
        self.changed()

    def proceed(self, what: str, done: int, total: int) -> None:
        """Tell how far the job is, whatever it does by now."""
        began = self.job.began_seconds if self.job else time.perf_counter()
        self.job = Job(what, began, done, total, can_cancel=True)
        self.changed()

    def progress(self, what: str, done: int, total: int) -> None:
        """Tell how far something is; it is shown with whatever changes next, for this is called between frames that are timed.

        Raises:
            Cancelled: Nobody waits for it any more.
        """
        cancellable = threading.current_thread().name == WORKER_THREAD
        if self.cancelled and cancellable:
            raise Cancelled
        began = self.job.began_seconds if self.job and self.job.what == what else time.perf_counter()
        self.job = Job(what, began, done, total, can_cancel=cancellable)

    def end(self) -> None:
        """Tell that nothing goes on."""
        self.job = None
        self.changed()

    def _log(self, kind: Literal["error", "note"], text: str) -> None:
        self.log = [*self.log, LogLine(datetime.now().astimezone().strftime("%H:%M:%S"), kind, text)][-LOG_KEPT:]


def _nobody_looks() -> None:
    pass

"""A Python process that is watched: a crash, a hang or running out of memory there costs a sentence here, on every system.

Its lines are read by a thread of their own (only on POSIX can one wait for a pipe), and so is what it prints to standard error:
a full pipe would block it. It is ended together with all that it started, which is found by a word in the environment and, where
there are such, by its session: a process whose parent has died no longer shows whose it was, and one that just starts a program
shows no environment.
"""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Any, Literal, NamedTuple, Self, final
from uuid import uuid4

import psutil

from workbench.errors import SettingsError
from workbench.machine.memory import MEMORY_SHARE, free_bytes
from workbench.machine.threads import NamedThread

IDLE_SECONDS = 60.0  # without a line and without work: it waits for what does not come, however long its work might take
IDLE_VARIABLE, MEMORY_VARIABLE = "WORKBENCH_IDLE_SECONDS", "WORKBENCH_MEMORY_GIB"  # of the environment: other limits than ours
IDLE_SHARE = 0.001  # of one core's time: threads that wait take less, and who reads from a slow disk or network takes more
IDLE_LOOKS = 10  # in that time: finding what a process has started reads the list of all
CHECK_SECONDS = 1.0  # between two checks of memory and time: each takes a core from what the process may be timing
END_SECONDS = 5.0  # for a process to end by itself once it has written its last line, and for the threads that read it
KILL_ROUNDS = 3  # what starts another process while it is being killed is found in the next round
LONGEST_LINE = 1 << 26  # bytes: far more than a record with all its detections; a longer line is nobody's message
TAIL_BYTES = 2000  # of what it printed last, enough for one line of
LONGEST_TOLD = 200  # characters
KILLED_FIRST = "1000"  # for Linux when memory runs out: rather this process than its parent, or the user's browser
KILLED = -9  # exit code on POSIX of what SIGKILL ended
ORPHANED = 3  # exit code of a process whose parent has gone
MARK = "WORKBENCH_PROCESS"  # environment variable with a word for each watched process above

Reason = Literal["ended", "silent", "memory", "unreadable", "stopped"]


class ChildFailedError(Exception):
    """A watched process did not do what it was started for. The text is a predicate: "crashes the runtime (SIGSEGV)".

    Attributes:
        reason: What went wrong; `stopped` where the caller ended it.
        code: Its exit code, where it ended by itself.
        printed: The last line that it printed, shortened, where it ended by itself.
    """

    def __init__(self, reason: Reason, how: str, code: int | None = None, printed: str = "") -> None:
        super().__init__(how)
        self.reason = reason
        self.code = code
        self.printed = printed


class Message(NamedTuple):
    """A line of JSON that a process wrote: its text and what it holds."""

    text: str
    tree: dict[str, Any]


@final
class ChildProcess:
    """Starts a Python process in `with`, and ends it with all that it started at the end of it.

    Three threads: the caller's takes lines from a queue that one reader fills; another reader keeps the tail of standard error.

    Args:
        words: For the interpreter: a module or a program, and its arguments.
        silent_seconds: How long it may write no line; an attribute too, which the caller changes as the work changes.
        memory_bytes: What it may take; a share of what is free by default.
        stop: Set by another thread to end it.
        folder: Where it runs; the current one by default.
        variables: Of the environment, beside those of this process.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        silent_seconds: float,
        memory_bytes: int | None = None,
        stop: threading.Event | None = None,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.silent_seconds = silent_seconds
        self._words = words
        self._memory_bytes = memory_bytes or _memory_limit()
        self._idle_seconds = _number_in(IDLE_VARIABLE) or IDLE_SECONDS
        self._worked = time.monotonic(), 0.0  # when it was last seen to have done some work, and its processor time by then
        self._looked = time.monotonic()
        self._stop = stop or threading.Event()
        self._folder = folder
        self._mark = uuid4().hex
        marks = f"{os.environ.get(MARK, '')} {self._mark}"  # what it starts belongs to the processes above as well
        self._environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **import_path(), **(variables or {}), MARK: marks}
        self._lines = SimpleQueue[bytes | None]()  # without a bound: a full one would hold up what is timed
        self._tail = b""
        self._grace_seconds = 0.0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and a program of ours
            [sys.executable, *self._words],
            stdin=subprocess.PIPE,  # never written to: its end tells the process that its parent has gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._folder,
            env=self._environment,
            start_new_session=True,  # Ctrl-C in a terminal reaches the parent alone, which keeps what is finished
        )
        with suppress(OSError):  # not Linux, or gone already
            Path(f"/proc/{self._process.pid}/oom_score_adj").write_text(KILLED_FIRST)
        self._readers = [NamedThread(read, "workbench-child") for read in (self._read_lines, self._read_printed)]
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def messages(self) -> Iterator[Message]:
        """Give each line of JSON as it comes, up to `{"done": ...}`.

        Raises:
            ChildFailedError: It ended before that, wrote something else, nothing for too long, took too much memory or was stopped.
        """
        for text in self.lines():
            try:
                tree = json.loads(text)
            except ValueError:
                tree = None
            if not isinstance(tree, dict):  # such as a runtime's remark in the middle of a line
                raise ChildFailedError("unreadable", f"writes what is no message: {_shortened(text)!r}")
            if "done" in tree:
                self._grace_seconds = END_SECONDS  # it may clean up
            yield Message(text, tree)
            if "done" in tree:
                return
        raise self._ended()

    def lines(self) -> Iterator[str]:
        """Give each line as it comes until the process ends, or closes its output.

        Raises:
            ChildFailedError: It ended with another code than 0, wrote nothing for too long, took too much memory or was stopped.
        """
        checked = written = time.monotonic()
        while (line := self._next_line()) is not None:
            if self._stop.is_set():
                raise ChildFailedError("stopped", "was stopped")
            if line:
                yield line.decode(errors="replace").rstrip("\r\n")
                written = time.monotonic()
                self._worked = written, self._worked[1]
            if time.monotonic() - checked >= CHECK_SECONDS:
                checked = time.monotonic()
                self._check(checked - written)
        self._grace_seconds = END_SECONDS
        self._end()
        if self._process.returncode:
            raise self._ended()

    def _next_line(self) -> bytes | None:
        """Wait for a line; an empty one where none came for a while, `None` where none will."""
        with suppress(Empty):
            return self._lines.get(timeout=CHECK_SECONDS)
        if self._process.poll() is not None:  # what it left behind may hold its output open
            self._end()
            self._lines.put(None)
        return b""

    def _check(self, silent_seconds: float) -> None:
        if silent_seconds > self.silent_seconds:
            raise ChildFailedError("silent", f"does not return: it wrote nothing for {self.silent_seconds:.0f} s")
        if (idle := self._seconds_without_work()) > self._idle_seconds:
            raise ChildFailedError("silent", f"does not return: it neither wrote nor computed anything for {idle:.0f} s")
        with suppress(psutil.Error):
            taken = psutil.Process(self._process.pid).memory_info().rss
            if taken > self._memory_bytes:
                figures = f"it took {taken / 2**30:.1f} GiB, the limit is {self._memory_bytes / 2**30:.1f}"
                raise ChildFailedError("memory", f"runs out of memory ({figures})")

    def _seconds_without_work(self) -> float:
        now, (since, before) = time.monotonic(), self._worked
        if now - self._looked < self._idle_seconds / IDLE_LOOKS:
            return 0.0
        self._looked = now
        computed = _processor_seconds(self._process.pid)
        if not before <= computed <= before + IDLE_SHARE * (now - since):  # less than before: one of its processes has ended
            self._worked = now, computed
        return now - self._worked[0]

    def _end(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._grace_seconds)
        self._process.kill()
        self._process.wait()  # before the others: psutil would take its exit code away
        _kill_left(self._mark, self._process.pid)
        for reader in self._readers:
            reader.join(END_SECONDS)
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.close()

    def _ended(self) -> ChildFailedError:
        code = self._process.returncode
        return ChildFailedError("ended", _how_it_ended(code), code, self._last_line())

    def _last_line(self) -> str:
        lines = [line for line in map(_shortened, self._tail.decode(errors="replace").splitlines()) if line]
        return lines[-1] if lines else ""

    def _read_lines(self) -> None:
        assert self._process.stdout is not None, "it is a pipe"
        with self._process.stdout as out:
            for line in iter(partial(out.readline, LONGEST_LINE), b""):
                self._lines.put(line)
        self._lines.put(None)

    def _read_printed(self) -> None:
        assert self._process.stderr is not None, "it is a pipe"
        with self._process.stderr as printed:
            for chunk in iter(partial(os.read, printed.fileno(), 1 << 16), b""):
                self._tail = (self._tail + chunk)[-TAIL_BYTES:]


def _number_in(variable: str) -> float | None:
    """Return a limit that the environment sets.

    Raises:
        SettingsError: It is no number above 0.
    """
    if not (text := os.environ.get(variable)):
        return None
    with suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise SettingsError(f"{variable} is {text[:LONGEST_TOLD]!r} in the environment; choose a number above 0, or leave it out")


def _memory_limit() -> int:
    if (gibibytes := _number_in(MEMORY_VARIABLE)) is not None:
        return int(gibibytes * 2**30)
    return int(free_bytes() * MEMORY_SHARE)


def _processor_seconds(pid: int) -> float:
    """Return what a process and those that it started have computed, as far as they still are there."""
    total = 0.0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                times = one.cpu_times()
                total += times.user + times.system
    return total


def import_path() -> dict[str, str]:
    """Return the environment variables with which Python imports nothing from the current folder, where strangers' files lie.

    `python -m` would look there first, and so would an empty or relative entry of PYTHONPATH, before its own library.
    """
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(os.path.isabs, entries))}


def _kill_left(mark: str, session: int) -> None:
    for _ in range(KILL_ROUNDS):
        found = [process for process in psutil.process_iter(["environ"]) if _belongs(process, mark, session)]
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        if not found:
            return
        psutil.wait_procs(found, END_SECONDS)


def _belongs(process: psutil.Process, mark: str, session: int) -> bool:
    if mark in (process.info["environ"] or {}).get(MARK, ""):
        return True
    session_of = getattr(os, "getsid", None)  # Windows has no sessions
    with suppress(OSError, psutil.Error):  # it has ended
        return session_of is not None and session_of(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    return False


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ends its process with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"crashes the runtime ({name}{', as when memory runs out' if code == KILLED else ''})"


def _shortened(text: str) -> str:
    """Return what a process printed, untrusted, as a short printable line."""
    return "".join(character if character.isprintable() else " " for character in text[:LONGEST_TOLD]).strip()


_step_lines: list[IO[str]] = []


def is_watched() -> bool:
    """Whether this process may die without harm: it is one of those, or was started by one."""
    return bool(os.environ.get(MARK))


def at_step(step: str, seconds: float) -> None:
    """Tell the process that watches this one, where it asked to be told, what comes and how long that may take.

    Args:
        step: A clause: "it is converted". If the process dies, it was of that.
        seconds: After which it is given up.
    """
    tell_watcher({"step": step, "seconds": seconds})


def tell_watcher(facts: Mapping[str, object]) -> None:
    """Write a line to the process that watches this one, where it asked to be told of steps."""
    for out in _step_lines:
        out.write(json.dumps(facts) + "\n")
        out.flush()


def end_with_parent() -> None:
    """End this process once the one that has started it is gone: of a program whose standard input is not its parent's alone."""
    parent = psutil.Process(os.getppid())

    def watch() -> None:
        while os.getppid() == parent.pid and parent.is_running():  # the first changes on POSIX alone, the second counts zombies
            time.sleep(CHECK_SECONDS)
        os._exit(ORPHANED)  # from a thread, in the middle of whatever native code does

    NamedThread(watch, "workbench-parent").start()


@contextmanager
def writing_to_parent(*, steps: bool = False) -> Iterator[IO[str]]:
    """Yield, in a watched process, what its lines are written to, and end the process when its parent goes.

    With `steps` it writes those of `at_step` and `tell_watcher` too, from whatever code tells one.

    Whatever else is printed to standard output, by native code too, goes to standard error: it must not come between the lines.
    """

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        os._exit(ORPHANED)  # from a thread, in the middle of whatever native code does

    NamedThread(wait_for_the_end, "workbench-parent").start()
    with closing(os.fdopen(os.dup(1), "w", encoding="utf-8")) as out:
        os.dup2(2, 1)
        _step_lines.extend([out] if steps else [])
        yield out

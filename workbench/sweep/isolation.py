"""Isolation: a job runs in fresh processes, and a crash, a hang or running out of memory costs the row at which it happened."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, final

import psutil

from workbench.record import Problem
from workbench.sweep.child import group_problem, row_problem
from workbench.sweep.task import Job, RecordText, Task

OPENING_SECONDS = 600.0  # without a word while models load and convert: calibrating a large one takes minutes
PATIENCE_SECONDS = 60.0  # without a word while frames run, where the slowest thing is a handful of frames
MEMORY_SHARE = 0.9  # of what is free when a worker starts: beyond it the system would begin to end processes of its own choice
LOOK_SECONDS = 1.0  # between two looks at the memory: rare enough to disturb nobody
MOST_DEATHS = 8  # of one task's processes; after that the rest of its rows would only die as well
KILLED_FIRST = "1000"  # for Linux when memory runs out: rather the worker than the sweep, or the user's browser
END_SECONDS = 5.0  # for a process to go by itself once it has said that it is done


class WorkerStoppedError(Exception):
    """The sweep was cancelled while a worker was at it."""


@final
@dataclass(frozen=True, slots=True)
class Isolation:
    """How worker processes are started and watched.

    Attributes:
        command: What is started by this interpreter, with the job's file as the last word.
        opening_seconds: How long it may say nothing until its first row begins, and while a row is compiled.
        patience_seconds: And how long while frames run.
        memory_bytes: What it may take; a share of what is free by default.
    """

    command: tuple[str, ...] = ("-m", "workbench.sweep.child")
    opening_seconds: float = OPENING_SECONDS
    patience_seconds: float = PATIENCE_SECONDS
    memory_bytes: int | None = None

    def limit_bytes(self) -> int:
        return self.memory_bytes or int(psutil.virtual_memory().available * MEMORY_SHARE)


def run_job(job: Job, isolation: Isolation = Isolation(), stop: threading.Event | None = None) -> Iterator[RecordText]:
    """Do a job in processes of its own, and give each record as it comes: those of problems too.

    Where the process of several tasks ends badly, nobody is blamed: what is left of each has processes of its own.

    Args:
        job: What to do.
        isolation: How processes are started and watched.
        stop: Set by somebody else to end it all.

    Raises:
        WorkerStoppedError: It was set.
    """
    tasks = job.tasks
    if len(tasks) > 1:
        child = _Child(job, isolation, stop or threading.Event())
        answered = set()
        for record in child.records():
            answered.add(record.id)
            yield record
        tasks = tuple(left for task in tasks if (left := task.without(answered))) if child.ending else ()
    for task in tasks:
        yield from run_task(task, isolation, stop)


def run_task(task: Task, isolation: Isolation = Isolation(), stop: threading.Event | None = None) -> Iterator[RecordText]:
    """Measure a task in processes that do nothing else, and give each record as it comes. Arguments and errors as in `run_job`.

    A row is blamed for the end of its process at once, but for one that somebody killed (SIGKILL) only the second time: that may
    have been a user, or the system for want of memory that others took. Rows that are measured in turns are in memory all at once;
    where that may have been too much, each has a process of its own from then on.
    """
    left = {row.id: row for row in task.rows}
    lead, seen, forgiven = task.lead, set[str](), set[str | None]()
    at_once, deaths, ending = len(left), 0, ""
    while left and deaths < MOST_DEATHS:
        rows = tuple(left.values())[:at_once]
        job = Job(tasks=(task.model_copy(update={"rows": rows, "lead": lead}),))
        child = _Child(job, isolation, stop or threading.Event())
        for record in child.records():
            left.pop(record.id, None)
            seen.add(record.id)
            yield record
        if child.ending is None:
            for row in rows:
                left.pop(row.id, None)
            continue
        deaths, ending = deaths + 1, child.ending
        crowded = task.kind == "direct" and len(rows) > 1 and (child.killed or child.full)
        if crowded:
            at_once = 1
        if crowded or (child.killed and child.at not in forgiven):
            forgiven.add(child.at)
            continue
        problem = Problem(kind="WorkerError", message=ending)
        if child.at is None:
            yield from () if task.kind == "convert" else (RecordText.of(group_problem(task, problem)),)
            return
        if lead is not None and child.at == lead.id:
            yield from () if lead.id in seen else (RecordText.of(row_problem(task, lead, problem)),)
            lead = None
        elif child.at in left:
            yield RecordText.of(row_problem(task, left.pop(child.at), problem))
    if left:
        problem = Problem(kind="WorkerError", message=f"its processes ended {MOST_DEATHS} times: {ending}")
        yield RecordText.of(group_problem(task, problem))


def records_of(job_json: str, isolation: Isolation = Isolation(), stop: threading.Event | None = None) -> list[str]:
    """Do a job and return its records as JSON: what executors run, wherever they do. Stopped, it returns what is finished."""
    found: list[str] = []
    with suppress(WorkerStoppedError):
        for record in run_job(Job.model_validate_json(job_json), isolation, stop):
            found.append(record.text)  # noqa: PERF401 - one by one, so that those before the stop are kept
    return found


@final
@dataclass(slots=True)
class _Child:
    """One process.

    Attributes:
        job: What it does.
        isolation: How it is watched.
        stop: Set by somebody else to end it.
        ending: How it ended, where it did not end well; `None` otherwise.
        killed: Whether that was by SIGKILL, and not by us.
        full: Whether it was for the memory that it took.
        at: Id of the row that it was at.
        preparing: Whether that was being compiled.
    """

    job: Job
    isolation: Isolation
    stop: threading.Event
    ending: str | None = None
    at: str | None = None
    killed: bool = False
    full: bool = False
    preparing: bool = True
    _done: bool = field(default=False, init=False)
    _closed: bool = field(default=False, init=False)

    def records(self) -> Iterator[RecordText]:
        """Start it, and give what it finds until it ends."""
        limit = self.isolation.limit_bytes()
        with tempfile.TemporaryDirectory(prefix="workbench-") as folder, tempfile.TemporaryFile() as printed:
            path = Path(folder) / "job.json"
            path.write_text(self.job.model_dump_json(), encoding="utf-8")
            with subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
                [sys.executable, *self.isolation.command, str(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
                start_new_session=True,
            ) as process:
                try:
                    _offer_to_the_killer(process.pid)
                    yield from self._listen(process, limit)
                finally:
                    _end(process, END_SECONDS if self._done or self._closed else 0.0)
            if not self._done and self.ending is None:
                self.killed = process.returncode == -signal.SIGKILL
                self.ending = _how_it_ended(process.returncode, _last_line(printed))

    def _listen(self, process: "subprocess.Popen[bytes]", limit: int) -> Iterator[RecordText]:
        assert process.stdout is not None, "it is a pipe"
        heard, rest = time.monotonic(), b""
        looked = heard
        while not self._done:
            ready, _, _ = select.select([process.stdout], [], [], LOOK_SECONDS)
            if self.stop.is_set():
                raise WorkerStoppedError("the sweep was stopped; what was finished before is in the history")
            if ready:
                chunk = os.read(process.stdout.fileno(), 1 << 20)
                if not chunk:
                    self._closed = True
                    return
                heard = time.monotonic()
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield from self._understood(line)
                if self.ending:
                    return
            now = time.monotonic()
            if now < looked + LOOK_SECONDS:  # a look takes a core from what is timed
                continue
            looked = now
            self.ending = self._too_much(process, limit) or self._too_long(now - heard)
            if self.ending:
                return

    def _understood(self, line: bytes) -> Iterator[RecordText]:
        try:
            tree: Any = json.loads(line)
        except ValueError:
            tree = None
        if not isinstance(tree, dict):  # a runtime that writes to the pipe itself
            self.ending = f"it wrote what is no message: {line[:80].decode(errors='replace')!r}"
            return
        if "begins" in tree:
            self.at, self.preparing = tree["begins"], tree.get("preparing", False)
        elif "record" in tree:
            yield RecordText(tree["record"]["id"], line.decode().removeprefix('{"record":').removesuffix("}"))
        elif "done" in tree:
            self._done = True

    def _too_long(self, silent_seconds: float) -> str | None:
        patience = self.isolation.opening_seconds if self.preparing else self.isolation.patience_seconds
        if silent_seconds <= patience:
            return None
        return f"it does not return: nothing was heard of it for {patience:.0f} s"

    def _too_much(self, process: "subprocess.Popen[bytes]", limit: int) -> str | None:
        try:
            taken = psutil.Process(process.pid).memory_info().rss
        except psutil.Error:
            return None
        self.full = taken > limit
        return f"out of memory: it took {taken / 2**30:.1f} GiB, the limit is {limit / 2**30:.1f}" if self.full else None


def _end(process: "subprocess.Popen[bytes]", grace_seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)  # it has said all, and cleans up behind itself
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _offer_to_the_killer(pid: int) -> None:
    with suppress(OSError):  # not Linux, or gone already
        Path(f"/proc/{pid}/oom_score_adj").write_text(KILLED_FIRST)


def _how_it_ended(code: int, last_line: str) -> str:
    said = f": {last_line}" if last_line else ""
    if code >= 0:
        return f"the process ended with code {code}{said}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    why = ", as when memory runs out" if -code == signal.SIGKILL else ""
    return f"crashes the runtime ({name}{why}){said}"


def _last_line(printed: IO[bytes]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - 2000))
    lines = [line.strip() for line in printed.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""

"""Isolation: a job runs in fresh processes, and a crash, a hang or running out of memory costs the row at which it happened."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import final

from workbench.errors import RecordError
from workbench.files import temporary_folder
from workbench.machine import KILLED, ChildFailedError, ChildProcess, Message
from workbench.record import Problem
from workbench.sweep.child import group_problem, row_problem
from workbench.sweep.task import Job, RecordText, Task

OPENING_SECONDS = 600.0  # without a line while models load, compile and convert: calibrating a large one takes minutes
TIMEOUT_SECONDS = 60.0  # without a line while frames run, where the slowest thing is a handful of them
MOST_DEATHS = 8  # of one task's processes; after that the rest of its rows would only die as well


@final
@dataclass(frozen=True, slots=True)
class Isolation:
    """How worker processes are started and watched.

    Attributes:
        command: What is started by this interpreter, with the job's file as the last word.
        opening_seconds: How long it may write nothing until its first row begins, and while a row is compiled or converted.
        timeout_seconds: And how long while frames run.
        memory_bytes: What it may take; a share of what is free by default.
    """

    command: tuple[str, ...] = ("-m", "workbench.sweep.child")
    opening_seconds: float = OPENING_SECONDS
    timeout_seconds: float = TIMEOUT_SECONDS
    memory_bytes: int | None = None


def run_job(job: Job, isolation: Isolation = Isolation(), stop: threading.Event | None = None) -> Iterator[RecordText]:
    """Do a job in processes of its own, and give each record as it comes: those of problems too.

    Where the process of several tasks ends badly, nobody is blamed: what is left of each has processes of its own.

    Raises:
        ChildFailedError: Somebody else has set `stop`.
    """
    tasks = job.tasks
    if len(tasks) > 1:
        child = _Child(job, isolation, stop)
        answered = set()
        for record in child.records():
            answered.add(record.id)
            yield record
        tasks = tuple(left for task in tasks if (left := task.without(answered))) if child.ending else ()
    for task in tasks:
        yield from run_task(task, isolation, stop)


def run_task(task: Task, isolation: Isolation = Isolation(), stop: threading.Event | None = None) -> Iterator[RecordText]:
    """Measure a task in processes that do nothing else, and give each record as it comes. Raises like `run_job`.

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
        child = _Child(job, isolation, stop)
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


def records_of(job: Job, isolation: Isolation = Isolation(), stop: threading.Event | None = None) -> list[str]:
    """Do a job and return its records as JSON: what executors run, wherever they do. Stopped, it returns what is finished."""
    found: list[str] = []
    with suppress(ChildFailedError):
        for record in run_job(job, isolation, stop):
            found.append(record.text)  # noqa: PERF401 - one by one, so that those before the stop are kept
    return found


@final
@dataclass(slots=True)
class _Child:
    """One process.

    Attributes:
        ending: How it ended, where it did not end well; `None` otherwise.
        killed: Whether that was by SIGKILL, and not by us.
        full: Whether it was for the memory that it took.
        at: Id of the row that it was at.
    """

    job: Job
    isolation: Isolation
    stop: threading.Event | None
    ending: str | None = None
    at: str | None = None
    killed: bool = False
    full: bool = False

    def records(self) -> Iterator[RecordText]:
        """Start it, and give what it finds until it ends."""
        try:
            yield from self._records()
        except ChildFailedError as failed:
            if failed.reason == "stopped":
                raise
            self.ending = f"it {failed}: {failed.printed}" if failed.printed else f"it {failed}"
            self.killed, self.full = failed.code == KILLED, failed.reason == "memory"
        except RecordError as error:  # another program's line
            self.ending = str(error)

    def _records(self) -> Iterator[RecordText]:
        with temporary_folder() as folder:
            path = Path(folder) / "job.json"
            path.write_text(self.job.model_dump_json(), encoding="utf-8")
            with ChildProcess(
                (*self.isolation.command, str(path)),
                silent_seconds=self.isolation.opening_seconds,
                memory_bytes=self.isolation.memory_bytes,
                stop=self.stop,
            ) as child:
                for message in child.messages():
                    if "begins" in message.tree:
                        self.at = message.tree["begins"]
                        preparing = message.tree.get("preparing", False)
                        child.silent_seconds = self.isolation.opening_seconds if preparing else self.isolation.timeout_seconds
                    elif "record" in message.tree:
                        yield _record_text(message)


def _record_text(message: Message) -> RecordText:
    """Return a record as it was written; it is read where it is stored, and only its id here."""
    record = message.tree["record"]
    if not isinstance(record, dict) or not isinstance(record.get("id"), str):
        raise RecordError("the worker's record holds no workbench record")
    return RecordText(record["id"], message.text.strip().removeprefix('{"record":').removesuffix("}"))

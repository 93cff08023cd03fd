"""A repair beside whoever asked for it: another process does it, and what it found until it was cancelled is not lost."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from workbench.errors import UnavailableError
from workbench.files import temporary_folder
from workbench.machine import ChildFailedError, ChildProcess, Message
from workbench.record import Record
from workbench.repair.child import Job
from workbench.settings import Settings

COMMAND = ("-m", "workbench.repair.child")
SILENT_SECONDS = 600.0  # without a line: converting and calibrating a large network takes minutes


@final
@dataclass(slots=True)
class Outcome:
    """What a repair came to.

    Attributes:
        settings: The best so far: of one that was cancelled, the last that was better than all before; `None` before the first.
        records: Of the float network, of plain integers and of what came out, which holds what was tried; none of a cancelled one.
        finished: Whether it came to its end.
    """

    settings: Settings | None = None
    records: list[Record] = field(default_factory=list)
    finished: bool = False


def run_repair(
    job: Job,
    progress: Callable[[str, int, int], object],
    stop: threading.Event | None = None,
    command: tuple[str, ...] = COMMAND,
    outcome: Outcome | None = None,
) -> Outcome:
    """Do a job in a process of its own.

    Args:
        job: What to do.
        progress: Told how far it is; what it raises ends the process.
        stop: Set by another thread to end it: what it found until then is returned.
        command: What is started, with the job's file as the last word.
        outcome: Filled in as it goes, for whoever interrupts this.

    Raises:
        UnavailableError: The network cannot be quantised or run, or crashed; says why.
    """
    found = outcome or Outcome()
    with temporary_folder() as folder:
        path = Path(folder) / "job.json"
        path.write_text(job.model_dump_json(), encoding="utf-8")
        at = "it opens"
        try:
            with ChildProcess((*command, str(path)), silent_seconds=SILENT_SECONDS, stop=stop) as child:
                for message in child.messages():
                    at = _take(message, found, progress) or at
        except ChildFailedError as failed:
            if failed.reason != "stopped":
                printed = f" (it printed: {failed.printed})" if failed.printed else ""
                raise UnavailableError(f"the process {failed} when {at}; choose another precision or size{printed}") from None
    return found


def _take(message: Message, found: Outcome, progress: Callable[[str, int, int], object]) -> str | None:
    """Keep what a line holds; return what is going on where it says that."""
    tree = message.tree
    if "problem" in tree:
        raise UnavailableError(tree["problem"]["message"])
    if "record" in tree:
        found.records.append(Record.from_tree(tree["record"], "the worker's record"))
    for name in ("better", "settings"):
        if name in tree:
            found.settings = Settings.model_validate(tree[name])
    found.finished = "settings" in tree
    if "progress" not in tree:
        return None
    what, done, total = tree["progress"]
    progress(what, done, total)
    return str(what)

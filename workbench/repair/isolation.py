"""A repair beside whoever asked for it: another process does it, and what it found until it was cancelled is not lost.

`python -m workbench.repair.isolation JOB.json` writes a line of JSON each, as it goes: `{"progress": [what, done, total]}`,
`{"better": settings}`, `{"record": {...}}`, then `{"settings": {...}, "done": true}`; or `{"problem": {...}, "done": true}`.
"""

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from workbench.errors import UnavailableError
from workbench.files import temporary_folder
from workbench.machine import ChildFailedError, ChildProcess, Message, tell_watcher, writing_to_parent
from workbench.opening import Sources
from workbench.record import Problem, Record
from workbench.repair.repairing import MOST_LOSS, Repairing
from workbench.settings import Settings
from workbench.timing import Value

COMMAND = ("-m", "workbench.repair.isolation")
SILENT_SECONDS = 600.0  # without a line: converting and calibrating a large network takes minutes


class Job(Value):
    """What to quantise, and how."""

    sources: Sources
    settings: Settings
    max_ap_loss: float = MOST_LOSS
    frames: int
    repair: bool
    options: tuple[str, ...]
    """Further words of the commands that repeat the records."""


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


def work(job: Job) -> None:
    """Do a job, in that process, and tell what there is to tell."""
    _progress("opening", 0, 0)
    try:
        detector, data = job.sources.open()
        repairing = Repairing(detector, data, job.settings, job.max_ap_loss, _progress, _better)
        settings, records = repairing.run(job.frames, repair=job.repair, options=job.options)
    except Exception as error:  # the runtime raises what it likes
        tell_watcher({"problem": Problem.caught(error).model_dump(), "done": True})
        return
    for record in records:
        tell_watcher({"record": json.loads(record.to_json())})
    tell_watcher({"settings": settings.model_dump(mode="json"), "done": True})


def _progress(what: str, done: int, total: int) -> None:
    tell_watcher({"progress": [what, done, total]})


def _better(settings: Settings) -> None:
    tell_watcher({"better": settings.model_dump(mode="json")})


if __name__ == "__main__":
    with writing_to_parent(steps=True):
        work(Job.model_validate_json(Path(sys.argv[1]).read_bytes()))

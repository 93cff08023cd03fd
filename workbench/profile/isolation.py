"""A profile beside whoever asked for it: another process makes it."""

import threading
from collections.abc import Callable
from pathlib import Path

from workbench.errors import UnavailableError
from workbench.files import temporary_folder
from workbench.machine import ChildFailedError, ChildProcess
from workbench.profile.child import Job
from workbench.profile.machine_roof import ONE_THREAD
from workbench.profile.profiling import OPENING_SECONDS
from workbench.record import Profile

COMMAND = ("-m", "workbench.profile.child")


def run_profile(
    job: Job, progress: Callable[[str], object], stop: threading.Event | None = None, command: tuple[str, ...] = COMMAND
) -> Profile:
    """Profile a network in a process of its own.

    Args:
        job: What to profile.
        progress: Told what is going on.
        stop: Set by another thread to end it.
        command: What is started, with the job's file as the last word.

    Raises:
        UnavailableError: It cannot be profiled or run, or crashed; says why.
    """
    step = "it opens"
    with temporary_folder() as folder:
        path = Path(folder) / "job.json"
        path.write_text(job.model_dump_json(), encoding="utf-8")
        try:
            with ChildProcess((*command, str(path)), silent_seconds=OPENING_SECONDS, stop=stop, variables=ONE_THREAD) as child:
                for message in child.messages():
                    step, child.silent_seconds = message.tree.get("step", step), message.tree.get("seconds", child.silent_seconds)
                    progress(step)
        except ChildFailedError as failed:
            printed = f" (it printed: {failed.printed})" if failed.printed else ""
            raise UnavailableError(f"the process {failed} when {step}; choose another engine, precision or size{printed}") from None
    if "problem" in message.tree:
        raise UnavailableError(message.tree["problem"])
    return Profile.model_validate(message.tree["profile"])

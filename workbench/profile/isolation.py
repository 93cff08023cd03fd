"""A profile beside whoever asked for it: another process makes it, and a profiler that crashes costs a sentence there.

`python -m workbench.profile.isolation JOB.json` writes the steps of `workbench.machine.at_step`, then
`{"profile": {...}, "done": true}` or `{"problem": "why", "done": true}`.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.detectors import Detector
from workbench.errors import UnavailableError
from workbench.files import temporary_folder
from workbench.machine import ChildFailedError, ChildProcess, tell_watcher, writing_to_parent
from workbench.opening import EvaluationData, Sources
from workbench.profile.profiling import OPENING_SECONDS, profiled, why_not_profiled
from workbench.profile.roof import ONE_THREAD
from workbench.record import Problem, Profile, Record
from workbench.settings import Settings
from workbench.timing import Value

COMMAND = ("-m", "workbench.profile.isolation")


class Job(Value):
    """What to profile."""

    sources: Sources
    settings: Settings


def look_inside(
    detector: Detector,
    data: EvaluationData,
    record: Record,
    *,
    allow: Sequence[str] = (),
    progress: Callable[[str], object] = lambda _: None,
) -> Record:
    """Return a record with where inside its network the time goes, in `inside`.

    Args:
        detector: Of the record.
        data: Whose frames it runs on.
        record: One that ran.
        allow: What the model may do that is refused by default.
        progress: Told what is going on.

    Raises:
        UnavailableError: Its engine has no profiler, it does not run in another process, or did not at all; says why.
        SettingsError: Detector or frames are in this process only.
    """
    if reason := record.problem.message if record.problem else why_not_profiled(record.settings):
        raise UnavailableError(f"there is nothing to look into: {reason}")
    sources = Sources(detector=detector.facts.source, media=data.media.facts().source, allow=tuple(allow)).in_words()
    return record.model_copy(update={"inside": run_profile(Job(sources=sources, settings=record.settings), progress)})


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


def work(job: Job) -> dict[str, object]:
    """Do a job, in that process."""
    try:
        detector, data = job.sources.open()
        return {"profile": profiled(detector, data, job.settings).model_dump(mode="json")}
    except Exception as error:  # the runtime raises what it likes
        return {"problem": Problem.caught(error).message}


if __name__ == "__main__":
    with writing_to_parent(steps=True):
        tell_watcher({**work(Job.model_validate_json(Path(sys.argv[1]).read_bytes())), "done": True})

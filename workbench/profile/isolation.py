"""A profile beside whoever asked for it: another process makes it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.detectors import Detector
from workbench.errors import UnavailableError
from workbench.files import temporary_folder
from workbench.machine import ChildFailedError, ChildProcess
from workbench.opening import EvaluationData, Sources
from workbench.profile.child import Job
from workbench.profile.profiling import OPENING_SECONDS, why_not_profiled
from workbench.profile.roof import ONE_THREAD
from workbench.record import Profile, Record

COMMAND = ("-m", "workbench.profile.child")


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

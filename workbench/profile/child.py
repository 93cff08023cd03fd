"""The process in which a network is profiled: a profiler that crashes costs a sentence there.

`python -m workbench.profile.child JOB.json` writes the steps of `workbench.machine.at_step`, then
`{"profile": {...}, "done": true}` or `{"problem": "why", "done": true}`.
"""

import sys
from pathlib import Path

from workbench.machine import tell_watcher, writing_to_parent
from workbench.opening import Sources
from workbench.profile.profiling import profiled
from workbench.record import Problem
from workbench.settings import Settings
from workbench.timing import Value


class Job(Value):
    """What to profile."""

    sources: Sources
    settings: Settings


def work(job: Job) -> dict[str, object]:
    """Do a job."""
    try:
        detector, data = job.sources.open()
        return {"profile": profiled(detector, data, job.settings).model_dump(mode="json")}
    except Exception as error:  # the runtime raises what it likes
        return {"problem": Problem.caught(error).message}


if __name__ == "__main__":
    with writing_to_parent(steps=True):
        tell_watcher({**work(Job.model_validate_json(Path(sys.argv[1]).read_bytes())), "done": True})

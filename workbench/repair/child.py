"""The process in which a detector is quantised and repaired: what crashes a runtime costs a sentence there.

`python -m workbench.repair.child JOB.json` writes a line of JSON each, as it goes: `{"progress": [what, done, total]}`,
`{"better": settings}`, `{"record": {...}}`, then `{"settings": {...}, "done": true}`; or `{"problem": {...}, "done": true}`.
"""

import json
import sys
from pathlib import Path

from workbench.machine import tell_watcher, writing_to_parent
from workbench.opening import Sources
from workbench.record import Problem
from workbench.repair.repairing import MOST_LOSS, Repairing
from workbench.settings import Settings
from workbench.timing import Value


class Job(Value):
    """What to quantise, and how."""

    sources: Sources
    settings: Settings
    max_ap_loss: float = MOST_LOSS
    frames: int
    repair: bool
    options: tuple[str, ...]
    """Further words of the commands that repeat the records."""


def work(job: Job) -> None:
    """Do a job, and tell what there is to tell."""
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

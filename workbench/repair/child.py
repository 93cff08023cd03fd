"""The process in which a detector is quantised and repaired: what crashes a runtime costs a sentence there.

`python -m workbench.repair.child JOB.json` writes a line of JSON each, as it goes: `{"progress": [what, done, total]}`,
`{"better": settings}`, `{"record": {...}}`, then `{"settings": {...}, "done": true}`; or `{"problem": {...}, "done": true}`.
"""

import json
import sys
from pathlib import Path
from typing import IO, final

from workbench.machine import writing_to_parent
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


@final
class Lines:
    """Writes what there is to tell."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def progress(self, what: str, done: int, total: int) -> None:
        self.write({"progress": [what, done, total]})

    def better(self, settings: Settings) -> None:
        self.write({"better": settings.model_dump(mode="json")})

    def write(self, tree: dict[str, object]) -> None:
        self._out.write(json.dumps(tree) + "\n")
        self._out.flush()


def work(job: Job, lines: Lines) -> None:
    """Do a job."""
    lines.progress("opening", 0, 0)
    try:
        detector, data = job.sources.open()
        repairing = Repairing(detector, data, job.settings, job.max_ap_loss, lines)
        settings, records = repairing.run(job.frames, repair=job.repair, options=job.options)
    except Exception as error:  # the runtime raises what it likes
        lines.write({"problem": Problem.caught(error).model_dump(), "done": True})
        return
    for record in records:
        lines.write({"record": json.loads(record.to_json())})
    lines.write({"settings": settings.model_dump(mode="json"), "done": True})


def main(path: Path) -> None:
    """Do the job in a file."""
    with writing_to_parent() as out:
        work(Job.model_validate_json(path.read_bytes()), Lines(out))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A worker process that measures nothing and does what its rows' names say: `crash`, `hang`, `hog`, `killed`, `exit`, or be fine.
`crowd` is a hog where it is not alone, `compile` is long before its frames and `print` writes between the messages.

`python scripted_child.py [opening-crash|opening-hang|killed-once FILE] JOB.json`
"""

import os
import signal
import sys
import time
from pathlib import Path

from workbench.record import Problem
from workbench.sweep.child import Lines, row_problem
from workbench.sweep.task import Job


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang() -> None:
    time.sleep(1000)


def hog() -> None:
    held = []
    while True:
        held.append(b"x" * 50_000_000)
        time.sleep(0.01)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    sys.stderr.write("nothing doing\n")
    sys.exit(7)


def write_between() -> None:
    sys.stdout.write("INFO: 5\n")
    sys.stdout.flush()
    time.sleep(1000)


COMPILING_SECONDS = 4.0  # more than frames may take in these tests, and less than a compilation
DEEDS = {"print": write_between, "crash": crash, "hang": hang, "hog": hog, "killed": killed, "exit": leave}


def main(words: list[str]) -> None:
    job = Job.model_validate_json(Path(words[-1]).read_bytes())
    lines = Lines(sys.stdout)
    for word in words[:-1]:
        if word.startswith("opening-"):
            DEEDS[word.removeprefix("opening-")]()
    rows = [(task, row) for task in job.tasks for row in (*((task.lead,) if task.lead else ()), *task.rows)]
    for task, row in rows:
        if row.name == "compile":
            lines.begins(row.id, preparing=True)
            time.sleep(COMPILING_SECONDS)
        lines.begins(row.id)
        if "killed-once" in words and row.name == "once" and not Path(words[1]).exists():
            Path(words[1]).touch()
            killed()
        if row.name == "crowd" and len(rows) > 1:
            hog()
        DEEDS.get(row.name, str)()
        lines.record(row_problem(task, row, Problem(kind="Fine", message=f"process {os.getpid()}")))
    lines.done()


if __name__ == "__main__":
    main(sys.argv[1:])

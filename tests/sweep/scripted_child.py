"""A worker process that measures nothing and does what its rows' names say: `crash`, `hang`, `hog`, `killed`, `exit`, `babble` (a
line that is no message), `misrecord` (no record), `compile` and `stall` (both take longer than a frame may, the first says that it
compiles), or be fine. `crowd` is a hog where it is not alone.

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
        sys.stdout.write('{"alive": true}\n')  # however slowly a busy machine gives memory, it is not silence that ends it
        sys.stdout.flush()
        time.sleep(0.01)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    sys.stderr.write("nothing doing\n")
    sys.exit(7)


def babble() -> None:
    sys.stdout.write("W0000 a remark of the runtime\n")
    sys.stdout.flush()
    time.sleep(1000)


def misrecord() -> None:
    sys.stdout.write('{"record": {"id": 7}}\n')
    sys.stdout.flush()
    time.sleep(1000)


def compile_long() -> None:
    time.sleep(4.5)


DEEDS = {
    "crash": crash,
    "hang": hang,
    "hog": hog,
    "killed": killed,
    "exit": leave,
    "babble": babble,
    "misrecord": misrecord,
    "compile": compile_long,
    "stall": compile_long,
}


def main(words: list[str]) -> None:
    job = Job.model_validate_json(Path(words[-1]).read_bytes())
    lines = Lines(sys.stdout)
    for word in words[:-1]:
        if word.startswith("opening-"):
            DEEDS[word.removeprefix("opening-")]()
    rows = [(task, row) for task in job.tasks for row in (*((task.lead,) if task.lead else ()), *task.rows)]
    for task, row in rows:
        lines.begins(row.id, preparing=row.name == "compile")
        if "killed-once" in words and row.name == "once" and not Path(words[1]).exists():
            Path(words[1]).touch()
            killed()
        if row.name == "crowd" and len(rows) > 1:
            hog()
        DEEDS.get(row.name, str)()
        fine = Problem(kind="Fine", message=f"process {os.getpid()}")
        lines.record(row_problem(task, row, fine))
    lines.done()


if __name__ == "__main__":
    main(sys.argv[1:])

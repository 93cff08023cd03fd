"""A repair in another process: what it tells, and what is left of it where it does not come to its end."""

import json
import threading
from pathlib import Path

import pytest

from workbench.errors import UnavailableError
from workbench.opening import Sources
from workbench.repair import Job, Outcome, run_repair
from workbench.settings import Settings

JOB = Job(sources=Sources(), settings=Settings(), max_ap_loss=0.01, frames=3, repair=True, options=())
FIRST, SECOND = ({"better": Settings().with_values({"nms.iou": iou}).model_dump(mode="json")} for iou in (0.4, 0.6))


def script(folder: Path, *lines: object, then: str = "") -> tuple[str, ...]:
    """A program in the place of the worker, which writes these lines."""
    program = folder / "worker.py"
    written = "".join(f"print({json.dumps(json.dumps(line))}, flush=True)\n" for line in lines)
    program.write_text(f"import time\n{written}{then}")
    return (str(program),)


def tell_nobody(*_: object) -> None:
    pass


def test_the_last_that_was_better_is_left_of_a_repair_that_is_cancelled(tmp_path: Path) -> None:
    stop = threading.Event()

    def watch(*_: object) -> None:
        stop.set()

    command = script(tmp_path, FIRST, SECOND, {"progress": ["trying", 1, 0]}, then="time.sleep(60)")
    found = run_repair(JOB, watch, stop, command)

    assert found.settings is not None
    assert (found.settings.nms.iou, found.records, found.finished) == (0.6, [], False)


def test_an_interrupted_one_leaves_what_it_found_too(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    outcome = Outcome()
    with pytest.raises(KeyboardInterrupt):
        run_repair(JOB, interrupt, command=script(tmp_path, FIRST, {"progress": ["trying", 1, 0]}), outcome=outcome)

    assert outcome.settings is not None
    assert outcome.settings.nms.iou == 0.4


def test_a_problem_is_one_sentence(tmp_path: Path) -> None:
    problem = {"problem": {"kind": "UnavailableError", "message": "the quantiser\ncannot"}, "done": True}

    with pytest.raises(UnavailableError, match=r"^the quantiser cannot$"):
        run_repair(JOB, tell_nobody, command=script(tmp_path, problem))


def test_a_crash_is_one_sentence_that_says_at_what(tmp_path: Path) -> None:
    lines = [{"progress": ["quantising each block alone", 3, 9]}]

    with pytest.raises(UnavailableError, match="the process ends its process with code 3 when quantising each block alone"):
        run_repair(JOB, tell_nobody, command=script(tmp_path, *lines, then="raise SystemExit(3)"))


def test_a_finished_one_says_so(tmp_path: Path) -> None:
    found = run_repair(JOB, tell_nobody, command=script(tmp_path, {"settings": FIRST["better"], "done": True}))

    assert found.finished

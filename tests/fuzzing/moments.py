"""Random moments: a sweep that is killed there and goes on later, and a live workbench that is closed there while it sweeps."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.assets.scenes import SHAPES
from tests.fuzzing.kernel import Tally, scratch
from tests.view.opening_and_closing import SMALL, ours, until
from workbench import Workbench
from workbench.history import History
from workbench.machine.child_process import MARK
from workbench.record import Record

WORKBENCH = str(Path(sys.executable).with_name("workbench"))
GRID = """
"input.size_hw" = ["64x96", "32x64"]
"runtime.engine" = ["litert"]
"nms.method" = ["opencv", "numpy"]
"nms.score" = [0.1, 0.3]
"""
COMPOSED = 8
NAMED = "TRIED_SWEEP"  # environment variable by which a sweep and all that it started are found
LONGEST_SECONDS = 10.0  # until a kill: about as long as the whole sweep takes
ENDED_SECONDS = 10.0  # for the processes of a command that was killed
LONGEST_SWEPT_SECONDS = 8.0
CLOSED_SECONDS = 15.0  # with the two for which a workbench waits for another view


def kills(media: Path, work: Path, count: int, seed: int) -> Tally:
    """Kill a sweep, its worker or both at random moments, and begin it again; as often as it is through, a new one is begun.

    Held is a kill after which nothing runs on, and all that was in the history is there; one that ended a sweep counts only if that
    holds each of its settings once.
    """
    draw, tally, number = random.Random(seed), Tally(), 0
    while tally.tried < count:
        with scratch(work / f"sweep{number}") as folder:
            number += 1
            command = _sweep(folder, media)
            before: list[str] = []
            finished = False
            while not finished and tally.tried < count:
                finished, whom = _killed(command, draw)
                if finished:
                    break
                after = [record.id for record in _records(folder)]
                left = _left_running(command)
                lost = after[: len(before)] != before
                tally.add(
                    f"kill {tally.tried} of {whom}", f"left running: {left}" if left else "records are lost" if lost else None
                )
                before = after
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            why = done.stderr[-300:] if done.returncode else why_not_whole(_records(folder), before)
            if why:
                tally.failures.append(f"sweep {number}, finished: {why}")
    return tally


def _sweep(folder: Path, media: Path) -> list[str]:
    """Write a small sweep as people start it."""
    (folder / "grid.toml").write_text(GRID)
    words = ["sweep", str(SHAPES), str(media), "--yes", "--frames", "4", "--baseline", "litert,input.size_hw=64x96"]
    return [WORKBENCH, *words, "--grid", str(folder / "grid.toml"), "--history", str(folder / "history.sqlite")]


def _killed(command: list[str], draw: random.Random) -> tuple[bool, str]:
    """Start it and kill at a random moment; says whether it was through before, and who was killed."""
    whom = draw.choice(["the command", "all processes", "the worker, then the command"])
    environment = {**os.environ, NAMED: command[-1]}
    environment.pop(MARK, None)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as process:
        time.sleep(draw.uniform(0.3, LONGEST_SECONDS))
        workers = _workers(process)
        if process.poll() is not None:
            return True, whom
        for worker in workers if whom != "the command" else []:
            _kill(worker)
        if whom.startswith("the worker"):
            time.sleep(draw.uniform(0, 2))
        process.send_signal(signal.SIGKILL)
    return False, whom


def _workers(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        return []


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.Error):
        process.kill()


def _left_running(command: list[str]) -> list[int]:
    """Return what goes on though the command that started it was killed."""
    ends = time.monotonic() + ENDED_SECONDS
    while left := [one.pid for one in psutil.process_iter(["environ"]) if (one.info["environ"] or {}).get(NAMED) == command[-1]]:
        if time.monotonic() > ends:
            return left
        time.sleep(0.1)
    return []


def _records(folder: Path) -> list[Record]:
    path = folder / "history.sqlite"
    if not path.exists():
        return []
    with History(path) as history:
        return list(history.records(pictures=False))


def why_not_whole(records: list[Record], before: list[str]) -> str | None:
    """Say what is wrong with the records of a sweep that is through, of which some were there before."""
    ids = [record.id for record in records]
    settings = [(record.composed, record.settings.model_dump_json()) for record in records]
    if ids[: len(before)] != before:
        return "records are lost"
    if len(set(ids)) != len(ids) or len(set(settings)) != len(settings):
        return "records are there twice"
    if problems := [record.problem.message for record in records if record.problem]:
        return f"settings failed: {problems[0]}"
    composed = len([record for record in records if record.composed])
    return None if composed == COMPOSED else f"{composed} of {COMPOSED} settings"


def _children() -> list[int]:
    """Return the processes below this one that run: a library that is imported may have left one that has ended."""
    return [one.pid for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]


def _ready(view: Any) -> bool:
    return bool(view.status["ready"])


def closes(media: Path, work: Path, count: int, seed: int) -> Tally:
    """Close a live workbench, or its last view, at a random moment of a sweep."""
    draw, tally = random.Random(seed), Tally()
    for number in range(count):
        workbench = Workbench(str(SHAPES), str(media), preset=SMALL, history=work / f"closed{number}.sqlite", frames=3)
        (view,) = workbench.children
        failure = None
        try:
            until(partial(_ready, view))
            view._handle_custom_msg({"type": "hello"}, [])
            view._handle_custom_msg({"type": "play"}, [])
            view._handle_custom_msg({"type": "sweep", "scope": draw.choice(["size", "all"])}, [])
            time.sleep(draw.uniform(0, LONGEST_SWEPT_SECONDS))
            began = time.monotonic()
            view._handle_custom_msg({"type": "bye"}, []) if draw.random() < 0.5 else workbench.close()
            until(lambda: not ours() and not _children())
            if (seconds := time.monotonic() - began) > CLOSED_SECONDS:
                failure = f"ended after {seconds:.0f} s"
        except AssertionError as error:
            failure = f"{error}; {view.message or ''} {sorted(ours())} {_children()}"
        workbench.close()
        (work / f"closed{number}.sqlite").unlink(missing_ok=True)  # what else lies there is found by whoever asked for this
        tally.add(f"close {number}", failure)
    return tally

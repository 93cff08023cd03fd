"""Workbenches opened and closed one after the other, and what they leave.

As a program (`python -m tests.view.opening_and_closing PRESET COUNT FOLDER`) it does so in a process of its own, whose memory no
other test changes, and prints a line of JSON after each.
"""

import gc
import json
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import psutil

from workbench import Workbench

SMALL = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=opencv"
TIMEOUT_SECONDS = 120.0


def until(claim: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while not claim():
        assert time.monotonic() < end, f"waited {TIMEOUT_SECONDS} s"
        time.sleep(0.02)


def ours() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("workbench-")}


def open_and_close(detector: str | None, preset: str, history: Path) -> list["weakref.ref[object]"]:
    """Let one play a frame, close it, and return what would lead to each of its parts."""
    workbench = Workbench(detector, preset=preset, history=history, frames=3)
    (view,) = workbench.children
    until(lambda: view.status["ready"])
    opened = workbench.session.opened
    assert opened is not None
    pipeline = opened.player.pipeline
    assert pipeline is not None
    parts: tuple[object, ...] = (
        *workbench.children,
        workbench,
        workbench.session,
        opened.player,
        opened.detector,
        opened.measuring,
        pipeline,
        pipeline.engine,
    )
    left = [weakref.ref(part) for part in parts]
    workbench.close()
    return left


def alive(left: list["weakref.ref[object]"]) -> list[str]:
    """Return the kinds of what is still there."""
    gc.collect()
    return [type(part).__name__ for one in left if (part := one()) is not None]


def main() -> None:
    preset, count, folder = sys.argv[1:]
    for number in range(int(count)):
        kept = alive(open_and_close(None, preset, Path(folder) / f"{number}.sqlite"))
        process = psutil.Process()
        sys.stdout.write(json.dumps({"alive": kept, "threads": process.num_threads(), "bytes": process.memory_info().rss}) + "\n")


if __name__ == "__main__":
    main()

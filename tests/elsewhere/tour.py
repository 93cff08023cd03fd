"""A trial, a sweep and a live view: `python tour.py MODEL MEDIA TRUTH FOLDER` writes what came of them as JSON."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sitecustomize

from workbench.history import History
from workbench.machine import environment
from workbench.opening import Sources, open_detector
from workbench.session import Session
from workbench.sweep import Grid, Sweep

SMALL = "litert,input.size_hw=64x96,input.resize=opencv,nms.method=opencv"
TIMEOUT_SECONDS = 120.0


def until(claim: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while not claim():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


def sweep(sources: Sources, path: Path) -> list[str]:
    """Sweep two settings and return why rows failed, and `fine` for the others."""
    grid = Grid(
        tuple({name: value} for value in values) for name, values in (("runtime.engine", ["litert"]), ("nms.score", [0.1, 0.3]))
    )
    history = History(path)
    records = list(Sweep([sources], history, grid=grid, frames=4, baseline=SMALL).run())
    history.close()
    return [record.problem.message if record.problem else "fine" for record in records]


def play(model: str, media: str, truth: str, history: Path) -> tuple[int, str | None]:
    """Play some frames and return how many were timed, and what the session says of itself."""
    session = Session(model, media, truth=truth, preset=SMALL, history=history, frames=3)
    try:
        until(lambda: session.opened and session.opened.player.shown)
        assert session.opened is not None
        session.opened.player.set_pace("free")
        session.play()
        until(lambda: len(session.opened.player.rolling.window) > 20)
        return len(session.opened.player.rolling.window), session.notices.message and session.notices.message.text
    finally:
        session.close()


def main(model: str, media: str, truth: str, folder: str) -> None:
    here = environment()
    detector = open_detector(model, media)
    rows = sweep(Sources(detector=model, media=media, truth=truth), Path(folder) / "sweep.sqlite")
    frames, message = play(model, media, truth, Path(folder) / "live.sqlite")
    told = {
        "cpu": here.cpu,
        "cores": [here.cores, os.cpu_count()],
        "labels": detector.facts.labels,
        "rows": rows,
        "frames": frames,
        "message": message,
        "refused": sitecustomize.refused,
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

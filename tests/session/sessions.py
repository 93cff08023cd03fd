"""What the tests of sessions play, and how they wait for it."""

import time
from collections.abc import Callable

from workbench.live import Player
from workbench.session import Session

SMALL = "graph,input.size_hw=64x96,input.resize=opencv,nms.method=opencv"
TIMEOUT_SECONDS = 120.0
THREADS = {"workbench-player", "workbench-worker"}


def until(session: Session, claim: Callable[[], object], *, errors: bool = False) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while not claim():
        assert time.monotonic() < end, f"waited {TIMEOUT_SECONDS} s; message {session.notices.message}, job {session.notices.job}"
        assert errors or session.notices.message is None or session.notices.message.kind == "note", session.notices.message
        time.sleep(0.01)


def player_of(session: Session) -> Player:
    assert session.opened is not None
    return session.opened.player


def changed_to(session: Session) -> None:
    until(session, lambda: session.running == session.settings)

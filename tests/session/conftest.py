"""Sessions that are closed after a test."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.session.sessions import SMALL, STILLS, THREADS, TRUTH, until
from workbench.media import MediaSource
from workbench.session import Session


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def begin(media: MediaSource | None = STILLS, truth: str | None = TRUTH, preset: str = SMALL) -> Session:
        session = Session(media=media, truth=truth, preset=preset, history=tmp_path / "h.sqlite", frames=3, comparison_seconds=0.0)
        sessions.append(session)
        return session

    yield begin
    for session in sessions:
        session.close()
    assert not {thread.name for thread in threading.enumerate()} & THREADS, "nothing runs on"


@pytest.fixture
def session(start: Callable[..., Session]) -> Session:
    begun = start()
    until(begun, lambda: begun.player and begun.player.shown)
    return begun

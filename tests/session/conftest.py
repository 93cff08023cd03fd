"""Sessions that are closed after a test."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES
from tests.session.sessions import SMALL, THREADS, until
from workbench.media import MediaSource
from workbench.session import Session


@pytest.fixture
def scenes(small_folder: Path) -> str:
    """Three landscape scenes."""
    return str(small_folder / "scene_0[013].png")


@pytest.fixture
def scenes_truth(small_folder: Path) -> str:
    return str(small_folder.with_suffix(".json"))


@pytest.fixture
def start(scenes: str, scenes_truth: str, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    sessions: list[Session] = []

    def begin(media: MediaSource | None = scenes, truth: str | None = scenes_truth, detector: str | None = str(SHAPES)) -> Session:
        history = tmp_path / "h.sqlite"
        session = Session(detector, media, truth=truth, preset=SMALL, history=history, frames=3, comparison_seconds=0.0)
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

"""Sessions that are closed after a test."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.assets.scenes import SHAPES, draw_scene, write_scenes
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

    def begin(
        media: MediaSource | None = scenes,
        truth: str | None = scenes_truth,
        detector: str | None = str(SHAPES),
        preset: str = SMALL,
    ) -> Session:
        history = tmp_path / "h.sqlite"
        session = Session(detector, media, truth=truth, preset=preset, history=history, frames=3, comparison_seconds=0.0)
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


@pytest.fixture
def slow_session(start: Callable[..., Session], tmp_path: Path) -> Session:
    """One whose accuracy takes a second to find out."""
    folder = tmp_path / "scenes"
    write_scenes([draw_scene(seed) for seed in range(40)], folder)
    begun = start(str(folder), str(folder.with_suffix(".json")), preset=SMALL.replace("64x96", "128x192"))
    until(begun, lambda: begun.player and begun.player.shown)
    return begun

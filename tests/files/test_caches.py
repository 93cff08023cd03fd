"""Caches have a bound, and give up first what was not used for the longest time."""

import os
import time
from pathlib import Path

import pytest

from workbench.files import cache_file, cache_folder, cached_file, caches, empty_caches, is_cached

DAYS = 86_400.0


@pytest.fixture(autouse=True)
def own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def kept(name: str, days_ago: float) -> Path:
    path = cache_folder("tried") / name
    cache_file(path, bytes(100))
    used = time.time() - days_ago * DAYS
    os.utime(path, (used, used))
    return path


def test_what_was_not_used_for_the_longest_time_goes_first() -> None:
    oldest, read, old, new = kept("a", 9), kept("b", 8), kept("deep/c", 7), kept("d", 0)
    assert cached_file(read) == bytes(100)

    cache_file(cache_folder("tried") / "e", bytes(100), most_bytes=350)

    assert [path.exists() for path in (oldest, read, old, new)] == [False, True, False, True]


def test_what_was_used_just_now_stays_whatever_the_bound() -> None:
    kept("a", 0)
    cache_file(cache_folder("tried") / "b", bytes(100), most_bytes=10)
    assert caches() == {cache_folder("tried"): 200}


def test_a_file_that_is_asked_for_counts_as_used() -> None:
    old = kept("a", 9)
    assert is_cached(old)
    assert not is_cached(old.with_name("b"))
    cache_file(cache_folder("tried") / "b", bytes(100), most_bytes=10)
    assert old.exists()


def test_they_are_emptied_and_nobody_else_may_put_something_there() -> None:
    kept("a", 0)
    assert cache_folder("tried").parent.stat().st_mode & 0o777 == 0o700
    (cache_folder("tried").parent / "inspector.checkpoint.npz").write_text("what a training goes on from is no cache")
    empty_caches()
    assert caches() == {}
    assert [path.name for path in cache_folder("tried").parent.iterdir()] == ["inspector.checkpoint.npz"]

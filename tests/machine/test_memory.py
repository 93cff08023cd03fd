"""Memory: what errors say that there was none left, how much there is, and a process that takes too much is stopped."""

import threading
from pathlib import Path

import psutil
import pytest

from workbench.machine import memory_bytes, memory_watched, ran_out_of_memory


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ResourceExhaustedError("Graph execution error:\n\nOOM when allocating tensor with shape[256,8192,8192,3]"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 9 bytes"),
        ValueError("Unable to allocate 512. GiB for an array with shape (256, 8192, 8192, 3)"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_say_that_memory_ran_out(error: Exception) -> None:
    assert ran_out_of_memory(error)
    assert not ran_out_of_memory(ValueError("Incompatible shapes: [1,2] vs. [3]"))


def test_a_control_group_says_how_much_there_is(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup/job"
    group.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/job\n")
    assert memory_bytes(tmp_path) == psutil.virtual_memory().total
    (group / "memory.max").write_text("max\n")
    assert memory_bytes(tmp_path) == psutil.virtual_memory().total
    (group / "memory.max").write_text("1048576\n")
    assert memory_bytes(tmp_path) == 1 << 20


def test_what_takes_too_much_is_stopped_with_its_figures() -> None:
    said, stopped = [], threading.Event()

    def stop(figures: str) -> None:
        said.append(figures)
        stopped.set()

    with memory_watched(stop, share=-0.001):
        assert stopped.wait(10)
    with memory_watched(stop):
        pass

    assert len(said) == 1
    assert "GiB" in said[0]

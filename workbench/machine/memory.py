"""How much memory there is, and an end with a word where it does not suffice: the system would end the process without one."""

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from workbench.hardware import cgroup_folders
from workbench.machine.threads import NamedThread

MEMORY_SHARE = 0.9  # of what is free at the start: beyond it the system begins to end processes of its own choice
LOOK_SECONDS = 0.25  # a runtime fills a gigabyte or two in a second, and the last tenth is more than what it fills meanwhile
SAID_BY = ("OOM when allocating", "Insufficient memory", "std::bad_alloc", "Unable to allocate", "failed to allocate")


def ran_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of Python, NumPy, OpenCV, TensorFlow or a runtime says that there was no memory left."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    return named or any(words in str(error) for words in SAID_BY)


def memory_bytes(root: Path = Path("/")) -> int:
    """Return how much memory this process may take in all: the machine's, or less where a control group says so."""
    limits = (_limit(folder) for folder in cgroup_folders(root))
    return min((one for one in limits if one is not None), default=int(psutil.virtual_memory().total))


def free_bytes() -> int:
    """Return how much of it is free now, as far as the system can tell."""
    return int(min(psutil.virtual_memory().available, memory_bytes()))


def _limit(folder: Path) -> int | None:
    try:
        text = (folder / "memory.max").read_text().strip()
    except OSError:
        return None
    return min(int(text), int(psutil.virtual_memory().total)) if text.isdecimal() else None  # else it is "max"


def trim_memory() -> None:
    """Give what was freed back to the system, where the C library keeps it for later (glibc): pictures and models leave holes."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


@contextmanager
def memory_watched(stop: Callable[[str], object], share: float = MEMORY_SHARE) -> Iterator[None]:
    """Look at what this process takes while the block runs, and stop it once that is too much: native code cannot be told.

    Args:
        stop: Called by another thread, with the figures; it has to end the process.
        share: Of what is free at the start, that it may take.
    """
    over, process = threading.Event(), psutil.Process()
    limit = process.memory_info().rss + int(share * free_bytes())

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            if (now := process.memory_info().rss) > limit:
                stop(f"it took {now / 2**30:.1f} GiB, and there were {limit / 2**30:.1f}")
                return

    NamedThread(look, "workbench-memory").start()
    try:
        yield
    finally:
        over.set()

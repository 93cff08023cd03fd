"""The probe: short work that is always the same, so that what it takes tells how fast the machine is just now.

Virtual cores that now and then share a physical one, a neighbour on its other half, heat: no counter tells of them, and a run that
falls into such a spell looks steady and is slow all through. What the probe took beside two runs tells them apart from what really
changed, in whatever process and whenever they were.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from workbench.hardware import quota_cores, usable_cores

SIDE = 160  # of the matrices: they fit into a core's own cache, as a network's inner loops do
PRODUCTS = 2  # of them in one piece of work: about a millisecond
PIECES = 8  # of work in each thread, whose mean counts: cores that share one do so for a millisecond, or for minutes
MOST_THREADS = 8  # that work at once; more tell nothing new


def probe_milliseconds(clock: Callable[[], float] = time.perf_counter) -> float:
    """Return what one piece of work takes just now, the mean over threads on all usable cores, that work at the same time.

    Takes some 20 ms. Cores get into each other's way only where all of them work, as engines make them.

    Args:
        clock: Seconds that only go forward.
    """
    threads = max(1, min(usable_cores(), round(quota_cores() or MOST_THREADS), MOST_THREADS))
    left, right = np.random.default_rng(0).standard_normal((2, SIDE, SIDE), np.float32)
    together = threading.Barrier(threads)

    def work(_: int) -> list[float]:
        seconds = []
        for piece in range(PIECES + 1):
            together.wait()
            began = clock()
            for _ in range(PRODUCTS):
                np.einsum("ij,jk->ik", left, right)  # NumPy's own loop: no threads of its own, nor the interpreter's lock
            if piece:  # the first one fills the caches
                seconds.append(clock() - began)
        return seconds

    with ThreadPoolExecutor(threads, "workbench-probe") as workers:
        return 1000 * float(np.mean(list(workers.map(work, range(threads)))))

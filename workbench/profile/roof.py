"""What this machine can do at best: products and bytes in a second, from a matrix product and a copy."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from workbench.record import Roof

SIDE = 256  # of the matrices: a library reaches nearly its best with it, in under a millisecond
COPIED_BYTES = 2**20  # as tensors of small networks, it stays in a core's caches
SECONDS = 0.25  # for each of the two


def measured_roof(threads: int) -> Roof:
    """Measure it, in half a second, on so many threads at once.

    The best of each thread's many short works counts: others that are busy leave some of them alone. NumPy's library is to have one
    thread; it lets go of Python's lock.
    """
    with ThreadPoolExecutor(threads) as pool:
        products, copies = (sum(pool.map(best, range(threads))) for best in (_products_per_second, _copies_per_second))
    return Roof(macs_per_second=SIDE**3 * products, bytes_per_second=2 * COPIED_BYTES * copies)


def _products_per_second(_: int) -> float:
    left, right, product = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
    return _best(lambda: np.matmul(left, right, out=product))


def _copies_per_second(_: int) -> float:
    source, copy = (np.ones(COPIED_BYTES, np.uint8) for _ in range(2))
    return _best(lambda: np.copyto(copy, source))


def _best(work: Callable[[], object]) -> float:
    """Return how often a work can be done in a second, at best."""
    began, best = time.perf_counter(), float("inf")
    while time.perf_counter() < began + SECONDS:
        before = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - before)
    return 1 / best

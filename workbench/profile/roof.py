"""What this machine can do at best: products and bytes in a second, from a matrix product and a copy."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from workbench.timing import Value

SIDE = 512  # of the matrices: large enough for a library to reach its best, and a few milliseconds, so that the best of many counts
COPIED_BYTES = 2**20  # by each thread: as tensors of small networks, they stay in its caches
COPIES = 20  # in one go: handing work to threads takes a part of a millisecond
SECONDS = 0.25  # for each of the two; the best of what fits into it counts


class Roof(Value):
    """What a machine reaches at best, in float32 and on the threads of a setting."""

    macs_per_second: float
    """Of a matrix product."""
    bytes_per_second: float
    """Of a copy within its caches, read and written."""

    def least_seconds(self, macs: int, bytes_moved: int) -> float:
        """Return what work takes at least (Williams, Waterman and Patterson 2009, "Roofline").

        >>> Roof(macs_per_second=1e9, bytes_per_second=1e9).least_seconds(2_000_000, 1_000_000)
        0.002
        """
        return max(macs / self.macs_per_second, bytes_moved / self.bytes_per_second)


def measured_roof(threads: int) -> Roof:
    """Measure it, in half a second; NumPy's library is to have that many threads already."""
    left, right, product = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
    pairs = [np.ones((2, COPIED_BYTES), np.uint8) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def copy(pair: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> None:
            for _ in range(COPIES):
                np.copyto(pair[0], pair[1])

        copied = _best(lambda: list(pool.map(copy, pairs)))
    return Roof(
        macs_per_second=SIDE**3 / _best(lambda: np.matmul(left, right, out=product)),
        bytes_per_second=2 * threads * COPIES * COPIED_BYTES / copied,
    )


def _best(work: Callable[[], object]) -> float:
    began, best = time.perf_counter(), float("inf")
    while time.perf_counter() < began + SECONDS:
        before = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - before)
    return best

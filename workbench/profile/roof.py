"""What this machine can do at best: products and bytes in a second, from matrix products in float32 and int8 and a copy."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from workbench.machine import native_stderr_captured
from workbench.profile.integer_product import integer_product
from workbench.quantising import allocated
from workbench.record import Roof

SIDE = 256  # of the matrices: a library reaches nearly its best with it, in under a millisecond
INTEGER_SIDE = 512  # products in int8 are so quick that a call would be a good part of those of smaller ones
COPIED_BYTES = 2**20  # as tensors of small networks, it stays in a core's caches
SECONDS = 0.2  # for each of the three
INTEGERS_BY = "LiteRT's XNNPACK"


def measured_roof(threads: int) -> Roof:
    """Measure it, in about half a second, on so many threads at once.

    The best of each thread's many short works counts: others that are busy leave some of them alone. NumPy's library is to have one
    thread; it lets go of Python's lock, and so does LiteRT.
    """
    with ThreadPoolExecutor(threads) as pool, native_stderr_captured():
        products, integers, copies = (
            sum(pool.map(_best, [made() for _ in range(threads)])) for made in (_product, _integer_product, _copy)
        )
    return Roof(
        macs_per_second=SIDE**3 * products,
        bytes_per_second=2 * COPIED_BYTES * copies,
        int8_macs_per_second=INTEGER_SIDE**3 * integers,
        int8_by=INTEGERS_BY,
    )


def _product() -> Callable[[], object]:
    left, right, product = (np.ones((SIDE, SIDE), np.float32) for _ in range(3))
    return lambda: np.matmul(left, right, out=product)


def _integer_product() -> Callable[[], object]:
    interpreter = allocated(integer_product(INTEGER_SIDE), 1)
    run: Callable[[], object] = interpreter.invoke
    return run


def _copy() -> Callable[[], object]:
    source, copy = (np.ones(COPIED_BYTES, np.uint8) for _ in range(2))
    return lambda: np.copyto(copy, source)


def _best(work: Callable[[], object]) -> float:
    """Return how often a work can be done in a second, at best."""
    began, best = time.perf_counter(), float("inf")
    while time.perf_counter() < began + SECONDS:
        before = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - before)
    return 1 / best

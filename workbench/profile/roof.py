"""What this machine can do at best: products and bytes in a second, from matrix products in float32 and int8 and a copy.

`python -m workbench.profile.roof` writes `{"roof": {...}, "done": true}`: by itself it is measured in a process of its own, since
only there NumPy's library has one thread.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from workbench.errors import UnavailableError
from workbench.hardware import usable_cores
from workbench.machine import ChildFailedError, ChildProcess, native_stderr_captured, tell_watcher, writing_to_parent
from workbench.quantising import allocated
from workbench.record import Roof

COMMAND = ("-m", "workbench.profile.roof")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # of NumPy's: see `measured_roof`
SILENT_SECONDS = 60.0  # while the libraries load, on a slow disk
SIDE = 256  # of the matrices: a library reaches nearly its best with it, in under a millisecond
INTEGER_SIDE = 512  # products in int8 are so quick that a call would be a good part of those of smaller ones
INTEGER_VERSION = 4  # of FULLY_CONNECTED: the first in int8 (tensorflow/lite/tools/versioning/op_version.cc)
INTEGER_SCALE = 0.05  # of all three matrices in int8: results spread over its range
COPIED_BYTES = 2**20  # as tensors of small networks, it stays in a core's caches
SECONDS = 0.2  # for each of the three
INTEGERS_BY = "LiteRT's XNNPACK"


def machine_roof() -> Roof:
    """Measure what this machine does at best, on all cores that this process may use.

    Raises:
        UnavailableError: The process crashed; says how.
    """
    try:
        with ChildProcess(COMMAND, silent_seconds=SILENT_SECONDS, variables=ONE_THREAD) as child:
            (message,) = child.messages()
    except ChildFailedError as failed:
        raise UnavailableError(f"the process that measures it {failed}") from None
    return Roof.model_validate(message.tree["roof"])


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


def integer_product(side: int) -> bytes:
    """Return a `.tflite` file that multiplies an int8 matrix of that many rows and columns by a constant one.

    XNNPACK's kernels run it with the integer instructions that the processor has.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    kind, integers = schema.BuiltinOperator.FULLY_CONNECTED, schema.TensorType.INT8
    scale = schema.QuantizationParametersT(scale=[INTEGER_SCALE], zeroPoint=[0])
    product = schema.OperatorT(inputs=[0, 1, -1], outputs=[2], builtinOptions=schema.FullyConnectedOptionsT())
    product.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    matrices = (("taken", 0), ("weights", 1), ("given", 0))
    graph = schema.SubGraphT(
        tensors=[schema.TensorT([side, side], integers, buffer, name, scale) for name, buffer in matrices],
        inputs=[0],
        outputs=[2],
        operators=[product],
    )
    weights = np.random.default_rng(0).integers(-127, 128, side * side).astype(np.int8).view(np.uint8)
    code = schema.OperatorCodeT(kind, version=INTEGER_VERSION, builtinCode=kind)
    model = schema.ModelT(3, [code], [graph], buffers=[schema.BufferT(), schema.BufferT(weights)])
    builder = flatbuffers.Builder(2 * side * side)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


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


if __name__ == "__main__":
    with writing_to_parent(steps=True):
        tell_watcher({"roof": measured_roof(usable_cores()).model_dump(mode="json"), "done": True})

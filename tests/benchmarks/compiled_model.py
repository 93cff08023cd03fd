"""Compare LiteRT's CompiledModel, and its newest kernels, with its Interpreter: a run, and what opening takes, in turns.

    python -m tests.benchmarks.compiled_model
    python -m tests.benchmarks.compiled_model mine.tflite inspector-mobile --precision int8 --threads 2 --seconds 40

Each ratio is the time of the one named first over that of the Interpreter with XNNPACK, with its 95 % interval. What is compared
gives the same outputs, or says how far they are off. Run it on a quiet machine.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import open_data, open_detector
from workbench.engines.litert import open_interpreter
from workbench.machine import environment, native_stderr_captured
from workbench.opening import check, wished
from workbench.settings import Runtime
from workbench.timing import Ratio, compare_blocks

ASSETS = Path(os.environ.get("WORKBENCH_ASSETS", Path(__file__).parents[3] / "shared" / "assets"))
DETECTORS = (
    "inspector-mobile",
    "inspector-large",
    *(str(ASSETS / "models" / f"{name}.tflite") for name in ("yolox_nano_416_float16_quantize", "aizoo_face_mask_detection")),
)
Run = Callable[[NDArray[Any]], list[NDArray[Any]]]
Open = Callable[[bytes], Run]


def by_interpreter(runtime: Runtime) -> Open:
    def opened(content: bytes) -> Run:
        interpreter = open_interpreter(content, runtime)
        interpreter.allocate_tensors()
        taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()

        def run(values: NDArray[Any]) -> list[NDArray[Any]]:
            interpreter.set_tensor(taken, values)
            interpreter.invoke()
            return [interpreter.get_tensor(one["index"]) for one in given]

        return run

    return opened


def by_compiled_model(threads: int, **options: Any) -> Open:
    """Open by CompiledModel; its own figures size the outputs, so only networks of fixed shapes are safe with it."""
    from ai_edge_litert.compiled_model import CompiledModel, CpuOptions, HardwareAccelerator, Options

    def opened(content: bytes) -> Run:
        cpu = CpuOptions(num_threads=threads, **options)
        chosen = Options(hardware_accelerators=HardwareAccelerator.CPU, cpu_options=cpu)
        model = CompiledModel.from_buffer(content, options=chosen)
        (taken,), given = model.create_input_buffers(0), model.create_output_buffers(0)
        signature = model.get_signature_by_index(0)
        details = model.get_output_tensor_details(signature["key"])
        facts = [(details[name]["shape"], np.dtype(details[name]["dtype"])) for name in signature["outputs"]]

        def run(values: NDArray[Any]) -> list[NDArray[Any]]:
            taken.write(values)
            model.run_by_index(0, [taken], given)
            return [buffer.read(prod(shape), dtype).reshape(shape) for buffer, (shape, dtype) in zip(given, facts, strict=True)]

        return run

    return opened


def check_fixed(content: bytes) -> None:
    """Refuse a network whose outputs have another shape once it ran: CompiledModel's buffers would be too small for them.

    Raises:
        SystemExit: It is one.
    """
    interpreter = open_interpreter(content, Runtime(engine="litert", threads=1))
    interpreter.allocate_tensors()
    given = interpreter.get_output_details()
    interpreter.invoke()
    if [tuple(one["shape"]) for one in given] != [interpreter.get_tensor(one["index"]).shape for one in given]:
        raise SystemExit("its outputs have no fixed shapes; choose another file")


def content_of(source: str, precision: str | None) -> tuple[str, bytes]:
    if source.endswith(".tflite") and precision is None:  # as it is, whatever its outputs mean
        return Path(source).stem, Path(source).read_bytes()
    detector = open_detector(source)
    words = "litert" if precision is None else f"litert,runtime.precision={precision}"
    settings = check(detector, wished(detector, words))
    model = detector.litert_model(settings, open_data(detector).calibration)
    return f"{detector.facts.name}, {settings.runtime.precision}", model.content


def ratio(work: Callable[[], object], usual: Callable[[], object], seconds: float) -> Ratio:
    def block(each: Callable[[], object]) -> Callable[[int], Sequence[float]]:
        def timed(count: int) -> list[float]:
            found = []
            for _ in range(count):
                began = time.perf_counter()
                each()
                found.append(time.perf_counter() - began)
            return found

        return timed

    for one in (work, usual):
        block(one)(10)
    return compare_blocks(block(work), block(usual), maximum_seconds=seconds).ratio


def batch_of(content: bytes) -> NDArray[Any]:
    interpreter = open_interpreter(content, Runtime(engine="litert", threads=1))
    details = interpreter.get_input_details()[0]
    batch: NDArray[Any] = np.random.default_rng(0).integers(0, 100, details["shape"]).astype(details["dtype"])
    return batch


def difference(found: Sequence[NDArray[Any]], expected: Sequence[NDArray[Any]]) -> float:
    """Return how far outputs are off, whatever their order."""
    pairs = zip(sorted(found, key=key), sorted(expected, key=key), strict=True)
    return max(float(np.max(np.abs(one.astype(np.float64) - other.astype(np.float64)))) for one, other in pairs)


def key(values: NDArray[Any]) -> tuple[Any, ...]:
    return (*values.shape, float(values.astype(np.float64).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detectors", nargs="*", default=DETECTORS)
    parser.add_argument("--precision", help="of the network; as it is stored, or float32, by default")
    parser.add_argument("--threads", type=int, default=environment().cores)
    parser.add_argument("--seconds", type=float, default=20.0, help="at most for each ratio")
    asked = parser.parse_args()
    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}, ai-edge-litert {version('ai-edge-litert')}, {asked.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        runtimes = {one: Runtime(engine="litert", threads=asked.threads, delegate=one) for one in ("xnnpack", "xnnpack-latest")}
        usual = by_interpreter(runtimes["xnnpack"])
        ways: dict[str, Open] = {
            "Interpreter, newest features": by_interpreter(runtimes["xnnpack-latest"]),
            "CompiledModel": by_compiled_model(asked.threads),
            "CompiledModel, YNNPACK first": by_compiled_model(asked.threads, enable_ynnpack=True),
            "CompiledModel, weights cached": by_compiled_model(
                asked.threads, xnnpack_weight_cache_path=str(Path(folder) / "weights.bin")
            ),
        }
        for source in asked.detectors:
            if source.endswith(".tflite") and not Path(source).exists():
                print(f"{source} is not there")
                continue
            name, content = content_of(source, asked.precision)
            print(name)
            check_fixed(content)
            for way, opened in ways.items():
                (Path(folder) / "weights.bin").unlink(missing_ok=True)
                with native_stderr_captured():  # CompiledModel tells of each of its steps, to its end
                    compare(way, opened, usual, content, asked.seconds)


def compare(way: str, opened: Open, usual: Open, content: bytes, seconds: float) -> None:
    batch = batch_of(content)
    try:
        run, expected = opened(content), usual(content)
    except RuntimeError:  # it says no more than a line of its source
        print(f"  {way}: refused by this build of LiteRT")
        return
    off = difference(run(batch), expected(batch))
    runs = ratio(lambda: run(batch), lambda: expected(batch), seconds)
    opening = ratio(lambda: opened(content), lambda: usual(content), seconds)
    print(f"  {way}: a run {words(runs)}, opening {words(opening)}, outputs {f'off by {off:.2g}' if off else 'equal'}")


def words(found: Ratio) -> str:
    return f"{found.median:.3f} times [{found.low:.3f}, {found.high:.3f}]"


if __name__ == "__main__":
    main()

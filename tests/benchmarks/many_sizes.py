"""Print what frames of one size and of sixty cost where the graph resizes, and what they compile and keep in memory.

`apart` is the program as it was up to 0.1.0, traced for the size of its frames: its ratio says what one program for all costs.
Run it on a quiet machine: `python -m tests.benchmarks.many_sizes`.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil
import tensorflow as tf

from workbench import open_detector, variant
from workbench.detectors import Calibration
from workbench.graph import GRAPH_NMS, prepare, tensor_ops
from workbench.machine import environment
from workbench.media import Frame
from workbench.pipeline import Pipeline
from workbench.timing import compare_blocks

FRAME_HW = (720, 1280)
SIZES = 60
MIB = 1 << 20


def apart(pipeline: Pipeline) -> Callable[[Any], Any]:
    """Return what resizes, runs and decodes in one program, traced anew for each size."""
    settings, detector = pipeline.settings, pipeline.detector
    forward, head, names = detector.network.forward(), detector.meaning.head, detector.outputs(settings.nms)
    size_hw, spec, nms = pipeline.engine.input_spec.choose_size(settings.input.size_hw), detector.input_spec, settings.nms

    assert head is not None

    def program(frames: Any) -> Any:
        named = forward(prepare(frames, spec, size_hw))
        boxes, scores = head.candidates([named[name] for name in names], size_hw, tensor_ops())
        if "nms" not in pipeline.engine.covers:
            return boxes, scores
        return GRAPH_NMS[nms.method](boxes, scores, nms.score, nms.iou, nms, static=True)

    compiled = tf.function(program, autograph=False, jit_compile=settings.runtime.engine == "xla")
    return lambda batch: [part.numpy() for part in compiled(tf.convert_to_tensor(batch))]


def block_timer(run: Callable[[Any], object], batch: Any) -> Callable[[int], list[float]]:
    def time_block(count: int) -> list[float]:
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            run(batch)
            seconds.append(time.perf_counter() - began)
        return seconds

    time_block(3)
    return time_block


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="inspector-mobile")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}; {options.model}")
    detector = open_detector(options.model)
    for words in ("graph,nms.method=numpy", "xla,nms.method=padded"):
        made = Pipeline(detector, variant(detector, words).settings, Calibration("nothing", list))
        made.compile(FRAME_HW)
        image = np.random.default_rng(0).integers(0, 256, (*FRAME_HW, 3), np.uint8)
        batch = image[None]
        timers = block_timer(apart(made), batch), block_timer(made.engine.run, batch)
        told = compare_blocks(*timers, maximum_seconds=options.seconds).comparison("apart", "now", "")
        print(f"{words}: {told.verdict}, {told.ratio}")
        sizes = [Frame(np.ascontiguousarray(image[: 720 - 4 * n, : 700 + 8 * n]), f"{n}", n) for n in range(SIZES)]
        before, began = psutil.Process().memory_info().rss, time.perf_counter()
        for frame in sizes:
            made.infer([frame])
        spent, grown = time.perf_counter() - began, psutil.Process().memory_info().rss - before
        print(f"  {SIZES} sizes: {spent:.1f} s, {made.compilations} compiled, {grown / MIB:.0f} MiB more")


if __name__ == "__main__":
    main()

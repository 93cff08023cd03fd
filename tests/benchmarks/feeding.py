"""Print what feeding frames in other ways than one after the other brings: everything side by side in one run, as ratios.

Run it on a quiet machine: `python -m tests.benchmarks.feeding`. The part `hand` needs the real models and the video; `queue` sets
workers of `openvino` against OpenVINO's own queue of requests on a model and a video that are named:

    python -m tests.benchmarks.feeding queue --model mine.tflite --media clip.mp4 --precisions float32 bfloat16
"""

import argparse
import faulthandler
import gc
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from tests.benchmarks import by_hand
from workbench import Bench, open_data, open_detector, variant
from workbench.detections import Detections
from workbench.detectors import Calibration
from workbench.engines import Candidates, LiteRt, OutputReader, properties_of
from workbench.files import temporary_folder
from workbench.machine import environment
from workbench.media import Frame, Media, frames_from, open_media
from workbench.pipeline import Pipeline
from workbench.pipeline.feeding import Passed
from workbench.pipeline.overlapped import Overlapped
from workbench.samples import SAMPLE_CLIP, SAMPLE_STILLS
from workbench.stages import prepare
from workbench.timing import NoWatch, Stopwatch, Watch, compare_blocks, limit, time_frames

TimeBlock = Callable[[int], Sequence[float]]
Work = Callable[[Sequence[Frame], Watch], Passed]
ASSETS = Path(os.environ.get("WORKBENCH_ASSETS", Path(__file__).parents[3] / "shared" / "assets"))
HANG_SECONDS = 60


def pipeline(words: str, model: str = "inspector-mobile", media: str | Path = SAMPLE_CLIP) -> Pipeline:
    detector = open_detector(model, media)
    made = Pipeline(detector, variant(detector, words).settings, open_data(detector, str(media)).calibration)
    made.compile(open_media(media).facts().size_hw)
    return made


def compared(name: str, a: TimeBlock, b: TimeBlock, seconds: float = 40.0) -> None:
    for warm in (a, b):
        warm(20)
    result = compare_blocks(a, b, maximum_seconds=seconds)
    ratio = result.ratio
    print(f"  {name}: {ratio.median:.3f} times [{ratio.low:.3f}, {ratio.high:.3f}], {result.frames} frames")


def whole(time_block: TimeBlock) -> TimeBlock:
    """Give every frame of a block the block's mean: where frames overlap, intervals between single ones say little."""

    def timed(count: int) -> Sequence[float]:
        seconds = time_block(count)
        return [sum(seconds) / len(seconds)] * len(seconds)

    return timed


def bound(options: argparse.Namespace) -> None:
    print("threads with litert-int8 on the sample clip")
    detector = open_detector()
    shares, fps = [], []
    for _ in range(options.runs):
        bench = Bench(open_data(detector, str(SAMPLE_CLIP)), frames=400)
        record = bench.measure(variant(detector, f"litert-int8,feed.mode=threads,feed.workers={options.workers}"))
        assert record.timing is not None, record.problem
        found = limit(record.timing, record.environment.cores)
        assert found is not None, "this system does not tell processor time"
        shares.append(found.share)
        fps.append(found.fps)
        told = f"{found.fps:.0f} FPS of {found.bound_fps:.0f} ({found.limited_by}): {found.share:.2f}"
        print(f"  {told}; each core busy {record.timing.core_busy}")
    print(f"  share of the bound: {median(shares):.3f} (median of {options.runs}; aim 0.90), {median(fps):.0f} FPS")
    clip = open_media(SAMPLE_CLIP)
    for size in options.sizes:
        at = f"input.size_hw={size}"
        threads, loop, naive = (
            pipeline(words)
            for words in (f"litert-int8,{at},feed.mode=threads,feed.workers={options.workers}", f"litert-int8,{at}", f"naive,{at}")
        )
        before, after = found_by(loop), found_by(threads)
        same = all(
            np.array_equal(a.boxes_xyxy_px, b.boxes_xyxy_px) and np.array_equal(a.scores, b.scores)
            for a, b in zip(before, after, strict=True)
        )
        print(f"  at {size}: the same detections as loop, frame for frame: {same} ({len(before)} frames)")
        timers = [whole(each.block_timer(clip)) for each in (threads, loop, naive)]
        compared(f"at {size}: loop over threads", timers[1], timers[0])
        compared(f"at {size}: naive over threads (aim 30)", timers[2], timers[0], 60.0)


def found_by(one: Pipeline) -> list[Detections]:
    found: list[Detections] = []
    steps = one.steps(open_media(SAMPLE_CLIP), lambda _, each: found.extend(each))
    while steps(NoWatch()):
        pass
    steps.close()
    return found


def tfdata(_: argparse.Namespace) -> None:
    print("tf.data against the loop, graph engine, full frames")
    media_of = {"clip, decoded by OpenCV": str(SAMPLE_CLIP), "JPEG stills": landscape()}
    for (name, media), resize, size in product(media_of.items(), ("graph", "pillow"), (320, 160)):
        opened = open_media(media)
        words = f"graph,nms.method=opencv,input.size_hw={size},input.resize={resize}"
        loop, fed = (pipeline(each, media=media) for each in (words, f"{words},feed.mode=tfdata,feed.workers=2"))
        what = f"{name}, resize {resize}, at {size}: loop over tfdata"
        compared(what, whole(loop.block_timer(opened)), whole(fed.block_timer(opened)), seconds=15)
    for cache in ("none", "memory", "file"):
        cached = pipeline(f"graph,input.size_hw=160,feed.mode=tfdata,feed.workers=2,feed.cache={cache}", media=landscape())
        stills = open_media(landscape())
        passes = []
        for _number in range(3):
            steps = cached.steps(stills)
            passes.append(sum(time_frames(steps, 10_000)))
            steps.close()
        print(f"  cache={cache}: passes over {stills.facts().frames} stills {', '.join(f'{seconds:.2f} s' for seconds in passes)}")


def landscape() -> str:
    return str(SAMPLE_STILLS / "*.jpg")


def hand(options: argparse.Namespace) -> None:
    model, video = ASSETS / "models/yolox_nano_416_float16_quantize.tflite", ASSETS / "videos/intel_bottle-detection.mp4"
    if not model.exists():
        print(f"by hand: no real models at {ASSETS}")
        return
    labels = (ASSETS / "labels/coco80_yolox.txt").read_text().split("\n")
    print("YOLOX float16 on the bottle video: the workbench against what one writes by hand")
    media = open_media(str(video))
    cores = environment().cores
    plain = block_of(by_hand.plain_loop(video, by_hand.litert(model, cores), labels))
    reader = block_of(by_hand.with_reader(video, by_hand.litert(model, cores), labels))
    queued = block_of(by_hand.async_queue(video, model, labels))
    ours = {
        engine: whole(
            pipeline(
                f"runtime.engine={engine},input.resize=opencv,nms.method=opencv,nms.score=0.3,feed.mode=threads,feed.workers={options.workers}",
                str(model),
                video,
            ).block_timer(media)
        )
        for engine in ("litert", "openvino")
    }
    compared("plain OpenCV + LiteRT loop over threads with litert (aim 1.4)", whole(plain), ours["litert"])
    compared("with a reader thread over threads with litert", whole(reader), ours["litert"])
    compared("OpenVINO's async queue over threads with openvino (aim 1)", whole(queued), ours["openvino"])


def queue(options: argparse.Namespace) -> None:
    for precision in options.precisions:
        words = f"runtime.engine=openvino,runtime.precision={precision},input.resize=opencv,nms.method=opencv,feed.mode=threads"
        ours = pipeline(f"{words},feed.workers={options.workers}", options.model, options.media)
        streams = next((note for note in ours.engine.notes if "streams" in note), "one stream")
        print(f"{ours.detector.facts.name}, {precision}: threads with {options.workers} workers ({streams})")
        ours_block = whole(ours.block_timer(open_media(options.media)))
        for hint in ("THROUGHPUT", "LATENCY"):
            theirs = whole(block_of(queued(ours, options.media, hint)))
            compared(f"a queue of requests written by hand, {hint}, over threads (aim 1 or more)", theirs, ours_block)


def queued(one: Pipeline, media: str, hint: str) -> Iterator[int]:
    """Run OpenVINO's own queue of requests around the same preparing, decoding, NMS and drawing; frames come out in order."""
    import openvino

    settings, detector = one.settings, one.detector
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    model = detector.litert_model(settings, Calibration("nothing", list))
    read = OutputReader(detector.meaning, settings.nms, size_hw)
    assert isinstance(one.engine, LiteRt)
    names = [details["name"] for details in one.engine._outputs]
    precision = properties_of(settings)["INFERENCE_PRECISION_HINT"]
    core = openvino.Core()
    with temporary_folder() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(model.content)
        network = core.read_model(path)
    network.reshape(detector.input_spec.batch_shape(1, size_hw))
    chosen = {"PERFORMANCE_HINT": hint, "INFERENCE_NUM_THREADS": settings.runtime.threads, "INFERENCE_PRECISION_HINT": precision}
    requests = openvino.AsyncInferQueue(core.compile_model(network, "CPU", chosen))
    done: dict[int, int] = {}
    turn = threading.Condition()

    def finished(request: Any, told: tuple[int, Frame]) -> None:
        number, image = told
        candidates = read([np.array(request.get_tensor(name).data) for name in names])
        assert isinstance(candidates, Candidates)
        (found,) = one.suppress([candidates], [image])
        one.draw(image, found)
        with turn:
            done[number] = len(found)
            turn.notify_all()

    requests.set_callback(finished)
    source, ahead = frames_from(open_media(media), 0, again=True), len(requests) + 2
    sent = taken = 0
    try:
        while True:
            while sent < taken + ahead:
                image = next(source)
                requests.start_async({0: prepare([image.image_rgb], detector.input_spec, size_hw, "opencv")}, (sent, image))
                sent += 1
            with turn:
                while taken not in done:
                    turn.wait()
                count = done.pop(taken)
            taken += 1
            yield count
    finally:
        requests.wait_all()


def block_of(run: Iterator[int]) -> TimeBlock:
    def time_block(count: int) -> Sequence[float]:
        for _ in range(8):  # what was ahead of the last block's end
            next(run)
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            next(run)
            seconds.append(time.perf_counter() - began)
        return seconds

    return time_block


def timers(options: argparse.Namespace) -> None:
    print("what stage timers cost (time with them over without)")
    one = pipeline("litert-int8")
    clip = open_media(SAMPLE_CLIP)

    def timed(watch: Callable[[], Stopwatch | NoWatch]) -> TimeBlock:
        def block(count: int) -> Sequence[float]:
            return time_frames(one.steps(clip), count, watch())

        return block

    compared("loop", timed(Stopwatch), timed(NoWatch))
    threads = pipeline(f"litert-int8,feed.mode=threads,feed.workers={options.workers}")

    def overlapped(*, silent: bool) -> TimeBlock:
        def block(count: int) -> Sequence[float]:
            works: list[Work] = [partial(quiet, worker.pass_batch) if silent else worker.pass_batch for worker in threads.workers()]
            run = Overlapped(clip.frames(), 1, works, prefetch=2)
            try:
                seconds = time_frames(lambda watch: len(passed.frames) if (passed := run.next(watch)) else 0, count + 8)
            finally:
                run.close()
            return [sum(seconds[8:]) / count] * count

        return block

    compared("threads", overlapped(silent=False), overlapped(silent=True))


def quiet(work: Work, batch: Sequence[Frame], _: Watch) -> Passed:
    return work(batch, NoWatch())


def memory(options: argparse.Namespace) -> None:
    for mode, frames in (("threads", options.frames), ("tfdata", options.frames // 5)):
        one = pipeline(f"litert,input.size_hw=96x160,feed.mode={mode},feed.workers=2")
        steps = one.steps(open_media(SAMPLE_CLIP), again=True)
        began = time.perf_counter()
        done = 0
        while time.perf_counter() - began < 60:
            done += steps(NoWatch())
        before = resident_mib()
        highest = 0.0
        while done < frames:
            done += steps(NoWatch())
            if done % 5000 == 0:
                highest = max(highest, resident_mib() - before)
        after = resident_mib() - before
        steps.close()
        print(f"{mode}: {done:,} frames; {after:+.1f} MiB of {before:.0f} after the first minute, at most {highest:+.1f} (aim 30)")


def resident_mib() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20


def stops(options: argparse.Namespace) -> None:
    rng = random.Random(1)
    process = psutil.Process()
    for mode, count in (("threads", options.stops), ("tfdata", options.stops // 5)):
        one = pipeline(f"litert,input.size_hw=96x160,feed.mode={mode},feed.workers=2")
        clip = open_media(SAMPLE_CLIP)
        stop_once(one, clip, 0.05)
        before = (threading.active_count(), process.num_threads(), process.num_fds())
        for _ in range(count):
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            stop_once(one, clip, rng.uniform(0, 0.05))
            faulthandler.cancel_dump_traceback_later()
        after = (threading.active_count(), process.num_threads(), process.num_fds())
        print(f"{mode}: {count} stops at random moments; Python threads, threads, handles: {before} before, {after} after")


def stop_once(one: Pipeline, clip: Media, seconds: float) -> None:
    steps = one.steps(clip)
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        steps(NoWatch())
    steps.close()


PARTS = {"bound": bound, "tfdata": tfdata, "hand": hand, "queue": queue, "timers": timers, "memory": memory, "stops": stops}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[*PARTS])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[320], help="of the network's input, in `bound`")
    parser.add_argument("--workers", type=int, default=environment().cores)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--stops", type=int, default=1000)
    parser.add_argument("--model", default="inspector-mobile", help="whose network is stored in floats, in `queue`")
    parser.add_argument("--media", default=str(SAMPLE_CLIP), help="a video, in `queue`")
    parser.add_argument("--precisions", nargs="+", default=["float32"], help="in `queue`; bfloat16 too, where the processor has it")
    options = parser.parse_args()
    facts = environment()
    print(f"{facts.cpu}, {facts.cores} cores, {facts.system}")
    for part in options.parts:
        PARTS[part](options)


if __name__ == "__main__":
    main()

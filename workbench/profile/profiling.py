"""Where inside a network the time goes under one setting: operators' times from a pass of their own, beside `infer` without it."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from workbench.catalogue import ENGINES
from workbench.detectors import Detector
from workbench.engines import Engine, Executor, LiteRt, Opened, open_engine, set_tensorflow_threads, stack_frames
from workbench.errors import MediaError, UnavailableError
from workbench.machine import at_step
from workbench.opening import EvaluationData, words
from workbench.profile.lints import Inside, lints
from workbench.profile.litert import LiteRtProfiler
from workbench.profile.onnxruntime import OnnxRuntimeProfiler
from workbench.profile.openvino import OpenVinoProfiler
from workbench.profile.profiler import ProfiledRuns, Profiler, Turns, Watched
from workbench.profile.roof import measured_roof
from workbench.profile.tensorflow import TracedRuns
from workbench.quantising import Flatbuffer
from workbench.record import OperatorRow, Profile
from workbench.settings import LATER, Settings
from workbench.stages import prepare

PROFILERS: dict[str, Callable[[Opened, Settings], Profiler]] = {
    "litert": LiteRtProfiler,
    "openvino": OpenVinoProfiler,
    "onnxruntime": OnnxRuntimeProfiler,
}
TRACED = ("graph", "xla", "eager")  # by TensorFlow's own: the engine itself, whatever its program holds
BATCHES = 8  # different ones: a network takes as long whatever it sees, or nearly so
ROUNDS = 5  # in which both passes have a turn, so that a machine that changes its pace does so for both
TIMED_RUNS = 40  # of each pass in a round
SETTLING_RUNS = 2  # at the beginning of each turn, not timed: the other pass has filled the caches with its own
WARM_UP_SECONDS, WARM_UP_RUNS = 1.0, 50  # whichever is over first
ROUND_SECONDS = 6.0  # that the runs of a round may take: a slow network has fewer
OPENING_SECONDS = 600.0  # converting and compiling a large network takes minutes
RUNNING_SECONDS = 300.0  # of a round, or the warm-up, of the slowest
USUAL_DELEGATE = LATER["runtime.delegate"]
CHANGING = "another number of operators runs each time"


def why_not_profiled(settings: Settings) -> str | None:
    """Say why the operators of an engine cannot be looked at; `None` where they can."""
    name = settings.runtime.engine
    choices = ", ".join((*PROFILERS, *TRACED))
    if name not in {*PROFILERS, *TRACED}:
        return f"runtime.engine is {name}: what is inside {ENGINES[name].spoken} is not profiled; choose {choices}"
    delegate, device = settings.runtime.delegate, settings.runtime.device
    if delegate != USUAL_DELEGATE:
        return f"runtime.delegate is {delegate}: what is inside is profiled with {USUAL_DELEGATE} only; choose that"
    return f"runtime.device is {device}: operators are timed on the processor only; choose cpu" if device != "cpu" else None


@final
class _FileRuns(ProfiledRuns):
    """An engine whose network is executed by a profiler; what is around the network is timed here.

    It is one with `LiteRt`: both feed the network and read its outputs in the same way.
    """

    def __init__(self, detector: Detector, settings: Settings, data: EvaluationData) -> None:
        super().__init__()
        self._profiler: Profiler
        self._inside_seconds = 0.0
        self._engine = LiteRt(detector, settings, data.calibration, self._open)

    def _open(self, opened: Opened, settings: Settings) -> Executor:
        self.file = Flatbuffer(opened.content)
        self._profiler = PROFILERS[settings.runtime.engine](opened, settings)
        return Executor(self._execute)

    def _execute(self, values: NDArray[Any]) -> Sequence[NDArray[Any]]:
        began = time.perf_counter()
        found = self._profiler.execute(values)
        self._inside_seconds = time.perf_counter() - began
        return found

    def run(self, batch: NDArray[Any]) -> None:
        began = time.perf_counter()
        self._engine.run(batch)
        self.around_seconds.append(time.perf_counter() - began - self._inside_seconds)

    def watched(self, turns: Turns) -> Watched:
        return self._profiler.watched(turns)


def profiled(detector: Detector, data: EvaluationData, settings: Settings) -> Profile:
    """Run a detector with and without a profiler, in turns.

    Args:
        detector: What to run.
        data: Whose media it is run on.
        settings: As `check` returned them.

    Raises:
        UnavailableError: There is no profiler for the engine, or the runtime refuses the network.
        MediaError: The media hold no frame.
    """
    if reason := why_not_profiled(settings):
        raise UnavailableError(reason)
    at_step("its engine opens it", OPENING_SECONDS)
    traced = settings.runtime.engine in TRACED
    if traced:
        set_tensorflow_threads(settings.runtime.threads)
    engine = open_engine(detector, settings, data.calibration)
    passes = TracedRuns(engine) if traced else _FileRuns(detector, settings, data)
    batches = cycle(_batches(detector, settings, data, engine))
    seconds = list[float]()

    def run(batch: NDArray[Any]) -> None:
        began = time.perf_counter()
        engine.run(batch)
        seconds.append(time.perf_counter() - began)

    turns = in_turns((run, passes.run), batches)
    counted = [number for turn in turns for number in turn]
    at_step("what this machine can do is measured", RUNNING_SECONDS)
    roof = measured_roof(settings.runtime.threads)
    at_step("what was seen is read", OPENING_SECONDS)
    seen = passes.watched(turns)
    rows = with_seconds(seen.rows, seen.seconds)
    return Profile(
        detector=detector.facts.name,
        setting=words(detector, settings),
        runtime=ENGINES[settings.runtime.engine].runtime,
        batch=engine.batch,
        operators=rows,
        infer_seconds=float(np.median([seconds[number] for number in counted])),
        around_seconds=float(np.median([passes.around_seconds[number] for number in counted])),
        around=passes.around,
        runs=len(counted),
        untimed=seen.untimed or (None if seen.seconds else CHANGING),
        roof=roof,
        lints=lints(Inside(rows=rows, file=passes.file, settings=settings)),
    )


def _batches(detector: Detector, settings: Settings, data: EvaluationData, engine: Engine) -> list[NDArray[Any]]:
    size_hw = detector.input_spec.choose_size(settings.input.size_hw)
    images = [frame.image_rgb for frame in islice(data.media.frames(), BATCHES * engine.batch)]
    if not images:
        raise MediaError("the media hold no frame; choose media with at least one")
    places = range(0, len(images), engine.batch)
    filled = ([*images[place : place + engine.batch], *images[:1] * engine.batch][: engine.batch] for place in places)
    if not engine.takes_frames:
        return [prepare(each, engine.input_spec, size_hw) for each in filled]
    return [stack_frames([one if one.shape == each[0].shape else each[0] for one in each]) for each in filled]  # of one size


def in_turns(
    runs: Sequence[Callable[[NDArray[Any]], object]], batches: Iterator[NDArray[Any]], warm_up_seconds: float = WARM_UP_SECONDS
) -> list[range]:
    """Run each, in turns; return which calls of each count, turn by turn: neither warm-up nor settling."""
    at_step("it warms up", RUNNING_SECONDS)
    began, calls, turns = time.perf_counter(), 0, list[range]()
    while not calls or (calls < WARM_UP_RUNS and time.perf_counter() < began + warm_up_seconds):
        for run in runs:
            run(next(batches))
        calls += 1
    fitting = int(ROUND_SECONDS * calls / (time.perf_counter() - began))
    timed = max(1, min(TIMED_RUNS, fitting))
    for number in range(ROUNDS):
        at_step(f"its operators are timed, turn {number + 1} of {ROUNDS}", RUNNING_SECONDS)
        for run in runs:
            for _ in range(SETTLING_RUNS + timed):
                run(next(batches))
        calls += SETTLING_RUNS + timed
        turns.append(range(calls - timed, calls))
    return turns


def with_seconds(rows: Sequence[OperatorRow], runs: Sequence[Sequence[float]]) -> tuple[OperatorRow, ...]:
    """Give each operator its mean over the middle half of the runs by their sums, so that their sum is a mean of those too.

    A median of each would not add up, and runtimes that count whole microseconds would be off by up to a half for each operator.
    """
    if not runs:
        return tuple(rows)
    ordered = sorted(runs, key=sum)
    cut = len(ordered) // 4
    means = np.mean(ordered[cut : len(ordered) - cut], axis=0).tolist()
    return tuple(row.model_copy(update={"seconds": seconds}) for row, seconds in zip(rows, means, strict=True))

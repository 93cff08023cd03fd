"""One run of an engine, and a record for each NMS setting put together from it: it screens settings, and is about 10 % off."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np

from workbench.detections import Accuracy, Agreement, Detections, doubts, uncounted, with_reasons
from workbench.detectors import Detector
from workbench.engines import Candidates
from workbench.errors import RecordError
from workbench.machine import NoiseWatch, environment, with_pace
from workbench.opening import EvaluationData
from workbench.pipeline import Pipeline
from workbench.record import Record, agreement_with, same_classes
from workbench.settings import Nms
from workbench.sweep.kept_outputs import KeptOutputs, content_key, keep_outputs, with_nms
from workbench.sweep.loop_timing import BACK, LoopTiming, Seconds
from workbench.sweep.nms_timing import VISITS, NmsTiming, spread_frames, time_nms
from workbench.sweep.task import Row, Task
from workbench.timing import Clock, Timing, kept_seconds

FRAMES_KEPT = 66  # whose times a record holds: enough for p90
ROUNDING = 1e-9  # of sums of floating-point numbers in another order


@final
@dataclass(frozen=True, slots=True)
class _Screened:
    """What one NMS setting was seen to take so far, and how right what it finds on labelled frames is."""

    accuracy: Accuracy | None
    found: tuple[Detections, ...]
    visits: list[NmsTiming] = field(default_factory=list)


@final
class ScreenedGroup:
    """All NMS settings of one input and runtime: the engine is compiled when this is made, and then each row costs its NMS alone.

    `keep_outputs` comes first, then slices of the loop and rows in turns with other groups of the process, so that all of them see
    the same machine; the records come at the end.

    Args:
        task: Of kind `compose`.
        tell: Called now and then, as a sign of life.

    Raises:
        WorkbenchError: The engine cannot be made ready, or the media cannot be read.
    """

    def __init__(
        self, detector: Detector, data: EvaluationData, task: Task, tell: Callable[[], None], clock: Clock = time.perf_counter
    ) -> None:
        # The loop runs under an NMS that leaves neither much nor little.
        settings = sorted((row.settings for row in task.rows), key=lambda one: one.nms.score)[len(task.rows) // 2]
        self.task = task
        self._data = data
        self._clock = clock
        self._least_score = min(float(row.settings.nms.score) for row in task.rows)
        self._noise = NoiseWatch(settings.runtime.threads)
        with self._noise:
            before = time.perf_counter()
            self._pipeline = Pipeline(detector, settings, data.calibration)
            self._pipeline.compile(data.media.facts().size_hw)
            self._compile_seconds = time.perf_counter() - before
            tell()
            frames = min(task.frames, data.media.facts().frames)
            self._loop = LoopTiming(self._pipeline, data.media, frames, clock)
            self._positions, self._frames = spread_frames(data.media, frames)
            self._raws = [raw for frame in self._frames for raw in self._pipeline.infer([frame])]
            tell()
        self._labelled: KeptOutputs | None = None
        self._agreements: dict[bytes, Agreement | None] = {}
        self._screened: dict[str, _Screened] = {}

    def keep_outputs(self, tell: Callable[[], None]) -> None:
        """Run the engine over the labelled frames, on which rows are judged: nothing is timed, so others may do so beside it."""
        self._labelled = keep_outputs(self._pipeline, self._data, self._least_score, tell)

    def time_slice(self) -> None:
        """Time some frames in the loop."""
        self._loop.time_slice()
        self._noise.sample()

    def screen(self, row: Row) -> None:
        """Time the NMS of one row on the next of `VISITS` parts of the frames; the first time, judge it."""
        nms = row.settings.nms
        if row.id not in self._screened:
            self._screened[row.id] = self._on_labelled(nms)
        visits = self._screened[row.id].visits
        part = slice(len(visits), None, VISITS)
        positions, frames, raws = self._positions[part], self._frames[part], self._raws[part]
        if frames:  # short media have fewer than there are visits
            visits.append(time_nms(with_nms(self._pipeline, nms), positions, frames, raws, self._clock))

    def _on_labelled(self, nms: Nms) -> _Screened:
        if self._labelled is None:
            return _Screened(None, ())
        found = self._labelled.found(self._pipeline, nms, self._least_score)
        return _Screened(self._labelled.accuracy(found, float(nms.score)), tuple(found))

    def record(self, row: Row) -> Record:
        """Return the record of a row that was screened: to frames of the loop's front its own NMS and drawing are added.

        Raises:
            RecordError: Its times cannot be.
        """
        screened = self._screened[row.id]
        timed = NmsTiming.of_all(screened.visits)
        agreed = self._agreement(timed, screened.accuracy)
        stages, total = composed_times(self._loop, timed, separate=isinstance(self._raws[0], Candidates))
        if reason := why_impossible(stages, total):
            raise RecordError(f"the times put together for {row.name} cannot be: {reason}; measure it whole with `workbench run`")
        return Record(
            id=row.id,
            name=row.name,
            command=row.command,
            settings=row.settings,
            detector=self.task.detector,
            media=self.task.media,
            environment=environment(),
            engine=with_nms(self._pipeline, row.settings.nms).engine_facts(),
            timing=Timing(
                compile_seconds=self._compile_seconds,
                first_call_seconds=self._loop.warmed_up.first_call_seconds,
                total_seconds=kept_seconds(total),
                stage_seconds={stage: kept_seconds(seconds) for stage, seconds in stages.items()},
            ),
            composed=True,
            accuracy=screened.accuracy,
            agreement=agreed,
            noise=with_pace(self._noise.certificate, self._loop.infer_seconds),
            warnings=tuple(self._warnings(row, screened, timed, agreed)),
        )

    def _agreement(self, timed: NmsTiming, accuracy: Accuracy | None) -> Agreement | None:
        baseline = self.task.baseline
        if baseline is None or not same_classes(baseline.detector.labels, self._pipeline.detector.facts.labels):
            return None
        key = timed.positions.tobytes() + content_key(timed.found)
        if key not in self._agreements:
            names = {int(position): frame.name for position, frame in zip(self._positions, self._frames, strict=True)}
            found = zip(timed.positions.tolist(), timed.found, strict=True)
            self._agreements[key] = agreement_with(baseline, {names[position]: one for position, one in found})
        agreed = self._agreements[key]
        return with_reasons(agreed, accuracy, baseline.accuracy) if agreed is not None else None

    def _warnings(self, row: Row, screened: _Screened, timed: NmsTiming, agreed: Agreement | None) -> Iterator[str]:
        yield from self.task.detector.open_guesses
        yield from self._pipeline.engine.warnings
        seen = [(raw.boxes_xyxy if isinstance(raw, Candidates) else raw.boxes_xyxy_px, raw.scores) for raw in self._raws]
        yield from doubts(
            [*timed.found, *screened.found],
            screened.accuracy,
            seen,
            score=row.settings.nms.score,
            precision=row.settings.runtime.precision,
            classes=len(self.task.detector.labels),
            score_step=self._pipeline.detector.score_step,
        )
        yield from self._loop.warmed_up.warnings
        yield from uncounted(screened.found)
        if agreed and agreed.broken:
            yield f"this setting breaks the detector: {'; '.join(agreed.reasons)}"


def composed_times(loop: LoopTiming, timed: NmsTiming, *, separate: bool) -> tuple[dict[str, Seconds], Seconds]:
    """Return the seconds of frames by stage and whole: of the loop's front, and what was timed of NMS and drawing added to it.

    Where NMS is no `separate` stage, since the network does its own, what is left of it counts as drawing.
    """
    positions, front = loop.front(FRAMES_KEPT)
    nms, draw = timed.at(positions)
    stages = {**front, **({"nms": nms, "draw": draw} if separate else {"draw": nms + draw})}
    return stages, np.sum(list(stages.values()), axis=0)


def why_impossible(stages: Mapping[str, Seconds], total: Seconds) -> str | None:
    """Say why times that were put together cannot be those of frames; `None` where they can.

    Each stage takes its time, and a frame no less than its own front and the least that was seen of what follows it.

    >>> why_impossible({"infer": np.array([0.006]), "nms": np.array([0.001])}, np.array([0.0001]))
    'a frame takes 0.1 ms, its measured parts at least 7'
    """
    for stage, seconds in stages.items():
        if not len(seconds) or not np.isfinite(seconds).all() or seconds.min() <= 0:
            return f"{stage} takes {1000 * float(np.min(seconds, initial=np.inf)):.3g} ms in one of {len(seconds)} frames"
    front = np.sum([seconds for stage, seconds in stages.items() if stage not in BACK], axis=0)
    least = front + sum(float(seconds.min()) for stage, seconds in stages.items() if stage in BACK)
    short = total < least * (1 - ROUNDING)
    if short.any():
        return f"a frame takes {1000 * total[short][0]:.3g} ms, its measured parts at least {1000 * least[short][0]:.3g}"
    return None

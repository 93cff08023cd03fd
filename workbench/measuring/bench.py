"""The bench: settings measured one after the other on the same frames, each compared with the first."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple
from uuid import uuid4

import numpy as np

from workbench.detections import Accuracy, Agreement, Detections, FloatArray, doubts, doubts_of_function, uncounted, with_reasons
from workbench.engines import Candidates, run_first
from workbench.errors import RecordError, SettingsError
from workbench.hardware import quota_cores, usable_cores
from workbench.machine import NoiseCertificate, NoiseWatch, environment, with_pace
from workbench.measuring.judging import judge
from workbench.measuring.kept_detections import KeptDetections, frames_to_show
from workbench.measuring.notebook_progress import Progress, progress_shown, tell_nobody
from workbench.measuring.passes import SHARED_TURN_FRAMES, TURN_FRAMES, WARM_STEPS, Measured, Turns, measure_in_turns
from workbench.measuring.real_time_pass import RealTimePass, measure_real_time
from workbench.measuring.steady_wait import MOST_SECONDS, SHARED_MOST_SECONDS, SteadyWait
from workbench.measuring.worst_frames import worst_against_baseline, worst_against_truth
from workbench.media import Media
from workbench.opening import EvaluationData, Variant
from workbench.pipeline import Detect, FunctionPipeline, OwnFunction, Pipeline, class_thresholds, frames_of_the_user
from workbench.record import EngineFacts, FrameDetections, Picture, Problem, Record, WorstFrame, agreement_with, same_classes
from workbench.stages import only_above
from workbench.timing import Comparison, RealTime, StageSpan, Step, Timing, compare_blocks, limit

DEFAULT_FRAMES = 150  # enough for p95 (130 frames), and a slow pipeline is done in half a minute
FRAMES_KEPT = 256  # whose detections a record holds: more would make it large and the agreement no surer
FRAMES_COUNTED = 4  # whose candidates are counted: the mean has to tell tens from thousands, no more
COMPARISON_SECONDS = 20.0  # nobody waits longer for a row; what is still unclear then is said to be
UNEXPLAINED_LIMIT = 0.05  # of the median frame; above it the stages do not account for what the user waits for

TIMES_APART = "its times are not compared with the baseline's, which were taken in another session"

Row = Variant | OwnFunction
"""What is measured as one row: a detector under settings, or a function of the user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What is done with a variant between two halves of its timed frames."""

    accuracy: Accuracy | None
    labelled: KeptDetections
    comparison: Comparison | None
    compilations: int
    """Programs that this took: labelled frames may have other shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What one variant's run left behind, before it is written down."""

    id: str
    """Of the record that it becomes."""
    pipeline: Pipeline | FunctionPipeline
    timing: Timing
    timeline: tuple[StageSpan, ...]
    unsteady: tuple[str, ...]
    recompilations: int
    candidates: float | None
    raw: list[tuple[FloatArray, FloatArray]]
    timed: KeptDetections
    beside: _Beside
    real_time: RealTime | None
    noise: NoiseCertificate


class _Lead(NamedTuple):
    """The variant that the others take turns with, and the id of the record that it becomes."""

    variant: Row
    pipeline: Pipeline | FunctionPipeline
    id: str


class Bench:
    """Measures variants on the same frames. The first is the baseline, unless a record is given as one.

    Args:
        frames: How many frames to time; media that hold fewer are repeated, and that is told.
        baseline: A saved record whose detections others are compared with; times of other sessions are not.
        progress: Told what is going on; in a notebook, a bar under the cell is by default.
        comparison_seconds: How long a comparison with the baseline may look for a clear answer.
        real_time: Asks for one more pass, at the frames' own pace.

    Raises:
        SettingsError: There is no frame to time.
        RecordError: The baseline's record is of other media, or holds no detections.
    """

    def __init__(
        self,
        data: EvaluationData,
        frames: int = DEFAULT_FRAMES,
        baseline: Record | None = None,
        progress: Progress | None = None,
        comparison_seconds: float = COMPARISON_SECONDS,
        real_time: RealTimePass | None = None,
    ) -> None:
        if frames < 1:
            raise SettingsError(f"frames is {frames}: there is nothing to time; choose 1 or more")
        if baseline is not None:
            _check_baseline(baseline, data.media)
        self._data = data
        self._frames = frames
        self._asked_progress = progress
        self._progress: Progress = tell_nobody
        self._comparison_seconds = comparison_seconds
        self._real_time = real_time
        self._baseline = baseline
        self._baseline_labelled: Mapping[str, Detections] = {}
        self._other_session = baseline is not None
        self._lead: _Lead | None = None
        self._stopped: dict[Row, Timing] = {}
        self._shown = frozenset(frames_to_show(data.media, data.truth, frames))
        self._shown_labelled = frozenset(frames_to_show(data.labelled, data.labelled_truth, None)) if data.labelled else frozenset()

    @property
    def has_baseline(self) -> bool:
        """Whether there is something that the next variant is compared with."""
        return self._baseline is not None

    def compare_with(self, baseline: Variant) -> None:
        """Compare the variants to come with the baseline in turns too: its record was given, so it is opened and not measured.

        Raises:
            WorkbenchError: It cannot be opened.
        """
        assert self._baseline is not None, "its record was given"
        run_first(baseline.detector, baseline.settings, self._data.calibration)
        pipeline = Pipeline(baseline.detector, baseline.settings, self._data.calibration)
        pipeline.compile(self._data.media.facts().size_hw)
        pipeline.block_timer(self._data.media)(WARM_STEPS)
        self._lead, self._other_session = _Lead(baseline, pipeline, self._baseline.id), False

    def measure(self, variant: Row | Detect) -> Record:
        """Run one variant, or a function of your own, through the whole protocol.

        Args:
            variant: A detector under settings; or a function that takes a frame, `(height, width, 3)` uint8 in RGB, and returns
                boxes `(n, 4)` as x1, y1, x2, y2 in pixels of it, scores `(n,)` and labels `(n,)`, numbers or names. What it does
                within `with workbench.stage("nms"):` is a stage.

        Raises:
            WorkbenchError: It could not be run; `problem_record` turns that into a row. What your own function raises comes as it
                is, with its traceback.
        """
        row = self.row(variant)
        (found,) = self.measure_in_turns([row])
        if isinstance(found, Exception):
            raise found.with_traceback(frames_of_the_user(found)) if isinstance(row, OwnFunction) else found
        return found

    def row(self, variant: Row | Detect) -> Row:
        """Return what is measured, with a function as the row that it is."""
        if isinstance(variant, Row):
            return variant
        if not callable(variant):
            raise SettingsError(
                f"{type(variant).__name__} cannot be measured; choose variant(detector, …), or a function of a frame"
            )
        return OwnFunction.of(variant, next(filter(None, self._labels()), ()))

    def _labels(self) -> Iterator[tuple[str, ...]]:
        """Name the classes that a function may be meant to find, the likeliest first."""
        yield self._data.labels
        yield from (truth.labels for truth in (self._data.labelled_truth, self._data.truth) if truth is not None)
        yield from (one.detector.labels for one in (self._baseline,) if one is not None)

    def measure_in_turns(
        self, variants: Sequence[Row], on_turn: Callable[[int], None] = tell_nobody, ids: Sequence[str] = ()
    ) -> list[Record | Exception]:
        """Run several variants through the protocol in turns, so that a machine that changes its pace does so for all of them.

        One whose stages overlap is timed in one go. All of them are in memory at once.

        Args:
            variants: To measure, the baseline first; all of them use the same number of threads, for that is the process's.
            on_turn: Told which variant's turn begins: if the process dies, it was that one.
            ids: Of the records, where they are given out already.

        Returns:
            For each variant its record, or why it has none.
        """
        with progress_shown(self._asked_progress) as self._progress:
            return self._measured_in_turns(variants, on_turn, ids)

    def _measured_in_turns(
        self, variants: Sequence[Row], on_turn: Callable[[int], None], ids: Sequence[str]
    ) -> list[Record | Exception]:
        named = zip(variants, ids or [uuid4().hex for _ in variants], strict=True)
        running = {n: self._in_turns(variant, key, shared=len(variants) > 1) for n, (variant, key) in enumerate(named)}
        outcomes: dict[int, _Run | Exception] = {}
        order = list(running)
        while order:
            for n in order:
                on_turn(n)
                try:
                    next(running[n])
                except StopIteration as end:
                    outcomes[n] = end.value
                except Exception as error:  # the runtime raises what it likes
                    outcomes[n] = error
                    self._forget_lead(variants[n])
            order = [n for n in reversed(order) if n not in outcomes]  # a pace that drifts does so for all alike
        return [
            outcome if isinstance(outcome, Exception) else self._record(variant, outcome)
            for variant, outcome in ((variant, outcomes[n]) for n, variant in enumerate(variants))
        ]

    def _forget_lead(self, variant: Row) -> None:
        if self._baseline is None and self._lead is not None and self._lead.variant is variant:
            self._lead = None

    def _record(self, variant: Row, run: _Run) -> Record:
        agreed, beside = self._agreement(variant, run), run.beside
        record = Record(
            id=run.id,
            name=variant.name,
            command=variant.command,
            settings=variant.settings,
            detector=variant.detector.facts,
            media=self._data.media.facts(),
            environment=environment(),
            engine=_engine_facts(run),
            timing=run.timing,
            timeline=run.timeline,
            accuracy=beside.accuracy,
            agreement=agreed,
            comparison=beside.comparison if self._lead is not None else None,  # it failed later: there is no record to compare with
            real_time=run.real_time,
            noise=run.noise,
            warnings=tuple(self._warnings(variant, run, agreed)),
            detections=tuple(FrameDetections.of(name, one) for name, one in islice(run.timed.by_name.items(), FRAMES_KEPT)),
            pictures=tuple(self._pictures(run)),
            worst=self._worst(run),
        )
        if self._baseline is None:
            self._baseline, self._baseline_labelled = record, beside.labelled.by_name
        return record

    def _in_turns(self, variant: Row, key: str, *, shared: bool) -> Turns[_Run]:
        self._progress(f"{variant.name}: preparing", 0, 0)
        self._stopped.pop(variant, None)
        media = self._data.media
        timed = KeptDetections(self._shown)
        compiled: list[int] = []  # before each pass, the timed ones last
        opened = ExitStack()

        def make_step() -> Step:
            timed.clear()
            compiled.append(pipeline.compilations)
            if pipeline.overlaps:  # what is behind would work on beside what is timed
                opened.close()
            steps = pipeline.steps(media, timed.listen, again=True)
            opened.callback(steps.close)
            return steps

        beside: list[_Beside] = []

        def evaluate() -> None:
            beside.append(self._beside(variant, pipeline))
            pipeline.take_threads()

        def settle() -> None:
            noise_watch.sample()
            if timer is not None:
                timer(1)
            steady.wait()

        with NoiseWatch(variant.settings.runtime.threads) as noise_watch:
            if isinstance(variant, Variant):
                run_first(variant.detector, variant.settings, self._data.calibration)  # it is no part of what opening takes
            before = time.perf_counter()
            pipeline = self._pipeline(variant)
            pipeline.compile(media.facts().size_hw)
            compile_seconds = time.perf_counter() - before
            if self._lead is None and self._baseline is None:
                self._lead = _Lead(variant, pipeline, key)
            if shared:
                yield
            timer = pipeline.block_timer(media) if shared else None
            first = list(islice(media.frames(), 1))
            most_seconds = SHARED_MOST_SECONDS if shared else MOST_SECONDS
            steady = SteadyWait(lambda: pipeline.infer(first), most_seconds=most_seconds)
            with opened:
                measured = yield from measure_in_turns(
                    make_step,
                    frames=self._frames,
                    overlapped=pipeline.overlaps,
                    on_stop=partial(self._keep_stopped, variant, compile_seconds),
                    between=evaluate,
                    progress=partial(self._progress, f"{variant.name}: timing"),
                    turn_frames=SHARED_TURN_FRAMES if shared else TURN_FRAMES,
                    settle=settle,
                )
            if pipeline.overlaps:  # only now nothing works on behind
                evaluate()
            recompilations = pipeline.compilations - compiled[-1 if pipeline.overlaps else -2] - beside[0].compilations
            candidates, raw = _candidates(pipeline, media, len(timed.by_name))
            real_time = self._real_time_pass(variant, pipeline)
        return _Run(
            id=key,
            pipeline=pipeline,
            timing=_bounded(measured.timing.model_copy(update={"compile_seconds": compile_seconds, "serial": pipeline.serial})),
            timeline=measured.timeline,
            unsteady=measured.warmed_up.warnings,
            recompilations=recompilations,
            candidates=candidates,
            raw=raw,
            timed=timed,
            beside=beside[0],
            real_time=real_time,
            noise=with_pace(noise_watch.certificate, measured.timing.stage_seconds.get("infer", ())).model_copy(
                update={"waited_seconds": steady.waited_seconds}
            ),
        )

    def _pipeline(self, variant: Row) -> Pipeline | FunctionPipeline:
        if isinstance(variant, OwnFunction):
            return FunctionPipeline(variant)
        return Pipeline(variant.detector, variant.settings, self._data.calibration)

    def _keep_stopped(self, variant: Row, compile_seconds: float, measured: Measured) -> None:
        if measured.timing.total_seconds:
            self._stopped[variant] = measured.timing.model_copy(update={"compile_seconds": compile_seconds})

    def problem_record(self, variant: Row | Detect, error: BaseException) -> Record:
        """Return the row of a variant that could not be run, or not to its end: then with the times until there."""
        variant = self.row(variant)
        return Record(
            name=variant.name,
            command=variant.command,
            settings=variant.settings,
            detector=variant.detector.facts,
            media=self._data.media.facts(),
            environment=environment(),
            noise=NoiseCertificate(verdict="unknown", reasons=("nothing was timed",)),
            timing=self._stopped.get(variant),
            problem=Problem.of(error),
        )

    def _beside(self, variant: Row, pipeline: Pipeline | FunctionPipeline) -> _Beside:
        before, labelled = pipeline.compilations, KeptDetections(self._shown_labelled)
        accuracy = judge(self._data, pipeline, labelled, partial(self._progress, f"{variant.name}: accuracy"))
        comparison = self._comparison(variant, pipeline)
        return _Beside(accuracy=accuracy, labelled=labelled, comparison=comparison, compilations=pipeline.compilations - before)

    def _pictures(self, run: _Run) -> Iterable[Picture]:
        shown = (*run.timed.pictures(self._data.truth), *run.beside.labelled.pictures(self._data.labelled_truth))
        return {one.name: one for one in shown}.values()  # the frames timed and those judged may be the same

    def _worst(self, run: _Run) -> tuple[WorstFrame, ...]:
        media, truth, baseline = self._data.labelled, self._data.labelled_truth, self._baseline
        if media is not None and truth is not None and run.beside.labelled.by_name:
            return worst_against_truth(media, run.beside.labelled.by_name, truth, self._baseline_labelled)
        if baseline is None or not same_classes(baseline.detector.labels, run.pipeline.detector.facts.labels):
            return ()
        before = {row.frame: row.detections() for row in baseline.detections}
        return worst_against_baseline(self._data.media, run.timed.by_name, before, baseline.name)

    def _comparison(self, variant: Row, pipeline: Pipeline | FunctionPipeline) -> Comparison | None:
        if self._lead is None or self._lead.variant is variant:
            return None
        lead, other, key = self._lead
        media, tell = self._data.media, partial(self._progress, f"{variant.name}: comparing with {lead.name}")
        timers = other.block_timer(media), pipeline.block_timer(media)
        compared = compare_blocks(*timers, maximum_seconds=self._comparison_seconds, progress=tell)
        return compared.comparison(lead.name, variant.name, key)

    def _real_time_pass(self, variant: Row, pipeline: Pipeline | FunctionPipeline) -> RealTime | None:
        if self._real_time is None:
            return None
        tell = partial(self._progress, f"{variant.name}: at its own pace")
        return measure_real_time(pipeline, self._data.media, self._real_time, tell)

    def _agreement(self, variant: Row, run: _Run) -> Agreement | None:
        baseline = self._baseline
        if baseline is None or not same_classes(baseline.detector.labels, variant.detector.facts.labels):
            return None
        agreed = agreement_with(baseline, run.timed.by_name)
        return None if agreed is None else with_reasons(agreed, run.beside.accuracy, baseline.accuracy)

    def _doubts(self, variant: Row, run: _Run) -> Iterator[str]:
        found = [*run.timed.by_name.values(), *run.beside.labelled.by_name.values()]
        if isinstance(variant, OwnFunction):
            return doubts_of_function(found, run.beside.accuracy)
        return doubts(
            found,
            run.beside.accuracy,
            run.raw,
            score=variant.settings.nms.score,
            precision=variant.settings.runtime.precision,
            classes=len(variant.detector.facts.labels),
            score_step=variant.detector.score_step,
        )

    def _warnings(self, variant: Row, run: _Run, agreed: Agreement | None) -> Iterator[str]:
        yield from variant.detector.facts.open_guesses
        yield from run.pipeline.engine.warnings
        yield from self._doubts(variant, run)
        yield from run.unsteady
        yield from self._data.media.facts().notes
        if (held := len(run.timed.by_name)) < self._frames:
            yield f"{len(run.timing.total_seconds)} frames were timed and the media hold {held}: they were repeated"
        share = run.timing.unexplained_share
        if share is not None and share > UNEXPLAINED_LIMIT:
            yield f"{share:.0%} of a frame's time is in none of its stages"
        if run.recompilations:
            yield f"{run.recompilations} programs were compiled again while frames were timed: shapes changed"
        labels = variant.detector.facts.labels
        truths = dict.fromkeys(truth for truth in (self._data.truth, self._data.labelled_truth) if truth is not None)
        for truth in truths:
            yield from truth.notes
            if truth.labels != labels:
                yield f"{truth.name} was read for other classes than this detector's: no accuracy"
        yield from uncounted(list(run.beside.labelled.by_name.values()))
        if self._baseline is not None:
            if self._other_session:
                yield TIMES_APART
            if not same_classes(self._baseline.detector.labels, labels):
                yield f"{self._baseline.name} knows other classes: no agreement"
        if agreed and agreed.broken:
            what = "this function finds something else" if isinstance(variant, OwnFunction) else "this setting breaks the detector"
            yield f"{what}: {'; '.join(agreed.reasons)}"


def _bounded(timing: Timing) -> Timing:
    found = limit(timing, quota_cores() or usable_cores())
    return timing if found is None else timing.model_copy(update={"bound_share": found.share})


def _check_baseline(baseline: Record, media: Media) -> None:
    if not baseline.detections:
        raise RecordError(f"the baseline {baseline.name} holds no detections; choose a record of a run that succeeded")
    here = media.facts()
    if baseline.media.key != here.key:
        raise RecordError(
            f"the baseline {baseline.name} was measured on {baseline.media.name}, these frames are of {here.name} and differ;"
            " choose a record of the same media"
        )


def _engine_facts(run: _Run) -> EngineFacts:
    found = {"recompilations": run.recompilations, "input_bytes": run.pipeline.input_bytes, "candidates": run.candidates}
    return run.pipeline.engine_facts().model_copy(update=found)


def _candidates(
    pipeline: Pipeline | FunctionPipeline, media: Media, frames: int
) -> tuple[float | None, list[tuple[FloatArray, FloatArray]]]:
    """Return the mean candidates above the score in frames spread over those that were timed, see `EngineFacts`.

    And the raw boxes and scores of these frames, of one alone where the network does its own NMS.
    """
    nms, counts, seen = pipeline.settings.nms, [], []
    thresholds = class_thresholds(nms, pipeline.detector.facts.labels)
    for frame in islice(media.frames(), 0, frames, max(1, frames // FRAMES_COUNTED)):
        (raw,) = pipeline.infer([frame])
        if not isinstance(raw, Candidates):
            return None, [(raw.boxes_xyxy_px, raw.scores)]
        seen.append((raw.boxes_xyxy, raw.scores))
        scores = raw.scores if thresholds is None else only_above(raw.scores, thresholds)
        counts.append(int(((scores if nms.per_class else scores.max(axis=-1)) > np.float32(nms.score)).sum()))
    return (float(np.mean(counts)) if counts else None), seen

"""Explaining: what each setting brought between a baseline and a chosen setting, timed in turns and judged on the same images."""

from collections.abc import Callable
from functools import partial
from typing import final

from workbench.detections import Accuracy, JudgedBy, compare_ap
from workbench.detectors import Detector
from workbench.engines import run_first
from workbench.errors import RecordError, SettingsError
from workbench.machine import NoiseWatch
from workbench.measuring.judging import judge
from workbench.measuring.kept_detections import KeptDetections
from workbench.measuring.notebook_progress import Progress, progress_shown
from workbench.measuring.passes import WARM_STEPS
from workbench.measuring.setting_order import RefusedError, measure_both_ways
from workbench.opening import EvaluationData, can_be_taken
from workbench.pipeline import Pipeline
from workbench.record import Record, SettingStep, Waterfall, ap, median_ms
from workbench.settings import Feed, Settings, describe_changes
from workbench.timing import compare_blocks

STEP_SECONDS = 5.0  # for each step in each order: a dozen of them are a minute


def explain(
    detector: Detector,
    data: EvaluationData,
    base: Record,
    chosen: Record,
    *,
    progress: Progress | None = None,
    step_seconds: float = STEP_SECONDS,
    enough: Callable[[], bool] = lambda: False,
    judged: int | None = None,
) -> Record:
    """Return the chosen record with its waterfall from a baseline: one setting changed at a time, in both orders.

    Args:
        detector: Of both records.
        data: The frames that both were measured on.
        base: A record that ran.
        chosen: Another one.
        progress: Told what is going on, and what it raises ends it; in a notebook, a bar under the cell is by default.
        step_seconds: How long a step may look for a clear answer.
        enough: Asked before each step whether there is no time for one of the reverse order; then the stated order stands alone.
        judged: How many of the labelled frames settings are judged on, both ends too; all of them by default, 0 for none.

    Raises:
        RecordError: One of them did not run, is of another detector or other frames, or was judged by another truth.
        SettingsError: Both are the same setting.
        UnavailableError: A runtime refuses what both records ran under.
    """
    _check_pair(detector, data, base, chosen)
    with progress_shown(progress) as told:
        waterfall = _Explaining(detector, data, base, chosen, told, step_seconds, judged).waterfall(enough)
    return chosen.model_copy(update={"waterfall": waterfall})


def _check_pair(detector: Detector, data: EvaluationData, base: Record, chosen: Record) -> None:
    truth = data.labelled_truth
    for one in (base, chosen):
        if median_ms(one) is None or one.problem is not None:
            raise RecordError(f"{one.name} has no times to explain; choose two records that ran")
        if one.detector.sha256 != detector.facts.sha256:
            raise RecordError(f"{one.name} ran another detector; settings explain the times of one detector only")
        if one.media.key != data.media.facts().key:
            raise RecordError(f"{one.name} ran on other frames; measure both on the same")
        if truth and one.accuracy is not None and not one.accuracy.judged_by.is_same_truth(JudgedBy(truth.name, truth.key)):
            raise RecordError(f"{one.name} was judged by another truth than {truth.name} is now; measure both again")
    if base.settings == chosen.settings:
        raise SettingsError(f"{base.name} and {chosen.name} are the same setting; choose two that differ")


@final
class _Explaining:
    """Measures steps, and keeps what the next one needs of the last: its pipeline, and the accuracies so far."""

    def __init__(
        self,
        detector: Detector,
        data: EvaluationData,
        base: Record,
        chosen: Record,
        progress: Progress,
        step_seconds: float,
        judged: int | None,
    ) -> None:
        self._detector, self._data, self._base, self._chosen = detector, data, base, chosen
        self._progress, self._step_seconds = progress, step_seconds
        self._judged_at = _spread(data, judged)
        known = (base, chosen) if self._judged_at is None else ()  # on all frames: another AP than on some of them
        self._accuracies: dict[Settings, Accuracy | None] = {_fed_plainly(one.settings): one.accuracy for one in known}
        self._pipelines: dict[Settings, Pipeline] = {}

    def waterfall(self, enough: Callable[[], bool]) -> Waterfall:
        base = self._base
        baseline_ms = median_ms(base)
        assert baseline_ms is not None, "it was checked"
        with NoiseWatch(base.settings.runtime.threads) as noise_watch:

            def measure(before: Settings, after: Settings, what: str) -> SettingStep:
                noise_watch.sample()
                return self._step(before, after, f"{what}: {', '.join(describe_changes(before, after))}")

            can = partial(can_be_taken, self._detector)
            steps, reverse = measure_both_ways(base.settings, self._chosen.settings, can, measure, enough)
        return Waterfall(
            baseline=base.name,
            baseline_id=base.id,
            baseline_ms=baseline_ms,
            baseline_ap=ap(base),
            steps=steps,
            reverse=reverse,
            noise=noise_watch.certificate,
        )

    def _step(self, before: Settings, after: Settings, what: str) -> SettingStep:
        tell = partial(self._progress, what)
        tell(0, 0)
        pipelines = self._opened(before), self._opened(after)
        timers = [pipeline.block_timer(self._data.media) for pipeline in pipelines]
        for timer in timers:
            timer(WARM_STEPS)
        compared = compare_blocks(*timers, maximum_seconds=self._step_seconds, progress=tell)
        old, new = (self._accuracy(pipeline, tell) for pipeline in pipelines)
        self._pipelines = {after: pipelines[1]}  # the last one only: each keeps a model
        return SettingStep(changes=describe_changes(before, after), ratio=compared.ratio, accuracy=compare_ap(new, old))

    def _opened(self, settings: Settings) -> Pipeline:
        if settings in self._pipelines:
            return self._pipelines[settings]
        data = self._data
        try:
            run_first(self._detector, settings, data.calibration)
            pipeline = Pipeline(self._detector, settings, data.calibration)
            pipeline.compile(data.media.facts().size_hw)
        except Exception as error:  # the runtime raises what it likes
            if settings in (self._base.settings, self._chosen.settings):
                raise
            raise RefusedError(settings) from error
        self._pipelines[settings] = pipeline
        return pipeline

    def _accuracy(self, pipeline: Pipeline, tell: Callable[[int, int], object]) -> Accuracy | None:
        key, positions = _fed_plainly(pipeline.settings), self._judged_at
        if positions is not None and not positions:
            return None
        if key not in self._accuracies:
            pipeline.take_threads()
            self._accuracies[key] = judge(self._data, pipeline, KeptDetections(frozenset()), tell, positions)
        return self._accuracies[key]


def _spread(data: EvaluationData, count: int | None) -> range | None:
    """Return the places of so many labelled frames at equal distances; `None` for all of them."""
    frames = data.labelled.facts().frames if data.labelled is not None else 0
    if count is None or count >= frames:
        return None
    step = frames // max(1, count)
    return range(0, step * count, step)


def _fed_plainly(settings: Settings) -> Settings:
    """Return settings as accuracy depends on them: however frames are fed, the same is found in them."""
    return settings.model_copy(update={"feed": Feed()})

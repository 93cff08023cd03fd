"""Pipelines that are kept warm, so that going back to a setting is instant."""

import time
from typing import final

from workbench.detectors import Detector
from workbench.opening import Footage
from workbench.pipeline import Pipeline
from workbench.settings import Settings

MOST_KEPT = 6  # each holds a model of some MB


@final
class WarmPipelines:
    """The pipelines that were used last, each compiled for the frames on which it was made."""

    def __init__(self) -> None:
        self._pipelines: dict[str, Pipeline] = {}
        self._compile_seconds: dict[str, float] = {}

    def get(self, settings: Settings) -> Pipeline | None:
        """Return the one of these settings, where it is kept."""
        return self._pipelines.get(settings.model_dump_json())

    def make(self, detector: Detector, settings: Settings, footage: Footage) -> Pipeline:
        """Make one and compile it.

        Raises:
            WorkbenchError: These settings cannot run.
        """
        before = time.perf_counter()
        pipeline = Pipeline(detector, settings, footage.calibration)
        pipeline.compile(footage.media.facts().size_hw)
        self._compile_seconds[settings.model_dump_json()] = time.perf_counter() - before
        return pipeline

    def keep(self, pipeline: Pipeline) -> None:
        """Keep one as the last that was used; the first of too many is let go."""
        key = pipeline.settings.model_dump_json()
        self._pipelines.pop(key, None)
        self._pipelines[key] = pipeline
        while len(self._pipelines) > MOST_KEPT:
            self._pipelines.pop(next(iter(self._pipelines)))

    def compile_seconds(self, settings: Settings) -> float:
        """Return how long it took to make the last one of these settings; 0 where none was made."""
        return self._compile_seconds.get(settings.model_dump_json(), 0.0)

    def clear(self) -> None:
        """Let all of them go."""
        self._pipelines.clear()

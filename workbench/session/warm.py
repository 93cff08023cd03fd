"""Pipelines that are kept warm, so that going back to a setting is instant."""

import threading
from typing import final

from workbench.pipeline import Pipeline
from workbench.settings import Settings

MOST_KEPT = 6  # each holds a model of some MB


@final
class WarmPipelines:
    """The pipelines that were used last, each compiled for the frames of the session.

    One answers for its settings under every NMS that its engine can change to: moving a slider of the NMS neither compiles anything
    nor lets go of another engine. `_lock` guards what is kept: a slider is answered on Jupyter's thread while the worker makes the
    next pipeline.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipelines: list[Pipeline] = []  # the last used comes last

    def get(self, settings: Settings) -> Pipeline | None:
        """Return one of these settings; `None` where it would have to be compiled."""
        with self._lock:
            kept = tuple(self._pipelines)
        return next((found for one in kept if (found := at_once(one, settings)) is not None), None)

    def keep(self, pipeline: Pipeline) -> None:
        """Keep one as the last that was used, in place of what it answers for; the first of too many is let go."""
        with self._lock:
            rest = [one for one in self._pipelines if at_once(pipeline, one.settings) is None]
            self._pipelines = [*rest, pipeline][-MOST_KEPT:]

    def clear(self) -> None:
        """Let all of them go."""
        with self._lock:
            self._pipelines.clear()


def at_once(pipeline: Pipeline, settings: Settings) -> Pipeline | None:
    """Return a pipeline under settings that differ in the NMS at most; `None` where anything would have to be compiled."""
    if pipeline.settings == settings:
        return pipeline
    same_but_nms = settings.model_copy(update={"nms": pipeline.settings.nms}) == pipeline.settings
    return pipeline.with_nms(settings.nms) if same_but_nms else None

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
            kept = tuple(one for one in self._pipelines if _but_nms(one.settings, settings) == settings)
        under = (one if one.settings == settings else one.with_nms(settings.nms) for one in kept)
        return next((one for one in under if one is not None), None)

    def keep(self, pipeline: Pipeline) -> None:
        """Keep one as the last that was used, in place of what it answers for; the first of too many is let go."""
        with self._lock:
            rest = [one for one in self._pipelines if not _answers(pipeline, one)]
            self._pipelines = [*rest, pipeline][-MOST_KEPT:]

    def clear(self) -> None:
        """Let all of them go."""
        with self._lock:
            self._pipelines.clear()


def _but_nms(settings: Settings, other: Settings) -> Settings:
    return settings.model_copy(update={"nms": other.nms})


def _answers(pipeline: Pipeline, other: Pipeline) -> bool:
    """Whether a pipeline can do what another does, under the other's NMS."""
    return _but_nms(pipeline.settings, other.settings) == other.settings and pipeline.with_nms(other.settings.nms) is not None

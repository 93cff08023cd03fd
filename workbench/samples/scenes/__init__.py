"""Scenes of an inspection line, drawn from a seed, with exact truth."""

from workbench.samples.scenes.conveyor import FRAMES_PER_SECOND, Belt
from workbench.samples.scenes.defects import LABELS
from workbench.samples.scenes.still import Scene, render_still

__all__ = ["FRAMES_PER_SECOND", "LABELS", "Belt", "Scene", "render_still"]

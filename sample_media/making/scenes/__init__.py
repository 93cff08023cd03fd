"""Scenes of an inspection line, drawn from a seed, with exact truth."""

from sample_media.making.scenes.conveyor import FRAMES_PER_SECOND, Belt
from sample_media.making.scenes.still import Scene, render_still

__all__ = ["FRAMES_PER_SECOND", "Belt", "Scene", "render_still"]

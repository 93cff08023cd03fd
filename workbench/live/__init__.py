"""Live: frames played through a pipeline, their rolling times, and pictures sent to a page."""

from workbench.live.frame_sender import Cost, Projector
from workbench.live.live_accuracy import Judge
from workbench.live.player import Player, Shown

__all__ = [
    "Cost",
    "Judge",
    "Player",
    "Projector",
    "Shown",
]

"""Live: frames played through a pipeline, their rolling times, and pictures sent to a page."""

from workbench.live.frame_sender import Cost, FrameSender
from workbench.live.live_accuracy import LiveAccuracy
from workbench.live.player import Player, Shown, remember
from workbench.live.rolling import Window

__all__ = [
    "Cost",
    "FrameSender",
    "LiveAccuracy",
    "Player",
    "Shown",
    "Window",
    "remember",
]

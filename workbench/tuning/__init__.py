"""Tuning: from what runs now to the fastest setting that keeps a budget, with the proof and the folder, in one go.

from workbench import tune

tuned = tune("yolox.tflite", "clip.mp4", min_fps=30, seconds=300)
print(tuned.sentence)
"""

from workbench.tuning.tuned import Tuned
from workbench.tuning.tuner import Tuner, time_asked, tune

__all__ = ["Tuned", "Tuner", "time_asked", "tune"]

"""The pipeline: the stages for one setting, frame by frame or overlapped, timed by one clock."""

from workbench.pipeline.feeding import SETTLING_FRAMES, Steps
from workbench.pipeline.pipeline import Pipeline, class_thresholds

__all__ = ["SETTLING_FRAMES", "Pipeline", "Steps", "class_thresholds"]

"""The pipeline: the stages for one setting, frame by frame or overlapped, timed by one clock."""

from workbench.pipeline.feeding import SETTLING_FRAMES, Steps
from workbench.pipeline.own_function import Detect, FunctionPipeline, OwnFunction, frames_of_the_user
from workbench.pipeline.pipeline import Pipeline, class_thresholds

__all__ = [
    "SETTLING_FRAMES",
    "Detect",
    "FunctionPipeline",
    "OwnFunction",
    "Pipeline",
    "Steps",
    "class_thresholds",
    "frames_of_the_user",
]

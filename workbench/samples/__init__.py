"""The sample detectors: their weights, what their outputs mean, and the frames that their integer models are calibrated on."""

from workbench.samples.media import write_sample_media
from workbench.samples.networks import ANCHOR_LEVELS, anchors_cxcywh_px
from workbench.samples.sample_detectors import SAMPLE_DETECTORS, WEIGHTS, sample_calibration, sample_detector
from workbench.samples.training.run import Budget, train

__all__ = [
    "ANCHOR_LEVELS",
    "SAMPLE_DETECTORS",
    "WEIGHTS",
    "Budget",
    "anchors_cxcywh_px",
    "sample_calibration",
    "sample_detector",
    "train",
    "write_sample_media",
]

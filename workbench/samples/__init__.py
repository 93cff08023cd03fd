"""The sample detectors, and the clip and stills that they are shown on."""

from workbench.samples.sample_detectors import (
    ANCHOR_STRIDES,
    LABELS,
    SAMPLE_ANCHORS,
    SAMPLE_DETECTORS,
    SAMPLE_HEAD,
    WEIGHTS,
    sample_detector,
)
from workbench.samples.sample_media import SAMPLE_CALIBRATION, SAMPLE_CLIP, SAMPLE_MEDIA, SAMPLE_STILLS, sample_calibration

__all__ = [
    "ANCHOR_STRIDES",
    "LABELS",
    "SAMPLE_ANCHORS",
    "SAMPLE_CALIBRATION",
    "SAMPLE_CLIP",
    "SAMPLE_DETECTORS",
    "SAMPLE_HEAD",
    "SAMPLE_MEDIA",
    "SAMPLE_STILLS",
    "WEIGHTS",
    "sample_calibration",
    "sample_detector",
]

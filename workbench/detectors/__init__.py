"""Detectors: loaded models and what their tensors mean."""

from workbench.detectors.detector import Detector, LiteRtModel
from workbench.detectors.files import load_detector

__all__ = ["Detector", "LiteRtModel", "load_detector"]

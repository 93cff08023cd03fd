"""Detectors: networks in files and what their tensors mean."""

from workbench.detectors.detector import Detector, Meaning
from workbench.detectors.files import load_detector
from workbench.detectors.network import Calibration, LiteRtModel

__all__ = ["Calibration", "Detector", "LiteRtModel", "Meaning", "load_detector"]

"""Detectors: networks in files and what their tensors mean."""

from workbench.detectors.access import ALLOWED_CODE
from workbench.detectors.anchor_card import unfinished_card
from workbench.detectors.card import SUFFIXES, Card, card_path, write_card
from workbench.detectors.complaints import XLA_LACKS, first_line, runtime_complaint
from workbench.detectors.conversion import CALIBRATED, PRECISION_OPTIONS, exported_name
from workbench.detectors.detector import OWN_NMS, Detector, Meaning
from workbench.detectors.files import LoadedModel, as_detector, load_detector, load_model, why_no_detector
from workbench.detectors.input_card import OFFSET_AND_FACTOR, InputCard
from workbench.detectors.keras_network import KerasNetwork, named_outputs
from workbench.detectors.native_output import load_tensorflow, native_stderr_captured, quiet_logger, without_retracing_remarks
from workbench.detectors.network import Calibration, LiteRtModel
from workbench.detectors.onnx_conversion import to_onnx
from workbench.detectors.output_cards import AnchorCard, BoxesCard, CandidatesCard, DetectionsCard, RowsCard, SsdCard, YoloxCard
from workbench.detectors.readings import found_under

__all__ = [
    "ALLOWED_CODE",
    "CALIBRATED",
    "OFFSET_AND_FACTOR",
    "OWN_NMS",
    "PRECISION_OPTIONS",
    "SUFFIXES",
    "XLA_LACKS",
    "AnchorCard",
    "BoxesCard",
    "Calibration",
    "CandidatesCard",
    "Card",
    "DetectionsCard",
    "Detector",
    "InputCard",
    "KerasNetwork",
    "LiteRtModel",
    "LoadedModel",
    "Meaning",
    "RowsCard",
    "SsdCard",
    "YoloxCard",
    "as_detector",
    "card_path",
    "exported_name",
    "first_line",
    "found_under",
    "load_detector",
    "load_model",
    "load_tensorflow",
    "named_outputs",
    "native_stderr_captured",
    "quiet_logger",
    "runtime_complaint",
    "to_onnx",
    "unfinished_card",
    "why_no_detector",
    "without_retracing_remarks",
    "write_card",
]

"""Detectors: networks in files and what their tensors mean."""

from workbench.detectors.access import ALLOWED_CODE, ALLOWED_OPERATIONS, DECODING, OUTSIDE, check_allowed
from workbench.detectors.anchor_card import unfinished_card
from workbench.detectors.calibration import Calibration
from workbench.detectors.card import SUFFIXES, Card, card_path, read_card, write_card
from workbench.detectors.card_fit import run_fed_as
from workbench.detectors.complaints import XLA_LACKS, first_line, runtime_complaint
from workbench.detectors.conversion import exported_name, note_converted_first
from workbench.detectors.detector import NO_NMS, OWN_NMS, Detector, Meaning, calibrating
from workbench.detectors.files import LoadedModel, as_detector, identity, load_detector, load_model, why_no_detector
from workbench.detectors.handing_over import detector_of, detector_tree
from workbench.detectors.input_card import OFFSET_AND_FACTOR, InputCard
from workbench.detectors.keras_network import KerasNetwork, named_outputs
from workbench.detectors.kind_card import KINDS, card_of_kind
from workbench.detectors.model_bytes import names_a_model
from workbench.detectors.native_output import load_tensorflow, quiet_logger, without_retracing_remarks
from workbench.detectors.network import LiteRtModel
from workbench.detectors.onnx_conversion import to_onnx
from workbench.detectors.readings import found_under

__all__ = [
    "ALLOWED_CODE",
    "ALLOWED_OPERATIONS",
    "DECODING",
    "KINDS",
    "NO_NMS",
    "OFFSET_AND_FACTOR",
    "OUTSIDE",
    "OWN_NMS",
    "SUFFIXES",
    "XLA_LACKS",
    "Calibration",
    "Card",
    "Detector",
    "InputCard",
    "KerasNetwork",
    "LiteRtModel",
    "LoadedModel",
    "Meaning",
    "as_detector",
    "calibrating",
    "card_of_kind",
    "card_path",
    "check_allowed",
    "detector_of",
    "detector_tree",
    "exported_name",
    "first_line",
    "found_under",
    "identity",
    "load_detector",
    "load_model",
    "load_tensorflow",
    "named_outputs",
    "names_a_model",
    "note_converted_first",
    "quiet_logger",
    "read_card",
    "run_fed_as",
    "runtime_complaint",
    "to_onnx",
    "unfinished_card",
    "why_no_detector",
    "without_retracing_remarks",
    "write_card",
]

"""Opening: detector, media and truth from what people name, and which settings they can take."""

from workbench.opening.availability import check, fit, reasons, why_no_use
from workbench.opening.description import PICTURE_SIDE_PX, Description, Reading, describe
from workbench.opening.opening import DEFAULT_DETECTOR, NO_FUNCTION, EvaluationData, open_data, open_detector, refuse_function
from workbench.opening.sources import IN_MEMORY, Sources, allowed_by
from workbench.opening.variants import Variant, can_be_taken, variant, wished, words

__all__ = [
    "DEFAULT_DETECTOR",
    "IN_MEMORY",
    "NO_FUNCTION",
    "PICTURE_SIDE_PX",
    "Description",
    "EvaluationData",
    "Reading",
    "Sources",
    "Variant",
    "allowed_by",
    "can_be_taken",
    "check",
    "describe",
    "fit",
    "open_data",
    "open_detector",
    "reasons",
    "refuse_function",
    "variant",
    "why_no_use",
    "wished",
    "words",
]

"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.flatbuffer import Flatbuffer, archive_behind
from workbench.quantising.layout import TOLERANCE, largest_difference, nhwc
from workbench.quantising.operators import FileFacts, OperatorFacts, file_facts, stored_precision
from workbench.quantising.quantise import CALIBRATED, INTEGERS, operators_named, quantised
from workbench.quantising.ranges import Ranges, TensorValues, ranges_of, tensor_values
from workbench.quantising.score_scale import SharedScale, shared_scale
from workbench.quantising.unpacking import unpacked

__all__ = [
    "CALIBRATED",
    "INTEGERS",
    "TOLERANCE",
    "FileFacts",
    "Flatbuffer",
    "OperatorFacts",
    "Ranges",
    "SharedScale",
    "TensorValues",
    "archive_behind",
    "file_facts",
    "largest_difference",
    "nhwc",
    "operators_named",
    "quantised",
    "ranges_of",
    "shared_scale",
    "stored_precision",
    "tensor_values",
    "unpacked",
]

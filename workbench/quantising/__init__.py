"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.layout import TOLERANCE, largest_difference, nhwc
from workbench.quantising.operators import FileFacts, OperatorFacts, file_facts, stored_precision
from workbench.quantising.quantise import CALIBRATED, INTEGERS, operators_named, quantised
from workbench.quantising.ranges import Ranges, TensorValues, ranges_of, tensor_values
from workbench.quantising.unpacking import unpacked

__all__ = [
    "CALIBRATED",
    "INTEGERS",
    "TOLERANCE",
    "FileFacts",
    "Flatbuffer",
    "OperatorFacts",
    "Ranges",
    "TensorValues",
    "file_facts",
    "largest_difference",
    "nhwc",
    "operators_named",
    "quantised",
    "ranges_of",
    "stored_precision",
    "tensor_values",
    "unpacked",
]

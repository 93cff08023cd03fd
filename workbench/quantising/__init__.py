"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.quantise import CALIBRATED, operators_named, quantised
from workbench.quantising.ranges import Ranges, TensorValues, ranges_of, tensor_values
from workbench.quantising.unpacking import unpacked

__all__ = [
    "CALIBRATED",
    "Flatbuffer",
    "Ranges",
    "TensorValues",
    "operators_named",
    "quantised",
    "ranges_of",
    "tensor_values",
    "unpacked",
]

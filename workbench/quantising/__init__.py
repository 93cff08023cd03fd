"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.blocks import BLOCK, blocks_of
from workbench.quantising.faults import faults
from workbench.quantising.flatbuffer import Flatbuffer, Operator
from workbench.quantising.layout import TOLERANCE, largest_difference, nhwc
from workbench.quantising.operators import DYNAMIC, INT4, SHAPE, file_facts, in_xnnpack, stored_precision
from workbench.quantising.quantise import BITS, CALIBRATED, INTEGERS, FloatNetwork, quantised
from workbench.quantising.ranges import Ranges, TensorValues, ranges_of, shared, tensor_values
from workbench.quantising.running import allocated, made_of
from workbench.quantising.sensitivity import Difference, channels_of, rank_blocks, signal_to_noise_db
from workbench.quantising.unpacking import unpacked

__all__ = [
    "BITS",
    "BLOCK",
    "CALIBRATED",
    "DYNAMIC",
    "INT4",
    "INTEGERS",
    "SHAPE",
    "TOLERANCE",
    "Difference",
    "Flatbuffer",
    "FloatNetwork",
    "Operator",
    "Ranges",
    "TensorValues",
    "allocated",
    "blocks_of",
    "channels_of",
    "faults",
    "file_facts",
    "in_xnnpack",
    "largest_difference",
    "made_of",
    "nhwc",
    "quantised",
    "ranges_of",
    "rank_blocks",
    "shared",
    "signal_to_noise_db",
    "stored_precision",
    "tensor_values",
    "unpacked",
]

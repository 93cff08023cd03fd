"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.blocks import BLOCK, Block, blocks_of
from workbench.quantising.faults import faults
from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.layout import TOLERANCE, largest_difference, nhwc
from workbench.quantising.operators import DYNAMIC, INT4, SHAPE, FileFacts, OperatorFacts, file_facts, in_xnnpack, stored_precision
from workbench.quantising.quantise import CALIBRATED, INTEGERS, FloatNetwork, operators_named, quantised
from workbench.quantising.ranges import Ranges, TensorValues, ranges_of, tensor_values
from workbench.quantising.running import allocated, made_of
from workbench.quantising.score_scale import SharedScale, shared_scale
from workbench.quantising.sensitivity import BlockError, Difference, channels_of, rank_blocks, signal_to_noise_db
from workbench.quantising.shared_scales import shared
from workbench.quantising.unpacking import unpacked

__all__ = [
    "BLOCK",
    "CALIBRATED",
    "DYNAMIC",
    "INT4",
    "INTEGERS",
    "SHAPE",
    "TOLERANCE",
    "Block",
    "BlockError",
    "Difference",
    "FileFacts",
    "Flatbuffer",
    "FloatNetwork",
    "OperatorFacts",
    "Ranges",
    "SharedScale",
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
    "operators_named",
    "quantised",
    "ranges_of",
    "rank_blocks",
    "shared",
    "shared_scale",
    "signal_to_noise_db",
    "stored_precision",
    "tensor_values",
    "unpacked",
]

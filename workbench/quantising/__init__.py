"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.flatbuffer import Flatbuffer, archive_behind
from workbench.quantising.layout import TOLERANCE, largest_difference, nhwc
from workbench.quantising.operators import FileFacts, OperatorFacts, file_facts, stored_precision
from workbench.quantising.score_scale import SharedScale, shared_scale

__all__ = [
    "TOLERANCE",
    "FileFacts",
    "Flatbuffer",
    "OperatorFacts",
    "SharedScale",
    "archive_behind",
    "file_facts",
    "largest_difference",
    "nhwc",
    "shared_scale",
    "stored_precision",
]

"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.flatbuffer import Flatbuffer
from workbench.quantising.operators import FileFacts, OperatorFacts, file_facts, stored_precision

__all__ = ["FileFacts", "Flatbuffer", "OperatorFacts", "file_facts", "stored_precision"]

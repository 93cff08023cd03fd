"""What a `.tflite` file is made of, and how it becomes another one that computes the same."""

from workbench.quantising.flatbuffer import Flatbuffer

__all__ = ["Flatbuffer"]

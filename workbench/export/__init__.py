"""Export: a network under one setting as a folder that runs without the workbench."""

from workbench.export.exporting import Exported, export_folder
from workbench.export.target import Target
from workbench.export.tflite_file import TfliteFile, write_tflite

__all__ = [
    "Exported",
    "Target",
    "TfliteFile",
    "export_folder",
    "write_tflite",
]

"""Export: a network under one setting as a folder that runs without the workbench."""

from workbench.export.exporting import Exported, export_folder
from workbench.export.network_file import write_tflite
from workbench.export.target import Target

__all__ = ["Exported", "Target", "export_folder", "write_tflite"]

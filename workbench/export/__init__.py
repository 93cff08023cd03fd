"""Export: a network under one setting as a folder that runs without the workbench."""

from workbench.export.exporting import Exported, export_folder

__all__ = [
    "Exported",
    "export_folder",
]

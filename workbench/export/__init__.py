"""Taken home: a network under one setting as a folder that runs without the workbench."""

from workbench.export.taking import TakenHome, take_home

__all__ = [
    "TakenHome",
    "take_home",
]

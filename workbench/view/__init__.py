"""The workbench in a notebook or on a page: widgets over a session."""

from workbench.view.readings import describe
from workbench.view.workbench import Workbench

__all__ = [
    "Workbench",
    "describe",
]

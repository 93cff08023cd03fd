"""What someone plays with, apart from how it is shown."""

from workbench.session.evaluation import Pinned
from workbench.session.notices import Job
from workbench.session.session import DEFAULT_BASELINE, DEFAULT_PRESET, Opened, Session
from workbench.session.sweeping import Search

__all__ = [
    "DEFAULT_BASELINE",
    "DEFAULT_PRESET",
    "Job",
    "Opened",
    "Pinned",
    "Search",
    "Session",
]

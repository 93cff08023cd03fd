"""Profile: where inside a network the time goes, operator by operator, and what costs time there beside its arithmetic."""

from workbench.profile.child import Job
from workbench.profile.isolation import run_profile
from workbench.profile.machine_roof import machine_roof
from workbench.profile.operators import Group, Lint, OperatorRow, Profile
from workbench.profile.profiling import why_not_profiled
from workbench.profile.reach import reach_sentence, share_of_roof
from workbench.profile.roof import Roof, roof_words

__all__ = [
    "Group",
    "Job",
    "Lint",
    "OperatorRow",
    "Profile",
    "Roof",
    "machine_roof",
    "reach_sentence",
    "roof_words",
    "run_profile",
    "share_of_roof",
    "why_not_profiled",
]

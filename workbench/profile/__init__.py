"""Profile: where inside a network the time goes, operator by operator, and what costs time there beside its arithmetic."""

from workbench.profile.child import Job
from workbench.profile.isolation import run_profile
from workbench.profile.operators import Group, Lint, OperatorRow, Profile
from workbench.profile.profiling import why_not_profiled

__all__ = ["Group", "Job", "Lint", "OperatorRow", "Profile", "run_profile", "why_not_profiled"]

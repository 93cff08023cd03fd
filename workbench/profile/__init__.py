"""Profile: where inside a network the time goes, operator by operator, and what costs time there beside its arithmetic."""

from workbench.profile.isolation import Job, look_inside, run_profile
from workbench.profile.profiling import why_not_profiled
from workbench.profile.roof import machine_roof

__all__ = ["Job", "look_inside", "machine_roof", "run_profile", "why_not_profiled"]
